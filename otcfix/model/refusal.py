"""The lawful noes, with their FIX codes per version (rules.md section 4) and their wording.

A code is OrdRejReason(103), QuoteRequestRejectReason(658; QuoteRejectReason(300) in 4.2),
CxlRejReason(102) or BusinessRejectReason(380). None means: the reason tag is left out.
"""

from enum import Enum

Codes = tuple[int | None, int | None, int | None]

VERSIONS = ("FIX.4.2", "FIX.4.4", "FIX.5.0SP2")


class Refusal(Enum):
    """Why not. The value is the wording that follows the name in Text(58)."""

    MISSING_FIELD = "a field that the desk needs is missing"
    WRONG_SESSION = "this session may not send this message"
    DUPLICATE = "the id was used before"
    TOO_OLD = "the message is too old, or from the future"
    THROTTLED = "too many messages"
    OVERLOADED = "the desk cannot take the message now"
    HELD = "the session is on hold; cancels pass"
    HALTED = "the desk is not dealing"
    NOT_AUTHORISED = "not authorised"
    UNKNOWN_ACCOUNT = "the account is not known for this session"
    UNKNOWN_SYMBOL = "the symbol is not dealt in here"
    CLOSED = "the instrument is not open"
    UNSUPPORTED = "the desk does not support this"
    EXPIRES_PAST = "the expiry is in the past"
    UNKNOWN_QUOTE = "no such quote"
    INDICATIVE = "the quote is indicative and cannot be dealt on"
    QUOTE_GONE = "the quote can no longer be dealt on"
    QUOTE_DIFFERS = "the order does not agree with the quote"
    BAD_QUANTITY = "the quantity is not valid"
    TOO_LARGE = "the quantity is above the maximum"
    BAD_PRICE = "the price is not valid"
    NO_PRICE = "there is no fresh price"
    COLLAR = "the price is too far from the market"
    NOTIONAL = "the notional is above the limit"
    LIMIT = "a limit would be exceeded"
    FUNDS = "free funds do not cover it"
    NO_DEPTH = "there is not enough depth for the size"
    MARKET_UNSTABLE = "the market is unstable"
    PRICE_MOVED = "the price is outside the tolerance"
    LAST_LOOK_PRICE = "the price moved by more than the quote's tolerance"
    PASS = "the desk passes"
    UNKNOWN_ORDER = "no such order"
    NOT_CURRENT = "OrigClOrdID(41) is not the order's current ClOrdID"
    TOO_LATE = "the order is closed"
    IMMUTABLE = "the field cannot be changed"
    REPLACE_REFUSED = "the change is refused"
    CANCELLED_BY_DESK = "cancelled by the desk"
    DESK_RESTARTED = "desk restarted"
    UNKNOWN_CONFIRMATION = "no such confirmation"
    INTERNAL = "the desk could not decide this message"


R = Refusal

QUOTE_CODES: dict[Refusal, Codes] = {
    R.DUPLICATE: (6, 99, 99),
    R.TOO_OLD: (4, 4, 4),
    R.HALTED: (2, 2, 2),
    R.NOT_AUTHORISED: (9, 6, 6),
    R.UNKNOWN_ACCOUNT: (9, 6, 6),
    R.UNKNOWN_SYMBOL: (1, 1, 1),
    R.CLOSED: (2, 2, 2),
    R.UNSUPPORTED: (None, 99, 99),
    R.BAD_QUANTITY: (None, 99, 99),
    R.TOO_LARGE: (3, 3, 3),
    R.NO_PRICE: (2, 8, 8),
    R.NO_DEPTH: (3, 9, 9),
    R.MARKET_UNSTABLE: (2, 8, 8),
    R.LIMIT: (3, 3, 3),
    R.FUNDS: (3, 3, 11),
    R.PASS: (None, 10, 10),
    R.DESK_RESTARTED: (None, 99, 99),
}
"""QuoteRequest refused: 300 in b (4.2), 658 in AG."""

