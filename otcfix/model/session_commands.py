"""Staff commands about the sessions themselves."""

from msgspec import Struct

from otcfix.model.party import Session


class SetSessions(Struct, frozen=True, tag=True):
    """These are the sessions from now on: all of them, as sessions.toml names them.

    Secrets and addresses are not in it: whoever listens reads them from the file.
    """

    sessions: tuple[Session, ...]
    by: str
    why: str
