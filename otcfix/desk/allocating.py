"""AllocationInstruction (35=J), its answer (P), and a Confirmation (AK) for each account (4.4 on).

The accounts of a client share one purse, so no transfer follows from an allocation.
"""

from decimal import ROUND_HALF_UP, Decimal

from msgspec import Struct, structs

from otcfix.desk.breaks import open_break
from otcfix.desk.draft import Draft
from otcfix.desk.lookups import order_of, owner_of, scope_of
from otcfix.model.event import Recalled
from otcfix.model.instrument import Instrument
from otcfix.model.messages import AllocationInstruction, ConfirmationAck, Side
from otcfix.model.money import round_amount
from otcfix.model.order import AVERAGE, Order
from otcfix.model.party import Session
from otcfix.model.post_trade import (
    AFFIRMED,
    CANCELLED,
    CONFIRMED,
    DISPUTED,
    ENTRIES_MAX,
    AllocatedTo,
    Allocation,
    Confirmation,
)
from otcfix.model.refusal import Refusal, wording
from otcfix.model.replies import AllocationAnswered, Confirmed

ZERO = Decimal(0)
NEW, REPLACE, CANCEL = "0", "1", "2"
"""AllocTransType(71)."""

CALCULATED, READY_TO_BOOK = "1", "5"
"""AllocType(626) that the desk takes; 4.2 has none."""

UNCONFIRMED = frozenset(("FIX.4.0", "FIX.4.1", "FIX.4.2", "FIX.4.3"))
"""Versions without Confirmation(35=AK)."""


class No(Struct, frozen=True):
    """Why an allocation is refused: Text(58) names the tag."""

    refusal: Refusal
    tag: int
    detail: str


class Block(Struct, frozen=True):
    """What is allocated: orders of one symbol, side, unit and value date."""

    orders: tuple[Order, ...]
    instrument: Instrument

    @property
    def quantity(self) -> Decimal:
        """What they filled, in their unit."""
        return sum((order.cum_qty for order in self.orders), ZERO)

    @property
    def avg_px(self) -> Decimal:
        """AvgPx(6) of all of them: ROUND_HALF_UP at ten decimals."""
        value = sum((order.cum_value for order in self.orders), ZERO)
        return (value / self.quantity).quantize(AVERAGE, rounding=ROUND_HALF_UP)


def is_account_of(draft: Draft, session: Session, end_client: str, account: str) -> bool:
    """Whether an account is one of whom a message on *session* is for."""
    client = draft.client(owner_of(session, end_client))
    return client is not None and account in client.accounts


def on_allocation_instruction(draft: Draft, message: AllocationInstruction) -> None:
    """Take an allocation (71=0), replace one (1) or cancel one (2)."""
    head = message.head
    session = draft.register.sessions[head.session]
    if message.missing:
        tag = message.missing[0]
        draft.business_reject(head, message.alloc_id, Refusal.MISSING_FIELD, tag)
        return
    if not session.may_trade:
        draft.business_reject(head, message.alloc_id, Refusal.WRONG_SESSION)
        return
    known = _allocation(draft, session, message.alloc_id).allocation
    if known is not None:
        if head.resent and known.digest == head.digest:
            _answer(draft, message, None)
        else:
            _answer(draft, message, No(Refusal.DUPLICATE, 70, "the AllocID was used before"))
        return
    before: Recalled | None = None
    if message.trans_type in (REPLACE, CANCEL):
        before = _allocation(draft, session, message.ref_alloc_id)
        if before.allocation is None or before.allocation.state == CANCELLED:
            detail = f"no allocation {message.ref_alloc_id} stands"
            _answer(draft, message, No(Refusal.UNKNOWN_ORDER, 72, detail))
            return
    if message.trans_type == CANCEL:
        assert before is not None
        _answer(draft, message, None)
        _take_back(draft, message, before, keep=())
        _note_cancel(draft, message, before)
        return
    found = _judged(draft, session, message, before)
    if isinstance(found, No):
        _answer(draft, message, found)
        return
    _answer(draft, message, None)
    if before is not None:
        _take_back(draft, message, before, keep=tuple(o.order_id for o in found.orders))
    _accept(draft, session, message, found)


def _allocation(draft: Draft, session: Session, alloc_id: str) -> Recalled:
    found = draft.recalled("allocation", session.client_id, alloc_id)
    return found if found is not None else Recalled("allocation", alloc_id)


# -- judging -----------------------------------------------------------------------------------


