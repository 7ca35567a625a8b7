"""otcfix trades bust and correct, breaks, allocations: on a desk that serves, and on one that does
not."""

from decimal import Decimal
from pathlib import Path

import pytest

from otcfix.store import open_store
from tests.cli.support import Answer, Run
from tests.conversation import Conversation
from tests.support.staff import busts, corrects


def deal(ask: Run) -> str:
    """BETA buys a tenth; the ExecID."""
    answer = ask("order", "BTC-USD", "buy", "0.1", "--market", "--session", "BETA42", "--json")
    assert answer.code == 0, answer.err
    return [dict(m["fields"]) for m in answer.document["messages"]][-1][17]


def confirmed(staff: Run, waits: Answer) -> Answer:
    """Bob confirms what waits."""
    assert waits.code == 0, waits.err
    proposal = waits.out.split(" as ")[1].split(":")[0]
    return staff("approvals", "confirm", proposal, "--why", "seen", "--by", "bob")


def shown(staff: Run, exec_id: str) -> dict[str, object]:
    """The trade, as JSON has it."""
    found = staff("trades", "--client", "BETA", "--json").document["trades"]
    return next(row for row in found if row["exec_id"] == exec_id)


def test_a_bust_and_a_correction(ask: Run, staff: Run) -> None:
    """Two persons; trades says what became of it; the client's session hears it."""
    exec_id = deal(ask)
    price = Decimal(str(shown(staff, exec_id)["price"]))
    assert shown(staff, exec_id)["status"] == "good"

    wanted = ("trades", "correct", exec_id, "--price", f"{price - 1}")
    waits = staff(*wanted, "--why", "mistyped", "--by", "ann")
    assert "waits for a second person" in waits.out.lower()
    done = confirmed(staff, waits)
    assert done.code == 0, done.err
    changed = shown(staff, exec_id)["changed"]
    assert isinstance(changed, dict)
    assert (changed["by"], changed["checked_by"], changed["why"]) == ("ann", "bob", "mistyped")
    after = str(changed["replaced_by"])
    assert Decimal(str(shown(staff, after)["price"])) == price - 1

    assert confirmed(staff, staff("trades", "bust", after, "--why", "x", "--by", "ann")).code == 0
    assert shown(staff, after)["status"] == "busted"
    table = staff("trades", "--client", "BETA").out
    assert "corrected" in table
    assert "busted" in table
    again = staff("trades", "bust", after, "--why", "x", "--by", "ann")
    assert again.code == 1
    assert f"{after} was busted by ann" in again.err


def test_what_cannot_be(staff: Run) -> None:
    """Unknown ids are 1, what is no command at all is 2."""
    for words, code, why in (
        (("trades", "bust", "E1", "--why", "x"), 1, "no trade E1"),
        (("trades", "correct", "E1", "--why", "x"), 2, "--price or --quantity"),
        (("trades", "correct", "E1", "--price", "abc", "--why", "x"), 2, "--price"),
        (("breaks", "resolve", "X1", "--as", "stands", "--why", "x"), 1, "no break X1"),
        (("breaks", "resolve", "X1", "--as", "burn", "--why", "x"), 2, "neither bust"),
    ):
        answer = staff(*words)
        assert (answer.code, why in answer.err) == (code, True), answer.err
    assert staff("breaks", "show", "X1").code == 1


@pytest.fixture
def disputed(here: Path) -> Path:
    """A database with a trade corrected, one busted, one disputed, one allocated."""
    (here / "state").mkdir()
    desk = Conversation(store=open_store(f"sqlite:///{here}/state/otcfix.db"))
    client = desk.client("A44")
    for name in ("A1", "A2", "A3"):
        client.C(f"35=D|11={name}|55=BTC/USD|54=1|38=0.5|40=1")
    fills = [heard.get(17) for heard in client.hears_all() if heard.get(150) == "F"]
    corrects(desk, fills[0], price="100000")
    busts(desk, fills[1])
    client.hears_all()
    client.C(f"35=Q|17={fills[2]}|37=O|55=BTC/USD|54=1|127=Z|58=whose is it")
    client.C(
        "35=J|626=1|857=1|70=L1|71=0|73=1|11=A3|54=1|55=BTC/USD|53=0.5|6=100100|75=20270113|60=T"
        "|78=1|79=ALPHA-2|80=0.5"
    )
    client.hears_all()
    desk.finish()
    desk.store.close()
    return here


def test_lists(run: Run, disputed: Path) -> None:
    """Trades by status, breaks with their trade, allocations with their confirmations."""
    trades = run("trades", "--json").document["trades"]
    assert [row["status"] for row in trades] == ["corrected", "busted", "good", "good"]
    (row,) = run("breaks", "list", "--json").document["breaks"]
    assert (row["client"], row["reason"], row["state"]) == ("ALPHA", "Q Z whose is it", "OPEN")
    assert "whose is it" in run("breaks", "list", "--client", "ALPHA").out
    assert run("breaks", "list", "--client", "BETA").out == "No breaks.\n"
    one = run("breaks", "show", row["break"], "--json").document
    assert [trade["exec_id"] for trade in one["trades"]] == [row["about"]]
    assert "0.50000000 BTC" in run("breaks", "show", row["break"]).out
    (made,) = run("allocations", "list", "--json").document["allocations"]
    assert [(p["account"], p["net"], p["confirmation"]) for p in made["accounts"]] == [
        ("ALPHA-2", "50050.00", "CONFIRMED")
    ]
    assert "ALPHA-2" in run("allocations", "list").out
    assert run("allocations", "list", "--client", "BETA").out == "No allocations.\n"
    assert run("journal", "verify").code == 0
    assert run("ledger", "trial-balance").code == 0
