"""ACTIVE, REDUCING, HALTED: of the desk, of a client, of an instrument.

Each is a word of State, so it survives a restart. The desk's is the kill switch's own word: `kill`
is HALTED, `unkill` is ACTIVE. One person sets it, in both directions, as for the kill switch.
"""

from otcfix.desk import streaming
from otcfix.desk.draft import Draft
from otcfix.desk.enforcing import enforce
from otcfix.desk.staff import on_kill
from otcfix.model.event import Kill
from otcfix.model.limit import DESK, HALTED, TRADING_STATES, SetTradingState
from otcfix.model.profile import ACTIVE


def on_set_trading_state(draft: Draft, command: SetTradingState) -> None:
    """Set a trading state; what it forbids is withdrawn, cancelled and told.

    HALTED withdraws and cancels everything there; REDUCING cancels the resting orders that do not
    reduce, each judged alone, and leaves quotes: they are judged when they are hit.
    """
    scope, state = command.scope, command.state
    if state not in TRADING_STATES:
        draft.alerts.append(f"refused: {state}: expected one of {', '.join(TRADING_STATES)}")
        return
    kind, _, name = scope.partition(":")
    if scope == DESK:
        _of_the_desk(draft, command)
        return
    known = draft.register.clients if kind == "client" else draft.register.instruments
    if kind not in ("client", "instrument") or name not in known:
        draft.alerts.append(f"refused: {scope}: expected desk, client:ID or instrument:SYMBOL")
        return
    draft.move("state", scope, "" if state == ACTIVE else state)
    if kind == "client":
        enforce(draft, lambda client_id: client_id == name)
    else:
        enforce(draft, symbol=name)
        if state != HALTED:
            streaming.reopen(draft, name)
    draft.alerts.append(f"{scope} is {state} by {command.by}: {command.why}")


def _of_the_desk(draft: Draft, command: SetTradingState) -> None:
    if command.state == HALTED:
        on_kill(draft, Kill(True, command.by, command.why))
        return
    draft.move("desk", "state", "" if command.state == ACTIVE else command.state)
    if not draft.word("desk", "clock"):
        streaming.reopen(draft)
    if command.state != ACTIVE:
        enforce(draft)
    draft.alerts.append(f"desk is {command.state} by {command.by}: {command.why}")
