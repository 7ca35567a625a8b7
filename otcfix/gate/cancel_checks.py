"""CANCEL_CHECKS: how OrderCancelRequest(35=F) and OrderCancelReplaceRequest(35=G) are judged.

A cancel is never throttled, halted or too old; a suspended client may always cancel.
"""

from msgspec import Struct

from otcfix.model.order import Order
from otcfix.model.party import Session
from otcfix.model.refusal import Refusal
from otcfix.model.verdict import Finding


class CancelCase(Struct, gc=False):
    """What is known of an F or a G and of the order that it names.

    order: None when unknown or another client's. changed_tag: a field that G may not change.
    gate_refusal: what ORDER_CHECKS said of the order that a G would make.
    """

    session: Session
    missing: tuple[int, ...]
    cl_ord_id: str
    orig_cl_ord_id: str
    order_id: str
    duplicate: str
    order: Order | None
    changed_tag: int = 0
    gate_refusal: Finding | None = None


def fields(case: CancelCase) -> Finding:
    """What the desk needs is there."""
    if case.missing:
        return Finding("fields", Refusal.MISSING_FIELD, tag=case.missing[0])
    return Finding("fields")


def session_kind(case: CancelCase) -> Finding:
    """Cancels belong on trade sessions."""
    refusal = None if case.session.may_trade else Refusal.WRONG_SESSION
    return Finding("session_kind", refusal, case.session.kind)


def id_is_new(case: CancelCase) -> Finding:
    """The request's own ClOrdID(11) was never used by this client (R17)."""
    refusal = Refusal.DUPLICATE if case.duplicate else None
    return Finding("id_is_new", refusal, detail=case.duplicate)


def order_known(case: CancelCase) -> Finding:
    """OrigClOrdID(41), or OrderID(37), names an order of this client."""
    return Finding("order_known", None if case.order else Refusal.UNKNOWN_ORDER)


def orig_is_current(case: CancelCase) -> Finding | None:
    """OrigClOrdID(41) is the last that was accepted, and OrderID(37), if sent, agrees (A12)."""
    if case.order is None:
        return None
    agrees = case.orig_cl_ord_id == case.order.cl_ord_id
    if case.order_id and case.order_id not in ("NONE", case.order.order_id):
        agrees = False
    return Finding("orig_is_current", None if agrees else Refusal.NOT_CURRENT)


def order_open(case: CancelCase) -> Finding | None:
    """The order can still be changed."""
    if case.order is None:
        return None
    return Finding("order_open", None if case.order.is_open else Refusal.TOO_LATE)


def changes_allowed(case: CancelCase) -> Finding | None:
    """A replace changes only 38, 44, 59, 126, 432 and 110 (A11)."""
    if case.changed_tag:
        return Finding("changes_allowed", Refusal.IMMUTABLE, tag=case.changed_tag)
    return Finding("changes_allowed")


def gate_agrees(case: CancelCase) -> Finding | None:
    """The gate lets the increase or the new price pass."""
    found = case.gate_refusal
    if found is None:
        return None
    return Finding(
        "gate_agrees", found.refusal, found.measured, found.limit, found.tag, found.detail
    )


CANCEL_CHECKS = (
    fields,
    session_kind,
    id_is_new,
    order_known,
    orig_is_current,
    order_open,
    changes_allowed,
    gate_agrees,
)
