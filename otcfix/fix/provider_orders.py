"""Orders of ours at a venue: what we say (35=D, H, Q), and what its answers (8, 9, j, 3) mean."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from otcfix.fix.fields import Values
from otcfix.fix.provider_market import Words
from otcfix.fix.wire import WireError, plain, read_decimal, read_timestamp
from otcfix.model.hedge import DONT_KNOW, ORDER, STATUS, HedgeOrder, VenueReport, VenueRequest
from otcfix.model.messages import Side
from otcfix.model.time import Instant, utc_timestamp

V42 = "FIX.4.2"
LIMIT, IOC = "2", "3"
UNKNOWN_ORDER = "5"
OTHER_REASON = "Z"
DK_42 = frozenset("ABCDEZ")
"""What DKReason(127) may be in 4.2."""

ORD_STATUS = {
    "0": "NEW",
    "A": "NEW",
    "E": "NEW",
    "6": "NEW",
    "9": "NEW",  # suspended: the venue has not made up its mind, and the order is not gone
    "1": "PARTIAL",
    "2": "FILLED",
    "3": "CANCELED",
    "4": "CANCELED",
    "C": "CANCELED",
    "8": "REJECTED",
}
EXEC_TYPE = {
    "0": "NEW",
    "A": "NEW",
    "1": "TRADE",
    "2": "TRADE",
    "F": "TRADE",
    "3": "CANCELED",
    "4": "CANCELED",
    "C": "CANCELED",
    "8": "REJECTED",
    "I": "STATUS",
    "H": "BUST",
    "G": "CORRECT",
}
SIDES = {"1": Side.BUY, "2": Side.SELL}
EXEC_TRANS_TYPE = {"1": "BUST", "2": "CORRECT", "3": "STATUS"}
"""ExecTransType(20) of 4.2, which later went into ExecType(150)."""


def request_words(request: VenueRequest, version: str, symbol: str, account: str) -> Words:
    """The message of *request*. symbol: in the venue's words."""
    order = request.order
    side = str(int(order.side))
    if request.what == ORDER:
        return _order(order, version, symbol, side, account)
    if request.what == STATUS:
        fields = ((37, order.order_id), (11, order.hedge_id), (1, account), (55, symbol))
        return Words("H", (*fields, (54, side)))
    if request.what != DONT_KNOW:
        raise ValueError(f"a request to a venue that nobody knows: {request.what}")
    reason = request.reason or OTHER_REASON
    return Words(
        "Q",
        (
            (37, order.order_id or "UNKNOWN"),
            (17, request.exec_id),
            (127, OTHER_REASON if version == V42 and reason not in DK_42 else reason),
            (55, symbol),
            (54, side),
            (38, plain(order.quantity)),
            (58, request.text),
        ),
    )


def _order(order: HedgeOrder, version: str, symbol: str, side: str, account: str) -> Words:
    """A limit order that deals at once or not at all: what rests could fill while we are away."""
    return Words(
        "D",
        (
            (11, order.hedge_id),
            (1, account),
            (21, "1" if version == V42 else ""),
            (55, symbol),
            (54, side),
            (60, utc_timestamp(order.sent_at)),
            (38, plain(order.quantity)),
            (40, LIMIT),
            (44, plain(order.price)),
            (59, IOC),
        ),
    )


def report_of(
    venue: str, values: Values, symbols: Mapping[str, Sequence[str]] | None = None
) -> VenueReport:
    """An ExecutionReport(35=8) as we read it. symbols: the desk's, by the venue's word for them.

    One that cannot be read keeps its ids and says so: the order is asked about (35=H).
    """
    words = values.get(39, "")
    status = ORD_STATUS.get(words, "")
    exec_type = EXEC_TRANS_TYPE.get(values.get(20, "")) or EXEC_TYPE.get(
        values.get(150, ""), "OTHER"
    )
    text = values.get(58, "")
    numbers: dict[int, Decimal | None] = {}
    sending_time: Instant = 0
    try:
        for tag in (32, 31, 14, 151, 6):
            numbers[tag] = _number(values, tag)
        sending_time = read_timestamp(52, values[52]) if 52 in values else 0
        if exec_type == "TRADE" and not (numbers[32] and numbers[31]):
            raise WireError(1, 32, "a fill without LastQty(32) or LastPx(31)")
    except WireError as error:
        numbers, status, exec_type = {}, "", "OTHER"
        text = f"unreadable: {error.text} {text}".strip()
    return VenueReport(
        venue,
        values.get(11, ""),
        values.get(37, ""),
        values.get(17, ""),
        exec_type,
        status,
        numbers.get(32),
        numbers.get(31),
        numbers.get(14),
        numbers.get(151),
        numbers.get(6),
        values.get(19, ""),
        status == "REJECTED" and values.get(103) == UNKNOWN_ORDER,
        text,
        sending_time,
        _symbol(values.get(55, ""), symbols or {}),
        SIDES.get(values.get(54, "")),
    )


def _symbol(said: str, symbols: Mapping[str, Sequence[str]]) -> str:
    """The desk's symbol; "", which nobody judges, where the venue's word may mean several."""
    ours = symbols.get(said, (said,))
    return ours[0] if len(ours) == 1 else ""


def _number(values: Values, tag: int) -> Decimal | None:
    if tag not in values:
        return None
    value = read_decimal(tag, values[tag])
    if value < 0:
        raise WireError(5, tag, f"{tag} is below zero")
    return value


def refused_order(venue: str, hedge_id: str, why: str) -> VenueReport:
    """The venue's Reject(3) or BusinessReject(j) of a D: it never became an order."""
    return VenueReport(venue, hedge_id, "", "", "REJECTED", "REJECTED", text=why)


def refused_status(venue: str, hedge_id: str, why: str, *, unknown: bool) -> VenueReport:
    """The venue refused to say how an order stands; unknown: because it has no such order."""
    status = "REJECTED" if unknown else ""
    return VenueReport(
        *(venue, hedge_id, "", "", "STATUS" if unknown else "OTHER", status),
        unknown=unknown,
        text=why,
    )


def cancel_rejected(venue: str, values: Values) -> VenueReport:
    """An OrderCancelReject(35=9): nothing changed, but it says how the order stands."""
    return VenueReport(
        *(venue, values.get(41) or values.get(11, ""), values.get(37, ""), "", "OTHER"),
        ORD_STATUS.get(values.get(39, ""), ""),
        text=values.get(58, ""),
    )
