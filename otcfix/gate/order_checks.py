"""ORDER_CHECKS: the order in which a NewOrderSingle(35=D) is judged (rules.md section 4).

A replace (G) is judged by the same table on the order that it would make, with the increase only.
"""

from decimal import Decimal

from otcfix.gate import common_checks as common
from otcfix.gate import limit_checks as limits
from otcfix.gate.case import OrderCase, age_refusal
from otcfix.gate.quote_checks import quantity_tag, settlement_fault
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side, Unit
from otcfix.model.money import is_multiple
from otcfix.model.order import DAY, FOK, GTC, GTD, IOC, LIMIT, MARKET, PREVIOUSLY_QUOTED
from otcfix.model.quote import INDICATIVE, LIVE
from otcfix.model.refusal import Refusal
from otcfix.model.verdict import Finding

_FIELDS = Finding("fields")
_SUPPORTED = Finding("supported")
_EXPIRY = Finding("expiry")
_QUOTE_KNOWN = Finding("quote_known")
_QUOTE_FIRM = Finding("quote_firm")
_QUOTE_LIVE = Finding("quote_live")
_QUOTE_AGREES = Finding("quote_agrees")
_QUANTITY = Finding("quantity_valid")
_PRICE = Finding("price_valid")
_COLLAR = Finding("collar")
_DEPTH = Finding("depth")
_IN_TOLERANCE = Finding("price_in_tolerance")

TIME_IN_FORCE = {
    PREVIOUSLY_QUOTED: ("", IOC, FOK),
    MARKET: ("", IOC, FOK),
    LIMIT: ("", DAY, GTC, IOC, FOK, GTD),
}
"""TimeInForce(59) per OrdType(40); "" is absent (A7)."""


def fields(case: OrderCase) -> Finding:
    """What the desk needs is there, whatever the dictionary says (rules.md 2.4)."""
    if case.order.missing:
        return Finding("fields", Refusal.MISSING_FIELD, tag=case.order.missing[0])
    return _FIELDS


def session_kind(case: OrderCase) -> Finding:
    """Orders belong on trade sessions."""
    if not case.session.may_trade:
        return Finding("session_kind", Refusal.WRONG_SESSION, measured=case.session.kind)
    return common.SESSION_KIND


def not_too_old(case: OrderCase) -> Finding | None:
    """R3: an order resent after a break must not fill minutes late. Microseconds."""
    if case.replaces:
        return None
    age, limit, refused = age_refusal(
        case.head,
        case.order.transact_time,
        case.session,
        case.received_at,
        case.session.order_age_max_ms,
    )
    return Finding("not_too_old", Refusal.TOO_OLD if refused else None, str(age), str(limit))


def supported(case: OrderCase) -> Finding | None:
    """OrdType, TimeInForce, ExecInst, HandlInst, currency, settlement, 2676 (R5, R6, A7)."""
    tag = _unsupported_tag(case)
    if tag is None:
        return None
    if tag:
        return Finding("supported", Refusal.UNSUPPORTED, tag=tag)
    return _SUPPORTED


def _unsupported_tag(case: OrderCase) -> int | None:
    order = case.order
    if order.wire_side not in ("1", "2"):
        return 54
    if order.not_done:
        return order.not_done
    if order.unit is Unit.BOTH:
        return 152
    if order.unit is Unit.CASH and order.min_qty is not None:
        return 110  # it would count base, of a quantity that is not known yet
    allowed = TIME_IN_FORCE.get(order.ord_type)
    if allowed is None:
        return 40
    if order.time_in_force not in allowed:
        return 59
    if order.exec_inst and any(word != "o" for word in order.exec_inst.split()):
        return 18
    if order.handl_inst == "3":
        return 21
    deviation = order.max_price_deviation
    if deviation is not None and (order.ord_type != MARKET or not 0 <= deviation < 1):
        return 2676
    if case.instrument is None:
        return None
    if order.unit is Unit.UNKNOWN:
        return 15
    return settlement_fault(order.settl_date, order.settl_type, case)


