"""Whether a client may deal at all, and in this: KYC, screening, class, jurisdiction, states.

Quotes, orders and streams are judged by the same checks; so is what already stands, when something
about its client changes. What they measure is for the record alone: on the wire every one of them
is NOT_AUTHORISED and nothing more (R23).
"""

from functools import lru_cache

from msgspec import Struct

from otcfix.model.instrument import Instrument
from otcfix.model.limit import REDUCING
from otcfix.model.party import Client
from otcfix.model.policy import PolicyAnswer
from otcfix.model.profile import ACTIVE, APPROVED, EXPIRED
from otcfix.model.refusal import Refusal
from otcfix.model.screening import CLEAR, Screened
from otcfix.model.time import DAY, Instant
from otcfix.model.verdict import Finding


class Authority(Struct, gc=False):
    """What is known of a client and of what he asks for.

    day: ISO date of at, UTC. client_state: ACTIVE, REDUCING or HALTED. screened: None when he never
    was; subject_digest: of him as he is now. policy: None without an instrument. reduces: whether
    the deal makes his position smaller and keeps its sign; None when that is not known.
    reduce_when: how his KYC may stand for such a deal all the same. deals: it is an order; a price
    alone changes no position. desk_state, instrument_state: as client_state. tier_known: his tier
    is configured, without which he has no price. away: where the session came from, when that is
    none of the client's networks. broker: the same about the broker who asks for him, if one does.
    """

    client: Client | None
    session_enabled: bool
    at: Instant
    day: str
    instrument: Instrument | None = None
    client_state: str = ACTIVE
    screened: Screened | None = None
    subject_digest: str = ""
    verdict_age_max_days: int = 0
    policy: PolicyAnswer | None = None
    reduces: bool | None = None
    reduce_when: tuple[str, ...] = ()
    deals: bool = True
    desk_state: str = ACTIVE
    instrument_state: str = ACTIVE
    tier_known: bool = True
    away: str = ""
    broker: "Authority | None" = None


_ENABLED = Finding("client_enabled")
_ALLOWED = Finding("instrument_allowed")
_STATE = Finding("client_state")
_KYC = Finding("kyc")
_NO_ANSWER = Finding("jurisdiction", Refusal.NOT_AUTHORISED, "no rules")


def client_enabled(asked: Authority) -> Finding:
    """The client is known, active and enabled, and so is the session."""
    client = asked.client
    if client is None:
        return Finding("client_enabled", Refusal.NOT_AUTHORISED, "unknown client")
    if not client.enabled or client.status != ACTIVE:
        measured = client.status if client.enabled else "disabled"
        return Finding("client_enabled", Refusal.NOT_AUTHORISED, measured, ACTIVE)
    if not asked.tier_known:
        return Finding("client_enabled", Refusal.NOT_AUTHORISED, f"no tier {client.tier}")
    if not asked.session_enabled:
        return Finding("client_enabled", Refusal.NOT_AUTHORISED, "session disabled")
    if asked.away:
        networks = ", ".join(client.profile.networks)
        return Finding("client_enabled", Refusal.NOT_AUTHORISED, f"from {asked.away}", networks)
    return _ENABLED if asked.broker is None else _broker(asked, asked.broker)


def _broker(asked: Authority, broker: Authority) -> Finding:
    """A broker who may not deal may not deal for others either."""
    broker.reduces, broker.deals = asked.reduces, asked.deals
    for check in (client_enabled, client_state, kyc, screened):
        found = check(broker)
        if found is not None and found.refusal is not None:
            who = broker.client.client_id if broker.client else "unknown"
            return Finding("client_enabled", found.refusal, f"broker {who}: {found.measured}")
    return _ENABLED


def state_forbids(asked: Authority, state: str) -> bool:
    """Whether a trading state forbids it: HALTED everything, REDUCING an order that is not known to
    reduce. What is no state at all forbids as well."""
    if state == ACTIVE:
        return False
    return state != REDUCING or (asked.deals and not asked.reduces)


