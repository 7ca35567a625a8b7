"""Running a table of checks."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from otcfix.model.verdict import Finding, Verdict

Case = TypeVar("Case")
Check = Callable[[Case], Finding | None]
"""A check returns None when what it needs is unknown (the check that says so stands above it)."""


def judge(checks: Sequence[Check[Case]], case: Case) -> Verdict:
    """Run all *checks* on *case*; the first refusal in their order is the one that is told."""
    findings = tuple([found for check in checks if (found := check(case)) is not None])
    for finding in findings:
        if finding.refusal is not None:
            return Verdict(findings, finding)
    return Verdict(findings)
