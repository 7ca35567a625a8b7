"""Checks that quotes and orders share."""

from otcfix.gate import authority
from otcfix.gate.case import Common
from otcfix.model.refusal import Refusal
from otcfix.model.verdict import Finding

_PASSED: dict[str, Finding] = {}


def passed(name: str) -> Finding:
    """The finding of a check that has nothing to measure; one object a check."""
    return _PASSED.get(name) or _PASSED.setdefault(name, Finding(name))


SESSION_KIND = Finding("session_kind")
ID_IS_NEW = Finding("id_is_new")
THROTTLE = Finding("throttle")
DESK_OPEN = Finding("desk_open")
ACCOUNT_KNOWN = Finding("account_known")
SYMBOL_KNOWN = Finding("symbol_known")
INSTRUMENT_OPEN = Finding("instrument_open")
FRESH_PRICE = Finding("fresh_price")


def id_is_new(case: Common) -> Finding:
    """QuoteReqID(131) or ClOrdID(11) was never used by this client (R17)."""
    if case.duplicate:
        return Finding("id_is_new", Refusal.DUPLICATE, detail=case.duplicate)
    return ID_IS_NEW


def throttle(case: Common) -> Finding:
    """The session keeps to its rate of messages."""
    if case.throttled:
        return too_many(case.retry_after_ms)
    return THROTTLE


def too_many(retry_after_ms: int) -> Finding:
    """The refusal of a message too many, with the milliseconds after which it would pass."""
    detail = f"{Refusal.THROTTLED.value}, try again in {retry_after_ms} ms"
    return Finding("throttle", Refusal.THROTTLED, detail=detail)


def desk_open(case: Common) -> Finding:
    """The desk is not halted; while it is REDUCING, an order reduces."""
    if case.halted:
        return Finding("desk_open", Refusal.HALTED)
    state = case.authority.desk_state
    if authority.state_forbids(case.authority, state):
        return Finding("desk_open", Refusal.HALTED, state)
    return DESK_OPEN


def client_enabled(case: Common) -> Finding:
    """The client is known, active and enabled, and so is the session."""
    return authority.client_enabled(case.authority)


def client_state(case: Common) -> Finding | None:
    """The client's trading state lets it pass."""
    return authority.client_state(case.authority)


def kyc(case: Common) -> Finding | None:
    """The client's KYC is approved and has not expired."""
    return authority.kyc(case.authority)


def screened(case: Common) -> Finding | None:
    """The client was screened as he is now, and is clear."""
    return authority.screened(case.authority)


def account_known(case: Common) -> Finding | None:
    """Account(1) is one of the client's; a broker's end client is one of the session's (R23), and
    may be named by it."""
    if case.client is None:
        return None
    if case.session.broker and case.end_client not in case.session.end_clients:
        return Finding("account_known", Refusal.UNKNOWN_ACCOUNT, measured=case.end_client)
    named = case.session.broker and case.account == case.end_client
    if case.account and not named and case.account not in case.client.accounts:
        return Finding("account_known", Refusal.UNKNOWN_ACCOUNT, measured=case.account, tag=1)
    return ACCOUNT_KNOWN


def symbol_known(case: Common) -> Finding:
    """Symbol(55) is dealt in here."""
    if case.instrument is None:
        return Finding("symbol_known", Refusal.UNKNOWN_SYMBOL, tag=55)
    return SYMBOL_KNOWN


def instrument_allowed(case: Common) -> Finding | None:
    """The client may deal in the instrument."""
    return authority.instrument_allowed(case.authority)


def jurisdiction(case: Common) -> Finding | None:
    """The rules of the client's jurisdiction allow it."""
    return authority.jurisdiction(case.authority)


def instrument_open(case: Common) -> Finding | None:
    """The instrument is in its trading hours, not paused or halted; REDUCING: an order reduces."""
    if case.instrument is None:
        return None
    if case.instrument_state != "OPEN":
        return Finding("instrument_open", Refusal.CLOSED, measured=case.instrument_state)
    state = case.authority.instrument_state
    if authority.state_forbids(case.authority, state):
        return Finding("instrument_open", Refusal.CLOSED, measured=state)
    return INSTRUMENT_OPEN


def fresh_price(case: Common) -> Finding | None:
    """The instrument and the conversions that limits need have a fresh price (R15)."""
    if case.instrument is None:
        return None
    if case.pricing_refusal is Refusal.NO_PRICE:
        return Finding("fresh_price", Refusal.NO_PRICE)
    if case.conversion is None:
        return Finding("fresh_price", Refusal.NO_PRICE, measured="no conversion")
    return FRESH_PRICE


def funds(case: Common) -> Finding | None:
    """Free funds, the settlement limit included, cover what the deal takes. Minor units.

    A replace that takes nothing passes, also below a settlement limit that was lowered (R23).
    """
    need, free = case.need, case.free
    if need is None or free is None:
        return None
    return Finding(
        "funds",
        Refusal.FUNDS if need > max(free, 0) else None,
        f"{need} {case.need_asset}",
        str(free),
    )
