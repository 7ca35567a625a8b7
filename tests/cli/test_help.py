"""Every command explains itself, quickly, with an example."""

import subprocess
import sys

import pytest

from tests.cli.support import Run, run_here
from tests.support.desk_process import ROOT

GROUPS = (
    *("ledger", "price", "journal", "client", "sessions", "instrument", "db", "hedges", "sim"),
    "dialect",
    *("approvals", "state", "policy", "limits", "throttles", "sanctions", "decision", "breaks"),
    "allocations",
    "fix",
)
COMMANDS = (
    *("demo", "serve", "check", "bench", "trades", "replay", "kill", "unkill", "news"),
    *(f"ledger {name}" for name in ("balances", "statement", "trial-balance")),
    *(f"price {name}" for name in ("explain", "what-if", "rules", "disclosure")),
    *("ledger deposit", "ledger withdraw", "journal show", "journal verify", "journal streams"),
    *(f"client {name}" for name in ("rfq", "order", "cancel", "watch")),
    *(f"client {name}" for name in ("onboard", "approve", "suspend", "review", "resume")),
    *(f"client {name}" for name in ("offboard", "tier", "limit", "set", "account", "instrument")),
    *(f"client {name}" for name in ("user", "network", "wallet", "bank", "owner", "list", "show")),
    *("approvals list", "approvals confirm", "approvals dismiss", "state show", "state set"),
    *(f"sessions {name}" for name in ("list", "show", "secret", "enable", "disable", "logon")),
    *(f"sessions {name}" for name in ("logout", "disconnect", "hold", "release", "reset")),
    *("sessions set-seq", "sessions test-request", "sessions resend", "sessions reload"),
    *("instrument pause", "instrument resume", "db upgrade", "db status"),
    *(f"hedges {name}" for name in ("list", "show", "scorecard", "now", "settle")),
    *("trades bust", "trades correct", "allocations list"),
    *(f"breaks {name}" for name in ("list", "show", "resolve")),
    *("sim venue", "sim client", "sim oms", "replay-fix"),
    *(f"fix {name}" for name in ("cat", "tail", "grep", "stats", "trace", "diff")),
    *(f"policy {name}" for name in ("explain", "show", "reload")),
    *(f"limits {name}" for name in ("show", "set", "remove")),
    *(f"sanctions {name}" for name in ("update", "status", "screen", "screen-address")),
    *("sanctions evaluate", "sanctions reviews", "sanctions release"),
    *("throttles show", "decision show", "decision list"),
    *(f"dialect {name}" for name in ("list", "show", "check", "test")),
    *("certify", "record"),
)
READS = (
    *("breaks list", "breaks show", "allocations list"),
    *("trades", "replay", "check", "demo", "bench", "replay-fix"),
    *("ledger balances", "ledger statement", "ledger trial-balance"),
    *("journal show", "journal verify", "journal streams", "sessions list", "db status"),
    *("sessions show", "sim client", "sim oms"),
    *("hedges list", "hedges show", "hedges scorecard"),
    *("policy explain", "policy show", "policy reload", "sessions reload"),
    *("price explain", "price what-if", "price rules", "price disclosure"),
    *("client list", "client show", "approvals list", "state show", "limits show"),
    *("sanctions status", "sanctions screen", "sanctions screen-address", "sanctions evaluate"),
    *("sanctions reviews", "throttles show", "decision show", "decision list"),
    *(f"dialect {name}" for name in ("list", "show", "check", "test")),
    *("certify", "record"),
    *(f"fix {name}" for name in ("cat", "tail", "grep", "stats", "trace", "diff")),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str) -> None:
    """otcfix COMMAND --help names the command in an example."""
    answer = run_here(*command.split(), "--help")

    assert answer.code == 0
    assert f"otcfix {command}" in answer.out.partition("Examples:")[2]


@pytest.mark.parametrize("command", READS)
def test_every_read_has_json(command: str) -> None:
    """What shows something shows it to programs as well."""
    assert "--json" in run_here(*command.split(), "--help").out


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_alone_shows_what_is_in_it(group: str) -> None:
    """A group without a command is a question: usage, exit code 2."""
    answer = run_here(group)

    assert answer.code == 2
    assert "Commands" in answer.out or "The register" in answer.out


def test_the_root_names_the_exit_codes() -> None:
    """What the codes mean is written where one looks first."""
    out = run_here("--help").out

    for line in ("0  done", "1  the answer is no", "3  the configuration", "5  cannot connect"):
        assert line in out


def test_help_loads_nothing_heavy() -> None:
    """otcfix --help is there at once: no QuickFIX, no SQLAlchemy, no structlog."""
    heavy = ("quickfix", "sqlalchemy", "structlog", "otcfix.app")
    code = f"import sys, otcfix.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )

    assert done.stdout.strip() == "[]"


def test_a_typing_mistake_is_one_line(run: Run) -> None:
    """The nearest command is named, and where to read on."""
    answer = run("ledgr")

    assert answer.code == 2
    assert answer.err.count("\n") == 1
    assert "Did you mean 'ledger'" in answer.err
    assert answer.out == ""


def test_version(run: Run) -> None:
    """otcfix --version says it."""
    assert run("--version").out.startswith("otcfix 0.")
