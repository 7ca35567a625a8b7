"""What clients ask of what has been, of what there is and of how they stand; and how they change a
session's secret. Field names are FIX's in snake_case, `request_id` is the message's own id.
"""

from msgspec import Struct

from otcfix.model.messages import Head, Inbound
from otcfix.model.time import Instant

SNAPSHOT, SUBSCRIBE, UNSUBSCRIBE = "0", "1", "2"
"""SubscriptionRequestType(263)."""


class TradesWanted(Struct, frozen=True, gc=False, array_like=True):
    """Which trades: every field that is set must fit. side: 0 for both, else of the base.

    since and until (both inclusive, 0: open) bound TransactTime(60), date_from and date_to
    (YYYYMMDD, inclusive) TradeDate(75). end_client: of a broker, or the copied client of a drop
    copy.
    """

    order_id: str = ""
    cl_ord_id: str = ""
    exec_id: str = ""
    symbol: str = ""
    side: int = 0
    since: Instant = 0
    until: Instant = 0
    date_from: str = ""
    date_to: str = ""
    end_client: str = ""


class TradeCaptureReportRequest(Struct, frozen=True, gc=False):
    """TradeCaptureReportRequest(35=AD): 569 and 263 as they were sent."""

    head: Head
    request_id: str
    request_type: str
    subscription_type: str
    wanted: TradesWanted
    symbol_sent: str = ""
    missing: tuple[int, ...] = ()


class SecurityListRequest(Struct, frozen=True, gc=False):
    """SecurityListRequest(35=x): request_type is 559."""

    head: Head
    request_id: str
    request_type: str
    subscription_type: str
    symbol: str
    symbol_sent: str
    missing: tuple[int, ...] = ()


class SecurityDefinitionRequest(Struct, frozen=True, gc=False):
    """SecurityDefinitionRequest(35=c): request_type is 321."""

    head: Head
    request_id: str
    request_type: str
    symbol: str
    symbol_sent: str
    missing: tuple[int, ...] = ()


class TradingSessionStatusRequest(Struct, frozen=True, gc=False):
    """TradingSessionStatusRequest(35=g). scope: TradingSessionID(336), `DESK` or a symbol (ours);
    "" for all."""

    head: Head
    request_id: str
    scope: str
    scope_sent: str
    subscription_type: str
    missing: tuple[int, ...] = ()


class RequestForPositions(Struct, frozen=True, gc=False):
    """RequestForPositions(35=AN): request_type is 724, what an asset or a symbol, "" for all."""

    head: Head
    request_id: str
    request_type: str
    subscription_type: str
    account: str
    account_type: str
    what: str
    what_sent: str
    end_client: str
    missing: tuple[int, ...] = ()


class CollateralInquiry(Struct, frozen=True, gc=False):
    """CollateralInquiry(35=BB): currency names one asset, "" all; of orders and trades: not done.

    not_done: a tag that asks for the collateral of a single order or trade.
    """

    head: Head
    request_id: str
    subscription_type: str
    account: str
    currency: str
    end_client: str
    not_done: int = 0
    missing: tuple[int, ...] = ()


class UserRequested(Struct, frozen=True, tag=True):
    """UserRequest(35=BE) as it is journaled: without a secret (R13).

    verdict: what became of the secrets that it carried, "" when there is nothing against it; else
    the name of a `USER_VERDICTS`. rotated: `salt$hash` of the new secret, "" when none is to be
    set. turn: how often the secret had been changed when the old one was verified. base: which
    password_hash of sessions.toml it is set in place of (`fix.users.fingerprint`).
    """

    head: Head
    request_id: str
    request_type: str
    username: str
    verdict: str = ""
    rotated: str = ""
    turn: int = 0
    missing: tuple[int, ...] = ()
    base: str = ""


USER_VERDICTS = {
    "UNKNOWN_USER": (3, "the username is not this session's"),
    "WRONG_SECRET": (4, "the password is wrong"),
    "TOO_MANY_FAILURES": (6, "too many wrong passwords, try again later"),
    "SECRET_TOO_SHORT": (6, "the new password has fewer than 32 characters"),
    "SECRET_TOO_LONG": (6, "the new password has more than 128 characters"),
    "SECRET_NOT_PRINTABLE": (6, "the new password has other characters than printable ASCII"),
    "SECRET_TOO_PLAIN": (6, "the new password has fewer than 12 different characters"),
    "SECRET_NOT_NEW": (6, "the new password is the old one"),
}
"""UserStatus(926) and the words of UserStatusText(927)."""

LIVE, ENDED = "LIVE", "ENDED"


class Asked(Struct, frozen=True, gc=False, array_like=True):
    """A subscription: kind is the MsgType(35) that asked, AD or g. clients: whose trades; scope: of
    a g. It ends with 263=2, with its session, and with the desk's run."""

    kind: str
    session: str
    request_id: str
    status: str
    clients: tuple[str, ...] = ()
    wanted: TradesWanted = TradesWanted()
    scope: str = ""
    deliver_to: str = ""
    deliver_to_sub: str = ""


Enquiry = (
    TradeCaptureReportRequest
    | SecurityListRequest
    | SecurityDefinitionRequest
    | TradingSessionStatusRequest
    | RequestForPositions
    | CollateralInquiry
)
"""Enquiries that are FIX messages in the journal."""

Spoken = Inbound | Enquiry
"""Whatever a client may say."""
