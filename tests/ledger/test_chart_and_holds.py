"""The chart of accounts, and what a hold keeps."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.ledger import chart
from otcfix.ledger.holds import hold_for, place, release
from otcfix.model.errors import InvariantBroken
from otcfix.model.ledger import Transfer
from otcfix.model.messages import Side, Unit
from otcfix.model.money import AMOUNT_MAX, Asset, from_minor, round_amount, to_minor, to_multiple
from tests.support.house_desk import INSTRUMENTS

BTC = INSTRUMENTS["BTC/USD"]
USD = Asset("USD", 2)


@pytest.mark.parametrize(
    ("name", "floor"),
    [
        ("client/ALPHA:available:USD", -500),
        ("client/ALPHA:held:USD", 0),
        ("client/ALPHA:receivable:USD", 0),
        ("client/ALPHA:payable:USD", None),
        ("desk:position:USD", None),
        ("desk:pnl:USD", None),
        ("venue/custody:custody:USD", None),
    ],
)
def test_floors(name: str, floor: int | None) -> None:
    """Clients may not go below zero, available not below the settlement limit; others are free."""
    assert chart.describe(name, 500).floor == floor


def test_an_account_that_is_not_of_the_chart() -> None:
    """A client has four kinds of account and no fifth."""
    with pytest.raises(ValueError, match="no client account of kind pocket"):
        chart.describe("client/ALPHA:pocket:USD")


@pytest.mark.parametrize("amount", [0, -1, AMOUNT_MAX + 1])
def test_what_is_no_transfer(amount: int) -> None:
    """A transfer is positive, fits 64 bits, and has two ends."""
    with pytest.raises(InvariantBroken):
        Transfer("desk:pnl:USD", "desk:fees:USD", "USD", amount, "fee")
    with pytest.raises(InvariantBroken):
        Transfer("desk:pnl:USD", "desk:pnl:USD", "USD", 1, "fee")


def test_a_hold_of_nothing_is_nothing() -> None:
    """No transfer of zero."""
    assert place("ALPHA", "USD", 0) == ()
    assert release("ALPHA", "USD", 0) == ()


def test_a_hold_comes_and_goes() -> None:
    """Placed from available to held, released the other way."""
    (placed,), (released,) = place("ALPHA", "USD", 5), release("ALPHA", "USD", 5)
    assert (placed.debit, placed.credit) == (released.credit, released.debit)
    assert placed.debit == "client/ALPHA:available:USD"


@pytest.mark.parametrize(
    ("side", "unit", "quantity", "asset", "minor"),
    [
        (Side.BUY, Unit.BASE, "1", "USD", 100100_10),  # 100000.10 and 10 bp of it
        (Side.BUY, Unit.TERMS, "1000", "USD", 1_001_00),
        (Side.SELL, Unit.BASE, "1.5", "BTC", 1_50000000),
        (Side.SELL, Unit.TERMS, "1000", "BTC", 999999),
    ],
)
def test_what_a_hold_is_for(side: Side, unit: Unit, quantity: str, asset: str, minor: int) -> None:
    """A buyer holds terms and the fee, a seller base alone."""
    found = hold_for(BTC, side, Decimal(quantity), unit, Decimal("100000.10"), Decimal(10))
    assert found == (asset, minor)


lots = st.integers(1, 50_000).map(lambda n: n * Decimal("0.001"))
prices = st.integers(1, 20_000_000).map(lambda n: n * Decimal("0.01"))


@given(lots=st.lists(lots, min_size=1, max_size=6), price=prices, bps=st.integers(0, 100))
def test_a_hold_covers_its_fills_but_for_rounding(
    lots: list[Decimal], price: Decimal, bps: int
) -> None:
    """Filled in parts at its limit, an order costs at most half a unit a part and fee more than
    its hold: `can_pay` looks at that before each fill."""
    fee_bps = Decimal(bps)
    total = sum(lots, Decimal(0))
    _, held = hold_for(BTC, Side.BUY, total, Unit.BASE, price, fee_bps)
    cost = 0
    for quantity in lots:
        terms = round_amount(quantity * price, USD)
        cost += to_minor(terms, USD) + to_minor(terms * fee_bps / 10_000, USD)
    assert cost <= held + len(lots) + 1
    assert held <= cost + len(lots) + 1


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=6, allow_nan=False))
def test_minor_units_and_back(amount: Decimal) -> None:
    """Half a minor unit rounds away from zero, and minor units are exact."""
    minor = to_minor(amount, USD)
    assert abs(from_minor(minor, USD) - amount) <= Decimal("0.005")
    assert to_minor(from_minor(minor, USD), USD) == minor
    assert from_minor(minor, USD) == round_amount(amount, USD)


def test_an_amount_that_fits_no_account() -> None:
    """Beyond 64 bits is a broken invariant, not a wrapped number."""
    with pytest.raises(InvariantBroken, match="does not fit an account"):
        to_minor(Decimal(10) ** 17, USD)


@pytest.mark.parametrize(
    ("value", "step", "found"),
    [("1.2349", "0.001", "1.234"), ("-1.2349", "0.001", "-1.234"), ("7", "5", "5")],
)
def test_multiples_are_cut(value: str, step: str, found: str) -> None:
    """Down means towards zero."""
    assert to_multiple(Decimal(value), Decimal(step)) == Decimal(found)
