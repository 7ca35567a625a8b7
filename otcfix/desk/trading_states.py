"""ACTIVE, REDUCING, HALTED: of the desk, of a client, of an instrument."""

from otcfix.desk.draft import Draft
from otcfix.model.limit import SetTradingState


def on_set_trading_state(draft: Draft, command: SetTradingState) -> None:
    """Set a trading state; what it forbids is withdrawn and told."""
    draft.alerts.append("refused: not done here yet")
