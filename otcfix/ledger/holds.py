"""Holds: what an order keeps back of its client's funds (A20)."""

from decimal import ROUND_HALF_UP, Decimal

from otcfix.ledger import chart
from otcfix.model.instrument import Instrument
from otcfix.model.ledger import Transfer
from otcfix.model.messages import Side, Unit
from otcfix.model.money import measured_minor


def hold_for(
    instrument: Instrument,
    side: Side,
    quantity: Decimal,
    unit: Unit,
    price: Decimal,
    fee_bps: Decimal,
) -> tuple[str, int]:
    """The asset and the minor units that *quantity* at *price* needs, worst fee included.

    A buyer gives terms and the fee; a seller gives base (his fee comes out of the proceeds).
    Rounds: ROUND_HALF_UP to the asset's minor unit.
    """
    if side is Side.BUY:
        terms = quantity if unit is Unit.TERMS else quantity * price
        # Rounded as the fill will be: the leg, then the fee on the rounded leg. A hold that is a
        # minor unit short of its fill would break a law at the worst moment.
        leg = terms.quantize(instrument.terms_step, ROUND_HALF_UP)
        fee = (leg * fee_bps / 10_000).quantize(instrument.terms_step, ROUND_HALF_UP)
        return instrument.terms.code, measured_minor(leg + fee, instrument.terms)
    base = quantity / price if unit is Unit.TERMS else quantity
    return instrument.base.code, measured_minor(base, instrument.base)


def place(client_id: str, asset: str, amount: int) -> tuple[Transfer, ...]:
    """Move *amount* from available to held; nothing for zero."""
    if not amount:
        return ()
    return (
        Transfer(
            chart.client_account(client_id, chart.AVAILABLE, asset),
            chart.client_account(client_id, chart.HELD, asset),
            asset,
            amount,
            "hold",
        ),
    )


def release(client_id: str, asset: str, amount: int) -> tuple[Transfer, ...]:
    """Move *amount* back from held to available; nothing for zero."""
    if not amount:
        return ()
    return (
        Transfer(
            chart.client_account(client_id, chart.HELD, asset),
            chart.client_account(client_id, chart.AVAILABLE, asset),
            asset,
            amount,
            "release",
        ),
    )
