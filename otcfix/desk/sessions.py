"""Sessions that come, go and change while the desk runs (`sessions reload`)."""

from otcfix.desk import quote_streams, quoting, streaming
from otcfix.desk.draft import Draft
from otcfix.desk.lookups import scope_of
from otcfix.desk.staff import cancel_by_desk
from otcfix.model.party import Session
from otcfix.model.session_commands import SetSessions


def on_set_sessions(draft: Draft, command: SetSessions) -> None:
    """Take new sessions. What rests on one that is gone, or off, or that was for a client whom the
    session is not for any more, goes, as it does at a start.

    It is told in the words of the session as it was. The numbers of all sessions stand.
    """
    register = draft.register
    new = {session.key: session for session in command.sessions}
    if register.desk is None:
        draft.alerts.append("refused: the desk has no configuration yet")
        return
    if len(new) != len(command.sessions):
        draft.alerts.append("refused: a session stands there more than once")
        return
    old = {session.key: session for session in register.desk.sessions}
    gone = sorted(old.keys() - new.keys())
    shut = {key for key, session in new.items() if not _is_on(draft, session)}
    _let_go(draft, shut.union(gone), new)
    for key in gone:
        streaming.session_gone(draft, key)
    for key in sorted(shut):
        streaming.close(draft, session=key)
    draft.sessions = command.sessions
    draft.register = register.with_sessions(command.sessions)
    if any(key not in shut and not _is_on(draft, old[key]) for key in old.keys() & new.keys()):
        streaming.reopen(draft)
    changed = sorted(key for key in old.keys() & new.keys() if old[key] != new[key])
    said = [
        f"{word} {', '.join(keys)}"
        for word, keys in (
            ("added", sorted(new.keys() - old.keys())),
            ("changed", changed),
            ("removed", gone),
        )
        if keys
    ]
    what = "; ".join(said) or "nothing that decisions depend on"
    draft.alerts.append(f"sessions: {what}, by {command.by}: {command.why}")


def _is_on(draft: Draft, session: Session) -> bool:
    """Whether a session may deal: as configured, unless staff said otherwise since."""
    return int(draft.state.word("session_enabled", session.key, int(session.enabled))) > 0


def _let_go(draft: Draft, keys: set[str], new: dict[str, Session]) -> None:
    state, old = draft.state, draft.register.sessions

    def goes(key: str, end_client: str) -> bool:
        if key in keys or key not in new or key not in old:
            return key in keys
        return scope_of(new[key], end_client) != scope_of(old[key], end_client)

    for stream in state.streams.quote_streams.values():
        if stream.quote.session not in keys and goes(stream.quote.session, stream.quote.end_client):
            quote_streams.end(draft, stream.key)
    for quote in tuple(state.quotes.values()):
        if goes(quote.session, quote.end_client):
            quoting.withdraw(draft, quote)
    for order in sorted(state.orders.values(), key=lambda o: o.accepted_seq):
        if goes(order.session, order.end_client):
            cancel_by_desk(draft, order)
