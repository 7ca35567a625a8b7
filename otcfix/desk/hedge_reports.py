"""What venues say of our orders (35=8), and what follows.

A fill is booked once, by its venue and ExecID(17), whatever state its order is in: it happened.
What cannot be matched is refused (35=Q) and alerted, and nothing is posted. Whenever our count
and the venue's differ, the venue is asked (35=H), and its answer is what is booked in the end.
"""

from collections.abc import Callable
from decimal import Decimal

from msgspec import structs

from otcfix.desk import hedging
from otcfix.desk.cover import plain
from otcfix.desk.draft import Draft
from otcfix.desk.hedge_course import (
    PRICE_END,
    ask,
    book,
    book_rest,
    end,
    freeze,
    new_cause,
    unbookable,
    unfreeze,
)
from otcfix.model.hedge import (
    BAND,
    BUSTED,
    CANCELED,
    DONT_KNOW,
    FILLED,
    PENDING,
    REJECTED,
    UNKNOWN,
    WORKING,
    HedgeOrder,
    VenueReport,
    VenueRequest,
)
from otcfix.model.messages import Side
from otcfix.model.time import MS

ZERO = Decimal(0)

UNKNOWN_SYMBOL, WRONG_SIDE, NO_ORDER, DIFFERENT, OTHER = "A", "B", "D", "F", "Z"
"""DKReason(127)."""

ENDS = {"FILLED": FILLED, "CANCELED": CANCELED, "REJECTED": REJECTED}


def on_venue_report(draft: Draft, report: VenueReport) -> None:
    """Take one report of a venue. A number that is none counts as not said."""
    if not all(number is None or number.is_finite() for number in _numbers(report)):
        numbers = ("last_qty", "last_px", "cum_qty", "leaves_qty", "avg_px")
        report = structs.replace(report, **dict.fromkeys(numbers))
    order = hedging.hedge_of(draft, report.hedge_id)
    if order is None or order.venue != report.venue:
        _not_ours(draft, report)
    else:
        READERS.get(report.exec_type, _on_other)(draft, order, report)


def _numbers(report: VenueReport) -> tuple[Decimal | None, ...]:
    last = (report.last_qty, report.last_px)
    return (*last, report.cum_qty, report.leaves_qty, report.avg_px)


# -- refusing ----------------------------------------------------------------------------------


def _not_ours(draft: Draft, report: VenueReport) -> None:
    what = f"{report.exec_type} on {report.hedge_id or 'an order without ClOrdID'}"
    draft.alerts.append(f"{report.venue}: {what} {report.exec_id}, which is not ours")
    if report.exec_type not in ("TRADE", "CORRECT"):
        return
    shown = HedgeOrder(
        hedge_id=report.hedge_id,
        venue=report.venue,
        symbol=report.symbol,
        side=report.side or Side.BUY,
        quantity=report.last_qty or ZERO,
        price=report.last_px or ZERO,
        status=UNKNOWN,
        cause="",
        attempt=0,
        mid=ZERO,
        sent_at=draft.event.at,
        order_id=report.order_id,
    )
    draft.venue_requests.append(
        VenueRequest(DONT_KNOW, shown, report.exec_id, NO_ORDER, "no such order")
    )


def _refuse(
    draft: Draft, order: HedgeOrder, report: VenueReport, why: str, reason: str = OTHER
) -> None:
    """35=Q and an alert; then the venue is asked what is true."""
    draft.alerts.append(f"{order.venue}: {order.hedge_id} {report.exec_id} refused: {why}")
    draft.venue_requests.append(VenueRequest(DONT_KNOW, order, report.exec_id, reason, why))
    ask(draft, order)


# -- fills -------------------------------------------------------------------------------------


def _on_trade(draft: Draft, order: HedgeOrder, report: VenueReport) -> None:
    known = draft.state.cover.hedge_of(report.venue, report.exec_id)
    if known == order.hedge_id:
        return  # said again: booked already
    why = _unreadable(order, report) or ("its ExecID(17) is another order's" if known else "")
    if why:
        _refuse(draft, order, report, why, _reason(order, report))
        return
    quantity, px = report.last_qty, report.last_px
    assert quantity is not None
    assert px is not None
    if why := unbookable(draft, order, quantity, quantity * px):
        _refuse(draft, order, report, why)
        return
    total = order.cum_qty + quantity
    said = total if report.cum_qty is None else report.cum_qty
    if said < total:
        if said <= order.cum_qty and _was_reconciled(draft, order):
            return  # the venue's answer to 35=H has it in its sum
        _refuse(draft, order, report, f"cum {plain(said)} instead of {plain(total)}", DIFFERENT)
        return
    after = book(draft, order, report.exec_id, quantity, px, quantity * px)
    if after is None:
        return
    if report.order_id:
        after = structs.replace(after, order_id=report.order_id)
    _go_on(draft, after, report, is_short=said > total)


