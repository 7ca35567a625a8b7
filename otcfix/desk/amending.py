"""OrderCancelRequest, OrderCancelReplaceRequest, OrderMassCancelRequest: changing what rests."""

from decimal import Decimal

from msgspec import structs

from otcfix.desk import fills, limiting
from otcfix.desk.authority import reduces, tell_review
from otcfix.desk.dealing import expiry_of, order_case
from otcfix.desk.draft import Draft
from otcfix.desk.leaves import base_left
from otcfix.desk.lookups import duplicate_text, order_of, prior_use, scope_of
from otcfix.desk.market import Market
from otcfix.desk.matching import execute
from otcfix.desk.measuring import prepare
from otcfix.gate import CANCEL_CHECKS, ORDER_CHECKS, CancelCase, judge
from otcfix.gate.common_checks import too_many
from otcfix.ledger import holds
from otcfix.model.event import IdUse
from otcfix.model.messages import (
    Head,
    NewOrderSingle,
    OrderCancelReplaceRequest,
    OrderCancelRequest,
    Unit,
)
from otcfix.model.order import CANCELED, DAY, FILLED, FOK, IOC, REJECTED, Order
from otcfix.model.party import Session
from otcfix.model.refusal import CANCEL_CODES, Refusal, wording
from otcfix.model.replies import ExecutionReport, OrderCancelRejected
from otcfix.model.time import Instant, local_date
from otcfix.model.verdict import Finding

NONE = "NONE"
NO_PASS_NEEDED = ("fields", "session_kind", "id_is_new", "throttle", "account_known")
"""Checks of ORDER_CHECKS that CANCEL_CHECKS make themselves, in their own order."""

GATE_FOR_REPLACE = tuple(c for c in ORDER_CHECKS if c.__name__ not in NO_PASS_NEEDED)


REPLACES_MAX = 200
"""ClOrdIDs that one order may use up: State keeps them all while it is open."""


def on_order_cancel_request(draft: Draft, message: OrderCancelRequest) -> None:
    """Cancel what is left of an order (35=F)."""
    head = message.head
    session = draft.register.sessions[head.session]
    scope = scope_of(session, message.end_client)
    if _said_before(draft, head, scope, message.cl_ord_id, "F"):
        return
    order = order_of(draft, scope, message.orig_cl_ord_id, message.order_id)
    case = CancelCase(
        session,
        message.missing,
        message.cl_ord_id,
        message.orig_cl_ord_id,
        message.order_id,
        _duplicate(draft, scope, message.cl_ord_id),
        order,
    )
    verdict = judge(CANCEL_CHECKS, case)
    draft.verdicts.append(verdict)
    if verdict.failed is not None:
        _reject(draft, head, scope, case, verdict.failed, "1")
        return
    assert order is not None
    draft.uses.append(
        IdUse(
            scope,
            message.cl_ord_id,
            "F",
            order.order_id,
            head.digest,
            True,
            orig_cl_ord_id=message.orig_cl_ord_id,
        )
    )
    order = structs.replace(
        order,
        session=head.session,
        deliver_to=head.on_behalf_of,
        deliver_to_sub=head.on_behalf_of_sub,
    )
    fills.close(
        draft,
        order,
        CANCELED,
        "CANCELED",
        cl_ord_id=message.cl_ord_id,
        orig_cl_ord_id=message.orig_cl_ord_id,
    )


def _duplicate(draft: Draft, scope: str, cl_ord_id: str) -> str:
    prior = prior_use(draft, scope, cl_ord_id) if cl_ord_id else None
    return duplicate_text(prior) if prior else ""


def _said_before(draft: Draft, head: Head, scope: str, cl_ord_id: str, kind: str) -> bool:
    """A23: a resent F or G with the same body gets the same answer; nothing happens again."""
    prior = prior_use(draft, scope, cl_ord_id) if head.resent and cl_ord_id else None
    if prior is None or prior.use.digest != head.digest or prior.use.kind != kind:
        return False
    use, order = prior.use, prior.order
    if use.accepted and order is not None:
        fills.say_status(draft, order, head, cl_ord_id, orig_cl_ord_id=use.orig_cl_ord_id)
        return True
    draft.say(
        OrderCancelRejected(
            head.session,
            order.order_id if order else NONE,
            cl_ord_id,
            use.orig_cl_ord_id,
            order.status if order else REJECTED,
            "1" if kind == "F" else "2",
            Refusal[use.code],
            use.text,
            order.account if order else "",
            draft.event.at,
            head.on_behalf_of,
            head.on_behalf_of_sub,
        )
    )
    return True


