"""Checks of limits: each compares what would be used with what may be, for one measure.

The desk lays the uses before them (`case.uses`): one for each limit that speaks of the client and
the instrument. Of several the first that fails is found, else the tightest. A measure that nobody
limits has no finding.

A deal eases when it reduces the client's position without changing its sign (R23), or when a
replace asks for nothing more. Position and loss never refuse what eases. Turnover and settlement
let it pass only where use is above the limit already (it was lowered since): a cap that is not yet
exceeded is hard. What cannot be valued (no mark of an asset that counts) is refused.
"""

from otcfix.gate.case import Common, QuoteCase, Use
from otcfix.model import limit as measures
from otcfix.model.refusal import Refusal
from otcfix.model.verdict import Finding


def _hard(use: Use) -> bool:
    return use.after is None or use.after > use.amount


def _never_when_eased(use: Use) -> bool:
    return not use.eases and _hard(use)


def _eased_above(use: Use) -> bool:
    if use.after is None or use.before is None:
        return True
    return use.after > use.amount and not (use.eases and use.before > use.amount)


OVER = {
    **dict.fromkeys(measures.MEASURES, _hard),
    measures.POSITION: _never_when_eased,
    measures.LOSS: _never_when_eased,
    measures.TURNOVER_DAY: _eased_above,
    measures.TURNOVER_30D: _eased_above,
    measures.SETTLEMENT: _eased_above,
}
"""When a use is refused."""


def _found(case: Common, measure: str, refusal: Refusal) -> Finding | None:
    if not case.uses:
        return None
    uses = case.uses.get(measure)
    if not uses:
        return None
    if len(uses) == 1:
        use = uses[0]
        after = use.after
        if after is not None and after <= use.amount:
            return Finding(measure, None, shown(after, measure), use.limit)
    over = OVER[measure]
    tightest, left = uses[0], None
    for use in uses:
        after = use.after
        # Most uses are below their amount: only what is not is looked at more closely.
        if (after is None or after > use.amount) and over(use):
            return Finding(measure, refusal, shown(after, measure), use.limit, None, use.detail)
        room = use.amount - (after or 0)
        if left is None or room < left:
            tightest, left = use, room
    return Finding(measure, None, shown(tightest.after, measure), tightest.limit)


def shown(use: int | None, measure: str) -> str:
    """A use for the record: exact, without zeros behind it; "?" when it cannot be valued."""
    if use is None:
        return "?"
    if measure in measures.COUNTS:
        return str(use)
    whole, part = divmod(use, measures.UNIT)
    return f"{whole}.{part:08d}".rstrip("0") if part else str(whole)


def order_size(case: Common) -> Finding | None:
    """The size in base is within the limits of the instrument."""
    return _found(case, measures.ORDER_SIZE, Refusal.TOO_LARGE)


def quote_notional(case: Common) -> Finding | None:
    """The notional that is asked for is within the limits of a quote."""
    return _found(case, measures.QUOTE_NOTIONAL, Refusal.TOO_LARGE)


def open_quotes(case: Common) -> Finding | None:
    """There is room for one more live quote."""
    found = _found(case, measures.OPEN_QUOTES, Refusal.TOO_LARGE)
    if found is not None and found.refusal is not None:
        return Finding(
            found.check, found.refusal, found.measured, found.limit, None, "too many open quotes"
        )
    return found


def order_notional(case: Common) -> Finding | None:
    """The order's notional is within the limits of an order."""
    return _found(case, measures.ORDER_NOTIONAL, Refusal.NOTIONAL)


def median_multiple(case: Common) -> Finding | None:
    """The order is not many times what this client usually deals: a slip of the finger."""
    return _found(case, measures.MEDIAN_MULTIPLE, Refusal.NOTIONAL)


def open_orders(case: Common) -> Finding | None:
    """There is room for one more resting order."""
    return _found(case, measures.OPEN_ORDERS, Refusal.LIMIT)


def position(case: Common) -> Finding | None:
    """The position stays within its limits, what rests included, or is reduced (R23).

    The first check behind the price: without uses nothing was measured, and nothing may pass.
    """
    if case.uses is None and case.instrument is not None and case.client is not None:
        return Finding("position", Refusal.LIMIT, "not measured")
    return _found(case, measures.POSITION, Refusal.LIMIT)


def turnover_day(case: Common) -> Finding | None:
    """The turnover of the trading day (A8), what rests included, stays within its limits."""
    return _found(case, measures.TURNOVER_DAY, Refusal.LIMIT)


def turnover_30d(case: Common) -> Finding | None:
    """The turnover of thirty trading days, this one included, stays within its limits."""
    return _found(case, measures.TURNOVER_30D, Refusal.LIMIT)


def loss(case: Common) -> Finding | None:
    """What was lost on the trading day's deals, at the marks, is within its limits."""
    return _found(case, measures.LOSS, Refusal.LIMIT)


def settlement(case: Common) -> Finding | None:
    """What the client owes net on the value date, and has not, stays within its limits: row 18 of
    the quotes' table, row 25 of the orders'."""
    quoted = isinstance(case, QuoteCase)
    return _found(case, measures.SETTLEMENT, Refusal.LIMIT if quoted else Refusal.FUNDS)
