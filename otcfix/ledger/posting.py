"""How a trade becomes transfers (R4, R20)."""

from decimal import Decimal

from otcfix.ledger import chart
from otcfix.model.instrument import Instrument
from otcfix.model.ledger import Transfer
from otcfix.model.messages import Side
from otcfix.model.money import to_minor
from otcfix.model.trade import Trade


def fee_amount(terms_amount: Decimal, fee_bps: Decimal) -> Decimal:
    """The fee on *terms_amount*, in terms, not yet rounded."""
    return terms_amount * fee_bps / 10_000


def transfers_for_trade(
    trade: Trade,
    instrument: Instrument,
    *,
    same_day: bool,
    from_held: int = 0,
    owed: tuple[int, int] = (0, 0),
) -> tuple[Transfer, ...]:
    """Post *trade*: the two legs, the spread and the fee, each a transfer of its own.

    same_day: the value date is the trading day, so the legs move available; a later value date
    moves receivable and payable, the fee with it. from_held: minor units of the leg (and fee, for
    a buyer) that the client gives from his hold; the rest comes from available. owed: base and
    terms that the client is owed (negative: owes) on the trade's later value date already, in
    minor units; what is due both ways on one date is owed once, as the difference.
    Rounds: amounts arrive rounded; a leg that rounds to zero is no transfer.
    """
    base, terms = instrument.base, instrument.terms
    owed_by_asset = {base.code: owed[0], terms.code: owed[1]}
    legs = _Legs(trade.client_id, same_day, from_held, owed_by_asset)
    base_minor = to_minor(trade.base_amount, base)
    terms_minor = to_minor(trade.terms_amount, terms)
    base_position = chart.desk_account(chart.POSITION, base.code)
    terms_position = chart.desk_account(chart.POSITION, terms.code)
    if trade.side is Side.BUY:
        legs.give(terms.code, terms_minor, terms_position, "terms_leg")
        legs.get(base.code, base_minor, base_position, "base_leg")
    else:
        legs.give(base.code, base_minor, base_position, "base_leg")
        legs.get(terms.code, terms_minor, terms_position, "terms_leg")
        legs.from_held = 0
    fees = chart.desk_account(chart.FEES, terms.code)
    legs.give(terms.code, to_minor(trade.fee, terms), fees, "fee")
    spread = to_minor(trade.spread, terms)
    pnl = chart.desk_account(chart.PNL, terms.code)
    if spread > 0:
        _add(legs.out, terms_position, pnl, terms.code, spread, "spread")
    else:
        _add(legs.out, pnl, terms_position, terms.code, -spread, "spread")
    return tuple(legs.out)


def transfers_for_bust(
    trade: Trade, instrument: Instrument, *, same_day: bool, owed: tuple[int, int] = (0, 0)
) -> tuple[Transfer, ...]:
    """Mirror *trade*: each of its transfers (legs, spread, fee) the other way round, by a transfer
    of its own; what was posted stands.

    same_day and owed as in `transfers_for_trade`, but of the date by which it is undone: what came
    from a hold goes back to available, since the hold is gone.
    Rounds: amounts arrive rounded, so that the two sum up to zero.
    """
    base, terms = instrument.base, instrument.terms
    legs = _Legs(trade.client_id, same_day, 0, {base.code: owed[0], terms.code: owed[1]})
    base_minor = to_minor(trade.base_amount, base)
    terms_minor = to_minor(trade.terms_amount, terms)
    base_position = chart.desk_account(chart.POSITION, base.code)
    terms_position = chart.desk_account(chart.POSITION, terms.code)
    fees = chart.desk_account(chart.FEES, terms.code)
    if trade.side is Side.BUY:
        legs.give(base.code, base_minor, base_position, "base_reversed")
        legs.get(terms.code, terms_minor, terms_position, "terms_reversed")
    else:
        legs.get(base.code, base_minor, base_position, "base_reversed")
        legs.give(terms.code, terms_minor, terms_position, "terms_reversed")
    legs.get(terms.code, to_minor(trade.fee, terms), fees, "fee_reversed")
    spread = to_minor(trade.spread, terms)
    pnl = chart.desk_account(chart.PNL, terms.code)
    if spread > 0:
        _add(legs.out, pnl, terms_position, terms.code, spread, "spread_reversed")
    else:
        _add(legs.out, terms_position, pnl, terms.code, -spread, "spread_reversed")
    return tuple(legs.out)


class _Legs:
    """The client's side of a trade: where each amount comes from and goes to."""

    __slots__ = ("client", "from_held", "out", "owed", "same_day")

    def __init__(self, client: str, same_day: bool, from_held: int, owed: dict[str, int]) -> None:
        self.client = client
        self.same_day = same_day
        self.from_held = from_held
        self.owed = owed
        self.out: list[Transfer] = []

    def give(self, asset: str, amount: int, to: str, code: str) -> None:
        """Out of the hold, then available; on a later date out of what is owed him, then owing."""
        if self.same_day:
            first, then = chart.HELD, chart.AVAILABLE
            most = min(self.from_held, amount)
            self.from_held -= most
        else:
            first, then = chart.RECEIVABLE, chart.PAYABLE
            most = min(max(self.owed[asset], 0), amount)
            self.owed[asset] -= amount
        _add(self.out, chart.client_account(self.client, first, asset), to, asset, most, code)
        rest = chart.client_account(self.client, then, asset)
        _add(self.out, rest, to, asset, amount - most, code)

    def get(self, asset: str, amount: int, source: str, code: str) -> None:
        """To available; on a later date against what he owes, then owed to him."""
        most, then = 0, chart.AVAILABLE
        if not self.same_day:
            most, then = min(max(-self.owed[asset], 0), amount), chart.RECEIVABLE
            self.owed[asset] += amount
        owes = chart.client_account(self.client, chart.PAYABLE, asset)
        _add(self.out, source, owes, asset, most, code)
        rest = chart.client_account(self.client, then, asset)
        _add(self.out, source, rest, asset, amount - most, code)


def _add(out: list[Transfer], debit: str, credit: str, asset: str, amount: int, code: str) -> None:
    if amount:
        out.append(Transfer(debit, credit, asset, amount, code))