def _unreadable(order: HedgeOrder, report: VenueReport) -> str:
    """Why a fill cannot be booked as it stands, "" when it can."""
    if not report.exec_id:
        return "no ExecID(17)"
    if report.last_qty is None or report.last_qty <= 0:
        return "no LastQty(32)"
    if report.last_px is None or report.last_px <= 0:
        return "no LastPx(31)"
    return {
        UNKNOWN_SYMBOL: f"the order is for {order.symbol}",
        WRONG_SIDE: f"the order is to {'buy' if order.side is Side.BUY else 'sell'}",
    }.get(_reason(order, report), "")


def _reason(order: HedgeOrder, report: VenueReport) -> str:
    if report.symbol not in ("", order.symbol):
        return UNKNOWN_SYMBOL
    return WRONG_SIDE if report.side not in (None, order.side) else OTHER


def _was_reconciled(draft: Draft, order: HedgeOrder) -> bool:
    return any(
        exec_id.startswith(("S:", "M:")) for exec_id in draft.state.cover.fills(order.hedge_id)
    )


def _go_on(draft: Draft, order: HedgeOrder, report: VenueReport, *, is_short: bool) -> None:
    """What a fill makes of its order. is_short: the venue counts more than we have booked."""
    if not order.is_open:
        draft.alerts.append(f"{order.hedge_id}: filled after it was {order.status}")
        hedging.cover_band(draft, order.symbol, new_cause(draft, order))
        return
    if order.cum_qty >= order.quantity:
        end(draft, order, FILLED)
        return
    ended = report.status == "FILLED" or report.leaves_qty == 0
    if is_short or (ended and report.status not in ("CANCELED", "REJECTED")):
        draft.alerts.append(f"{order.hedge_id}: a fill is missing, {order.venue} is asked")
        ask(draft, structs.replace(order, status=WORKING))
    elif report.status in ("CANCELED", "REJECTED"):
        end(draft, order, ENDS[report.status], report.text)
    else:
        hedging.watch(draft, structs.replace(order, status=WORKING, asks=0))


# -- the order's course ------------------------------------------------------------------------


def _on_new(draft: Draft, order: HedgeOrder, report: VenueReport) -> None:
    if order.status in (PENDING, UNKNOWN):
        known = structs.replace(order, status=WORKING, order_id=report.order_id, asks=0)
        hedging.watch(draft, known)


def _on_end(draft: Draft, order: HedgeOrder, report: VenueReport) -> None:
    """CANCELED or REJECTED: what is left is covered again."""
    reconciled = _reconcile(draft, order, report, report.cum_qty)
    if reconciled is not None and reconciled.is_open:
        end(draft, reconciled, ENDS[report.exec_type], report.text)


def _on_other(draft: Draft, order: HedgeOrder, report: VenueReport) -> None:
    """A kind of report that we do not read: its state counts, if it says that all is over."""
    if report.status in ("CANCELED", "REJECTED"):
        _on_end(draft, order, structs.replace(report, exec_type=report.status))
    elif not report.status:
        draft.alerts.append(f"{order.venue}: a report on {order.hedge_id} cannot be read")
        ask(draft, order)


def _on_status(draft: Draft, order: HedgeOrder, report: VenueReport) -> None:
    """The answer to 35=H: book what we do not know of, then go on from the venue's state."""
    if order.late:
        # It answers a question from before the order was sent again.
        order = structs.replace(order, late=order.late - 1)
        draft.hedges[order.hedge_id] = order
        if report.unknown:
            return
    if report.unknown:
        if order.is_open:
            _never_had_it(draft, order)
        return
    reconciled = _reconcile(draft, order, report, _said_cum(order, report))
    if reconciled is None or not order.is_open:
        return
    if report.order_id:
        reconciled = structs.replace(reconciled, order_id=report.order_id)
    if reconciled.cum_qty >= reconciled.quantity:
        end(draft, reconciled, FILLED, report.text)
    elif report.status in ENDS and report.status != "FILLED":
        end(draft, reconciled, ENDS[report.status], report.text)
    elif report.status in ("NEW", "PARTIAL"):
        # It works on. An order that is immediate or cancelled must not do so for long: the
        # questions are counted until the venue moves it.
        moved = reconciled.cum_qty > order.cum_qty
        asks = 0 if moved else reconciled.asks
        hedging.watch(draft, structs.replace(reconciled, status=WORKING, asks=asks))
    else:
        hedging.watch(draft, reconciled)