def client_state(asked: Authority) -> Finding | None:
    """His trading state lets it pass: HALTED nothing, REDUCING only what reduces."""
    if asked.client_state == ACTIVE:
        return _STATE
    refusal = Refusal.NOT_AUTHORISED if state_forbids(asked, asked.client_state) else None
    return Finding("client_state", refusal, asked.client_state, _deal_of(asked))


def _deal_of(asked: Authority) -> str:
    if not asked.deals:
        return "a price"
    if asked.reduces is None:
        return "not known to reduce"
    return "reduces" if asked.reduces else "does not reduce"


def kyc(asked: Authority) -> Finding | None:
    """His KYC is approved, and neither it nor a document has expired; else the deal reduces, and
    the desk lets such a one pass (reduce_when)."""
    if asked.client is None:
        return None
    known = asked.client.profile.kyc
    faults = known.faults(asked.day)
    if not faults:
        return _KYC
    words = [f"expired {known.last_day}" if one == EXPIRED else one for one in faults]
    passes = bool(asked.reduces) and all(one in asked.reduce_when for one in faults)
    refusal = None if passes else Refusal.NOT_AUTHORISED
    limit = f"{APPROVED} on {asked.day}"
    return Finding("kyc", refusal, ", ".join(words), f"{limit}, or reduces" if passes else limit)


def screened(asked: Authority) -> Finding:
    """He was screened as he is now, not too long ago, and is clear.

    Measured: outcome, version of the lists, whole days since (cut off), entries; for the record.
    """
    found = asked.screened
    if found is None:
        return _NEVER_SCREENED
    age = asked.at - found.at
    limit = asked.verdict_age_max_days
    if age < limit * DAY and found.subject_digest == asked.subject_digest != "":
        if found.outcome == CLEAR:
            return _clear(found.list_version, age // DAY, limit)
        listed = " ".join(dict.fromkeys([hit.entry_id for hit in found.hits]))
        return _not_clear(f"{found.outcome}: {listed}", found.list_version, age // DAY, limit)
    why = "too old" if age >= limit * DAY else "he has changed since"
    return _not_clear(f"{found.outcome}, {why}", found.list_version, age // DAY, limit)


_NEVER_SCREENED = Finding("screened", Refusal.NOT_AUTHORISED, "never screened", CLEAR)


@lru_cache(maxsize=1024)
def _clear(list_version: str, days: int, days_max: int) -> Finding:
    return Finding("screened", None, _measured(CLEAR, list_version, days), _limit(days_max))


@lru_cache(maxsize=1024)
def _not_clear(outcome: str, list_version: str, days: int, days_max: int) -> Finding:
    measured = _measured(outcome, list_version, days)
    return Finding("screened", Refusal.NOT_AUTHORISED, measured, _limit(days_max))


def _measured(outcome: str, list_version: str, days: int) -> str:
    return f"{outcome}; lists {list_version}; {days} days old"


def _limit(days_max: int) -> str:
    return f"{CLEAR}, less than {days_max} days old"


def instrument_allowed(asked: Authority) -> Finding | None:
    """He may deal in the instrument."""
    if asked.instrument is None or asked.client is None:
        return None
    instruments = asked.client.instruments
    if asked.instrument.symbol not in instruments and "*" not in instruments:
        return Finding("instrument_allowed", Refusal.NOT_AUTHORISED)
    return _ALLOWED


def jurisdiction(asked: Authority) -> Finding | None:
    """The rules of his jurisdiction allow it; the rule that says so is measured."""
    if asked.instrument is None or asked.client is None:
        return None
    answer = asked.policy
    if answer is None:
        return _NO_ANSWER
    if answer.finding is not None:
        return answer.finding
    refusal = None if answer.allowed else Refusal.NOT_AUTHORISED
    return Finding("jurisdiction", refusal, answer.rule_id)


CLIENT_CHECKS = (client_enabled, client_state, kyc, screened)
"""Of the client alone."""

INSTRUMENT_CHECKS = (instrument_allowed, jurisdiction)
"""Of the client and the instrument."""
