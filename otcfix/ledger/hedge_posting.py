"""How a hedge fill becomes transfers: the desk's position against the venue's account.

What is not modelled: the venue's value date. A venue's account is what stands between it and the
desk for all value dates together, as the desk's own position is; limits see both at once. The
venue's commission is not on its report and is booked when its statement comes.
"""

from decimal import Decimal

from otcfix.ledger import chart
from otcfix.model.hedge import HedgeFill
from otcfix.model.instrument import Instrument
from otcfix.model.ledger import Transfer
from otcfix.model.messages import Side
from otcfix.model.money import round_amount, to_minor


def hedge_spread(
    side: Side, base: Decimal, price: Decimal, mid: Decimal, instrument: Instrument
) -> Decimal:
    """What the desk gained against *mid* by a hedge, in terms; negative: what covering cost.

    Units:  side is the desk's; base in base; price and mid in terms per base.
    Rounds: ROUND_HALF_UP to the minor unit, away from zero on both sides, so that a reversal
    takes back exactly what its fill posted.
    """
    away = mid - price if side is Side.BUY else price - mid
    return round_amount(away * base, instrument.terms)


def transfers_for_hedge(fill: HedgeFill, instrument: Instrument) -> tuple[Transfer, ...]:
    """Post *fill*: base leg, terms leg and hedge_spread, each a transfer of its own.

    A fill with negative amounts is a reversal: debit and credit change places. What the venue
    holds for the desk is negative on its account, as on every custody account.
    Rounds: amounts arrive rounded; one that is zero is no transfer.
    """
    base, terms = instrument.base, instrument.terms
    sign = 1 if fill.side is Side.BUY else -1
    out: list[Transfer] = []
    _move(
        out,
        chart.venue_account(fill.venue, base.code),
        chart.desk_account(chart.POSITION, base.code),
        base.code,
        sign * to_minor(fill.base_amount, base),
        "hedge_base",
    )
    _move(
        out,
        chart.desk_account(chart.POSITION, terms.code),
        chart.venue_account(fill.venue, terms.code),
        terms.code,
        sign * to_minor(fill.terms_amount, terms),
        "hedge_terms",
    )
    gained = hedge_spread(fill.side, fill.base_amount, fill.price, fill.mid, instrument)
    _move(
        out,
        chart.desk_account(chart.POSITION, terms.code),
        chart.desk_account(chart.PNL, terms.code),
        terms.code,
        to_minor(gained, terms),
        "hedge_spread",
    )
    return tuple(out)


def _move(out: list[Transfer], debit: str, credit: str, asset: str, amount: int, code: str) -> None:
    """Add a transfer of *amount* minor units; a negative one goes the other way."""
    if amount > 0:
        out.append(Transfer(debit, credit, asset, amount, code))
    elif amount < 0:
        out.append(Transfer(credit, debit, asset, -amount, code))
