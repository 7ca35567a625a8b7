"""The report as one HTML file that needs nothing beside it: to be mailed, or kept."""

from html import escape
from itertools import groupby
from typing import Any

from otcfix.trials.report import summary
from otcfix.trials.scenario import FAILED

STYLE = """
body{font:15px/1.45 system-ui,sans-serif;margin:2em auto;max-width:70em;padding:0 1em;color:#1b1f24}
h1{font-size:1.5em;margin-bottom:.2em} h2{font-size:1.1em;margin:1.6em 0 .4em}
p.about{color:#57606a;margin-top:0} .bar{font-weight:600;padding:.5em .8em;border-radius:.4em}
.bar.yes{background:#dafbe1} .bar.no{background:#ffd8d3}
details{border-top:1px solid #d8dee4;padding:.25em 0} summary{cursor:pointer}
.v{display:inline-block;width:5em;font-weight:600} .passed{color:#1a7f37} .failed{color:#b42318}
.skipped{color:#57606a} .n{display:inline-block;width:6.5em;color:#57606a} .t{color:#57606a}
table{border-collapse:collapse;font:12px/1.4 ui-monospace,monospace;margin:.5em 0;width:100%}
td{padding:.1em .6em .1em 0;vertical-align:top;overflow-wrap:anywhere} td.k{white-space:nowrap;
color:#57606a} tr.failed td{background:#fff0ee} tr.us td{color:#0550ae} tr.note td{color:#57606a}
"""
WAYS = {">": ("us", "we say"), "<": ("them", "they say"), "-": ("note", "")}


def as_html(report: dict[str, Any]) -> str:
    """One document: the verdict first, then every scenario, with its steps and what was said."""
    who = escape(report["counterparty"])
    state = "yes" if report["ok"] else "no"
    word = "PASSED" if report["ok"] else "NOT PASSED"
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        f"<title>Certification of {who}</title><style>{STYLE}</style></head><body>",
        f"<h1>Certification of {who}</h1>",
        f'<p class="about">{_about(report)}</p>',
        f'<p class="bar {state}">{word}: {escape(summary(report))}</p>',
    ]
    for folder, results in groupby(report["results"], lambda one: one["name"].rpartition("/")[0]):
        if folder:
            parts.append(f"<h2>{escape(folder)}</h2>")
        parts += [_scenario(one) for one in results]
    return "\n".join([*parts, "</body></html>"]) + "\n"


def _about(report: dict[str, Any]) -> str:
    where = f"{report['about']} {report['address']}, pack {report['pack']}".strip()
    return escape(f"{where}, {report['started']} UTC, otcfix {report['otcfix']}")


def _scenario(one: dict[str, Any]) -> str:
    opened = " open" if one["verdict"] == FAILED else ""
    why = f"<p>{escape(one['why'])}</p>" if one["why"] else ""
    steps = "".join(
        f'<tr class="{s["verdict"]}"><td class="k">{s["line"] or ""}</td>'
        f"<td>{escape(s['text'])}</td><td>{_came(s)}</td></tr>"
        for s in one["steps"]
    )
    said = "".join(_said(s) for s in one["transcript"])
    tables = f"<table>{steps}</table><table>{said}</table>" if one["steps"] else ""
    return (
        f'<details{opened}><summary><span class="v {one["verdict"]}">{one["verdict"]}</span>'
        f'<span class="n">{one["version"]}</span> {escape(one["title"])} '
        f'<span class="t">{escape(one["name"])}, {one["took_s"]:.2f} s</span></summary>'
        f"{why}{tables}</details>"
    )


def _came(step: dict[str, Any]) -> str:
    if step["verdict"] == FAILED:
        return f"expected {escape(step['expected'])}<br>got {escape(step['got'])}"
    return ""


def _said(said: dict[str, Any]) -> str:
    style, who = WAYS.get(said["way"], ("note", ""))
    clock = said["at"][9:]
    return (
        f'<tr class="{style}"><td class="k">{clock}</td><td class="k">{who}</td>'
        f"<td>{escape(said['text'])}</td></tr>"
    )
