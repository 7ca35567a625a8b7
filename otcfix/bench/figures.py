"""From the results of the rounds to the figures that the bench is asked for."""

from typing import Any, NamedTuple

from otcfix.bench.children import Answer
from otcfix.bench.measure import middle, rounded

Results = dict[tuple[str, str], list[Answer]]
"""(phase, database or "") to one answer a round."""


class Target(NamedTuple):
    """What is to be reached, per database. path leads to the value in the figures."""

    label: str
    path: str
    sqlite: str
    postgresql: str
    sign: str = "≤"


TARGETS = (
    Target("quote p50 / (echo p50 + commit p50)", "ratios.{}.quote", "2.0", "2.5"),
    Target("cycles/s, 8 sessions × 32", "otcfix.{}.cycles_per_s_8", "2500", "2500", "≥"),
    Target("cycle p99 ms, 8 × 32", "otcfix.{}.cycles_p99_ms_8", "150", "150"),
    Target("cycles/s 100 × 2 / 8 × 32", "ratios.{}.cycles_100_to_8", "0.8", "0.8", "≥"),
    Target("cycles/s with streams / without", "streams.{}.ratio", "0.7", "0.7", "≥"),
    Target("stream updates told / due", "streams.{}.updates_share", "0.98", "0.98", "≥"),
    Target("one book change to the composite p50 µs", "market.composite.intake.p50_us", "25", "25"),
    Target("recorded market, times real time", "market.recorded.times_real", "20", "20", "≥"),
    Target("one price, fixed p50 µs", "price.fixed.p50_us", "60", "60"),
    Target("one price, vol_scaled p50 µs", "price.vol_scaled.p50_us", "60", "60"),
    Target(
        *("one price, avellaneda_stoikov p50 µs", "price.avellaneda_stoikov.p50_us", "200", "200")
    ),
    Target("one price, glft p50 µs", "price.glft.p50_us", "200", "200"),
    Target("one price, fx_dealer p50 µs", "price.fx_dealer.p50_us", "200", "200"),
    Target("screening one name p50 ms", "screening.name_p50_ms", "5", "5"),
    Target("screening one name p99 ms", "screening.name_p99_ms", "15", "15"),
    Target("one address ns", "screening.address_ns", "1000", "1000"),
    Target("index of 36,000 names s", "screening.build_s", "10", "10"),
    Target("index of 36,000 names MB", "screening.build_mb", "300", "300"),
    Target("10,000 parties screened again s", "screening.register_10000_s", "60", "60"),
    Target("gate for a quote p50 µs", "gate.quote.p50_us", "40", "40"),
    Target("gate for an order p50 µs", "gate.order.p50_us", "60", "60"),
    Target("a drop copy, share of a fill", "copies.added_to_a_fill", "0.1", "0.1"),
    Target("dialect flat42, R p50 µs", "dialect.flat42.R.p50_us", "30", "30"),
    Target("dialect odd42, D p50 µs", "dialect.odd42.D.p50_us", "30", "30"),
    Target("dialect odd42, 8 p50 µs", "dialect.odd42.8.p50_us", "30", "30"),
    Target("fix cat messages/s", "fixlog.per_s", "50000", "50000", "≥"),
    Target("MB with 100 sessions logged on", "more.{}.rss_mb_100_sessions", "250", "250"),
    Target("500 sessions logged on at once s", "sessions.logged_on_s", "20", "20"),
    Target("  MB of the desk then", "sessions.mb_at_most", "400", "400"),
    Target("engine bytes per message sent", "full.engine.bytes_per_message", "150", "150"),
    Target("restart after a stop s", "full.{}.restart.snapshot_s", "10", "10"),
    Target("restart after SIGKILL s", "full.{}.restart.killed_s", "10", "10"),
    Target("  with the longest tail s", "full.{}.restart.killed_worst_s", "10", "10"),
    Target("replay events/s", "full.{}.replay.per_s", "10000", "10000", "≥"),
)


def look_up(figures: Answer, path: str) -> float | None:
    """The value at a dotted path, None where there is none."""
    here: Any = figures
    for part in path.split("."):
        here = here.get(part) if isinstance(here, dict) else None
    return here if isinstance(here, int | float) else None


