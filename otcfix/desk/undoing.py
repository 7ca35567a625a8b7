"""What undoing a trade, or putting another in its place, moves in the ledger, and what a client
lacks for it."""

from datetime import date
from decimal import Decimal

from msgspec import Struct

from otcfix.desk.draft import Draft
from otcfix.desk.fills import owed_by
from otcfix.ledger import chart
from otcfix.ledger.posting import transfers_for_bust, transfers_for_trade
from otcfix.model.instrument import Instrument
from otcfix.model.ledger import Obligation, Transfer
from otcfix.model.messages import Unit
from otcfix.model.money import from_minor
from otcfix.model.order import Order
from otcfix.model.trade import Trade
from otcfix.settlement.calendar import value_date_starts


class Standing(Struct, frozen=True):
    """A trade that stands, its order as it is now, its instrument."""

    trade: Trade
    order: Order
    instrument: Instrument

    @property
    def in_terms(self) -> bool:
        """Whether the order counts terms."""
        return self.order.unit is Unit.TERMS

    @property
    def last_qty(self) -> Decimal:
        """LastQty(32) of the trade, in the order's unit."""
        return quantity_of(self.trade, in_terms=self.in_terms)


def quantity_of(trade: Trade, *, in_terms: bool) -> Decimal:
    """LastQty(32) of a trade, in terms or in base, without zeros behind."""
    return tidy(trade.terms_amount if in_terms else trade.base_amount)


def tidy(number: Decimal) -> Decimal:
    """The same number without zeros behind the point."""
    whole = number.to_integral_value()
    return whole if whole == number else number.normalize()


class Undoing(Struct):
    """What undoing, or correcting, a trade moves. due: the value date (YYYYMMDD) on which it is
    owed, "" when available moves at once."""

    due: str
    transfers: list[Transfer]
    obligations: list[Obligation]


def due_of(draft: Draft, trade: Trade) -> str:
    """The value date by which a trade is undone, "" when it has settled: what is owed on a date
    that has come, and could not be paid yet, is still owed."""
    if trade.settl_date == trade.trade_date:
        return ""
    if trade.settl_date > str(draft.state.word("settled", "upto")):
        return trade.settl_date
    overdue = any(
        draft.owed(trade.client_id, asset, trade.settl_date)
        for asset in sorted(draft.register.assets)
    )
    return trade.settl_date if overdue else ""


def moves_of(draft: Draft, standing: Standing, now: Trade | None, due: str) -> Undoing:
    """The mirror of a trade, and the posting of what replaces it."""
    trade, instrument = standing.trade, standing.instrument
    codes = (instrument.base.code, instrument.terms.code)
    owed = {code: draft.owed(trade.client_id, code, due) if due else 0 for code in codes}
    before = dict(owed)
    made = Undoing(due, [], [])
    for one, post, sign in ((trade, transfers_for_bust, -1), (now, transfers_for_trade, 1)):
        if one is None:
            continue
        netted = (owed[codes[0]], owed[codes[1]])
        made.transfers += post(one, instrument, same_day=not due, owed=netted)
        for asset, amount in owed_by(one, instrument):
            owed[asset] += sign * amount
    for code in codes if due else ():
        if owed[code] != before[code]:
            step = owed[code] - before[code]
            made.obligations.append(Obligation(trade.client_id, code, step, due))
    return made


def missing_for(draft: Draft, standing: Standing, moves: Undoing) -> str:
    """What the client has not to give back, in words; "" when he has it.

    Of each asset that he gives: what is available, where it moves at once, and all that he has and
    is owed less what he owes, without what his orders hold, down to his floor (R4).
    """
    client = standing.trade.client_id
    words = []
    for asset in (standing.instrument.base, standing.instrument.terms):
        purse = chart.purse(client, asset.code)
        steps = dict.fromkeys(purse, 0)
        for transfer in moves.transfers:
            if transfer.debit in steps:
                steps[transfer.debit] -= transfer.amount
            if transfer.credit in steps:
                steps[transfer.credit] += transfer.amount
        if sum(steps.values()) >= 0:
            continue
        floor = draft.state.floor(client, asset.code)
        available, _, receivable, payable = (draft.balance(name) + steps[name] for name in purse)
        least = available + receivable + payable
        if not moves.due:
            least = min(least, available)
        if least < floor:
            words.append(f"{from_minor(floor - least, asset):f} {asset.code}")
    return ", ".join(words)


def starts(due: str) -> int:
    """The instant at which what is owed on value date *due* (YYYYMMDD) falls due."""
    return value_date_starts(date(int(due[:4]), int(due[4:6]), int(due[6:])))
