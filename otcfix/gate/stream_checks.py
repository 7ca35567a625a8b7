"""STREAM_CHECKS: the order in which a MarketDataRequest(35=V) is judged."""

from msgspec import Struct

from otcfix.gate import common_checks as common
from otcfix.model.messages import MarketDataRequest
from otcfix.model.party import Client, Session
from otcfix.model.refusal import Refusal
from otcfix.model.stream import BID, FULL, INCREMENTAL, OFFER, SNAPSHOT, SUBSCRIBE
from otcfix.model.verdict import Finding


class StreamCase(Struct, gc=False):
    """A MarketDataRequest that asks for prices; unknown: its symbols that are not dealt in;
    listed: how many prices the session would be told with it, listed_max how many it may be; held:
    it does not read."""

    request: MarketDataRequest
    session: Session
    client: Client | None
    session_enabled: bool
    throttled: bool
    duplicate: bool
    unknown: tuple[str, ...]
    listed: int
    listed_max: int
    held: bool = False


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
        return Finding("throttle", Refusal.THROTTLED)
    return common.THROTTLE


def client_may_deal(case: StreamCase) -> Finding:
    """The client is known and enabled, and so is the session."""
    if case.client is None or not case.client.enabled or not case.session_enabled:
        return Finding("client_may_deal", Refusal.NOT_AUTHORISED)
    return common.CLIENT_MAY_DEAL


def symbol_known(case: StreamCase) -> Finding:
    """Every Symbol(55) is dealt in here."""
    if case.unknown:
        return Finding("symbol_known", Refusal.UNKNOWN_SYMBOL, tag=55)
    return common.SYMBOL_KNOWN


def instrument_allowed(case: StreamCase) -> Finding | None:
    """The client may deal in all of them."""
    if case.client is None:
        return None
    allowed = case.client.instruments
    if any(symbol not in allowed for symbol, _ in case.request.symbols):
        return Finding("instrument_allowed", Refusal.NOT_AUTHORISED)
    return common.INSTRUMENT_ALLOWED


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
    client_may_deal,
    symbol_known,
    instrument_allowed,
    supported,
    room,
)
