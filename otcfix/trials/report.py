"""What came of a run: one document, as JSON, as text for a mail, as JUnit XML."""

import json
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import otcfix
from otcfix.trials.parties import Party
from otcfix.trials.scenario import FAILED, PASSED, SKIPPED, Result
from otcfix.trials.wire import timestamp

SIGNS = {PASSED: "ok  ", FAILED: "FAIL", SKIPPED: "skip"}
NOT_XML = {code: "?" for code in range(32) if code not in (9, 10, 13)}


def document(
    results: Sequence[Result], party: Party, started: float, took_s: float, pack: str
) -> dict[str, Any]:
    """Everything of a run, for JSON; the other forms are made from it."""
    counts = {verdict: sum(r.verdict == verdict for r in results) for verdict in SIGNS}
    return {
        "counterparty": party.name,
        "about": party.about,
        "address": party.address,
        "pack": pack,
        "otcfix": otcfix.__version__,
        "started": timestamp(started),
        "took_s": round(took_s, 3),
        "ok": counts[FAILED] == 0 and counts[PASSED] > 0,
        "counts": counts,
        "scenarios": len({r.scenario.name for r in results}),
        "results": [_result(r) for r in results],
    }


def _result(result: Result) -> dict[str, Any]:
    scenario = result.scenario
    return {
        "name": scenario.name,
        "title": scenario.title,
        "about": scenario.about,
        "tags": list(scenario.tags),
        "version": result.version,
        "session": result.session,
        "verdict": result.verdict,
        "why": result.why,
        "started": timestamp(result.at) if result.at else "",
        "took_s": round(result.took_s, 3),
        "steps": [
            {
                "line": step.line, "text": step.text, "verdict": step.verdict,
                "took_s": round(step.took_s, 3), "expected": step.expected, "got": step.got,
            }
            for step in result.steps
        ],
        "transcript": [
            {"at": timestamp(said.at), "way": said.way, "text": said.text}
            for said in result.transcript
        ],
    }  # fmt: skip


def summary(report: dict[str, Any]) -> str:
    """One line."""
    counts = report["counts"]
    return (
        f"{counts[PASSED]} passed, {counts[FAILED]} failed, {counts[SKIPPED]} skipped "
        f"({report['scenarios']} scenarios) in {report['took_s']:.1f} s"
    )


def as_json(report: dict[str, Any]) -> str:
    """The whole document."""
    return json.dumps(report, indent=1, ensure_ascii=False)


def as_text(report: dict[str, Any]) -> str:
    """For a mail: a line for each scenario, and all that was said in those that failed."""
    lines = [
        f"Certification of {report['counterparty']} ({report['address']})",
        f"pack {report['pack']}, {report['started']} UTC, otcfix {report['otcfix']}",
        summary(report),
        "",
    ]
    for one in report["results"]:
        short = one["version"].removeprefix("FIX.")
        lines.append(f"{SIGNS[one['verdict']]} {short:<7} {one['name']}: {one['title']}")
        if one["verdict"] != PASSED:
            lines.append(f"             {one['why']}")
    for one in report["results"]:
        if one["verdict"] != FAILED:
            continue
        lines += ["", f"--- {one['name']} in {one['version']} on {one['session']}"]
        lines.append(f"    {one['why']}")
        lines += [f"    {s['at'][9:]} {s['way']} {s['text']}" for s in one["transcript"]]
    return "\n".join(lines) + "\n"


def as_junit(report: dict[str, Any]) -> str:
    """JUnit XML: a suite for each folder of the pack."""
    suites: dict[str, list[dict[str, Any]]] = {}
    for one in report["results"]:
        suites.setdefault(one["name"].rpartition("/")[0] or report["pack"], []).append(one)
    counts = report["counts"]
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
    ]
    name = quoteattr(f"otcfix certify {report['counterparty']}")
    lines.append(
        f'<testsuites name={name} tests="{len(report["results"])}" failures="{counts[FAILED]}" '
        f'errors="0" skipped="{counts[SKIPPED]}" time="{report["took_s"]}">'
    )
    for name, results in suites.items():
        failed = sum(one["verdict"] == FAILED for one in results)
        skipped = sum(one["verdict"] == SKIPPED for one in results)
        spent = sum(one["took_s"] for one in results)
        lines.append(
            f'<testsuite name={quoteattr(name)} tests="{len(results)}" failures="{failed}" '
            f'errors="0" skipped="{skipped}" time="{spent:.3f}">'
        )
        lines += [_case(one) for one in results]
        lines.append("</testsuite>")
    return "\n".join([*lines, "</testsuites>"]) + "\n"


def _case(one: dict[str, Any]) -> str:
    name = f"{one['name'].rpartition('/')[2]} [{one['version']}]"
    place = one["name"].rpartition("/")[0].replace("/", ".") or "scenarios"
    head = f'<testcase classname={quoteattr(place)} name={quoteattr(name)} time="{one["took_s"]}"'
    why = one["why"].translate(NOT_XML)
    if one["verdict"] == PASSED:
        return f"{head}/>"
    if one["verdict"] == SKIPPED:
        return f"{head}><skipped message={quoteattr(why)}/></testcase>"
    said = "\n".join(f"{s['at']} {s['way']} {s['text']}" for s in one["transcript"])
    words = escape(said.translate(NOT_XML))
    return f"{head}><failure message={quoteattr(why)}>{words}</failure></testcase>"
