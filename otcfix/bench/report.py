"""The figures as a table for people."""

from typing import Any

from rich.console import Console
from rich.table import Table

from otcfix.bench.children import Answer
from otcfix.bench.figures import look_up

ROWS = (
    ("bare acceptor, round trip p50 µs", "echo.p50_us"),
    ("bare acceptor, messages/s", "echo.per_s"),
    ("one durable commit p50 µs", "commit.{}.p50_us"),
    ("  the same text as one plain row", "commit.{}.plain_row_p50_us"),
    ("quote round trip p50 µs", "otcfix.{}.quote_p50_us"),
    ("quote round trip p99 µs", "otcfix.{}.quote_p99_us"),
    ("cycles/s, 8 sessions × 32", "otcfix.{}.cycles_per_s_8"),
    ("  p50 ms", "more.{}.cycles_p50_ms_8"),
    ("  p99 ms", "otcfix.{}.cycles_p99_ms_8"),
    ("  desk's processor µs a cycle", "cpu.{}.cycles8.desk_us"),
    ("  of it the sequencer's thread", "cpu.{}.cycles8.sequencer_us"),
    ("  PostgreSQL's processor µs a cycle", "cpu.{}.cycles8.postgresql_us"),
    ("  load generator's processor µs a cycle", "cpu.{}.cycles8.load_us"),
    ("  others' share of one processor", "cpu.{}.cycles8.others_share"),
    ("cycles/s, 100 sessions × 2", "otcfix.{}.cycles_per_s_100"),
    ("  p50 ms", "more.{}.cycles_p50_ms_100"),
    ("  p99 ms", "more.{}.cycles_p99_ms_100"),
    ("cycles/s with 100 subscribers × 10 symbols", "streams.{}.cycles_per_s"),
    ("  without them", "streams.{}.cycles_per_s_without"),
    ("  stream updates/s meanwhile", "streams.{}.updates_per_s"),
    ("  p99 from sending to reading, ms", "streams.{}.updates_delay_p99_ms"),
    ("  MB grown meanwhile", "streams.{}.grew_mb"),
    ("MB with 100 sessions logged on", "more.{}.rss_mb_100_sessions"),
    ("MB at most", "otcfix.{}.peak_rss_mb"),
)


def shown(value: float | None) -> str:
    """A figure as text; a dash where nothing was measured."""
    if value is None:
        return "–"
    if value >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def write(figures: Answer, databases: list[str], console: Console) -> None:
    """Print everything."""
    console.print(_figures(figures, databases))
    if "market" in figures or "price" in figures:
        console.print(_flat_table("Prices", {k: figures.get(k, {}) for k in ("market", "price")}))
    if "screening" in figures:
        console.print(_flat_table("Screening", {"screening": figures["screening"]}))
    if "copies" in figures:
        console.print(_flat_table("A drop copy of everybody", figures["copies"]))
    if "dialect" in figures:
        console.print(_flat_table("Dialects", figures["dialect"]))
    if "gate" in figures:
        console.print(_flat_table("The gate", figures["gate"]))
    if "sessions" in figures:
        console.print(_flat_table("Sessions at once", {"sessions": figures["sessions"]}))
    if "fixlog" in figures:
        console.print(_flat_table("FIX logs", {"fix cat": figures["fixlog"]}))
    if "full" in figures:
        console.print(_flat_table("The long ones", figures["full"]))
    console.print(_targets(figures["targets"]))
    machine = figures["machine"]
    console.print(
        f"{machine['cpus']} × {machine['cpu']}, {machine['file_system']}, "
        f"Python {machine['python']}{'' if machine['python_optimized'] else ' (plain build)'}, "
        f"QuickFIX {machine['quickfix']}, "
        f"SQLite {machine['sqlite']}, PostgreSQL {machine['postgresql'] or '–'}; "
        f"{figures['took_s']:.0f} s"
    )
    if figures["why_no_postgresql"]:
        console.print(f"PostgreSQL was not measured: {figures['why_no_postgresql']}")


def _figures(figures: Answer, databases: list[str]) -> Table:
    table = Table(title="Medians over the rounds")
    table.add_column("")
    for name in databases:
        table.add_column(name, justify="right")
    for label, path in ROWS:
        values = [look_up(figures, path.format(name)) for name in databases]
        if any(value is not None for value in values):
            table.add_row(label, *map(shown, values))
    return table


def _targets(verdicts: list[Answer]) -> Table:
    table = Table(title="Targets")
    for column in ("", "database", "target", "measured", ""):
        table.add_column(column)
    for one in verdicts:
        met = "met" if one["met"] else "[bold]not met[/bold]"
        table.add_row(one["what"], one["database"], one["target"], shown(one["measured"]), met)
    return table


def _flat_table(title: str, figures: Answer) -> Table:
    table = Table(title=title)
    table.add_column("")
    table.add_column("", justify="right")
    for label, value in _flat("", figures):
        table.add_row(label, value)
    return table


def _flat(prefix: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        found: list[tuple[str, str]] = []
        for key, inner in value.items():
            if key not in ("points", "fingerprint"):
                found += _flat(f"{prefix} {key}".strip(), inner)
        return found
    return [(prefix, shown(value) if isinstance(value, int | float) else str(value))]
