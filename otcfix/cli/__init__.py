"""The command otcfix. One module per group of commands: arguments in, exit code out.

What a command needs is imported when it runs, so that `otcfix --help` is there at once.
"""

import typer

from otcfix.cli import (
    approvals,
    bench,
    breaks,
    busts,
    certify,
    check,
    client,
    client_lists,  # noqa: F401 - adds its commands to client, as the next one does
    client_register,  # noqa: F401
    database,
    decision,
    dialect,
    evaluate,  # noqa: F401 - adds its command to sanctions
    fix_logs,
    fix_told,  # noqa: F401 - adds its commands to fix
    funds,  # noqa: F401 - adds its commands to ledger
    hedges,
    journal,
    ledger,
    limits,
    news,
    policy,
    price,
    record,
    replay,
    replay_fix,
    reviews,  # noqa: F401 - adds its commands to sanctions
    sanctions,
    screen,  # noqa: F401 - adds its commands to sanctions
    serve,
    session_acts,  # noqa: F401 - adds its commands to sessions
    session_files,  # noqa: F401
    sessions,
    sim,
    staff,
    states,
    throttles,
    trades,
)
from otcfix.cli.demo import demo
from otcfix.cli.outcome import CODES, Root

app = typer.Typer(
    cls=Root,
    name="otcfix",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help=f"""The open FIX gateway of an over-the-counter trading desk.

{CODES}

Start here: otcfix demo. Then otcfix check, otcfix serve, and otcfix client rfq BTC/USD 1.""",
)

RUN, ASK, STAFF = "Run", "Look", "Order"

app.command(rich_help_panel=RUN)(demo)
app.command(rich_help_panel=RUN)(serve.serve)
app.command(rich_help_panel=RUN)(check.check)
app.add_typer(client.app, name="client", rich_help_panel=RUN)
app.command(rich_help_panel=RUN)(bench.bench)
app.command(rich_help_panel=RUN)(certify.certify)
app.command(rich_help_panel=RUN)(record.record)
app.add_typer(sim.app, name="sim", rich_help_panel=RUN)
app.add_typer(database.app, name="db", rich_help_panel=RUN)
app.add_typer(trades.app, name="trades", rich_help_panel=ASK)
app.add_typer(busts.allocations, name="allocations", rich_help_panel=ASK)
app.add_typer(price.app, name="price", rich_help_panel=ASK)
app.add_typer(ledger.app, name="ledger", rich_help_panel=ASK)
app.add_typer(hedges.app, name="hedges", rich_help_panel=ASK)
app.add_typer(limits.app, name="limits", rich_help_panel=ASK)
app.add_typer(journal.app, name="journal", rich_help_panel=ASK)
app.add_typer(decision.app, name="decision", rich_help_panel=ASK)
app.add_typer(dialect.app, name="dialect", rich_help_panel=ASK)
app.command(rich_help_panel=ASK)(replay.replay)
app.command("replay-fix", rich_help_panel=RUN)(replay_fix.replay_fix)
app.add_typer(fix_logs.app, name="fix", rich_help_panel=ASK)
app.add_typer(policy.app, name="policy", rich_help_panel=ASK)
app.add_typer(sanctions.app, name="sanctions", rich_help_panel=ASK)
app.add_typer(throttles.app, name="throttles", rich_help_panel=ASK)
app.command(rich_help_panel=STAFF)(staff.kill)
app.command(rich_help_panel=STAFF)(staff.unkill)
app.command(rich_help_panel=STAFF)(news.news)
app.add_typer(approvals.app, name="approvals", rich_help_panel=STAFF)
app.add_typer(breaks.app, name="breaks", rich_help_panel=STAFF)
app.add_typer(states.app, name="state", rich_help_panel=STAFF)
app.add_typer(sessions.app, name="sessions", rich_help_panel=STAFF)
app.add_typer(staff.instrument, name="instrument", rich_help_panel=STAFF)


@app.callback(invoke_without_command=True)
def _root(
    version: bool = typer.Option(False, "--version", help="Show the version and end."),
) -> None:
    if version:
        import otcfix  # noqa: PLC0415

        print(f"otcfix {otcfix.__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line."""
    app()