def _reject(
    draft: Draft, head: Head, scope: str, case: CancelCase, failed: Finding, response_to: str
) -> None:
    refusal = failed.refusal
    assert refusal is not None
    if refusal in (Refusal.MISSING_FIELD, Refusal.WRONG_SESSION):
        draft.business_reject(head, case.cl_ord_id, refusal, failed.tag, failed.detail)
        return
    order = case.order
    text = (
        f"DUPLICATE {failed.detail}"
        if refusal is Refusal.DUPLICATE
        else wording(refusal, failed.tag, failed.detail)
    )
    code = refusal if refusal in CANCEL_CODES else Refusal.REPLACE_REFUSED
    draft.say(
        OrderCancelRejected(
            head.session,
            order.order_id if order else NONE,
            case.cl_ord_id,
            case.orig_cl_ord_id,
            order.status if order else REJECTED,
            response_to,
            code,
            text,
            order.account if order else "",
            draft.event.at,
            head.on_behalf_of,
            head.on_behalf_of_sub,
        )
    )
    if refusal not in (Refusal.DUPLICATE, Refusal.THROTTLED):
        draft.uses.append(
            IdUse(
                scope,
                case.cl_ord_id,
                "F" if response_to == "1" else "G",
                order.order_id if order else NONE,
                head.digest,
                False,
                code.name,
                text,
                case.orig_cl_ord_id,
            )
        )


def on_order_cancel_replace_request(draft: Draft, message: OrderCancelReplaceRequest) -> None:
    """Change quantity, price, expiry or MinQty of a resting order (35=G; A11, A12)."""
    wanted, head = message.order, message.head
    session = draft.register.sessions[head.session]
    scope = scope_of(session, wanted.end_client)
    if _said_before(draft, head, scope, wanted.cl_ord_id, "G"):
        return
    order = order_of(draft, scope, message.orig_cl_ord_id, message.order_id)
    case = CancelCase(
        session,
        wanted.missing,
        wanted.cl_ord_id,
        message.orig_cl_ord_id,
        message.order_id,
        _duplicate(draft, scope, wanted.cl_ord_id),
        order,
    )
    if draft.retry_after_ms:
        case.gate_refusal = too_many(draft.retry_after_ms)
    elif order is not None and order.is_open and not wanted.missing:
        case.changed_tag = _changed(order, wanted)
        if not case.changed_tag:
            case.gate_refusal = _judge(draft, order, wanted, session)
    verdict = judge(CANCEL_CHECKS, case)
    draft.verdicts.append(verdict)
    if verdict.failed is not None:
        _reject(draft, head, scope, case, verdict.failed, "2")
        return
    assert order is not None
    _replace(draft, order, wanted)


def _changed(order: Order, wanted: NewOrderSingle) -> int:
    """The tag of a field that a replace changes and may not (A11); 0 for none."""
    account = wanted.account or order.account
    unit = Unit.TERMS if wanted.unit is Unit.TERMS else Unit.BASE
    if wanted.symbol and wanted.symbol != order.symbol:
        return 55
    if wanted.wire_side != order.wire_side:
        return 54
    if wanted.ord_type != order.ord_type:
        return 40
    if account != order.account:
        return 1
    if wanted.unit is Unit.CASH:
        return 152
    if unit is not order.unit or wanted.unit is Unit.UNKNOWN:
        return 15
    if wanted.time_in_force in (IOC, FOK):
        return 59
    return 0


