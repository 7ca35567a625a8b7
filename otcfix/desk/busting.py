"""Trade busts and corrections by staff: reversing entries, and what the client is told (R8).

A trade is never changed: it is mirrored by new transfers, and what replaces it is another trade.
The busted part of an order is not opened again. A hedge that was made for the trade stands.
"""

from decimal import Decimal

from msgspec import structs

from otcfix.desk import hedging
from otcfix.desk.cover import plain
from otcfix.desk.draft import Draft
from otcfix.desk.four_eyes import waits
from otcfix.desk.lookups import trade_scope
from otcfix.desk.undoing import Standing, due_of, missing_for, moves_of, quantity_of, starts, tidy
from otcfix.model.messages import Side
from otcfix.model.money import AMOUNT_MAX, round_amount
from otcfix.model.order import CANCELED, FILLED, NEW, PARTIAL, Order
from otcfix.model.post_trade import (
    BUSTED,
    CORRECTED,
    BustTrade,
    CorrectTrade,
    ResolveBreak,
    TradeChange,
)
from otcfix.model.replies import ExecutionReport
from otcfix.model.time import local_date
from otcfix.model.trade import Trade

ZERO = Decimal(0)

BUSTED_TEXT = "trade busted by the desk"
CORRECTED_TEXT = "trade corrected by the desk"

TOO_MUCH = Decimal(10) ** 18
"""Where a price or a quantity has more digits than FIX takes (A17)."""


def on_bust_trade(draft: Draft, command: BustTrade) -> None:
    """Take a trade back; a second person confirms."""
    bust(draft, command, command.exec_id)


def on_correct_trade(draft: Draft, command: CorrectTrade) -> None:
    """Replace a trade by one at another price, of another quantity; a second person confirms."""
    correct(draft, command, command.exec_id)


def bust(draft: Draft, command: BustTrade | ResolveBreak, exec_id: str) -> None:
    """Bust the trade *exec_id* because of *command*, or say why not."""
    standing = _standing(draft, exec_id)
    if standing is not None:
        _undo(draft, command, standing, None)


def correct(draft: Draft, command: CorrectTrade | ResolveBreak, exec_id: str) -> None:
    """Correct the trade *exec_id* because of *command*, or say why not."""
    standing = _standing(draft, exec_id)
    if standing is None:
        return
    fault = _fault(standing, command)
    now = None if fault else _corrected(draft, standing, command)
    if now is not None:
        fault = _fault_of(standing, now)
    if fault or now is None:
        draft.alerts.append(f"refused: {exec_id}: {fault}")
    else:
        _undo(draft, command, standing, now)


# -- what it is about --------------------------------------------------------------------------


def _standing(draft: Draft, exec_id: str) -> Standing | None:
    """The trade, its order and instrument; None when it was refused: unknown, or not standing."""
    if draft.event.facts.store_failed:
        draft.alerts.append("refused: the database does not answer")
        return None
    found = draft.recalled("trade", trade_scope(draft.state, exec_id), exec_id)
    trade = found.trade if found is not None else None
    if found is None or trade is None or found.order is None:
        draft.alerts.append(f"refused: no trade {exec_id}")
        return None
    if found.change is not None:
        after = found.change
        was = f"was {after.kind.lower()} by {after.by}"
        latest = f"; it is {after.exec_id} now" if after.now is not None else ""
        draft.alerts.append(f"refused: {exec_id} {was}{latest}")
        return None
    instrument = draft.register.instruments.get(trade.symbol)
    if instrument is None:
        draft.alerts.append(f"refused: {trade.symbol} is not configured any more")
        return None
    return Standing(trade, draft.order(trade.order_id) or found.order, instrument)


