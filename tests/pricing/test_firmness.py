"""The four cases of R19, from either side."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otcfix.model.messages import Side
from otcfix.model.pricing import NO_LOOK, SYMMETRIC, Life
from otcfix.model.refusal import Refusal
from otcfix.pricing.firmness import IMPROVED, KEPT, NONE, OUTCOMES, REFUSED, WITHIN, look
from tests.pricing.support import d

LOOK = Life(last_look=SYMMETRIC, tolerance_bps=d("5"))  # 0.05 of 100
GIVES = Life(last_look=SYMMETRIC, tolerance_bps=d("5"), improvement=True)


@pytest.mark.parametrize(
    ("life", "side", "now", "outcome", "price"),
    [
        (Life(), Side.BUY, "150", NONE, "100"),
        (Life(), Side.SELL, "150", NONE, "100"),
        (LOOK, Side.BUY, "100.06", REFUSED, None),
        (LOOK, Side.BUY, "100.05", WITHIN, "100"),
        (LOOK, Side.BUY, "99.95", WITHIN, "100"),
        (LOOK, Side.BUY, "99.94", KEPT, "100"),
        (GIVES, Side.BUY, "99.94", IMPROVED, "99.94"),
        (GIVES, Side.BUY, "99.95", WITHIN, "100"),
        (GIVES, Side.BUY, "100.06", REFUSED, None),
        (LOOK, Side.SELL, "99.94", REFUSED, None),
        (LOOK, Side.SELL, "99.95", WITHIN, "100"),
        (LOOK, Side.SELL, "100.05", WITHIN, "100"),
        (LOOK, Side.SELL, "100.06", KEPT, "100"),
        (GIVES, Side.SELL, "100.06", IMPROVED, "100.06"),
    ],
)
def test_the_four_cases(life: Life, side: Side, now: str, outcome: str, price: str | None) -> None:
    """Quoted 100 with 5 bp either way: refused, within, kept, improved; or no look at all."""
    wanted = Refusal.PRICE_MOVED if price is None else d(price)
    assert look(life, side, d("100"), d(now)) == (outcome, wanted)


def test_without_a_present_price_a_look_fails_closed() -> None:
    """No last look fills all the same: the quote was firm."""
    for side in Side:
        assert look(GIVES, side, d("100"), None) == (REFUSED, Refusal.PRICE_MOVED)
        assert look(Life(), side, d("100"), None) == (NONE, d("100"))


prices = st.decimals("0.01", 1000, places=2)


@given(
    st.builds(
        Life,
        last_look=st.sampled_from([NO_LOOK, SYMMETRIC]),
        tolerance_bps=st.decimals(0, 100, places=1),
        improvement=st.booleans(),
    ),
    st.sampled_from(Side),
    prices,
    prices,
)
def test_a_client_never_deals_worse_than_quoted(
    life: Life, side: Side, quoted: Decimal, now: Decimal
) -> None:
    """And is never refused for what moved in his favour."""
    outcome, price = look(life, side, quoted, now)
    assert outcome in OUTCOMES
    better = now <= quoted if side is Side.BUY else now >= quoted
    if outcome == REFUSED:
        assert price is Refusal.PRICE_MOVED
        assert not better
    else:
        assert price <= quoted if side is Side.BUY else price >= quoted