ORDER_CODES: dict[Refusal, Codes] = {
    R.DUPLICATE: (6, 6, 6),
    R.TOO_OLD: (8, 8, 8),
    R.HALTED: (2, 2, 2),
    R.NOT_AUTHORISED: (0, 99, 99),
    R.UNKNOWN_ACCOUNT: (0, 15, 15),
    R.UNKNOWN_SYMBOL: (1, 1, 1),
    R.CLOSED: (2, 2, 2),
    R.UNSUPPORTED: (0, 11, 11),
    R.EXPIRES_PAST: (4, 4, 4),
    R.UNKNOWN_QUOTE: (0, 99, 99),
    R.INDICATIVE: (0, 11, 11),
    R.QUOTE_GONE: (4, 4, 4),
    R.QUOTE_DIFFERS: (0, 99, 99),
    R.BAD_QUANTITY: (0, 13, 13),
    R.TOO_LARGE: (3, 3, 3),
    R.BAD_PRICE: (0, 99, 18),
    R.NO_PRICE: (0, 99, 19),
    R.COLLAR: (0, 99, 16),
    R.NOTIONAL: (3, 3, 27),
    R.LIMIT: (3, 3, 3),
    R.FUNDS: (3, 3, 25),
    R.NO_DEPTH: (0, 99, 99),
    R.PRICE_MOVED: (0, 99, 99),
    R.LAST_LOOK_PRICE: (0, 99, 99),
    R.UNKNOWN_ORDER: (5, 5, 5),
}
"""Order refused: 103 in 8 with 150=8 and 39=8."""

CANCEL_CODES: dict[Refusal, Codes] = {
    R.DUPLICATE: (None, 6, 6),
    R.UNKNOWN_ORDER: (1, 1, 1),
    R.NOT_CURRENT: (1, 1, 1),
    R.TOO_LATE: (0, 0, 0),
    R.IMMUTABLE: (2, 99, 99),
    R.REPLACE_REFUSED: (2, 99, 99),
    R.BAD_PRICE: (2, 99, 18),
    R.OVERLOADED: (2, 99, 99),
}
"""Cancel or replace refused: 102 in 9. A refusal without a row of its own is the gate's (G)."""

BUSINESS_CODES: dict[Refusal, Codes] = {
    R.MISSING_FIELD: (5, 5, 5),
    R.WRONG_SESSION: (0, 6, 6),
    R.THROTTLED: (0, 0, 8),
    R.OVERLOADED: (4, 4, 4),
    R.HELD: (4, 4, 4),
    R.INTERNAL: (4, 4, 4),
    R.UNSUPPORTED: (3, 3, 3),
    R.NOT_AUTHORISED: (0, 6, 6),
    R.UNKNOWN_QUOTE: (1, 1, 1),
    R.UNKNOWN_CONFIRMATION: (1, 1, 1),
    R.UNKNOWN_SYMBOL: (2, 2, 2),
    R.DUPLICATE: (0, 0, 0),
    R.TOO_LARGE: (0, 0, 0),
}
"""BusinessMessageReject: 380 in j."""


ALLOCATION_CODES: dict[Refusal, Codes] = {
    R.DUPLICATE: (7, 7, 7),
    R.UNKNOWN_ACCOUNT: (0, 0, 0),
    R.UNSUPPORTED: (7, 7, 7),
    R.BAD_QUANTITY: (1, 1, 1),
    R.BAD_PRICE: (2, 2, 2),
    R.UNKNOWN_ORDER: (5, 5, 5),
}
"""Allocation refused: 88 in P with 87=1."""

MARKET_DATA_CODES: dict[Refusal, int] = {
    R.UNKNOWN_SYMBOL: 0,
    R.DUPLICATE: 1,
    R.WRONG_SESSION: 3,
    R.NOT_AUTHORISED: 3,
}
"""MarketDataRequest refused: 281 in Y, the same in every version."""

MARKET_DATA_TAGS = {263: 4, 264: 5, 265: 6, 269: 8}
"""281 of an UNSUPPORTED request, by the tag that is to blame."""


def code_of(codes: dict[Refusal, Codes], refusal: Refusal, version: str) -> int | None:
    """Return the FIX reason of *refusal* in *version*; None when the tag is left out."""
    return codes[refusal][VERSIONS.index(version)]


def wording(refusal: Refusal, tag: int | None = None, detail: str = "") -> str:
    """Text(58): `CODE tag=38: words`. *detail* replaces the standard words (rules.md 2.11)."""
    named = f"{refusal.name} tag={tag}" if tag else refusal.name
    return f"{named}: {detail or refusal.value}"
