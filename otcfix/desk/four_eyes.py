"""Four eyes: a command that waits until a second person confirms it."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import structs

from otcfix.desk.draft import Draft
from otcfix.model.event import Command
from otcfix.model.proposal import (
    CONFIRMED,
    DISMISSED,
    REFUSED,
    Confirm,
    Dismiss,
    Proposal,
    same_person,
)

_encode = msgspec.json.Encoder().encode
_command = msgspec.json.Decoder(Command)

Handler = Callable[[Draft, Any], None]


def waits(draft: Draft, command: Any, about: str) -> bool:
    """Whether *command* must wait for a second person: it does unless one has just confirmed it.

    Handlers call it before they change anything, and return when it is so.
    """
    if draft.checked_by:
        return False
    if not command.by.strip():
        draft.alerts.append("refused: nobody asks; four eyes need two names")
        return True
    proposal = Proposal(
        draft.ids.next("W"),
        type(command).__name__,
        about,
        _encode(command).decode(),
        command.by,
        draft.event.at,
    )
    draft.proposals.append(proposal)
    draft.alerts.append(f"waits for a second person as {proposal.proposal_id}: {about}")
    return True


def command_of(proposal: Proposal) -> Any:
    """What was proposed."""
    return _command.decode(proposal.command)


def on_confirm(draft: Draft, confirm: Confirm, handlers: dict[type, Handler]) -> None:
    """Do what was proposed, unless it is the same person who confirms."""
    proposal = draft.state.approvals.waiting.get(confirm.proposal_id)
    if proposal is None:
        draft.alerts.append(f"refused: nothing waits as {confirm.proposal_id}")
        return
    if not confirm.by.strip() or same_person(confirm.by, proposal.by):
        draft.alerts.append(f"refused: {proposal.by or 'nobody'} proposed it; another confirms")
        return
    command = command_of(proposal)
    draft.checked_by = confirm.by
    before = len(draft.alerts)
    handlers[type(command)](draft, command)
    # What was right when it was proposed may have become impossible since.
    refused = any(alert.startswith("refused") for alert in draft.alerts[before:])
    state = REFUSED if refused else CONFIRMED
    draft.proposals.append(structs.replace(proposal, state=state, checked_by=confirm.by))


def lapse(draft: Draft, client_id: str, by: str) -> None:
    """Drop what waits for a client, because *by* has found something against him since: who asked
    did not know of it, and who confirms may not."""
    found = 0
    for proposal in draft.state.approvals.waiting.values():
        command = command_of(proposal)
        if getattr(command, "client_id", "") == client_id:
            draft.proposals.append(structs.replace(proposal, state=DISMISSED, checked_by=by))
            found += 1
    if found:
        draft.alerts.append(f"{client_id}: {found} that waited for a second person have lapsed")


def on_dismiss(draft: Draft, dismiss: Dismiss) -> None:
    """Drop a proposal."""
    proposal = draft.state.approvals.waiting.get(dismiss.proposal_id)
    if proposal is None:
        draft.alerts.append(f"refused: nothing waits as {dismiss.proposal_id}")
        return
    done = structs.replace(proposal, state=DISMISSED, checked_by=dismiss.by)
    draft.proposals.append(done)