def _fault(standing: Standing, command: CorrectTrade | ResolveBreak) -> str:
    """Why the numbers of a correction are none, "" when they are."""
    price, quantity = command.price, command.quantity
    if price is None and quantity is None:
        return "neither another price nor another quantity"
    for name, number in (("price", price), ("quantity", quantity)):
        if number is not None and not (number.is_finite() and 0 < number < TOO_MUCH):
            return f"{name} is not a positive number"
    px = standing.trade.price if price is None else price
    if quantity is None and standing.in_terms:
        base, terms = standing.trade.terms_amount / px, standing.trade.terms_amount
    else:
        base = standing.trade.base_amount if quantity is None else quantity
        terms = base * px
    scale = max(standing.instrument.base.scale, standing.instrument.terms.scale)
    if max(base, terms).scaleb(scale) > AMOUNT_MAX // 4:
        return "no account holds such an amount"
    if quantity is not None and round_amount(quantity, standing.instrument.base) != quantity:
        return f"quantity is finer than {standing.instrument.base.code} is counted"
    return ""


def _corrected(draft: Draft, standing: Standing, command: CorrectTrade | ResolveBreak) -> Trade:
    """The trade as it should have been. Its fee is that of the trade, in proportion, HALF_UP."""
    trade, instrument = standing.trade, standing.instrument
    price = trade.price if command.price is None else command.price
    if command.quantity is None and standing.in_terms:
        terms = trade.terms_amount
        base = round_amount(terms / price, instrument.base)
    else:
        base = trade.base_amount if command.quantity is None else command.quantity
        terms = round_amount(base * price, instrument.terms)
    fee = trade.fee * terms / trade.terms_amount if trade.terms_amount else trade.fee
    away = (price - trade.mid) * base
    sign = 1 if trade.side is Side.BUY else -1
    return structs.replace(
        trade,
        exec_id="",
        base_amount=base,
        terms_amount=terms,
        price=price,
        spread=round_amount(sign * away, instrument.terms),
        fee=round_amount(fee, instrument.terms),
        at=draft.event.at,
    )


def _fault_of(standing: Standing, now: Trade) -> str:
    """Why a correction cannot be, "" when it can."""
    trade, order = standing.trade, standing.order
    if (now.price, now.base_amount) == (trade.price, trade.base_amount):
        return "it is so already"
    if not (now.base_amount and now.terms_amount):
        return "one of its amounts would be nothing"
    more = (now.terms_amount if standing.in_terms else now.base_amount) - standing.last_qty
    if more > 0 and order.is_open:
        return f"order {order.order_id} is open: it can only become less; cancel what rests first"
    if order.cum_qty + more > order.quantity:
        return f"order {order.order_id} was for {plain(order.quantity)}"
    return ""


# -- doing it ----------------------------------------------------------------------------------


def _undo(
    draft: Draft,
    command: BustTrade | CorrectTrade | ResolveBreak,
    standing: Standing,
    now: Trade | None,
) -> None:
    trade = standing.trade
    moves = moves_of(draft, standing, now, due_of(draft, trade))
    missing = missing_for(draft, standing, moves)
    owing = bool(missing) and command.owing
    if owing and not moves.due:
        day = local_date(draft.trade_dates(standing.instrument)[0])
        due = max(day, str(draft.state.word("settled", "upto")))
        moves = moves_of(draft, standing, now, due)
    if missing and not owing:
        text = f"{trade.client_id} lacks {missing}"
        draft.alerts.append(f"refused: {trade.exec_id}: {text}; --owing lets him owe it")
        return
    what = "bust" if now is None else f"correct to {_deal(now)}"
    about = f"{what} {trade.exec_id} of {trade.client_id}: {_deal(trade)} {trade.symbol}"
    if owing:
        about += f"; he will owe {missing}"
    if waits(draft, command, about):
        return
    exec_id = draft.ids.next("E")
    change = TradeChange(
        BUSTED if now is None else CORRECTED,
        exec_id,
        trade,
        structs.replace(now, exec_id=exec_id) if now is not None else None,
        standing.last_qty,
        quantity_of(now, in_terms=standing.in_terms) if now is not None else ZERO,
        draft.event.at,
        command.by,
        draft.checked_by,
        command.why,
        standing.in_terms,
        owing,
    )
    draft.post(tuple(moves.transfers))
    draft.obligations += moves.obligations
    draft.changes.append(change)
    if moves.due:
        draft.timer(starts(moves.due), "value_date", moves.due)
    after = _order_after(standing.order, change)
    draft.put_order(after)
    _tell(draft, after, change, missing if owing else "")
    _resolve(draft, change)
    _alert(draft, standing, change, missing if owing else "")


