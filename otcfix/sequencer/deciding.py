"""An event to its decision and its words: the one path that both live and replay take."""

from collections.abc import Sequence
from typing import NamedTuple

import structlog

from otcfix.desk.decide import decide, failed
from otcfix.desk.state import State
from otcfix.model.decision import Decision, digest, encoded_verdicts
from otcfix.model.event import Event
from otcfix.sequencer.ports import Render, Said

log = structlog.get_logger("otcfix.sequencer")


class Decided(NamedTuple):
    """A decision, its replies in words, its digest, its verdicts as they are journaled."""

    decision: Decision
    words: list[Sequence[Said]]
    digest: bytes
    verdicts: bytes


def decide_in_words(state: State, event: Event, render: Render) -> Decided:
    """Decide *event* and render what it says; never applies anything.

    An exception is a bug in the code, not in the message: State is untouched, so the event gets
    a failed decision, the same on replay, and the desk goes on (house.md, Recovery).
    A law that would break is seen while deciding (`Draft.decision`): such an event fails as well.
    """
    try:
        decision = decide(state, event)
        return _in_words(decision, render)
    except Exception as error:
        log.exception("event_failed", seq=event.seq, kind=event.kind)
        return _in_words(failed(state, event, error), render)


def _in_words(decision: Decision, render: Render) -> Decided:
    """Whatever has no words, or no bytes (a number that is too large), has failed as well."""
    words = [render(reply) for reply in decision.replies]
    verdicts = encoded_verdicts(decision)
    return Decided(decision, words, digest(decision, verdicts), verdicts)


def outcome_of(command: Decision) -> str:
    """What the person who gave a command is answered: done, or "refused..." or "waits..."."""
    if command.failed:
        return f"refused: {command.alerts[-1]}"
    told = (alert for alert in command.alerts if alert.startswith(("refused", "waits")))
    return next(told, "done")
