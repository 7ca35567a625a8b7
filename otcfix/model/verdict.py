"""What the gate found."""

from msgspec import Struct

from otcfix.model.refusal import Refusal


class Finding(Struct, frozen=True, gc=False, array_like=True):
    """What one check measured; refusal None means it passed. Kept for ever (audit trail).

    tag and detail go into the Text(58) of the reject; measured and limit never do.
    """

    check: str
    refusal: Refusal | None = None
    measured: str = ""
    limit: str = ""
    tag: int | None = None
    detail: str = ""


class Verdict(Struct, frozen=True, gc=False, array_like=True):
    """All findings in the order of precedence; the first failing one is told."""

    findings: tuple[Finding, ...]
    failed: Finding | None = None

    @property
    def refusal(self) -> Refusal | None:
        """The reason that is told, None when everything passed."""
        return self.failed.refusal if self.failed else None
