"""The register on the command line, with no desk running and beside one."""

import json
from pathlib import Path

import pytest

from otcfix import commands
from otcfix.config import load
from otcfix.model.client_commands import SuspendClient
from tests.cli.support import Run

OMEGA = """
id = "OMEGA"
name = "Omega Partners AG"
tier = "gold"
accounts = ["OMEGA-1"]
instruments = ["BTC/USD"]
quote_notional_max = 1000000
order_notional_max = 1000000
position_max = 1000000
slippage_default_bps = 10

[profile]
kind = "fund"
jurisdiction = "CH"
client_class = "professional"
"""
APPROVE = ("client", "approve", "OMEGA", "--level", "full", "--expires", "2035-12-31", "--why", "x")


def test_from_prospect_to_the_end(run: Run, here: Path, funded: Path) -> None:
    """One takes him in, another approves; a wallet and a resumption take two; then he is let go."""
    Path("omega.toml").write_text(OMEGA)
    Path("passport.pdf").write_bytes(b"passport")
    assert run("client", "onboard", "omega.toml", "--why", "signed", "--by", "maker").code == 0
    document = run("client", "show", "OMEGA", "--json").document
    assert (document["status"], document["profile"]["kyc"]["status"]) == ("PROSPECT", "PENDING")

    answer = run(*APPROVE, "--by", "Maker")
    assert answer.code == 1
    assert "refused: maker made the KYC; another person approves it" in answer.err
    seen = ("--document", "passport=passport.pdf@2031-05-04")
    assert run(*APPROVE, *seen, "--by", "checker").code == 0
    rows = {r["client_id"]: r for r in run("client", "list", "--json").document["clients"]}
    assert (rows["OMEGA"]["status"], rows["OMEGA"]["kyc_until"]) == ("ACTIVE", "2031-05-04")

    wallet = ("client", "wallet", "OMEGA", "add", "BTC", "bc1qexample", "--why", "x", "--by", "ann")
    assert "waits for a second person as" in run(*wallet, "--json").document["result"]
    (waiting,) = run("approvals", "list", "--json").document["approvals"]
    assert run("client", "show", "OMEGA", "--json").document["waiting"] == [waiting["proposal"]]
    confirm = ("approvals", "confirm", waiting["proposal"], "--why", "letter", "--by")
    assert run(*confirm, "ann").code == 1
    assert run(*confirm, "bob").code == 0
    assert run(*confirm, "bob").code == 1, "nothing waits any more"
    document = run("client", "show", "OMEGA", "--json").document
    assert document["profile"]["wallets"] == [{"asset": "BTC", "address": "bc1qexample"}]
    assert run("approvals", "list").out == "Nothing waits.\n"
    (row,) = run("approvals", "list", "--all", "--json").document["approvals"]
    assert (row["state"], row["checked_by"]) == ("CONFIRMED", "bob")

    assert run("client", "suspend", "OMEGA", "--review", "--why", "x").code == 0
    assert "SUSPENDED" in run("client", "list").out
    assert run("ledger", "deposit", "OMEGA", "USD", "1").code == 0
    assert "available 1.00 USD" in run("client", "offboard", "OMEGA", "--why", "x").err
    assert run("ledger", "withdraw", "OMEGA", "USD", "1").code == 0
    assert run("client", "offboard", "OMEGA", "--why", "x").code == 0
    assert run("client", "onboard", "omega.toml", "--why", "again").code == 1


@pytest.mark.parametrize(
    ("words", "code", "result"),
    [
        (("tier", "ALPHA", "standard"), 0, "waits"),
        (("limit", "GAMMA", "USD", "5"), 0, "done"),
        (("limit", "GAMMA", "USD", "much"), 2, "'much' is not a plain decimal number"),
        (("set", "ALPHA", "position_max=1"), 0, "done"),
        (("set", "ALPHA", "enabled=true"), 1, "nothing changes"),
        (("set", "ALPHA", "colour=red"), 2, "expected FIELD=VALUE"),
        (("set", "ALPHA", "jurisdiction=XX"), 1, "expected ISO 3166"),
        (("account", "ALPHA", "remove", "ALPHA-9"), 1, "accounts: ALPHA-9 is not there"),
        (("instrument", "BETA", "add", "NO/PE"), 1, "no instrument NO/PE"),
        (("network", "ALPHA", "remove", "127.0.0.0/8"), 0, "waits"),
        (("network", "ALPHA", "add", "1.2.3.4/99"), 2, "NETWORK: 1.2.3.4/99: expected an address"),
        (("network", "ALPHA", "add", "192.0.2.0/24"), 0, "networks with 192.0.2.0/24"),
        (("wallet", "ALPHA", "add", "BTC", "bc1qx"), 0, "wallets with BTC bc1qx"),
        (("bank", "ALPHA", "add", "CH9300762011623852958"), 2, "IBAN"),
        (("bank", "ALPHA", "add", "CH9300762011623852957"), 0, "waits"),
        (("owner", "ALPHA", "remove", "Tobias Wendelmoor"), 0, "waits"),
        (("review", "ALPHA"), 0, "done"),
        (("suspend", "NOBODY"), 1, "no client NOBODY"),
    ],
)
def test_what_waits_and_what_is_done(
    run: Run, funded: Path, words: tuple[str, ...], code: int, result: str
) -> None:
    """What takes away is done; what gives more waits; what cannot be is refused in one line."""
    answer = run("client", *words, "--why", "test", "--by", "carol", "--json")
    assert answer.code == code, answer.err
    assert result in (answer.document["result"] if code == 0 else answer.err)