def expiry(case: OrderCase) -> Finding:
    """ExpireTime(126) or ExpireDate(432) lies in the future (A8)."""
    if case.expire_at is not None and case.expire_at <= case.received_at:
        return Finding("expiry", Refusal.EXPIRES_PAST, str(case.received_at), str(case.expire_at))
    return _EXPIRY


def quote_known(case: OrderCase) -> Finding | None:
    """QuoteID(117) names a quote of this client."""
    if case.order.ord_type != PREVIOUSLY_QUOTED:
        return None
    if case.quote is None:
        return Finding("quote_known", Refusal.UNKNOWN_QUOTE, tag=117)
    return _QUOTE_KNOWN


def quote_firm(case: OrderCase) -> Finding | None:
    """An indicative quote cannot be dealt on."""
    if case.quote is None:
        return None
    if case.quote_state == INDICATIVE:
        return Finding("quote_firm", Refusal.INDICATIVE)
    return _QUOTE_FIRM


def quote_live(case: OrderCase) -> Finding | None:
    """The quote was not dealt, withdrawn, passed, nor past ValidUntilTime(62) (R18)."""
    if case.quote is None or case.quote_state == INDICATIVE:
        return None
    if case.quote_state != LIVE:
        return Finding("quote_live", Refusal.QUOTE_GONE, detail=case.quote_state.lower())
    if case.received_at > case.quote.valid_until:
        return Finding(
            "quote_live",
            Refusal.QUOTE_GONE,
            str(case.received_at),
            str(case.quote.valid_until),
            detail="expired",
        )
    return _QUOTE_LIVE


def quote_agrees(case: OrderCase) -> Finding | None:
    """Symbol, side, currency, account and price are the quote's (R5)."""
    quote, order = case.quote, case.order
    if quote is None:
        return None
    tag = 0
    if order.symbol != quote.symbol:
        tag = 55
    elif case.quoted_price is None:
        tag = 54
    elif (order.unit is Unit.TERMS) != (quote.unit is Unit.TERMS):
        tag = 15
    elif case.end_client != quote.end_client:
        tag = 453
    elif case.account != quote.account:
        tag = 1
    elif order.price is not None and order.price != case.quoted_price:
        tag = 44
    if tag:
        return Finding("quote_agrees", Refusal.QUOTE_DIFFERS, tag=tag)
    return _QUOTE_AGREES


def quantity_valid(case: OrderCase) -> Finding | None:
    """Positive, on the lot, not below the minimum, MinQty(110) fits; 40=D: the quote's own, or no
    more than is left of a rung (A3)."""
    order, instrument = case.order, case.instrument
    quantity = order.quantity
    if quantity is None:
        return None
    tag = quantity_tag(order.unit)
    fault = ""
    if quantity <= 0:
        fault = "must be positive"
    elif order.min_qty is not None and not 0 <= order.min_qty <= quantity:
        tag, fault = 110, "must lie between 0 and the quantity"
    elif instrument is None:
        return None
    elif case.quote is not None and order.ord_type == PREVIOUSLY_QUOTED:
        fault = _quoted_quantity_fault(case, quantity)
    else:
        step = instrument.lot if order.unit is Unit.BASE else instrument.terms_step
        base = quantity if order.unit is Unit.BASE else case.base_quantity
        if not is_multiple(quantity, step):
            fault = f"not a multiple of {step}"
        elif case.pricing_refusal is Refusal.BAD_QUANTITY:
            fault = "less than one lot"
        elif base is not None and base < instrument.qty_min and not case.replaces:
            fault = f"below the minimum of {instrument.qty_min}"
    if fault:
        return Finding("quantity_valid", Refusal.BAD_QUANTITY, str(quantity), "", tag, fault)
    return _QUANTITY


