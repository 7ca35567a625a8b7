"""Commands on limits, and the marks that portfolio-wide limits value positions at."""

from otcfix.desk.draft import Draft
from otcfix.desk.four_eyes import waits
from otcfix.desk.register import Register
from otcfix.model.limit import Limit, MarksMoved, Names, SetLimit, fault_of


def names_of(register: Register) -> Names:
    """What limits may speak of."""
    instruments = register.instruments.values()
    return Names(
        register.clients,
        register.tiers,
        register.instruments,
        {one.asset_class for one in instruments if one.asset_class},
    )


def on_set_limit(draft: Draft, command: SetLimit) -> None:
    """Set or remove a limit; what lets more through than now waits for a second person."""
    register = draft.register
    before = draft.state.limits.holding(command.key, register)
    if command.amount is None:
        if before is None:
            draft.alerts.append(f"refused: there is no such limit: {about(command)}")
            return
    else:
        limit = Limit(*command.key, command.amount)
        fault = fault_of(limit, names_of(register))
        if fault:
            draft.alerts.append(f"refused: {fault}")
            return
    if not command.by or not command.why:
        draft.alerts.append("refused: a limit is set by somebody, for a reason")
        return
    raises = before is not None and (command.amount is None or command.amount > before.amount)
    if raises and waits(draft, command, _change(command, before)):
        return
    draft.limits.append(command)


def _change(command: SetLimit, before: Limit | None) -> str:
    return f"{about(command)}, now {before.amount:f}" if before else about(command)


def about(command: SetLimit) -> str:
    """What it is about, in words."""
    amount = "removed" if command.amount is None else f"{command.amount:f}"
    return " ".join(word for word in (command.measure, command.who, command.what, amount) if word)


def on_marks_moved(draft: Draft, moved: MarksMoved) -> None:
    """Becomes State as it is: `Limits.take` reads the event."""
