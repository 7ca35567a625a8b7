"""otcfix ledger: what stands there, and money in and out while no desk runs."""

import sqlite3
from pathlib import Path

import pytest

from tests.cli.support import Run


def test_balances_are_in_major_units(run: Run, funded: Path) -> None:
    """Each amount has the digits of its asset; what custody holds is negative."""
    rows = run("ledger", "balances", "--json").document["balances"]

    by_account = {row["account"]: row["amount"] for row in rows}
    assert by_account["client/ALPHA:available:USD"] == "250000.00"
    assert by_account["client/ALPHA:available:BTC"] == "1.50000000"
    assert by_account["venue/custody:custody:USD"] == "-251000.00"


def test_balances_of_one_owner(run: Run, funded: Path) -> None:
    """An owner sees his own accounts only; nobody is named for a wrong one."""
    rows = run("ledger", "balances", "BETA", "--json").document["balances"]
    assert [row["amount"] for row in rows] == ["1000.00"]

    answer = run("ledger", "balances", "NOBODY")
    assert answer.code == 2
    assert "ALPHA, BETA" in answer.err


def test_balances_for_people(run: Run, funded: Path) -> None:
    """A client's four kinds stand in one row."""
    out = run("ledger", "balances").out

    assert "available  held  receivable  payable" in out
    assert "250000.00" in out


def test_a_statement_runs_from_the_opening_balance(run: Run, funded: Path) -> None:
    """Every movement with its counterpart and the balance after it."""
    found = run("ledger", "statement", "ALPHA", "--asset", "USD", "--json").document

    assert [m["amount"] for m in found["movements"]] == ["250000.50", "-0.50"]
    assert [m["balance"] for m in found["movements"]] == ["250000.50", "250000.00"]
    assert found["movements"][0]["code"] == "deposit"
    assert "No movements" in run("ledger", "statement", "ALPHA", "--until", "2020-01-01").out
    later = run("ledger", "statement", "ALPHA", "--since", "2099-01-01", "--json").document
    assert later["opening"]["client/ALPHA:available:USD"] == "250000.00"


def test_the_trial_balance_is_zero(run: Run, funded: Path) -> None:
    """All accounts of an asset sum up to nothing."""
    found = run("ledger", "trial-balance", "--json")

    assert found.code == 0
    assert found.document["ok"] is True
    assert found.document["assets"]["USD"]["sum"] == "0.00"
    assert "Trial balance: zero." in run("ledger", "trial-balance").out


def test_a_wrong_trial_balance_is_shown(run: Run, funded: Path) -> None:
    """Somebody who changes a balance is found, exit code 1."""
    with sqlite3.connect(funded) as database:
        database.execute("UPDATE accounts SET balance = balance + 1 WHERE owner = 'client/BETA'")
    database.close()

    answer = run("ledger", "trial-balance")
    assert answer.code == 1
    assert "WRONG: USD" in answer.out
    verify = run("journal", "verify", "--json")
    assert verify.code == 1
    assert "client/BETA:available:USD" in verify.document["balances"][0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("ALPHA", "USD", "NaN"), "not a plain decimal number"),
        (("ALPHA", "USD", "1e5"), "not a plain decimal number"),
        (("ALPHA", "USD", "inf"), "not a plain decimal number"),
        (("ALPHA", "USD", "1.2.3"), "not a plain decimal number"),
        (("ALPHA", "USD", "-5"), "not above zero"),
        (("ALPHA", "USD", "0"), "not above zero"),
        (("ALPHA", "USD", "0.001"), "finer than USD's 2 decimals"),
        (("ALPHA", "USD", "1" + "0" * 20), "more than 18 digits"),
        (("ALPHA", "USD", "99999999999999999"), "more than an account can hold"),
        (("ALPHA", "DOGE", "1"), "no asset DOGE"),
        (("OMEGA", "USD", "1"), "no client OMEGA"),
    ],
)
def test_an_amount_that_cannot_be_meant(run: Run, words: tuple[str, ...], said: str) -> None:
    """Refused before anything is opened: one line, exit code 2, no database made."""
    answer = run("ledger", "deposit", *words)

    assert answer.code == 2
    assert said in answer.err
    assert answer.err.count("\n") == 1
    assert not Path("state").exists()


def test_a_withdrawal_beyond_what_is_available(run: Run, funded: Path) -> None:
    """The desk refuses it and says what there is: exit code 1, nothing booked."""
    answer = run("ledger", "withdraw", "BETA", "USD", "1000.01")

    assert answer.code == 1
    assert "BETA has available 1000.00 USD" in answer.err
    balances = run("ledger", "balances", "BETA", "--json").document["balances"]
    assert balances[0]["amount"] == "1000.00"


def test_a_deposit_is_journaled_by_whom(run: Run, funded: Path) -> None:
    """What staff did, who did it and the bank's reference stand in the journal."""
    answer = run(
        "ledger", "deposit", "BETA", "USD", "2.50", "--by", "carol", "--reference", "w7", "--json"
    )

    assert answer.document["amount"] == "2.50"
    shown = run("journal", "show", str(answer.document["event"]), "--json").document["events"]
    assert '"by":"carol"' in shown[0]["text"]
    assert '"reference":"w7"' in shown[0]["text"]


@pytest.mark.parametrize(
    "command", ["ledger balances", "ledger trial-balance", "trades", "journal show", "db status"]
)
def test_no_database_yet(run: Run, command: str) -> None:
    """A read makes no database: exit code 4, and who makes one."""
    answer = run(*command.split())

    assert answer.code == 4
    assert "state/otcfix.db: no such database; `otcfix serve`" in answer.err
    assert not Path("state").exists()


def test_no_such_kind_of_database(run: Run) -> None:
    """Another database than the two is named, its password is not."""
    answer = run("trades", "--database", "mysql://me:hidden@db/otcfix")

    assert answer.code == 4
    assert "neither sqlite nor postgresql" in answer.err
    assert "hidden" not in answer.err


def test_amounts_need_no_configuration(run: Run, funded: Path) -> None:
    """The scale of an asset is in the journal as well."""
    answer = run("ledger", "balances", "BETA", "--config", "nowhere", "--json")

    assert answer.document["balances"][0]["amount"] == "1000.00"
