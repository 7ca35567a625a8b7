"""R20: how a trade becomes transfers, to the minor unit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.ledger.posting import fee_amount, transfers_for_trade
from otcfix.model.ledger import Transfer
from otcfix.model.messages import Side
from otcfix.model.money import round_amount
from otcfix.model.trade import Trade
from tests.conftest import OpenDesk
from tests.conversation import Conversation
from tests.support.house_desk import INSTRUMENTS

BTC = INSTRUMENTS["BTC/USD"]


def trade(side: Side, base: str, terms: str, *, spread: str = "0", fee: str = "0") -> Trade:
    return Trade(
        exec_id="E1",
        order_id="O1",
        cl_ord_id="A1",
        client_id="ALPHA",
        end_client="",
        account="",
        session="",
        symbol="BTC/USD",
        side=side,
        base_amount=Decimal(base),
        terms_amount=Decimal(terms),
        price=Decimal(1),
        mid=Decimal(1),
        spread=Decimal(spread),
        fee=Decimal(fee),
        quote_id="",
        at=0,
        trade_date="",
        settl_date="",
    )


def posted(desk: Conversation) -> list[tuple[str, str, int, str]]:
    return [(t.debit, t.credit, t.amount, t.code) for t in desk.decided.transfers]


CLIENT = "client/FEES"


def test_a_buy_with_spread_and_fee(desk: Conversation) -> None:
    """Legs are LastQty and LastQty x LastPx; spread = (LastPx - mid) x LastQty; fee by itself."""
    desk.client("FEE44").C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=1")
    assert posted(desk) == [
        (f"{CLIENT}:available:USD", "desk:position:USD", 100100_00, "terms_leg"),
        ("desk:position:BTC", f"{CLIENT}:available:BTC", 1_00000000, "base_leg"),
        (f"{CLIENT}:available:USD", "desk:fees:USD", 100_10, "fee"),
        ("desk:position:USD", "desk:pnl:USD", 50_00, "spread"),
    ]


def test_a_sale_with_spread_and_fee(desk: Conversation) -> None:
    """The seller's base goes first, his fee comes out of the terms that he got."""
    desk.client("FEE44").C("35=D|11=A1|55=BTC/USD|54=2|38=1|40=1")
    assert posted(desk) == [
        (f"{CLIENT}:available:BTC", "desk:position:BTC", 1_00000000, "base_leg"),
        ("desk:position:USD", f"{CLIENT}:available:USD", 100000_00, "terms_leg"),
        (f"{CLIENT}:available:USD", "desk:fees:USD", 100_00, "fee"),
        ("desk:position:USD", "desk:pnl:USD", 50_00, "spread"),
    ]


def test_a_negative_spread_changes_places(desk: Conversation) -> None:
    """A quote dealt after the market ran away costs the desk: debit and credit change places."""
    client = desk.client("A44")
    client.talk("C 35=R|131=R1|146=1|55=BTC/USD|38=1\nD 35=S|117=Q1")
    desk.prices("BTC/USD", bid="101000", offer="101110")  # the middle is 101055 now
    client.C("35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D")
    assert posted(desk)[-1] == ("desk:pnl:USD", "desk:position:USD", 955_00, "spread")


def test_no_spread_is_no_transfer(desk: Conversation) -> None:
    """A deal exactly at the middle posts two legs and nothing else."""
    client = desk.client("A44")
    client.talk("C 35=R|131=R1|146=1|55=BTC/USD|38=1\nD 35=S|117=Q1")
    desk.sees("BTC/USD", bid="100100", offer="100100")
    client.C("35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D")
    assert [code for *_, code in posted(desk)] == ["terms_leg", "base_leg"]


@pytest.mark.parametrize(
    ("quantity", "terms"), [("0.001", "100.11"), ("0.003", "300.32"), ("0.005", "500.53")]
)
def test_legs_are_rounded_half_up_and_equal_the_report(
    desk: Conversation, quantity: str, terms: str
) -> None:
    """100105.00 x 0.001 is 100.105: 100.11 on the report and in the book."""
    desk.prices("BTC/USD", bid="100000", offer="100105.00")
    client = desk.client("A44")
    client.talk(f"""
        C 35=D|11=A1|55=BTC/USD|54=1|38={quantity}|40=1
        D 35=8|150=0
        D 35=8|150=F|31=100105.00|381={terms}|119={terms}
    """)
    assert posted(desk)[0][2] == int(Decimal(terms) * 100)


def test_a_leg_of_nothing_is_no_transfer() -> None:
    """A leg that rounds to zero, and a fee of zero, are left out."""
    found = transfers_for_trade(trade(Side.BUY, "0.00000001", "0"), BTC, same_day=True)
    assert [transfer.code for transfer in found] == ["base_leg"]


def test_a_buyer_gives_from_his_hold_first() -> None:
    """The hold pays the leg, then the fee; what it lacks comes from available."""
    found = transfers_for_trade(
        trade(Side.BUY, "1", "100", fee="1"), BTC, same_day=True, from_held=100_50
    )
    assert [(t.debit, t.amount) for t in found if t.asset == "USD"] == [
        ("client/ALPHA:held:USD", 100_00),
        ("client/ALPHA:held:USD", 50),
        ("client/ALPHA:available:USD", 50),
    ]