def _judged(
    draft: Draft, session: Session, message: AllocationInstruction, before: Recalled | None
) -> Block | No:
    """The orders, when everything agrees; else the first thing that does not."""
    if message.trans_type not in (NEW, REPLACE):
        return No(Refusal.UNSUPPORTED, 71, "AllocTransType is 0, 1 or 2")
    if message.alloc_type not in ("", CALCULATED, READY_TO_BOOK):
        return No(Refusal.UNSUPPORTED, 626, "AllocType is 1 or 5")
    for tag, entries in ((73, message.orders), (78, message.parts)):
        if len(entries) > ENTRIES_MAX:
            return No(Refusal.UNSUPPORTED, tag, f"{ENTRIES_MAX} entries at most")
    found = _block(draft, session, message, before)
    if isinstance(found, No):
        return found
    for check in (_is_it, _adds_up, _agrees):
        refused = check(message, found)
        if refused is not None:
            return refused
    return _his(draft, session, message) or found


def _block(
    draft: Draft, session: Session, message: AllocationInstruction, before: Recalled | None
) -> Block | No:
    """The orders that group 73 names: his own, over, filled, alike and not allocated yet."""
    scope = scope_of(session, message.end_client)
    replaced = before.allocation.alloc_id if before and before.allocation else ""
    orders: dict[str, Order] = {}
    for cl_ord_id, order_id in message.orders:
        tag, name = (11, cl_ord_id) if cl_ord_id else (37, order_id)
        order = order_of(draft, scope, cl_ord_id, order_id)
        if order is None or (order_id and order.order_id != order_id):
            return No(Refusal.UNKNOWN_ORDER, tag, f"no order {name}")
        if order.order_id in orders:
            return No(Refusal.DUPLICATE, tag, f"{name} is named twice")
        if order.is_open:
            return No(Refusal.UNSUPPORTED, tag, f"{name} is still open")
        if not order.cum_qty:
            return No(Refusal.UNKNOWN_ORDER, tag, f"{name} has filled nothing")
        if order.allocated not in ("", replaced):
            return No(Refusal.DUPLICATE, tag, f"{name} is allocated as {order.allocated}")
        orders[order.order_id] = order
    first = next(iter(orders.values()))
    kind = (first.symbol, first.side, first.unit, first.settl_date)
    for order in orders.values():
        if (order.symbol, order.side, order.unit, order.settl_date) != kind:
            return No(Refusal.UNSUPPORTED, 73, "the orders are not alike")
    return Block(tuple(orders.values()), draft.register.instruments[first.symbol])


def _is_it(message: AllocationInstruction, block: Block) -> No | None:
    first = block.orders[0]
    if message.symbol != first.symbol:
        return No(Refusal.UNSUPPORTED, 55, f"the orders are in {first.symbol_sent}")
    if message.wire_side != first.wire_side:
        return No(Refusal.UNSUPPORTED, 54, f"the orders have Side {first.wire_side}")
    return None


def _adds_up(message: AllocationInstruction, block: Block) -> No | None:
    filled = block.quantity
    if message.quantity != filled:
        return No(Refusal.BAD_QUANTITY, 53, f"the orders filled {filled:f}")
    if any(quantity is None or quantity <= 0 for _, quantity in message.parts):
        return No(Refusal.BAD_QUANTITY, 80, "each account has a positive quantity")
    total = sum((quantity for _, quantity in message.parts if quantity is not None), ZERO)
    if total != filled:
        return No(Refusal.BAD_QUANTITY, 80, f"the accounts add up to {total:f} of {filled:f}")
    return None


def _agrees(message: AllocationInstruction, block: Block) -> No | None:
    """AvgPx(6) within one tick of ours: clients round it as they please."""
    assert message.avg_px is not None
    if abs(message.avg_px - block.avg_px) > block.instrument.tick:
        return No(Refusal.BAD_PRICE, 6, f"the average price is {block.avg_px.normalize():f}")
    return None


def _his(draft: Draft, session: Session, message: AllocationInstruction) -> No | None:
    names = [account for account, _ in message.parts]
    for name in names:
        if not is_account_of(draft, session, message.end_client, name):
            return No(Refusal.UNKNOWN_ACCOUNT, 79, f"{name} is no account of yours")
    if len(set(names)) != len(names):
        return No(Refusal.DUPLICATE, 79, "an account is named twice")
    return None


# -- doing -------------------------------------------------------------------------------------


def _answer(draft: Draft, message: AllocationInstruction, no: No | None) -> None:
    head = message.head
    draft.say(
        AllocationAnswered(
            head.session,
            message.alloc_id,
            message.trade_date,
            draft.event.at,
            no.refusal if no else None,
            wording(no.refusal, no.tag, no.detail) if no else "",
            head.on_behalf_of,
            head.on_behalf_of_sub,
        )
    )


