"""otcfix hedges: what is shown of hedge orders, and what staff is told when it covers by hand."""

from decimal import Decimal
from pathlib import Path

import pytest

from otcfix.model.hedge import BACK_TO_BACK, HedgeRule
from otcfix.store import open_store
from tests.cli.support import Run
from tests.conversation import Conversation
from tests.support.house_desk import house_desk

RULE = HedgeRule("BTC/USD", BACK_TO_BACK, ("LPX", "LPY"))


@pytest.fixture
def hedged(here: Path) -> list[str]:
    """A database in which a desk has covered: LPX rejected, LPY filled in two parts, one is open;
    the ids of the orders."""
    (here / "state").mkdir()
    desk = Conversation(
        house_desk(hedging=(RULE,)), open_store(f"sqlite:///{here}/state/otcfix.db")
    )
    lpx, lpy = desk.venues.open("LPX", "LPY")
    lpx.manner, lpy.manner = "rejects", "waits"
    client = desk.client("A44")
    client.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=1")
    desk.at("+200ms")
    lpy.executes(quantity="0.4", px="100060")
    lpy.executes(quantity="0.6", px="100080")
    desk.step()
    for span, low, high in (("+1s", "100150", "100260"), ("+4s", "100000", "100110")):
        desk.at(span)
        desk.prices("BTC/USD", low, high)
        client.C(f"35=R|131=R{span}|146=1|55=BTC/USD|38=1")
    lpx.manner = "waits"
    client.C("35=D|11=A2|55=BTC/USD|54=2|38=0.5|40=1")
    client.hears_all()
    desk.finish()
    desk.store.close()
    return [*lpx.orders, *lpy.orders]


def test_orders_are_listed_as_they_stand(run: Run, hedged: list[str]) -> None:
    found = run("hedges", "list", "--json").document["hedges"]
    assert [(row["venue"], row["side"], row["status"], row["filled"]) for row in found] == [
        ("LPX", "buy", "REJECTED", "0"),
        ("LPY", "buy", "FILLED", "1.0"),
        ("LPX", "sell", "WORKING", "0"),
    ]
    assert found[1]["average"] == "100072"
    assert [row["attempt"] for row in found] == [1, 2, 1]
    out = run("hedges", "list").out
    assert "last look" in out
    assert "100072" in out


def test_a_list_is_narrowed(run: Run, hedged: list[str]) -> None:
    def ids(*words: str) -> set[str]:
        return {r["hedge_id"] for r in run("hedges", "list", *words, "--json").document["hedges"]}

    rejected, open_one, filled = hedged
    assert ids("--venue", "LPX") == {rejected, open_one}
    assert ids("--open") == {open_one}
    assert ids("--limit", "2") == {filled, open_one}
    assert ids("--since", "2099-01-01") == ids("--symbol", "ETH/USD") == set()
    assert run("hedges", "list", "--symbol", "ETH/USD").out == "No hedges.\n"


def test_one_order_with_its_fills(run: Run, hedged: list[str]) -> None:
    found = run("hedges", "show", hedged[2], "--json").document
    assert [(f["quantity"], f["price"], f["amount"]) for f in found["fills"]] == [
        ("0.40000000", "100060", "40024.00"),
        ("0.60000000", "100080", "60048.00"),
    ]
    assert "40024.00" in run("hedges", "show", hedged[2]).out
    nobody = run("hedges", "show", "HNOBODY")
    assert nobody.code == 1
    assert "no hedge HNOBODY" in nobody.err


def test_a_scorecard_for_each_venue(run: Run, hedged: list[str]) -> None:
    """Amounts are exact text; what the journal cannot tell is not measured, and said to be so."""
    lpx, lpy = run("hedges", "scorecard", "--json").document["scorecards"]
    assert (lpx["venue"], lpx["orders"], lpx["open"], lpx["reject_ratio"]) == (
        "LPX", 2, 1, "1.0000",
    )  # fmt: skip
    assert (lpy["fill_ratio"], lpy["hold_p50_ms"], lpy["slippage_bps"]) == (
        "1.0000", "200.0", "2.20",
    )  # fmt: skip
    one, five, thirty = lpy["markouts"]
    slope = (Decimal(100205) - 100072) / 100072 * 10_000
    assert abs(Decimal(one["bps"]) - slope) < Decimal("0.02")
    assert (one["measured"], five["measured"], thirty) == (
        2, 2, {"seconds": 30, "bps": None, "measured": 0},
    )  # fmt: skip
    out = run("hedges", "scorecard").out
    assert "not measured" in out
    assert "+30 s bps" in out
    assert run("hedges", "scorecard", "--venue", "NONE").out == "No hedges.\n"


def test_covering_by_hand_is_an_event(run: Run, funded: Path) -> None:
    """Without a desk that runs no venue is connected: refused, and journaled with who and why."""
    answer = run("hedges", "now", "BTC/USD", "buy", "0.5", "--why", "long", "--by", "ann",
                 "--venue", "NOWHERE")  # fmt: skip
    assert answer.code == 1
    assert "refused: no hedge venue NOWHERE" in answer.err
    (event,) = run("journal", "show", "--kind", "Hedge", "--json").document["events"]
    assert '"why":"long"' in event["text"]


def test_settling_what_is_not_there(run: Run, funded: Path) -> None:
    for filled in ("0", "0.5"):
        answer = run("hedges", "settle", "HNOBODY", "--filled", filled, "--why", "phone")
        assert answer.code == 1
        assert "refused: no hedge HNOBODY" in answer.err


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("now", "BTC/USD", "long", "1"), "SIDE: 'long' is neither buy nor sell"),
        (("now", "BTC/USD", "buy", "0"), "QTY"),
        (("now", "BTC/USD", "buy", "1", "--price", "x"), "--price"),
        (("settle", "H1", "--filled", "some"), "--filled"),
        (("settle", "H1", "--filled", ""), "--filled"),
    ],
)
def test_what_cannot_be_meant(run: Run, words: tuple[str, ...], why: str) -> None:
    answer = run("hedges", *words, "--why", "test")
    assert answer.code == 2
    assert why in answer.err
