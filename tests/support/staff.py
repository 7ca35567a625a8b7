"""Staff, in two persons: who asks, and who confirms."""

from decimal import Decimal
from typing import Any

from otcfix.model.decision import Decision
from otcfix.model.post_trade import BustTrade, CorrectTrade
from otcfix.model.proposal import Confirm
from tests.conversation import Conversation


def agreed(desk: Conversation, command: Any) -> Decision:
    """Ann asks, Bob confirms; the decision that does it, or that refuses it."""
    asked = desk.tell(command)
    if not asked.proposals:
        return asked
    return desk.tell(Confirm(asked.proposals[-1].proposal_id, "bob", "looked at"))


def busts(desk: Conversation, exec_id: str, *, owing: bool = False) -> Decision:
    """A trade is taken back."""
    return agreed(desk, BustTrade(desk.names.spoken(17, exec_id), "ann", "wrong", owing))


def corrects(
    desk: Conversation, exec_id: str, price: str = "", quantity: str = "", *, owing: bool = False
) -> Decision:
    """A trade is put right."""
    numbers = [Decimal(text) if text else None for text in (price, quantity)]
    named = desk.names.spoken(17, exec_id)
    return agreed(desk, CorrectTrade(named, *numbers, "ann", "mistyped", owing))


def refused(decision: Decision) -> str:
    """Why a command was refused; it changed nothing."""
    (told,) = [alert for alert in decision.alerts if alert.startswith("refused")]
    assert not any((decision.transfers, decision.replies, decision.changes, decision.orders))
    return told
