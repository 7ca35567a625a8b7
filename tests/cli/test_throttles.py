"""otcfix throttles show: what each session may send now."""

from decimal import Decimal

from otcfix.control.rates import rows_of
from otcfix.model.throttle import LoadMoved, Throttle
from tests.cli.support import Run
from tests.conftest import OpenDesk

QUOTE = "35=R|131={0}|146=1|55=BTC/USD|38=0.01"


def test_rates_are_shown_for_people_and_programs(run: Run, funded: object) -> None:
    """Of every client's session, or of one; nobody has said anything yet."""
    answer = run("throttles", "show", "--session", "ALPHA44", "--json")
    assert answer.code == 0, answer.err
    rows = {row["class"]: row for row in answer.document["throttles"]}
    assert set(rows) == {"quote", "order", "replace", "status", "stream", "resent"}
    assert rows["quote"] == {
        "session": "ALPHA44", "class": "quote", "per_second": "500", "burst": 1000, "weight": 1,
        "factor": "1", "left": 1000, "refused_today": 0, "hard_ms": 5000,
    }  # fmt: skip
    table = run("throttles", "show").out
    assert "GAMMA50" in table
    assert "LP1" not in table


def test_an_unknown_session_is_a_usage_error(run: Run, funded: object) -> None:
    """It names those that there are."""
    answer = run("throttles", "show", "--session", "NOBODY")
    assert answer.code == 2
    assert "expected one of: ALPHA44" in answer.err


def test_what_is_left_and_what_was_refused(open_desk: OpenDesk) -> None:
    """It grows back with time; refusals are those of the UTC day."""
    rows = (Throttle("A44", "quote", Decimal(1), 4), Throttle("A44", "order", Decimal(1), 4))
    desk = open_desk(throttles=rows, sessions={"A50": {"messages_per_second": 3}})
    client = desk.client("A44")
    for count in range(6):
        client.C(QUOTE.format(f"R{count}"))
    client.hears_all()

    def shown(name: str, key: str = "A44") -> tuple[int, int, str]:
        row = next(
            r for r in rows_of(desk.state, desk.now) if (r["session"], r["class"]) == (key, name)
        )
        return row["left"], row["refused_today"], row["factor"]

    assert shown("quote") == (0, 2, "1")
    assert shown("order") == (4, 0, "1")
    assert shown("together", "A50") == (4, 0, "1")
    desk.at("+2s")
    assert shown("quote") == (2, 2, "1")
    desk.tell(LoadMoved(Decimal("0.5")))
    assert shown("quote") == (1, 2, "0.5")
    desk.at("2027-01-14 12:00:00")
    assert shown("quote") == (2, 0, "0.6")  # a quiet desk gives back a step