def test_a_sellers_hold_pays_no_fee() -> None:
    """His hold is base; the fee is of terms."""
    found = transfers_for_trade(
        trade(Side.SELL, "1", "100", fee="1"), BTC, same_day=True, from_held=1_00000000
    )
    assert [(t.debit, t.code) for t in found] == [
        ("client/ALPHA:held:BTC", "base_leg"),
        ("desk:position:USD", "terms_leg"),
        ("client/ALPHA:available:USD", "fee"),
    ]


@pytest.mark.parametrize(
    ("owed", "accounts"),
    [
        ((0, 0), {"payable:USD": -101_00, "receivable:BTC": 1_00000000}),
        (
            (0, 40_00),
            {"receivable:USD": -40_00, "payable:USD": -61_00, "receivable:BTC": 1_00000000},
        ),
        (
            (0, 100_50),
            {"receivable:USD": -100_50, "payable:USD": -50, "receivable:BTC": 1_00000000},
        ),
        (
            (-30000000, 0),
            {"payable:USD": -101_00, "payable:BTC": 30000000, "receivable:BTC": 70000000},
        ),
        ((-2_00000000, 0), {"payable:USD": -101_00, "payable:BTC": 1_00000000}),
    ],
)
def test_a_later_value_date_is_owed_once(owed: tuple[int, int], accounts: dict[str, int]) -> None:
    """What is due both ways on one date is netted as it is posted."""
    found = transfers_for_trade(
        trade(Side.BUY, "1", "100", fee="1"), BTC, same_day=False, owed=owed
    )
    sums: dict[str, int] = {}
    for transfer in found:
        for name, sign in ((transfer.debit, -1), (transfer.credit, 1)):
            if name.startswith("client/"):
                key = name.split(":", 1)[1]
                sums[key] = sums.get(key, 0) + sign * transfer.amount
    assert sums == accounts


amounts = st.decimals(min_value=0, max_value=10**9, places=2, allow_nan=False)


@given(
    side=st.sampled_from(Side),
    base=amounts,
    terms=amounts,
    spread=st.decimals(min_value=-(10**6), max_value=10**6, places=2, allow_nan=False),
    fee=amounts,
    same_day=st.booleans(),
    from_held=st.integers(0, 10**12),
    owed=st.tuples(st.integers(-(10**12), 10**12), st.integers(-(10**12), 10**12)),
)
def test_whatever_is_posted_sums_up(
    side: Side,
    base: Decimal,
    terms: Decimal,
    spread: Decimal,
    fee: Decimal,
    same_day: bool,
    from_held: int,
    owed: tuple[int, int],
) -> None:
    """The client moves by exactly his legs and fee, P&L by the spread, fees by the fee; each
    transfer is of positive whole units."""
    made = trade(side, f"{base}", f"{terms}", spread=f"{spread}", fee=f"{fee}")
    found = transfers_for_trade(made, BTC, same_day=same_day, from_held=from_held, owed=owed)
    sums: dict[str, int] = {}
    for transfer in found:
        assert isinstance(transfer, Transfer)
        assert transfer.amount > 0
        for name, sign in ((transfer.debit, -1), (transfer.credit, 1)):
            owner, _, asset = name.split(":")
            key = name if owner == "desk" else f"{owner}:{asset}"
            sums[key] = sums.get(key, 0) + sign * transfer.amount
    way = 1 if side is Side.BUY else -1
    minor = {"base": int(base * 10**8), "terms": int(terms * 100), "fee": int(fee * 100)}
    assert sums.get("client/ALPHA:BTC", 0) == way * minor["base"]
    assert sums.get("client/ALPHA:USD", 0) == -way * minor["terms"] - minor["fee"]
    assert sums.get("desk:pnl:USD", 0) == int(spread * 100)
    assert sums.get("desk:fees:USD", 0) == minor["fee"]
    assert sums.get("desk:position:BTC", 0) == -way * minor["base"]
    assert sums.get("desk:position:USD", 0) == way * minor["terms"] - int(spread * 100)


@pytest.mark.parametrize(
    ("terms", "bps", "fee"),
    [("100100", "10", "100.10"), ("0.49", "100", "0.00"), ("0.50", "100", "0.01")],
)
def test_fees_are_rounded_half_up(terms: str, bps: str, fee: str) -> None:
    """A fee of half a cent is a cent."""
    found = round_amount(fee_amount(Decimal(terms), Decimal(bps)), BTC.terms)
    assert found == Decimal(fee)


def test_the_spread_is_on_no_client_account(open_desk: OpenDesk) -> None:
    """The spread moves inside the desk."""
    desk = open_desk()
    desk.client("A44").C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=1")
    (spread,) = (t for t in desk.decided.transfers if t.code == "spread")
    assert spread.debit.startswith("desk:")
    assert spread.credit.startswith("desk:")
