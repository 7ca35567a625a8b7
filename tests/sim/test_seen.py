"""What a simulated client counts."""

from decimal import Decimal

import pytest

from otcfix.sim.seen import Seen
from otcfix.sim.speech import Speech, away
from otcfix.trials.wire import Heard, pairs_of


def heard(text: str) -> Heard:
    """A message."""
    return Heard(pairs_of(text, "|"), 0.0)


def test_an_execution_is_booked_once() -> None:
    """ExecID(17) decides; a status answer has none of its own."""
    seen = Seen()
    fill = heard("35=8|17=E1|54=1|32=2|31=10.5")
    for report in (fill, fill):
        if seen.is_new(report):
            seen.fill(report, "BTC/USD", "")
    assert seen.is_new(heard("35=8|17=0"))
    assert seen.is_new(heard("35=8|17=0"))
    (book,) = seen.report()["books"]
    assert (book["fills"], book["bought"], book["paid"], book["sold"]) == (1, "2", "21.0", "0")
    assert seen.report()["heard_again"] == 1


def test_refusals_are_counted_by_their_code() -> None:
    """Whatever stands behind it."""
    seen = Seen()
    for text in ("LIMIT: much", "LIMIT tag=38: more", "", "DUPLICATE of OrderID X"):
        seen.refusal(text)
    assert seen.report()["refused"] == {"(no text)": 1, "DUPLICATE": 1, "LIMIT": 2}


@pytest.mark.parametrize(
    ("speech", "said"),
    [
        (Speech("FIX.4.2", flat=True, end_tag=109), [131, 55, 54, 38, 109]),
        (Speech("FIX.4.2", end_tag=115), [131, 146, 55, 54, 38, 115]),
        (Speech("FIX.4.4", end_tag=1), [131, 146, 55, 54, 38, 1]),
        (Speech("FIX.4.4"), [131, 146, 55, 54, 38]),
    ],
)
def test_a_request_in_each_manner(speech: Speech, said: list[int]) -> None:
    """The group, and where the end client stands."""
    fields = speech.ask("R1", "BTC/USD", "1", Decimal("0.1"), "FUND1")
    assert [tag for tag, _ in fields] == said


def test_an_order_rests_away_from_the_market_on_its_own_side() -> None:
    """As many decimals as the price had."""
    assert away(Decimal("100.00"), "1", Decimal(100)) == Decimal("99.00")
    assert away(Decimal("100.00"), "2", Decimal(5)) == Decimal("100.05")