def _deal(trade: Trade) -> str:
    return f"{trade.side.name.lower()} {plain(trade.base_amount)} at {plain(trade.price)}"


def _order_after(order: Order, change: TradeChange) -> Order:
    """The order without what was busted. What is open stays open, and its OrderQty(38) is less by
    what was busted; a filled one of which something is missing is canceled (39=4): 151 is 0."""
    trade, now = change.trade, change.now
    step = change.now_qty - change.last_qty
    cum = order.cum_qty + step
    quantity, status = order.quantity, order.status
    if order.is_open:
        quantity, status = quantity + step, PARTIAL if cum else NEW
    elif cum >= quantity:
        status = FILLED
    elif status == FILLED:
        status = CANCELED
    value = order.cum_value - change.last_qty * trade.price
    gross, fees = order.gross - trade.terms_amount, order.fees - trade.fee
    if now is not None:
        value += change.now_qty * now.price
        gross, fees = gross + now.terms_amount, fees + now.fee
    return structs.replace(
        order,
        quantity=tidy(quantity),
        status=status,
        cum_qty=tidy(cum),
        cum_value=value,
        gross=gross,
        fees=fees,
    )


def _tell(draft: Draft, order: Order, change: TradeChange, owed: str) -> None:
    """ExecutionReport 150=H or G (4.2: 20=1 or 2) with ExecRefID(19), to the order's session."""
    now = change.now
    text = BUSTED_TEXT if now is None else CORRECTED_TEXT
    report = ExecutionReport(
        order.session,
        "BUST" if now is None else "CORRECT",
        change.exec_id,
        order,
        order.cl_ord_id,
        draft.event.at,
        quote_resp_id=order.quote_resp_id,
        text=f"{text}; owed by you: {owed}" if owed else text,
        exec_ref_id=change.trade.exec_id,
    )
    if now is not None:
        instrument = draft.register.instruments[now.symbol]
        in_terms = change.in_terms
        report = structs.replace(
            report,
            last_qty=change.now_qty,
            last_px=now.price,
            gross=now.terms_amount,
            contra=now.base_amount if in_terms else now.terms_amount,
            contra_asset=(instrument.base if in_terms else instrument.terms).code,
            fee=now.fee or None,
            fee_asset=instrument.terms.code,
            trade_date=now.trade_date,
            settl_date=now.settl_date,
        )
    if order.session in draft.register.sessions:
        draft.say(report)
        return
    draft.alerts.append(f"{change.exec_id} cannot be told: there is no session {order.session}")
    draft.say_to_copies(report)


def _resolve(draft: Draft, change: TradeChange) -> None:
    """The break that was open on the trade is closed by it."""
    waiting = draft.state.breaks.of_exec.get(change.trade.exec_id)
    found = draft.state.breaks.waiting.get(waiting or "")
    if found is not None:
        closed = structs.replace(found, state=change.kind, by=change.by, why=change.why)
        draft.breaks.append(closed)


def _alert(draft: Draft, standing: Standing, change: TradeChange, owed: str) -> None:
    trade, order = change.trade, standing.order
    who = f"{change.by} and {change.checked_by}"
    done = f"{trade.exec_id} of {trade.client_id} {change.kind.lower()} by {who}: {change.why}"
    draft.alerts.append(f"{done}; he owes {owed}" if owed else done)
    if trade.symbol in draft.register.hedging:
        held = hedging.inventory(draft, trade.symbol)
        text = f"the desk holds {plain(held)} {standing.instrument.base.code}"
        draft.alerts.append(f"hedges of {trade.exec_id} stand: {text} of {trade.symbol}")
    if order.allocated:
        text = f"order {order.order_id} is allocated as {order.allocated}"
        draft.alerts.append(f"{trade.exec_id}: {text}, which stands: the client must replace it")
