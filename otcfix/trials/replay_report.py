"""What a replay found: for people, as JSON, as JUnit's XML."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from otcfix.fixlog.line import HIDDEN, SECRETS, safe
from otcfix.fixlog.names import Dictionaries, Names
from otcfix.trials.comparing import Answer, Comparison, Row
from otcfix.trials.replaying import Plan, Player

KINDS = ("same", "different", "missing", "extra")
SHOWN_MAX = 200
"""Results that are written out for people; JSON and JUnit have all."""


class Report:
    """The results of one replay. took_s: seconds; None where time is the log's."""

    def __init__(
        self,
        name: str,
        plan: Plan,
        player: Player,
        comparison: Comparison,
        names: Dictionaries,
        *,
        took_s: float | None = None,
        fingerprint: str = "",
    ) -> None:
        self.name = name
        self._names = names
        self._same = comparison.same
        self._rows = comparison.rows
        self._played = player.played
        self._skipped = plan.skipped
        self._took_s = took_s
        self._fingerprint = fingerprint

    @property
    def counts(self) -> dict[str, int]:
        """How many answers were same, different, missing, extra."""
        found = dict.fromkeys(KINDS, 0)
        found["same"] = self._same
        for row in self._rows:
            found[row.kind] += 1
        return found

    @property
    def good(self) -> bool:
        """Whether all answers are the same."""
        return not self._rows

    def document(self) -> dict[str, Any]:
        """For programs."""
        played = sum(self._played.values())
        return {
            "log": self.name,
            "ok": self.good,
            "played": played,
            "played_by_type": dict(sorted(self._played.items())),
            "not_played": dict(sorted(self._skipped.items())),
            **self.counts,
            "took_s": None if self._took_s is None else round(self._took_s, 3),
            "messages_per_s": round(played / self._took_s, 1) if self._took_s else None,
            "journal": self._fingerprint,
            "results": [self._result(row) for row in self._rows],
        }

    def _result(self, row: Row) -> dict[str, Any]:
        one = row.expected or row.got
        assert one is not None
        names = self._names.of(one.text)
        return {
            "result": row.kind,
            "line": row.expected.line if row.expected else None,
            "type": safe(one.kind).decode(),
            "name": names.message(one.kind),
            "tags": [
                {
                    "tag": safe(change.tag).decode(),
                    "name": names.tag(change.tag),
                    "expected": _value(change.tag, change.first),
                    "got": _value(change.tag, change.second),
                }
                for change in row.changes
            ],
            "expected": _text(row.expected),
            "got": _text(row.got),
        }

    def lines(self) -> Iterator[str]:
        """For people."""
        for row in self._rows[:SHOWN_MAX]:
            one = row.expected or row.got
            assert one is not None
            names = self._names.of(one.text)
            where = f"line {one.line}" if one.line else "now"
            yield f"{row.kind:<9} {where}: {names.message(one.kind)}({safe(one.kind).decode()})"
            if row.kind == "different":
                yield from self._changes(row, names)
            else:
                yield f"          {_text(one)}"
        if len(self._rows) > SHOWN_MAX:
            yield f"and {len(self._rows) - SHOWN_MAX} more: --json, --junit FILE"
        played = sum(self._played.values())
        left = sum(self._skipped.values())
        why = ", ".join(f"{count} {why}" for why, count in sorted(self._skipped.items()))
        yield f"played {played:,} messages" + (f", left out {left:,} ({why})" if left else "")
        if self._took_s:
            yield f"in {self._took_s:.2f} s, {played / self._took_s:,.0f} a second"
        yield ", ".join(f"{count:,} {kind}" for kind, count in self.counts.items())

    def _changes(self, row: Row, names: Names) -> Iterator[str]:
        for change in row.changes:
            expected, got = (
                "absent" if one is None else _value(change.tag, one)
                for one in (change.first, change.second)
            )
            name = names.tag(change.tag) or "?"
            yield f"          {name}({safe(change.tag).decode()}): expected {expected}, got {got}"

    def junit(self, path: Path) -> None:
        """Write JUnit's XML: a test case for each answer that is not the same, one for the rest.

        Errors: OSError.
        """
        counts = self.counts
        total = sum(counts.values()) - counts["same"] + 1
        suite = ET.Element(
            "testsuite",
            name=f"replay-fix {self.name}",
            tests=str(total),
            failures=str(len(self._rows)),
            errors="0",
            time=f"{self._took_s or 0:.3f}",
        )
        ET.SubElement(suite, "testcase", classname="same", name=f"{counts['same']} answers")
        for number, row in enumerate(self._rows, 1):
            found = self._result(row)
            line = found["line"] or "now"
            case = ET.SubElement(
                suite,
                "testcase",
                classname=row.kind,
                name=f"{number}: {found['name'] or found['type']} line {line}",
            )
            told = [
                f"{one['name'] or one['tag']}({one['tag']}): {one['expected']} | {one['got']}"
                for one in found["tags"]
            ]
            failure = ET.SubElement(case, "failure", message=", ".join(told) or row.kind)
            failure.text = f"expected: {found['expected']}\ngot: {found['got']}"
        ET.indent(suite)
        ET.ElementTree(suite).write(path, "utf-8", xml_declaration=True)


def _value(tag: bytes, value: bytes | None) -> str | None:
    if value is None:
        return None
    return (HIDDEN if tag in SECRETS else safe(value)).decode()


def _text(answer: Answer | None) -> str | None:
    if answer is None:
        return None
    return "|".join(f"{safe(tag).decode()}={_value(tag, value)}" for tag, value in answer.fields)