def _said_cum(order: HedgeOrder, report: VenueReport) -> Decimal | None:
    if report.cum_qty is None and report.status == "FILLED":
        return order.quantity
    return report.cum_qty


def _reconcile(
    draft: Draft, order: HedgeOrder, report: VenueReport, cum: Decimal | None
) -> HedgeOrder | None:
    """Book the difference between the venue's sum and ours at the price that it comes to.

    None, with the symbol frozen, when the sums cannot be brought together.
    """
    if cum is None or cum == order.cum_qty:
        return order
    more = cum - order.cum_qty
    if more < 0:
        freeze(draft, order, f"{order.venue} counts {plain(cum)}, we booked {plain(order.cum_qty)}")
        return None
    value = report.avg_px * cum - order.cum_value if report.avg_px is not None else ZERO
    why = unbookable(draft, order, more, value)
    if value <= 0 or value / more >= PRICE_END:
        why = f"{plain(cum)} filled, {plain(order.cum_qty)} booked, at no price that fits"
    if why:
        freeze(draft, order, why)
        return None
    draft.alerts.append(f"{order.hedge_id}: {plain(more)} booked that {order.venue} told only now")
    after = book_rest(draft, order, cum, value)
    if after is not None and not after.is_open:
        hedging.cover_band(draft, order.symbol, new_cause(draft, order))
    return after


def _never_had_it(draft: Draft, order: HedgeOrder) -> None:
    """The venue denies the order: sent again under its id once, while its price is young.

    That is safe because the question went over the same line behind the order: had the order
    come through, the venue would know it. Later, what is left is covered anew.
    """
    if not order.asks:
        draft.alerts.append(f"{order.venue} denies {order.hedge_id} without being asked")
        return
    if order.cum_qty:
        freeze(draft, order, f"{order.venue} filled it and now denies it")
        return
    age = draft.event.at - order.sent_at
    young = age <= hedging.rule_of(draft, order.symbol).resend_age_ms * MS
    if order.sends <= 1 and young:
        unfreeze(draft, order)
        hedging.request_order(draft, order)
    else:
        end(draft, order, CANCELED, "the venue never had it")


# -- taking back -------------------------------------------------------------------------------


def _on_bust(draft: Draft, order: HedgeOrder, report: VenueReport) -> None:
    """BUST (150=H) takes a fill back; CORRECT (150=G) takes it back and books it anew."""
    fills = draft.state.cover.fills(order.hedge_id)
    reversal = f"R:{report.exec_ref_id}"
    undone = fills.get(report.exec_ref_id)
    if reversal in fills and undone is not None:
        return  # said again
    corrects = report.exec_type == "CORRECT"
    if undone is None or undone.status == BUSTED:
        why = f"ExecRefID(19) {report.exec_ref_id} is not booked"
        draft.alerts.append(f"{order.venue}: {report.exec_type} on {order.hedge_id}: {why}")
        ask(draft, order)
        return
    if corrects:
        taken = draft.state.cover.hedge_of(report.venue, report.exec_id)
        why = _unreadable(order, report) or ("its ExecID(17) is used up" if taken else "")
        if not why and report.last_qty is not None and report.last_px is not None:
            value = report.last_qty * report.last_px
            why = unbookable(draft, order, report.last_qty, value)
        if why:
            _refuse(draft, order, report, why, _reason(order, report))
            return
    base = undone.base_amount
    after = book(draft, order, reversal, -base, undone.price, -base * undone.price)
    if after is None:
        return
    if corrects and report.last_qty is not None and report.last_px is not None:
        value = report.last_qty * report.last_px
        after = book(draft, after, report.exec_id, report.last_qty, report.last_px, value)
    left = order.cum_qty - (after.cum_qty if after is not None else ZERO)
    word = "corrected" if corrects else "busted"
    draft.alerts.append(f"{order.venue} {word} {report.exec_ref_id} of {order.hedge_id}")
    if hedging.rule_of(draft, order.symbol).mode == BAND:
        hedging.cover_band(draft, order.symbol, new_cause(draft, order))
    elif left > 0 and not order.is_open:
        hedging.uncovered(draft, order.symbol, order.side, left, f"{report.exec_ref_id} {word}")


READERS: dict[str, Callable[[Draft, HedgeOrder, VenueReport], None]] = {
    "NEW": _on_new,
    "TRADE": _on_trade,
    "CANCELED": _on_end,
    "REJECTED": _on_end,
    "STATUS": _on_status,
    "BUST": _on_bust,
    "CORRECT": _on_bust,
}
