"""What the gate must know of a client before it says whether he may deal: gathered from State."""

from decimal import Decimal

from otcfix.desk.draft import Draft
from otcfix.desk.leaves import base_left, smaller
from otcfix.desk.whereabouts import away
from otcfix.gate.authority import (
    CLIENT_CHECKS,
    INSTRUMENT_CHECKS,
    Authority,
    screened,
    state_forbids,
)
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side
from otcfix.model.money import from_minor
from otcfix.model.order import Order
from otcfix.model.party import Client
from otcfix.model.policy import REVIEW
from otcfix.model.profile import ACTIVE
from otcfix.model.time import utc_day
from otcfix.model.verdict import Finding, Verdict


def authority_of(
    draft: Draft,
    client: Client | None,
    session: str,
    instrument: Instrument | None = None,
    side: Side | None = None,
    *,
    deals: bool = False,
) -> Authority:
    """The facts about *client* who asks on *session* for *instrument*; side None: both of them.

    deals: it is an order. Whether it reduces is laid down by who measures it.
    """
    state, at = draft.state, draft.event.at
    desk, day = draft.register.desk, utc_day(at)
    asked = Authority(client, state.session_enabled(session), at, day, instrument, deals=deals)
    if client is None or desk is None:
        return asked
    asked.tier_known = client.tier in draft.register.tiers
    asked_on = draft.register.sessions.get(session)
    if asked_on is not None and asked_on.broker and asked_on.client_id != client.client_id:
        asked.broker = authority_of(draft, draft.client(asked_on.client_id), session)
    elif client.profile.networks:
        asked.away = away(draft, client, session)
    asked.screened, asked.subject_digest = draft.screening(client.client_id)
    words = state.words
    if words.get("state") or words.get("desk") or (draft.moved and _moves_states(draft)):
        _lay_states(draft, asked, client)  # nearly always everything is ACTIVE
    asked.verdict_age_max_days = desk.screening.verdict_age_max_days
    asked.reduce_when = desk.reduce_when
    if instrument is not None:
        asked.policy = draft.register.policy_answer(client, instrument, side, day)
    return asked


def _moves_states(draft: Draft) -> bool:
    """Whether this event changes a state; throttles alone move something with every message."""
    return any(moved.what in ("state", "desk") for moved in draft.moved)


def _lay_states(draft: Draft, asked: Authority, client: Client) -> None:
    asked.desk_state = str(draft.word("desk", "state", ACTIVE))
    asked.client_state = str(draft.word("state", f"client:{client.client_id}", ACTIVE))
    if asked.instrument is not None:
        scope = f"instrument:{asked.instrument.symbol}"
        asked.instrument_state = str(draft.word("state", scope, ACTIVE))


def screening_of(draft: Draft, client: Client) -> Finding:
    """What the gate says of *client*'s screening alone, now."""
    desk = draft.register.desk
    asked = Authority(client, True, draft.event.at, "")
    asked.screened, asked.subject_digest = draft.screening(client.client_id)
    asked.verdict_age_max_days = desk.screening.verdict_age_max_days if desk else 0
    return screened(asked)


def forbidden(asked: Authority, but: tuple[object, ...] = ()) -> Finding | None:
    """The first reason why he may not deal (any more); None when he may. but: checks left out."""
    every = CLIENT_CHECKS if asked.instrument is None else (*CLIENT_CHECKS, *INSTRUMENT_CHECKS)
    for check in every:
        finding = None if check in but else check(asked)
        if finding is not None and finding.refusal is not None:
            return finding
    return None


def barred(asked: Authority, but: tuple[object, ...] = ()) -> bool:
    """Whether the states of desk and instrument, or what is known of the client, forbid it."""
    states = (asked.desk_state, asked.instrument_state)
    return any(state_forbids(asked, state) for state in states) or forbidden(asked, but) is not None


def reduces(
    draft: Draft, client_id: str, instrument: Instrument, side: Side, base: Decimal | None
) -> bool | None:
    """Whether dealing *base* makes the client's position in the base asset smaller and keeps its
    sign (R23), this event's deals included; None when the amount is not known."""
    if base is None or base < 0:
        return None
    minor = draft.position(client_id, instrument.base.code)
    return smaller(from_minor(minor, instrument.base), side, base)


def order_forbidden(draft: Draft, order: Order, but: tuple[object, ...] = ()) -> bool:
    """Whether a resting order may not stay or fill: each is judged alone, on what is left of it,
    against the position as it is now. but: checks left out."""
    register = draft.register
    client, instrument = draft.client(order.client_id), register.instruments.get(order.symbol)
    if instrument is None or order.session not in register.sessions:
        return True
    asked = authority_of(draft, client, order.session, instrument, order.side, deals=True)
    asked.reduces = reduces(draft, order.client_id, instrument, order.side, base_left(order))
    return barred(asked, but)


def tell_review(draft: Draft, verdict: Verdict, *asked: Authority) -> None:
    """Staff hears, once a day for each client and rule, whom a rule of effect REVIEW refused."""
    if verdict.failed is None or verdict.failed.check != "jurisdiction":
        return
    for one in asked:
        answer = one.policy
        if answer is None or answer.effect != REVIEW or one.client is None:
            continue
        key = f"{one.client.client_id}|{answer.rule_id}"
        if draft.word("review", key) == one.day:
            continue
        draft.move("review", key, one.day)
        symbol = one.instrument.symbol if one.instrument else ""
        draft.alerts.append(
            f"review: {one.client.client_id} asked for {symbol}: refused by rule {answer.rule_id}, "
            "which wants a person to look at it"
        )