def summed_up(results: Results, databases: list[str]) -> Answer:
    """Medians over the rounds, and the ratios."""
    echo = {key: _median(results, "echo", "", key) for key in ("p50_us", "per_s")}
    commit: Answer = {}
    otcfix: Answer = {}
    more: Answer = {}
    cpu: Answer = {}
    ratios: Answer = {}
    streams: Answer = {}
    for name in databases:
        commit[name] = {
            key: _median(results, "commit", name, key) for key in ("p50_us", "plain_row_p50_us")
        }
        otcfix[name] = _desk(results, name)
        more[name] = {
            "cycles_p50_ms_8": _median(results, "cycles8", name, "p50_us", 1e-3),
            "cycles_p50_ms_100": _median(results, "cycles100", name, "p50_us", 1e-3),
            "cycles_p99_ms_100": _median(results, "cycles100", name, "p99_us", 1e-3),
            "rss_mb_100_sessions": _median(results, "cycles100", name, "rss_mb_logged_on"),
        }
        cpu[name] = _cpu(results, name)
        ratios[name] = _ratios(echo, commit[name], otcfix[name])
        streams[name] = _streams(results, name)
    return {
        "echo": echo,
        "commit": commit,
        "otcfix": otcfix,
        "ratios": ratios,
        "streams": streams,
        "more": more,
        "cpu": cpu,
    }


def _median(
    results: Results, phase: str, database: str, key: str, factor: float = 1.0
) -> float | None:
    rounds = results.get((phase, database))
    return rounded(middle([one[key] for one in rounds]) * factor) if rounds else None


def _desk(results: Results, name: str) -> Answer:
    return {
        "quote_p50_us": _median(results, "quote", name, "p50_us"),
        "quote_p99_us": _median(results, "quote", name, "p99_us"),
        "cycles_per_s_8": _median(results, "cycles8", name, "per_s"),
        "cycles_p99_ms_8": _median(results, "cycles8", name, "p99_us", 1e-3),
        "cycles_per_s_100": _median(results, "cycles100", name, "per_s"),
        "peak_rss_mb": None,
    }


def _streams(results: Results, name: str) -> Answer:
    keys = {
        "cycles_per_s": "per_s",
        "cycles_per_s_without": "per_s_without",
        "cycles_p99_us": "p99_us",
        **{key: key for key in ("ratio", "updates_per_s", "updates_per_s_alone", "updates_share")},
        **{key: key for key in ("updates_delay_p99_ms", "update_bytes", "grew_mb")},
    }
    return {key: _median(results, "streams", name, source) for key, source in keys.items()}


def _cpu(results: Results, name: str) -> Answer:
    """Processor time per quote or cycle, of each process and of the sequencer's thread."""
    found: Answer = {}
    for phase in ("quote", "cycles8", "cycles100"):
        rounds = results.get((phase, name))
        if rounds:
            keys = rounds[0]["cpu"]
            found[phase] = {
                key: rounded(middle([one["cpu"][key] for one in rounds])) for key in keys
            }
    return found


def _ratios(echo: Answer, commit: Answer, desk: Answer) -> Answer:
    def ratio(above: float | None, *below: float | None) -> float | None:
        if above is None or None in below:
            return None
        total = sum(part for part in below if part is not None)
        return rounded(above / total, 3) if total else None

    return {
        "quote": ratio(desk["quote_p50_us"], echo["p50_us"], commit["p50_us"]),
        "quote_to_echo": ratio(desk["quote_p50_us"], echo["p50_us"]),
        "quote_to_commit": ratio(desk["quote_p50_us"], commit["p50_us"]),
        "cycles_8_to_echo": ratio(desk["cycles_per_s_8"], echo["per_s"]),
        "cycles_100_to_8": ratio(desk["cycles_per_s_100"], desk["cycles_per_s_8"]),
    }


def verdicts(figures: Answer, databases: list[str]) -> list[Answer]:
    """Each target with what was measured and whether it is met; unmeasured ones are left out."""
    found: list[Answer] = []
    for target in TARGETS:
        names = databases if "{}" in target.path else [""]
        for name in names:
            value = look_up(figures, target.path.format(name))
            if value is None:
                continue
            wanted = float(target.postgresql if name == "postgresql" else target.sqlite)
            met = value >= wanted if target.sign == "≥" else value <= wanted
            found.append(
                {
                    "what": target.label,
                    "database": name,
                    "target": f"{target.sign} {wanted:g}",
                    "measured": value,
                    "met": met,
                }
            )
    return found
