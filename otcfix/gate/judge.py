"""Running a table of checks."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from otcfix.model.verdict import Finding, Verdict

Case = TypeVar("Case")
Check = Callable[[Case], Finding | None]
"""A check returns None when what it needs is unknown (the check that says so stands above it)."""


def judge(checks: Sequence[Check[Case]], case: Case) -> Verdict:
    """Run all *checks* on *case*; the first refusal in their order is the one that is told."""
    findings: list[Finding] = []
    failed: Finding | None = None
    for check in checks:
        finding = check(case)
        if finding is None:
            continue
        findings.append(finding)
        if finding.refusal is not None and failed is None:
            failed = finding
    return Verdict(tuple(findings), failed)
