"""Commands on limits, and the marks that portfolio-wide limits value positions at."""

from otcfix.desk.draft import Draft
from otcfix.model.limit import MarksMoved, SetLimit


def on_set_limit(draft: Draft, command: SetLimit) -> None:
    """Set or remove a limit; what lets more through waits for a second person."""
    draft.alerts.append("refused: not done here yet")


def on_marks_moved(draft: Draft, moved: MarksMoved) -> None:
    """Becomes State."""