def _accept(draft: Draft, session: Session, message: AllocationInstruction, block: Block) -> None:
    head, first = message.head, block.orders[0]
    confirms = session.version not in UNCONFIRMED
    made = Allocation(
        session.client_id,
        message.alloc_id,
        head.session,
        tuple(order.order_id for order in block.orders),
        first.symbol,
        message.symbol_sent,
        first.wire_side,
        first.currency,
        block.quantity,
        block.avg_px,
        first.trade_date or message.trade_date,
        first.settl_date,
        _parts(draft, message, block, confirms=confirms),
        draft.event.at,
        digest=head.digest,
    )
    draft.allocations.append(made)
    for order in block.orders:
        draft.put_order(structs.replace(order, allocated=message.alloc_id))
    for part in made.parts if confirms else ():
        _note(draft, made, part.confirm_id, part.account, CONFIRMED)
        _confirm(draft, message, made, part, part.confirm_id, "")


def _parts(
    draft: Draft, message: AllocationInstruction, block: Block, *, confirms: bool
) -> tuple[AllocatedTo, ...]:
    """Each account's share of what the fills posted. Rounds: HALF_UP on the running sum, so that
    the shares add up."""
    terms, quantity = block.instrument.terms, block.quantity
    gross = sum((order.gross for order in block.orders), ZERO)
    fees = sum((order.fees for order in block.orders), ZERO)
    pays = block.orders[0].side is Side.BUY
    parts: list[AllocatedTo] = []
    upto, told, charged = ZERO, ZERO, ZERO
    for account, share in message.parts:
        assert share is not None
        upto += share
        gross_now = round_amount(gross * upto / quantity, terms)
        fees_now = round_amount(fees * upto / quantity, terms)
        mine, fee = gross_now - told, fees_now - charged
        told, charged = gross_now, fees_now
        confirm_id = draft.ids.next("K") if confirms else ""
        net = mine + fee if pays else mine - fee
        parts.append(AllocatedTo(account, share, confirm_id, mine, fee, net))
    return tuple(parts)


def _take_back(
    draft: Draft, message: AllocationInstruction, before: Recalled, keep: tuple[str, ...]
) -> None:
    """What stood is cancelled: its confirmations are taken back, its orders free again."""
    old = before.allocation
    assert old is not None
    draft.allocations.append(structs.replace(old, state=CANCELLED))
    for order in before.orders:
        if order.order_id not in keep:
            draft.put_order(structs.replace(order, allocated=""))
    for part in old.parts:
        if part.confirm_id:
            _note(draft, old, part.confirm_id, part.account, CANCELLED)
            _confirm(draft, message, old, part, draft.ids.next("K"), part.confirm_id)


def _note_cancel(draft: Draft, message: AllocationInstruction, before: Recalled) -> None:
    """The AllocID(70) of the cancel itself is used up."""
    old = before.allocation
    assert old is not None
    draft.allocations.append(
        structs.replace(
            old,
            alloc_id=message.alloc_id,
            state=CANCELLED,
            order_ids=(),
            parts=(),
            digest=message.head.digest,
            at=draft.event.at,
        )
    )


def _note(draft: Draft, of: Allocation, confirm_id: str, account: str, state: str) -> None:
    draft.confirmations.append(
        Confirmation(confirm_id, of.client_id, of.alloc_id, account, state, draft.event.at)
    )


def _confirm(
    draft: Draft,
    message: AllocationInstruction,
    of: Allocation,
    part: AllocatedTo,
    confirm_id: str,
    cancels: str,
) -> None:
    head = message.head
    if draft.register.sessions[head.session].version in UNCONFIRMED:
        return
    draft.say(
        Confirmed(
            head.session,
            confirm_id,
            of,
            part,
            draft.event.at,
            cancels,
            head.on_behalf_of,
            head.on_behalf_of_sub,
        )
    )


# -- what the client says of a confirmation ----------------------------------------------------


def on_confirmation_ack(draft: Draft, message: ConfirmationAck) -> None:
    """ConfirmationAck (35=AU): affirmed (940=3), or disputed (2), which opens a break."""
    head = message.head
    session = draft.register.sessions[head.session]
    if message.missing:
        tag = message.missing[0]
        draft.business_reject(head, message.confirm_id, Refusal.MISSING_FIELD, tag)
        return
    found = draft.recalled("confirmation", session.client_id, message.confirm_id)
    said = found.confirmation if found is not None else None
    if said is None:
        draft.business_reject(head, message.confirm_id, Refusal.UNKNOWN_CONFIRMATION, 664)
        return
    if said.state == CANCELLED:
        draft.alerts.append(f"{head.session}: {said.confirm_id} was taken back, and is answered")
    elif message.affirm_status == "3":
        draft.confirmations.append(structs.replace(said, state=AFFIRMED, at=draft.event.at))
    elif message.affirm_status == "2":
        why = f"AU {message.reason} {message.text}".strip()
        draft.confirmations.append(
            structs.replace(said, state=DISPUTED, at=draft.event.at, why=why)
        )
        draft.alerts.append(f"{head.session} disputes confirmation {said.confirm_id}: {why}")
        open_break(draft, head.session, session.client_id, said.confirm_id, "AU", why)
