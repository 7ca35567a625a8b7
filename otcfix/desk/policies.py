"""A new version of the jurisdiction rules."""

from otcfix.desk.draft import Draft
from otcfix.model.policy import SetPolicy


def on_set_policy(draft: Draft, command: SetPolicy) -> None:
    """Take new rules; what they forbid is withdrawn and told."""
    draft.alerts.append("refused: not done here yet")
