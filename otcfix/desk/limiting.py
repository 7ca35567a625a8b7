"""Laying the use of every limit before the gate: what would be used after the deal.

Everything is valued at the rates stamped on the event; what concerns other assets than those of the
deal (position of a class or of the desk, loss, settlement) at the marks of State (R15). A rate that
is missing or old leaves the use without a value, and the gate refuses it.
"""

from decimal import Decimal

from otcfix.desk.draft import Draft
from otcfix.desk.leaves import shrinks
from otcfix.desk.limit_asked import Asked
from otcfix.desk.limit_measures import MEASURES, quotes_with
from otcfix.desk.limit_rows import Compiled
from otcfix.desk.lots import worth
from otcfix.desk.usage import ZERO
from otcfix.gate import OrderCase, QuoteCase
from otcfix.gate.case import Use
from otcfix.gate.order_checks import rests
from otcfix.model import limit as measures
from otcfix.model.instrument import Instrument
from otcfix.model.limit import units_of
from otcfix.model.messages import Side, Unit
from otcfix.model.party import Client
from otcfix.model.policy import PolicyAnswer

UNPRICED = (measures.ORDER_SIZE, measures.OPEN_ORDERS, measures.OPEN_QUOTES)
"""Measures that need no rate: they are looked at before there is a price."""


STANDING = (
    *(measures.POSITION, measures.TURNOVER_DAY, measures.TURNOVER_30D),
    *(measures.LOSS, measures.SETTLEMENT),
)
"""Measures of what stands: a replace that asks for nothing more is held against them alone."""


def lay_order(draft: Draft, case: OrderCase, increase: Decimal | None = None) -> None:
    """Lay the uses before ORDER_CHECKS. increase: of a replace, in the order's unit."""
    message = case.order
    more = increase is None or increase > 0
    _lay(draft, case, message.side, message.unit, increase or message.quantity, more)


def lay_quote(draft: Draft, case: QuoteCase) -> None:
    """Lay the uses before QUOTE_CHECKS: the worse side's, softly; nothing is held for a quote."""
    _lay(draft, case, case.line.side, case.line.unit, case.line.quantity, more=True)


def room_for_quote(
    draft: Draft, client: Client, instrument: Instrument, answer: PolicyAnswer | None
) -> bool:
    """Whether one more quote may live; answer: of the rules of jurisdiction, which may limit it."""
    for measure, rows in _rows_of(draft, client, instrument, answer).quote:
        if measure == measures.OPEN_QUOTES:
            return all(quotes_with(draft, row) <= row.amount for row in rows)
    return True


def _rows_of(
    draft: Draft, client: Client, instrument: Instrument, answer: PolicyAnswer | None
) -> Compiled:
    limits = draft.state.limits
    if answer is not None and answer.limits:
        return limits.with_policy(draft.register, client, instrument, answer)
    return limits.compiled(draft.register, client, instrument)


def _lay(
    draft: Draft,
    case: OrderCase | QuoteCase,
    side: Side | None,
    unit: Unit,
    quantity: Decimal | None,
    more: bool,
) -> None:
    client, instrument = case.client, case.instrument
    if client is None or instrument is None:
        return
    found = _rows_of(draft, client, instrument, case.authority.policy)
    is_order = isinstance(case, OrderCase)
    rows = found.order if is_order else found.quote
    asked = _asked(draft, case, client, instrument, side, unit, quantity, more)
    resting = isinstance(case, OrderCase) and not case.replaces and rests(case)
    uses: dict[str, list[Use]] = {}
    for measure, listed in rows:
        if measure == measures.OPEN_ORDERS and not resting:
            continue
        if asked.notional is None and measure not in UNPRICED:
            continue
        if not more and measure not in STANDING:
            continue
        measured = MEASURES[measure]
        uses[measure] = [measured(asked, row) for row in listed]
    if asked.notional is None and case.pricing_refusal is None:
        uses[measures.POSITION] = [Use(None, None, 0, "", detail="it could not be measured")]
    case.uses = uses


def _asked(
    draft: Draft,
    case: OrderCase | QuoteCase,
    client: Client,
    instrument: Instrument,
    side: Side | None,
    unit: Unit,
    quantity: Decimal | None,
    more: bool,
) -> Asked:
    """What is asked for; notional None where something that it is measured by is not known."""
    rate, before, after = case.conversion, case.position_before, case.position_after
    size = case.base_quantity if case.base_quantity is not None else ZERO
    asked = Asked(draft, case, client, instrument, side, size)
    if rate is None or before is None or after is None or case.notional is None:
        return asked
    notional = units_of(case.notional)
    if quantity is None or notional is None or notional < 0:
        return asked
    asked.rate, asked.notional, asked.value = rate, notional, notional
    if not more:
        asked.base = ZERO
    elif unit is Unit.BASE:
        asked.base = quantity
    elif unit is Unit.TERMS:
        asked.base = case.notional / rate
        # A fill at a better price is of another size in base: its terms are what is certain.
        asked.value = worth(draft.conversion(instrument.terms.code) or ZERO, quantity)
    asked.eases = not more or shrinks(before, after)
    asked.before, asked.after = _whole(before), _whole(after)
    return asked


def _whole(value: Decimal) -> int:
    """Units of 1E-8, without sign."""
    return abs(units_of(value) or 0)