def _judge(draft: Draft, order: Order, wanted: NewOrderSingle, session: Session) -> Finding | None:
    """What the gate says of the order that the replace would make; the increase only counts."""
    case = order_case(draft, wanted, session)
    case.replaces = True
    assert wanted.quantity is not None
    if len(order.chain) >= REPLACES_MAX:
        detail = "too many replaces of one order"
        return Finding("replaces", Refusal.REPLACE_REFUSED, str(len(order.chain)), detail=detail)
    if wanted.quantity <= order.cum_qty and wanted.quantity > 0:
        return None  # amended down to what is filled: nothing new is asked for
    increase = max(wanted.quantity - order.quantity, Decimal(0))
    prepare(draft, case, increase)
    instrument, client = case.instrument, case.client
    if instrument is not None and not increase:
        # Nothing more is asked for: it is judged alone, as it is where it rests.
        after = structs.replace(order, quantity=wanted.quantity, price=wanted.price)
        of = (order.client_id, instrument, order.side)
        case.authority.reduces = reduces(draft, *of, base_left(after))
    if instrument is not None and client is not None and wanted.price and wanted.price > 0:
        tier = draft.register.tiers[client.tier]
        leaves = wanted.quantity - order.cum_qty
        # The size is the whole order's; at its limit, where it counts terms.
        case.base_quantity = wanted.quantity
        if order.unit is Unit.TERMS:
            case.base_quantity = wanted.quantity / wanted.price
        if leaves > 0 and (case.base_quantity or 0) <= 2 * instrument.qty_max:
            _, need = holds.hold_for(
                instrument, order.side, leaves, order.unit, wanted.price, tier.fee_bps
            )
            case.need, case.need_asset = max(need - order.held, 0), order.held_asset
            case.free = draft.free(order.client_id, order.held_asset, same_day=True)
    limiting.lay_order(draft, case, increase)
    verdict = judge(GATE_FOR_REPLACE, case)
    draft.verdicts.append(verdict)
    tell_review(draft, verdict, case.authority)
    return verdict.failed


def _replace(draft: Draft, order: Order, wanted: NewOrderSingle) -> None:
    instrument = draft.register.instruments[order.symbol]
    tier = draft.register.tiers[draft.register.clients[order.client_id].tier]
    after = _as_wanted(draft, order, wanted, expiry_of(draft, wanted, instrument))
    after = _move_hold(draft, after, fills.hold_wanted(after, instrument, tier))
    draft.put_order(after)
    draft.uses.append(
        IdUse(
            after.scope,
            wanted.cl_ord_id,
            "G",
            order.order_id,
            wanted.head.digest,
            True,
            orig_cl_ord_id=order.cl_ord_id,
        )
    )
    draft.say(
        ExecutionReport(
            after.session,
            "REPLACED",
            draft.ids.next("E"),
            after,
            after.cl_ord_id,
            draft.event.at,
            orig_cl_ord_id=order.cl_ord_id,
        )
    )
    if not after.is_open:
        return
    if after.expire_at is not None:
        draft.timer(after.expire_at, "order", after.order_id)
    _try_at_once(draft, after)


def _as_wanted(
    draft: Draft, order: Order, wanted: NewOrderSingle, expire_at: Instant | None
) -> Order:
    """The order as the replace makes it (A11): never for less than is filled already."""
    head = wanted.head
    assert wanted.quantity is not None
    quantity = max(wanted.quantity, order.cum_qty)
    expire_date = local_date(wanted.expire_date) if wanted.expire_date else ""
    # R16: a place in the queue is kept only when the quantity alone went down.
    same_otherwise = (
        wanted.price,
        wanted.time_in_force or DAY,
        wanted.min_qty,
        wanted.expire_time,
        expire_date,
    ) == (
        order.price,
        order.time_in_force or DAY,
        order.min_qty,
        order.expire_time,
        order.expire_date,
    )
    keeps_place = same_otherwise and quantity <= order.quantity
    return structs.replace(
        order,
        cl_ord_id=wanted.cl_ord_id,
        chain=(*order.chain, (wanted.cl_ord_id, head.digest)),
        quantity=quantity,
        price=wanted.price,
        time_in_force=wanted.time_in_force or DAY,
        expire_at=expire_at,
        expire_time=wanted.expire_time,
        expire_date=expire_date,
        min_qty=wanted.min_qty,
        accepted_seq=order.accepted_seq if keeps_place else draft.event.seq,
        session=head.session,
        status=FILLED if quantity == order.cum_qty else order.status,
        cash_order_qty=None,
        deliver_to=head.on_behalf_of,
        deliver_to_sub=head.on_behalf_of_sub,
    )


def _move_hold(draft: Draft, order: Order, wanted: int) -> Order:
    if wanted > order.held:
        draft.post(holds.place(order.client_id, order.held_asset, wanted - order.held))
    else:
        draft.post(holds.release(order.client_id, order.held_asset, order.held - wanted))
    return structs.replace(order, held=wanted)


def _try_at_once(draft: Draft, order: Order) -> None:
    instrument = draft.register.instruments[order.symbol]
    market = Market(draft, instrument, draft.register.clients[order.client_id])
    if order.price is not None:
        execute(draft, order, market, order.price)
