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
    trade: Trade, instrument: Instrument, *, same_day: bool, from_held: int
) -> tuple[Transfer, ...]:
    """Post *trade*: the two legs, the spread and the fee, each a transfer of its own.

    same_day: the value date is the trading day, so the legs move available; a later value date
    moves receivable and payable. from_held: minor units of the leg (and fee, for a buyer) that
    the client gives from his hold; the rest comes from available.
    Rounds: amounts arrive rounded; a leg that rounds to zero is no transfer.
    """
    base, terms = instrument.base, instrument.terms
    client = trade.client_id
    base_minor = to_minor(trade.base_amount, base)
    terms_minor = to_minor(trade.terms_amount, terms)
    fee_minor = to_minor(trade.fee, terms)
    buys = trade.side is Side.BUY
    gets = chart.AVAILABLE if same_day else chart.RECEIVABLE
    out: list[Transfer] = []

    def give(asset: str, amount: int, to: str, code: str) -> None:
        nonlocal from_held
        if not same_day and code != "fee":
            _add(out, chart.client_account(client, chart.PAYABLE, asset), to, asset, amount, code)
            return
        held = min(from_held, amount)
        from_held -= held
        _add(out, chart.client_account(client, chart.HELD, asset), to, asset, held, code)
        available = chart.client_account(client, chart.AVAILABLE, asset)
        _add(out, available, to, asset, amount - held, code)

    base_position = chart.desk_account(chart.POSITION, base.code)
    terms_position = chart.desk_account(chart.POSITION, terms.code)
    if buys:
        give(terms.code, terms_minor, terms_position, "terms_leg")
        receiver = chart.client_account(client, gets, base.code)
        _add(out, base_position, receiver, base.code, base_minor, "base_leg")
    else:
        give(base.code, base_minor, base_position, "base_leg")
        receiver = chart.client_account(client, gets, terms.code)
        _add(out, terms_position, receiver, terms.code, terms_minor, "terms_leg")
        from_held = 0
    give(terms.code, fee_minor, chart.desk_account(chart.FEES, terms.code), "fee")
    spread = to_minor(trade.spread, terms)
    pnl = chart.desk_account(chart.PNL, terms.code)
    if spread > 0:
        _add(out, terms_position, pnl, terms.code, spread, "spread")
    else:
        _add(out, pnl, terms_position, terms.code, -spread, "spread")
    return tuple(out)


def _add(out: list[Transfer], debit: str, credit: str, asset: str, amount: int, code: str) -> None:
    if amount:
        out.append(Transfer(debit, credit, asset, amount, code))
