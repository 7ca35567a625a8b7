"""What staff says to sessions: news, and the end of a secret that the client has chosen."""

from msgspec import Struct


class SendNews(Struct, frozen=True, tag=True):
    """News(35=B) to sessions. Without *sessions*: to every one that is logged on now; a named one
    hears it at its next logon."""

    headline: str
    lines: tuple[str, ...]
    urgent: bool
    sessions: tuple[str, ...]
    by: str


class ResetSecret(Struct, frozen=True, tag=True):
    """The secret that a client has set by UserRequest(35=BE) ends: sessions.toml's counts."""

    session: str
    by: str
    why: str
