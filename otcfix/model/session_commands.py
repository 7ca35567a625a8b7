"""Staff commands about the sessions themselves: which there are, news to them, and the end of a
secret that a client has chosen."""

from msgspec import Struct

from otcfix.model.party import Session


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


class SetSessions(Struct, frozen=True, tag=True):
    """These are the sessions from now on: all of them, as sessions.toml names them.

    Secrets and addresses are not in it: whoever listens reads them from the file.
    """

    sessions: tuple[Session, ...]
    by: str
    why: str
