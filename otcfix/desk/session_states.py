"""TradingSessionStatusRequest: open, closed or halted, of the desk and of each instrument; told
again whenever it changes."""

from collections.abc import Callable

from otcfix.desk.asks import ASKED_MAX
from otcfix.desk.draft import Draft
from otcfix.desk.whose import is_misplaced, may_deal_in, not_shown
from otcfix.model.answers import SessionStatusTold
from otcfix.model.enquiries import (
    ENDED,
    LIVE,
    SUBSCRIBE,
    UNSUBSCRIBE,
    Asked,
    TradingSessionStatusRequest,
)
from otcfix.model.limit import HALTED, REDUCING
from otcfix.model.refusal import Refusal, wording
from otcfix.settlement.calendar import next_change

KIND = "g"
DESK = "DESK"
"""TradingSessionID(336) of the desk itself; an instrument's is its symbol."""

IS_HALTED, IS_OPEN, IS_CLOSED, REJECTED = 1, 2, 3, 6
"""TradSesStatus(340); 6 is not in 4.2."""

MOVES = frozenset(("desk", "paused", "state", "hours"))
"""Small facts that a status is made of."""

Word = Callable[..., str | int]


def status_of(word: Word, scope: str) -> tuple[int, str]:
    """TradSesStatus(340) of the desk or of a symbol, and words where it only lets reduce."""
    state = str(word("desk", "state"))
    if state == HALTED or word("desk", "clock"):
        return IS_HALTED, ""
    if scope == DESK:
        return IS_OPEN, "REDUCING" if state == REDUCING else ""
    own = str(word("state", f"instrument:{scope}"))
    if own == HALTED or word("paused", scope):
        return IS_HALTED, ""
    if word("hours", scope):
        return IS_CLOSED, ""
    return IS_OPEN, "REDUCING" if REDUCING in (state, own) else ""


def on_trading_session_status_request(draft: Draft, asked: TradingSessionStatusRequest) -> None:
    """h for each scope that is asked for (35=g); with 263=1 again whenever one changes."""
    if is_misplaced(draft, asked):
        return
    session = draft.register.sessions[asked.head.session]
    asks = draft.state.asks
    known = asks.find(KIND, session.key, asked.request_id)
    if asked.subscription_type == UNSUBSCRIBE:
        if known is None:
            detail = wording(Refusal.UNKNOWN_QUOTE, 335, "no such subscription")
            _refuse(draft, asked, Refusal.UNKNOWN_QUOTE, 99, detail)
        else:
            draft.asked.append(Asked(KIND, session.key, asked.request_id, ENDED))
        return
    no = _refusal(draft, asked, duplicate=known is not None)
    if no is not None:
        _refuse(draft, asked, *no)
        return
    ours = [one.symbol for one in may_deal_in(draft, session)]
    for scope in [DESK, *ours] if not asked.scope else [asked.scope]:
        _say(draft, _as_asked(asked), scope, pushed=False)
    if asked.subscription_type == SUBSCRIBE:
        draft.asked.append(_as_asked(asked))


def _as_asked(asked: TradingSessionStatusRequest) -> Asked:
    head = asked.head
    return Asked(
        KIND,
        head.session,
        asked.request_id,
        LIVE,
        scope=asked.scope,
        deliver_to=head.on_behalf_of,
        deliver_to_sub=head.on_behalf_of_sub,
    )


No = tuple[Refusal, int, str]
"""Why, TradSesStatusRejReason(567), Text(58)."""


def _refusal(draft: Draft, asked: TradingSessionStatusRequest, *, duplicate: bool) -> No | None:
    session = draft.register.sessions[asked.head.session]
    if not_shown(draft, session):
        return Refusal.NOT_AUTHORISED, 99, wording(Refusal.NOT_AUTHORISED)
    if asked.subscription_type not in ("0", "1"):
        return Refusal.UNSUPPORTED, 99, wording(Refusal.UNSUPPORTED, 263)
    ours = [one.symbol for one in may_deal_in(draft, session)]
    if asked.scope and asked.scope != DESK and asked.scope not in ours:
        return Refusal.UNKNOWN_SYMBOL, 1, wording(Refusal.UNKNOWN_SYMBOL)
    if asked.subscription_type == SUBSCRIBE:
        if duplicate:
            return Refusal.DUPLICATE, 99, wording(Refusal.DUPLICATE, 335)
        if draft.state.asks.count(KIND, session.key) >= ASKED_MAX:
            detail = f"a session may have {ASKED_MAX} subscriptions"
            return Refusal.TOO_LARGE, 99, wording(Refusal.TOO_LARGE, 335, detail)
    return None


def _refuse(
    draft: Draft,
    asked: TradingSessionStatusRequest,
    refusal: Refusal,
    reason: int,
    text: str,
) -> None:
    """h 340=6; 4.2 has no such value and hears a j."""
    head = asked.head
    if draft.register.sessions[head.session].version == "FIX.4.2":
        draft.business_reject(head, asked.request_id, refusal, detail=text.partition(": ")[2])
        return
    draft.say(
        SessionStatusTold(
            head.session,
            asked.request_id,
            asked.scope,
            REJECTED,
            asked.scope_sent or DESK,
            reject_reason=reason,
            text=text,
            deliver_to=head.on_behalf_of,
            deliver_to_sub=head.on_behalf_of_sub,
        )
    )


def _say(draft: Draft, asked: Asked, scope: str, *, pushed: bool) -> None:
    status, text = status_of(draft.word, scope)
    instrument = draft.register.instruments.get(scope)
    change = next_change(instrument.hours, draft.event.at) if instrument else None
    is_closed = instrument is not None and bool(draft.word("hours", scope))
    draft.say(
        SessionStatusTold(
            asked.session,
            asked.request_id,
            scope,
            status,
            pushed=pushed,
            opens_at=(change or 0) if is_closed else 0,
            closes_at=0 if is_closed else (change or 0),
            text=text,
            deliver_to=asked.deliver_to,
            deliver_to_sub=asked.deliver_to_sub,
        )
    )


def tell(draft: Draft) -> None:
    """Tell who has subscribed what this event has changed of desk and instruments."""
    if not any(moved.what in MOVES for moved in draft.moved):
        return
    changed = [
        scope
        for scope in (DESK, *draft.register.instruments)
        if status_of(draft.state.word, scope) != status_of(draft.word, scope)
    ]
    if not changed:
        return
    for asked in draft.state.asks.of(KIND):
        session = draft.register.sessions.get(asked.session)
        if session is None or not_shown(draft, session):
            continue
        # What he may deal in but for the halt itself, which is what he is to hear of.
        ours = {one.symbol for one in may_deal_in(draft, session)}
        for scope in changed:
            if asked.scope not in ("", scope) or (scope != DESK and scope not in ours):
                continue
            _say(draft, asked, scope, pushed=True)
