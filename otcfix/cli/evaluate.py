"""otcfix sanctions evaluate: how well the lists are seen, on labelled cases."""

import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otcfix.cli.options import CONFIG_DEFAULT, ConfigOption, JsonOption
from otcfix.cli.outcome import NO, Failed, usage_error
from otcfix.cli.sanctions import app
from otcfix.cli.screen import ListsOption, index_of
from otcfix.cli.show import print_json, print_table

if TYPE_CHECKING:
    from otcfix.screening.evaluating import Evaluation, Group, Miss

BROKEN_SAID = 20
"""Broken lines that are named one by one."""


@app.command()
def evaluate(
    cases: Annotated[Path, typer.Argument(metavar="CASES", help="One JSON object a line.")],
    threshold: Annotated[
        float | None,
        typer.Option("--threshold", metavar="SCORE", help="0 to 1; default: review_min, or 0.88."),
    ] = None,
    misses: Annotated[
        bool, typer.Option("--misses", help="List what came out wrong, with its pieces.")
    ] = False,
    lists: ListsOption = None,
    config: ConfigOption = CONFIG_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Screen labelled cases and print recall, false positives and times of each group.

    Cases are lines of kind screen (query, dob, expect), pair (query, expect, match), pair_score
    or crypto. Lines that cannot be used are named on stderr and left out.

    Examples:
      otcfix sanctions evaluate cases.jsonl
      otcfix sanctions evaluate cases.jsonl --misses --json > figures.json
      otcfix sanctions evaluate cases.jsonl --lists un=un_xml:UN_consolidated.xml \\
        --lists ofac_sdn=ofac_csv:sdn.csv,alt.csv --lists crypto=addresses:crypto/
    """
    from otcfix.screening.cases import read  # noqa: PLC0415
    from otcfix.screening.evaluating import evaluate as evaluated  # noqa: PLC0415

    if threshold is not None and not 0 < threshold <= 1:
        raise usage_error(f"--threshold: {threshold} is not above 0 and up to 1")
    if not cases.is_file():
        raise usage_error(f"CASES: {cases}: no such file")
    index, about = index_of(config, lists)
    gc.collect()
    gc.freeze()  # what stays is not walked again while a screening's time is taken
    least = about["review_min"] if threshold is None else threshold
    with cases.open(encoding="utf-8-sig", errors="replace") as file:
        found = evaluated(index, read(file), least, _progress)
    for bad in found.broken[:BROKEN_SAID]:
        print(f"otcfix: {cases}: line {bad.line}: {bad.words}", file=sys.stderr)
    if len(found.broken) > BROKEN_SAID:
        more = len(found.broken) - BROKEN_SAID
        print(f"otcfix: {cases}: {more} more lines cannot be used", file=sys.stderr)
    if as_json:
        print_json(_figures(found, about, misses))
    else:
        _show(found, about, misses)
    if not found.groups:
        raise Failed(NO, f"{cases}: no case in it")


def _progress(done: int) -> None:
    if sys.stderr.isatty():
        print(f"\r{done} cases", end="", file=sys.stderr, flush=True)
    elif done % 1_000 == 0:
        print(f"otcfix: {done} cases", file=sys.stderr)


def _figures(found: "Evaluation", about: dict[str, Any], misses: bool) -> dict[str, Any]:
    document = {
        "threshold": found.threshold, **about,
        "groups": [group.as_dict() for group in found.groups],
        "screening": found.screening.as_dict(),
        "pairs": found.pairs.as_dict(),
        "broken_lines": [{"line": b.line, "words": b.words} for b in found.broken],
    }  # fmt: skip
    if misses:
        document["misses"] = [
            {
                "line": m.case.line, "id": m.case.id, "group": m.case.group, "kind": m.case.kind,
                "query": _query(m), "expect": m.case.wanted, "score": round(m.score, 4),
                "pieces": m.words,
            }
            for m in found.misses
        ]  # fmt: skip
    return document


def _query(miss: "Miss") -> str:
    party = miss.case.party
    return party.name or " ".join(text for _, text in party.addresses)


def _show(found: "Evaluation", about: dict[str, Any], misses: bool) -> None:
    print(
        f"{about['entries']} entries, {about['names']} names; threshold {found.threshold:.2f}; "
        f"{', '.join(about['lists'])}"
    )
    if sys.stderr.isatty():
        print("\r", end="", file=sys.stderr)
    columns = "group kind cases recall missed false rate F1 p50_ms p99_ms".split()
    every = [*found.groups, found.screening, found.pairs]
    print_table(columns, [_row(group) for group in every if group.cases], right=columns[2:])
    one = found.screening
    if one.cases:
        p50, p99 = (one.percentile_ms(share, cpu=True) for share in (0.5, 0.99))
        print(f"One screening, processor time: p50 {p50:.2f} ms, p99 {p99:.2f} ms.")
    absent = sum(group.absent for group in found.groups)
    if absent:
        print(f"{absent} of the missed are of entries that are not on the lists loaded.")
    if misses:
        for miss in found.misses:
            wanted = ", ".join(miss.case.wanted) or "no hit"
            print(f"\nline {miss.case.line}, {miss.case.group}: {_query(miss)!r}, wanted {wanted}; "
                  f"score {miss.score:.3f}")  # fmt: skip
            for line in miss.words:
                print(f"    {line}")


def _row(group: "Group") -> tuple[str, ...]:
    recall, false, f1 = group.recall, group.false_rate, group.f1
    agreed = f"{group.agreed} agree" if group.kind == "pair_score" else ""
    return (
        group.name,
        group.kind,
        str(group.cases),
        agreed or ("" if recall is None else f"{recall:.4f}"),
        "" if recall is None else str(group.positives - group.found),
        "" if false is None else str(group.false),
        "" if false is None else f"{false:.2%}",
        "" if f1 is None or group.kind != "pair" else f"{f1:.3f}",
        f"{group.percentile_ms(0.5):.2f}",
        f"{group.percentile_ms(0.99):.2f}",
    )
