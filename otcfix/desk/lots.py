"""What an open order reserves of limits, in lots: each keeps the rate that it was asked for at."""

from decimal import Decimal

from otcfix.model.limit import units_of

Lot = tuple[Decimal, Decimal]
"""(rate into the limit currency per unit of the order, what is left in that unit)."""


def worth(rate: Decimal, quantity: Decimal) -> int:
    """*quantity* at *rate* in units of 1E-8 of the limit currency; up. What is no number: 0."""
    return units_of(rate * quantity) or 0


def shrink(lots: list[Lot], quantity: Decimal) -> int:
    """Give *quantity* back, what was asked for last first; returns what it was worth, negative."""
    given = 0
    while quantity > 0 and lots:
        rate, left = lots.pop()
        given -= worth(rate, left)
        if left > quantity:
            lots.append((rate, left - quantity))
            given += worth(rate, left - quantity)
        quantity -= min(left, quantity)
    return given


def consume(lots: list[Lot], quantity: Decimal) -> int:
    """Fill *quantity*, what was asked for first first; returns what was reserved for it."""
    moved = 0
    while quantity > 0 and lots:
        rate, left = lots[0]
        moved += worth(rate, left)
        if left > quantity:
            lots[0] = (rate, left - quantity)
            moved -= worth(rate, left - quantity)
        else:
            del lots[0]
        quantity -= min(left, quantity)
    return moved
