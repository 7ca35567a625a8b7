"""What an order may still deal, and whether dealing makes a position smaller (R23)."""

from decimal import ROUND_UP, Decimal

from otcfix.model.messages import Side, Unit
from otcfix.model.order import Order

BASE_STEP = Decimal("1E-9")


def base_left(order: Order) -> Decimal:
    """What an open order may still deal, in base; of one in terms, at its limit.

    Rounds: ROUND_UP to nine decimals. Sums of such numbers are exact, so State counts the same
    whether it grew event by event or came from a snapshot.
    """
    if order.unit is Unit.TERMS and order.price:
        return (order.leaves_qty / order.price).quantize(BASE_STEP, ROUND_UP)
    return order.leaves_qty


def shrinks(before: Decimal, after: Decimal) -> bool:
    """Whether a position gets smaller without turning round: |after| < |before|, and no change of
    sign (R23)."""
    return abs(after) < abs(before) and before * after >= 0


def smaller(position: Decimal, side: Side, base: Decimal) -> bool:
    """Whether dealing *base* on the client's *side* makes *position* smaller without turning it
    round. Both in base; the sign needs no conversion."""
    return shrinks(position, position + base if side is Side.BUY else position - base)
