"""QUOTE_CHECKS: the order in which a QuoteRequest(35=R) is judged (rules.md section 4)."""

from decimal import Decimal

from otcfix.gate import common_checks as common
from otcfix.gate import limit_checks as limits
from otcfix.gate.case import Common, QuoteCase, age_refusal
from otcfix.model.messages import Unit
from otcfix.model.money import is_multiple
from otcfix.model.refusal import Refusal
from otcfix.model.time import local_date
from otcfix.model.verdict import Finding

_FIELDS = Finding("fields")
_SUPPORTED = Finding("supported")
_QUANTITY = Finding("quantity_valid")
_DEPTH = Finding("depth")
_STABLE = Finding("market_stable")
_DESK_QUOTES = Finding("desk_quotes")


def fields(case: QuoteCase) -> Finding:
    """What the desk needs is there, whatever the dictionary says."""
    if case.request.missing:
        return Finding("fields", Refusal.MISSING_FIELD, tag=case.request.missing[0])
    return _FIELDS


def session_kind(case: QuoteCase) -> Finding:
    """QuoteRequests belong on quote sessions."""
    if not case.session.may_quote:
        return Finding("session_kind", Refusal.WRONG_SESSION, measured=case.session.kind)
    return common.SESSION_KIND


def not_too_old(case: QuoteCase) -> Finding:
    """R3, and ExpireTime(126)/ValidUntilTime(62) of the request (rules.md 2.12). Microseconds."""
    age, limit, refused = age_refusal(
        case.head,
        case.request.transact_time,
        case.session,
        case.received_at,
        case.session.quote_request_age_max_ms,
    )
    expires = case.request.expire_time
    if expires is not None and case.received_at > expires:
        refused = True
    return Finding("not_too_old", Refusal.TOO_OLD if refused else None, str(age), str(limit))


def supported(case: QuoteCase) -> Finding | None:
    """Side, currency, settlement date and quote type are ones that the desk does."""
    line = case.line
    if case.repeated_line:
        return Finding("supported", Refusal.UNSUPPORTED, detail="the line repeats another")
    if line.wire_side not in ("", "1", "2"):
        return Finding("supported", Refusal.UNSUPPORTED, tag=54)
    if line.faults:
        return Finding("supported", Refusal.UNSUPPORTED, tag=line.faults[0])
    if line.unit is Unit.BOTH:
        return Finding("supported", Refusal.UNSUPPORTED, tag=152)
    if line.quote_type not in (None, 0, 1):
        return Finding("supported", Refusal.UNSUPPORTED, tag=537)
    if case.instrument is None:
        return None
    if line.unit is Unit.UNKNOWN:
        return Finding("supported", Refusal.UNSUPPORTED, tag=15)
    tag = settlement_fault(line.settl_date, line.settl_type, case)
    if tag:
        return Finding("supported", Refusal.UNSUPPORTED, tag=tag)
    version_42, told = case.session.version == "FIX.4.2", case.session.indicative_42 == "sizeless"
    if _is_indicative(case) and version_42 and not told:
        return Finding("supported", Refusal.UNSUPPORTED, tag=537)
    return _SUPPORTED


def _is_indicative(case: QuoteCase) -> bool:
    quote_type = case.line.quote_type
    return (case.session.quote_type_default if quote_type is None else quote_type) == 0


def settlement_fault(settl_date: str, settl_type: str, case: Common) -> int:
    """The tag, 64 or 63, that asks for another settlement than the instrument's; 0 for none."""
    if settl_date and case.settl_date and settl_date != local_date(case.settl_date):
        return 64
    if settl_type not in ("", "0") and not (settl_type in ("6", "B") and settl_date):
        days = {"1": 0, "2": 1, "3": 2, "4": 3, "5": 4}.get(settl_type)
        if case.instrument is None or days != case.instrument.settl_days:
            return 63
    return 0


def quantity_valid(case: QuoteCase) -> Finding | None:
    """The quantity is positive, on the lot and not below the minimum."""
    line, instrument = case.line, case.instrument
    if line.quantity is None:
        return None
    if line.quantity <= 0:
        return Finding("quantity_valid", Refusal.BAD_QUANTITY, tag=quantity_tag(line.unit))
    if instrument is None:
        return None
    fault = quantity_fault(line.quantity, line.unit, case)
    if fault:
        return Finding(
            "quantity_valid", Refusal.BAD_QUANTITY, tag=quantity_tag(line.unit), detail=fault
        )
    return _QUANTITY


def quantity_tag(unit: Unit) -> int:
    """The tag that carries a quantity of *unit*."""
    return 152 if unit is Unit.CASH else 38


def quantity_fault(quantity: Decimal, unit: Unit, case: QuoteCase) -> str:
    """What is wrong with *quantity*: off the lot, below the minimum; "" for nothing."""
    instrument = case.instrument
    if instrument is None:
        return ""
    step = instrument.lot if unit is Unit.BASE else instrument.terms_step
    if not is_multiple(quantity, step):
        return f"not a multiple of {step}"
    base = quantity if unit is Unit.BASE else case.base_quantity
    if case.pricing_refusal is Refusal.BAD_QUANTITY:
        return "less than one lot"
    if base is not None and base < instrument.qty_min:
        return f"below the minimum of {instrument.qty_min}"
    return ""


def quantity_max(case: QuoteCase) -> Finding | None:
    """The size, in base, is not above the instrument's maximum."""
    base, instrument = case.base_quantity, case.instrument
    if base is None or instrument is None:
        return None
    over = base > instrument.qty_max
    return Finding(
        "quantity_max",
        Refusal.TOO_LARGE if over else None,
        str(base),
        str(instrument.qty_max),
        38 if over else None,
    )


def depth(case: QuoteCase) -> Finding | None:
    """The sources show enough for the size."""
    if case.instrument is None:
        return None
    if case.pricing_refusal is Refusal.NO_DEPTH:
        return Finding("depth", Refusal.NO_DEPTH)
    return _DEPTH


def market_stable(case: QuoteCase) -> Finding | None:
    """The composite is not crossed."""
    if case.instrument is None:
        return None
    if case.pricing_refusal is Refusal.MARKET_UNSTABLE:
        return Finding("market_stable", Refusal.MARKET_UNSTABLE)
    return _STABLE


def desk_quotes(case: QuoteCase) -> Finding:
    """The desk does not pass on this request."""
    if case.pricing_refusal is Refusal.PASS:
        return Finding("desk_quotes", Refusal.PASS)
    return _DESK_QUOTES


QUOTE_CHECKS = (
    fields,
    session_kind,
    common.id_is_new,
    not_too_old,
    common.throttle,
    common.desk_open,
    common.client_enabled,
    common.client_state,
    common.kyc,
    common.screened,
    common.account_known,
    common.symbol_known,
    common.instrument_allowed,
    common.jurisdiction,
    common.instrument_open,
    supported,
    quantity_valid,
    limits.open_quotes,
    quantity_max,
    limits.order_size,
    limits.quote_notional,
    common.fresh_price,
    depth,
    market_stable,
    limits.position,
    limits.turnover_day,
    limits.turnover_30d,
    limits.loss,
    limits.settlement,
    common.funds,
    desk_quotes,
)