def test_a_client_comes_by_a_pipe_and_by_options(
    run: Run, here: Path, funded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JSON as well; options win over the file; what is wrong is named with its key."""
    import io  # noqa: PLC0415
    import tomllib  # noqa: PLC0415

    text = json.dumps(tomllib.loads(OMEGA))
    Path("omega.json").write_text(text)
    more = ("--id", "OMEGA2", "--account", "OMEGA2-1", "--why", "second", "--by", "maker")
    assert run("client", "onboard", "omega.json", *more).code == 0
    assert run("client", "show", "OMEGA2", "--json").document["accounts"] == ["OMEGA2-1"]
    monkeypatch.setattr("sys.stdin", io.StringIO("not toml"))
    assert run("client", "onboard", "gone.json", *more).code == 3
    answer = run("client", "onboard", "omega.json", "--jurisdiction", "XX", *more)
    assert answer.code == 3
    assert "omega.json: profile.jurisdiction: expected ISO 3166" in answer.err


def test_the_register_before_the_first_start(run: Run) -> None:
    """What is in the file is shown; who is not there is named."""
    assert len(run("client", "list", "--json").document["clients"]) == 6
    answer = run("client", "show", "OMEGA")
    assert answer.code == 1
    assert "no client OMEGA; there are ALPHA, BETA, FUND1, FUND2, GAMMA, PRIME" in answer.err
    assert "profile.kyc.status" in run("client", "show", "ALPHA").out


def test_states_are_set_and_shown(run: Run, funded: Path) -> None:
    """kill is the desk's HALTED."""
    assert run("state", "show", "--json").document["states"] == {"desk": "ACTIVE"}
    for scope in ("client:ALPHA", "instrument:BTC/USD"):
        assert run("state", "set", scope, "reducing", "--why", "test").code == 0
    assert run("kill", "--why", "test").code == 0
    assert run("state", "show", "--json").document["states"] == {
        "desk": "HALTED", "client:ALPHA": "REDUCING", "instrument:BTC/USD": "REDUCING",
    }  # fmt: skip
    assert run("state", "set", "desk", "ACTIVE", "--why", "test").code == 0
    assert run("state", "show", "--json").document["states"]["desk"] == "ACTIVE"
    assert run("state", "set", "client:NOBODY", "HALTED", "--why", "test").code == 1
    assert run("state", "set", "desk", "ASLEEP", "--why", "test").code == 2


def test_a_database_that_is_not_there_is_not_taken_for_a_quiet_desk(run: Run, here: Path) -> None:
    """A slip in --database must not show ACTIVE, nor hide that a halt reached no desk."""
    nowhere = ("--database", f"sqlite:///{here}/slip.db")
    answer = run("state", "show", *nowhere)
    assert (answer.code, "slip.db: no such database" in answer.err) == (4, True)
    answer = run("client", "list", *nowhere)
    assert answer.code == 0
    assert "slip.db: no such database" in answer.err
    assert "these are the clients of the file" in answer.err
    answer = run("kill", "--why", "test", *nowhere)
    assert answer.code == 0
    assert "slip.db: no such database: a new one is made" in answer.err


def test_programs_say_the_same(here: Path, funded: Path) -> None:
    """otcfix.commands: a command in, what was decided out, and the register read back."""
    database = f"sqlite:///{funded}"
    done = commands.send(
        database, SuspendClient("ALPHA", "carol", "x"), config=load(Path("config"))
    )
    assert (done.result, done.offline, done.waits) == ("done", True, False)
    assert commands.register_of(database).clients["ALPHA"].status == "SUSPENDED"
    with pytest.raises(commands.Refused, match="not active but SUSPENDED"):
        commands.send(database, SuspendClient("ALPHA", "carol", "x"), config=load(Path("config")))
    with pytest.raises(commands.NoAnswer, match="no desk runs"):
        commands.send(database, SuspendClient("BETA", "carol", "x"))


def test_beside_a_running_desk(staff: Run, ask: Run) -> None:
    """Suspended over the mailbox, he is refused; two people take him up again."""
    assert staff("client", "suspend", "BETA", "--why", "test", "--by", "carol").code == 0
    answer = ask("rfq", "BTC/USD", "0.1", "--session", "BETA42", "--json")
    assert answer.code == 1
    assert answer.document["reason"].startswith("NOT_AUTHORISED: ")
    waits = staff("client", "resume", "BETA", "--why", "test", "--by", "carol", "--json").document
    proposal = waits["result"].split(" as ")[1].partition(":")[0]
    assert staff("approvals", "confirm", proposal, "--why", "x", "--by", "dora").code == 0
    rows = {r["client_id"]: r for r in staff("client", "list", "--json").document["clients"]}
    assert rows["BETA"]["status"] == "ACTIVE"