def _quoted_quantity_fault(case: OrderCase, quantity: Decimal) -> str:
    quote, order, instrument = case.quote, case.order, case.instrument
    if quote is None or instrument is None:
        return ""
    if case.rung_left is not None and order.unit is Unit.BASE:
        return _rung_fault(quantity, case.rung_left, instrument)
    if order.unit is quote.unit:
        return "" if quantity == quote.quantity else "differs from the quoted quantity"
    if order.unit is Unit.BASE and quote.unit is Unit.CASH:
        # A request in cash was answered with sizes in base: the order may repeat either.
        size = quote.size_for(order.side, instrument.lot)
        return "" if quantity == size else "differs from the quoted size"
    return "counts another unit than the quote"


def _rung_fault(quantity: Decimal, left: Decimal, instrument: Instrument) -> str:
    """A3: a rung may be dealt on for less than its size, and until that is used up."""
    if quantity > left:
        return "above what is left of the rung"
    if not is_multiple(quantity, instrument.lot):
        return f"not a multiple of {instrument.lot}"
    if quantity < instrument.qty_min:
        return f"below the minimum of {instrument.qty_min}"
    return ""


def quantity_max(case: OrderCase) -> Finding | None:
    """The quantity, in base, is not above the instrument's maximum."""
    if case.instrument is None or case.base_quantity is None:
        return None
    over = case.base_quantity > case.instrument.qty_max
    return Finding(
        "quantity_max",
        Refusal.TOO_LARGE if over else None,
        str(case.base_quantity),
        str(case.instrument.qty_max),
        quantity_tag(case.order.unit) if over else None,
    )


def price_valid(case: OrderCase) -> Finding | None:
    """Price(44), where sent, is positive and on the tick."""
    order = case.order
    if order.price is None:
        return None
    if order.price <= 0:
        return Finding("price_valid", Refusal.BAD_PRICE, tag=44)
    if case.instrument is None:
        return None
    if order.ord_type != PREVIOUSLY_QUOTED and not is_multiple(order.price, case.instrument.tick):
        detail = f"not a multiple of {case.instrument.tick}"
        return Finding("price_valid", Refusal.BAD_PRICE, tag=44, detail=detail)
    return _PRICE


def collar(case: OrderCase) -> Finding | None:
    """A limit does not reach through the market by more than the instrument's collar (bps)."""
    order, mid = case.order, case.mid
    if order.ord_type != LIMIT or order.price is None or mid is None or case.instrument is None:
        return None
    through = order.price - mid if order.side is Side.BUY else mid - order.price
    if through * 10_000 > case.instrument.collar_bps * mid:
        return Finding(
            "collar", Refusal.COLLAR, str(order.price), str(case.instrument.collar_bps), 44
        )
    return _COLLAR


def rests(case: OrderCase) -> bool:
    """Whether the order stays in the book when it does not fill at once."""
    return case.order.ord_type == LIMIT and case.order.time_in_force not in (IOC, FOK)


def depth(case: OrderCase) -> Finding | None:
    """The sources show enough for a market order."""
    if case.instrument is None:
        return None
    if case.depth_short:
        return Finding("depth", Refusal.NO_DEPTH)
    return _DEPTH


def price_in_tolerance(case: OrderCase) -> Finding | None:
    """The client's price is within the worst that a market order allows (R5), and within the
    tolerance of a quote with last look (R19)."""
    if case.look_refused:
        return Finding(
            *("price_in_tolerance", Refusal.LAST_LOOK_PRICE, case.last_look, str(case.quoted_price))
        )
    if case.price_moved:
        return Finding("price_in_tolerance", Refusal.PRICE_MOVED, str(case.price), str(case.worst))
    if case.price is None:
        return None
    return _IN_TOLERANCE


ORDER_CHECKS = (
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
    expiry,
    quote_known,
    quote_firm,
    quote_live,
    quote_agrees,
    quantity_valid,
    quantity_max,
    limits.order_size,
    price_valid,
    common.fresh_price,
    collar,
    limits.order_notional,
    limits.median_multiple,
    limits.open_orders,
    limits.position,
    limits.turnover_day,
    limits.turnover_30d,
    limits.loss,
    limits.settlement,
    common.funds,
    depth,
    price_in_tolerance,
)
