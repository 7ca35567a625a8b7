"""What the desk answers to enquiries, typed: see `replies` for how routing and codes are kept."""

from decimal import Decimal

from msgspec import Struct

from otcfix.model.time import Instant
from otcfix.model.trade import Trade


class TradeCaptureAcked(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """TradeCaptureReportRequestAck(35=AQ): result is 749, status 750, total 748."""

    session: str
    request_id: str
    request_type: str
    subscription_type: str
    total: int | None
    result: int
    status: int
    symbol_sent: str = ""
    text: str = ""
    deliver_to: str = ""
    deliver_to_sub: str = ""


class TradeCaptured(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """TradeCaptureReport(35=AE): amounts count the base asset, side is of the base. pushed: it
    happened just now, else it was asked for. undoes: ExecID(17) of a trade that does not stand any
    more; this one stands for it, or, where cancels, nothing does."""

    session: str
    trade: Trade
    request_id: str
    total: int | None = None
    last: bool = False
    pushed: bool = False
    deliver_to: str = ""
    deliver_to_sub: str = ""
    undoes: str = ""
    cancels: bool = False


class SecurityListed(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """SecurityList(35=y): result is 560; symbols are ours."""

    session: str
    request_id: str
    response_id: str
    result: int
    symbols: tuple[str, ...] = ()
    total: int = 0
    last: bool = True
    text: str = ""
    deliver_to: str = ""
    deliver_to_sub: str = ""


class SecurityDefined(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """SecurityDefinition(35=d): response_type is 323; symbol (ours) is "" when it is a no."""

    session: str
    request_id: str
    response_id: str
    response_type: int
    symbol: str
    symbol_sent: str = ""
    total: int = 0
    text: str = ""
    deliver_to: str = ""
    deliver_to_sub: str = ""


class SessionStatusTold(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """TradingSessionStatus(35=h): scope is `DESK` or a symbol of ours; scope_sent: as sent,
    where it is neither. status is 340, reject_reason 567. opens_at, closes_at: the next change, 0
    for none.
    """

    session: str
    request_id: str
    scope: str
    status: int
    scope_sent: str = ""
    pushed: bool = False
    opens_at: Instant = 0
    closes_at: Instant = 0
    reject_reason: int = 0
    text: str = ""
    deliver_to: str = ""
    deliver_to_sub: str = ""


class PositionsAcked(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """RequestForPositionsAck(35=AO): result is 728, status 729."""

    session: str
    request_id: str
    report_id: str
    total: int
    result: int
    status: int
    account: str
    account_type: str
    party: str
    text: str = ""
    deliver_to: str = ""
    deliver_to_sub: str = ""


class PositionReported(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """PositionReport(35=AP) of one asset, in major units; negative amounts are short.

    position: all he has or is owed, less what he owes; undelivered: of it what is not settled yet.
    mark: a unit in the limit currency, None when nothing is known; value in that currency.
    """

    session: str
    request_id: str
    report_id: str
    total: int
    account: str
    account_type: str
    party: str
    asset: str
    position: Decimal
    undelivered: Decimal
    mark: Decimal | None
    value: Decimal | None
    date: str
    deliver_to: str = ""
    deliver_to_sub: str = ""


class CollateralAcked(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """CollateralInquiryAck(35=BG): status is 945, result 946."""

    session: str
    request_id: str
    total: int
    status: int
    result: int
    account: str
    party: str
    text: str = ""
    deliver_to: str = ""
    deliver_to_sub: str = ""


class CollateralReported(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """CollateralReport(35=BA): one asset's balances, or one limit, told apart by text.

    Of an asset: net is all he has or is owed less what he owes, cash what is available, room what
    he may still give. Of a limit: net its amount, cash what is used of it, room what is left.
    currency: "" for a count.
    """

    session: str
    request_id: str
    report_id: str
    total: int
    last: bool
    account: str
    party: str
    currency: str
    net: Decimal
    cash: Decimal | None
    room: Decimal | None
    text: str
    deliver_to: str = ""
    deliver_to_sub: str = ""


class UserAnswered(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """UserResponse(35=BF): status is UserStatus(926), text UserStatusText(927)."""

    session: str
    request_id: str
    username: str
    status: int
    text: str = ""
    deliver_to: str = ""
    deliver_to_sub: str = ""


class NewsSaid(Struct, frozen=True, gc=False, array_like=True, tag=True):
    """News(35=B): urgent is Urgency(61)=1, else 0."""

    session: str
    headline: str
    lines: tuple[str, ...]
    urgent: bool
    at: Instant
    deliver_to: str = ""
    deliver_to_sub: str = ""


Answer = (
    TradeCaptureAcked
    | TradeCaptured
    | SecurityListed
    | SecurityDefined
    | SessionStatusTold
    | PositionsAcked
    | PositionReported
    | CollateralAcked
    | CollateralReported
    | UserAnswered
    | NewsSaid
)
