"""What staff does to one session: the command, and what is then carried out on its line."""

from msgspec import Struct

from otcfix.model.time import Instant

LOGON, LOGOUT, DISCONNECT = "logon", "logout", "disconnect"
ENABLE, DISABLE = "enable", "disable"
HOLD, RELEASE = "hold", "release"
RESET, SET_SEQ = "reset", "set-seq"
TEST_REQUEST, RESEND, RESEND_REPORTS = "test-request", "resend", "resend-reports"

ACTS = (LOGON, LOGOUT, DISCONNECT, HOLD, RELEASE, RESET, SET_SEQ, TEST_REQUEST, RESEND,
        RESEND_REPORTS)  # fmt: skip
"""What `ActOnSession` may ask for; enable and disable are `SetSession`."""

NUMBER_MAX = 999_999_999
"""The highest MsgSeqNum(34) that a logon of ours may carry: nine digits."""


class ActOnSession(Struct, frozen=True, tag=True):
    """Staff acts on one session; act: one of ACTS.

    incoming, outgoing: the next MsgSeqNum(34) of each direction, of set-seq; 0 leaves it. begin,
    end: the range of resend (theirs) and resend-reports (ours, of the present epoch); end 0: to the
    last. since: resend-reports by time instead.
    """

    session: str
    act: str
    by: str
    why: str
    incoming: int = 0
    outgoing: int = 0
    begin: int = 0
    end: int = 0
    since: Instant = 0


class SessionAct(Struct, frozen=True, gc=False, array_like=True):
    """What is carried out on a session's line when its decision is committed. text: Text(58) of a
    Logout(5); the rest as in `ActOnSession`."""

    session: str
    act: str
    text: str = ""
    incoming: int = 0
    outgoing: int = 0
    begin: int = 0
    end: int = 0
    since: Instant = 0
