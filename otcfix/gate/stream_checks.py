"""STREAM_CHECKS: the order in which a MarketDataRequest(35=V) is judged."""

from collections.abc import Callable

from msgspec import Struct

from otcfix.gate import authority
from otcfix.gate import common_checks as common
from otcfix.gate.authority import Authority
from otcfix.model.messages import MarketDataRequest
from otcfix.model.party import Session
from otcfix.model.refusal import Refusal
from otcfix.model.stream import BID, FULL, INCREMENTAL, OFFER, SNAPSHOT, SUBSCRIBE
from otcfix.model.verdict import Finding


class StreamCase(Struct, gc=False):
    """A MarketDataRequest that asks for prices; wanted: one for each symbol; unknown: its symbols
    that are not dealt in; listed: how many prices the session would be told with it, listed_max how
    many it may be; held: it does not read."""

    request: MarketDataRequest
    session: Session
    authority: Authority
    wanted: tuple[Authority, ...]
    throttled: bool
    duplicate: bool
    unknown: tuple[str, ...]
    listed: int
    listed_max: int
    held: bool = False
    retry_after_ms: int = 0


def fields(case: StreamCase) -> Finding:
    """What the desk needs is there, whatever the dictionary says."""
    if case.request.missing:
        return Finding("fields", Refusal.MISSING_FIELD, tag=case.request.missing[0])
    return common.passed("fields")


def session_kind(case: StreamCase) -> Finding:
    """Prices belong on quote sessions."""
    if not case.session.may_quote:
        return Finding("session_kind", Refusal.WRONG_SESSION, measured=case.session.kind)
    return common.SESSION_KIND


def id_is_new(case: StreamCase) -> Finding:
    """MDReqID(262) names no stream of this session that lives."""
    if case.duplicate:
        return Finding("id_is_new", Refusal.DUPLICATE, tag=262)
    return common.ID_IS_NEW


def throttle(case: StreamCase) -> Finding:
    """The session keeps to its rate of messages."""
    if case.throttled:
        return common.too_many(case.retry_after_ms)
    return common.THROTTLE


def client_enabled(case: StreamCase) -> Finding:
    """The client is known, active and enabled, and so is the session."""
    return authority.client_enabled(case.authority)


def client_state(case: StreamCase) -> Finding | None:
    """The client's trading state lets it pass."""
    return authority.client_state(case.authority)


def kyc(case: StreamCase) -> Finding | None:
    """The client's KYC is approved and has not expired."""
    return authority.kyc(case.authority)


def screened(case: StreamCase) -> Finding | None:
    """The client was screened as he is now, and is clear."""
    return authority.screened(case.authority)


def symbol_known(case: StreamCase) -> Finding:
    """Every Symbol(55) is dealt in here."""
    if case.unknown:
        return Finding("symbol_known", Refusal.UNKNOWN_SYMBOL, tag=55)
    return common.SYMBOL_KNOWN


def instrument_allowed(case: StreamCase) -> Finding | None:
    """The client may deal in all of them."""
    return _of_all(case, authority.instrument_allowed)


def jurisdiction(case: StreamCase) -> Finding | None:
    """The rules of the client's jurisdiction allow all of them."""
    return _of_all(case, authority.jurisdiction)


def _of_all(
    case: StreamCase, check: Callable[[authority.Authority], Finding | None]
) -> Finding | None:
    found: Finding | None = None
    for asked in case.wanted:
        found = check(asked)
        if found is not None and found.refusal is not None:
            return found
    return found


def supported(case: StreamCase) -> Finding:
    """263, 264, 265 and 269 are ones that the desk does; no symbol stands twice."""
    request, tag = case.request, 0
    names = [symbol for symbol, _ in request.symbols]
    if request.subscription_type not in (SNAPSHOT, SUBSCRIBE):
        tag = 263
    elif request.depth < 0:
        tag = 264
    elif request.update_type not in (FULL, INCREMENTAL):
        tag = 265
    elif any(kind not in (BID, OFFER) for kind in request.entry_types):
        tag = 269
    elif len(set(names)) != len(names):
        tag = 55
    if tag:
        return Finding("supported", Refusal.UNSUPPORTED, tag=tag)
    return common.passed("supported")


def room(case: StreamCase) -> Finding:
    """The session does not ask for more streams than the desk keeps, nor for one price at once
    while it does not read."""
    if case.listed > case.listed_max:
        limit = str(case.listed_max)
        return Finding("room", Refusal.OVERLOADED, str(case.listed), limit, detail="too many")
    if case.held and case.request.subscription_type == SNAPSHOT:
        return Finding("room", Refusal.OVERLOADED, detail="you do not read what is streamed")
    return common.passed("room")


STREAM_CHECKS = (
    fields,
    session_kind,
    id_is_new,
    throttle,
    client_enabled,
    client_state,
    kyc,
    screened,
    symbol_known,
    instrument_allowed,
    jurisdiction,
    supported,
    room,
)
