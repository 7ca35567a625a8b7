"""Staff commands: the kill switch, sessions and instruments off and on, orders, funds."""

from decimal import ROUND_DOWN

from otcfix.desk import fills, quoting, streaming
from otcfix.desk.draft import Draft
from otcfix.desk.freezing import withdrawal_barred
from otcfix.desk.session_acts import on_set_session_act
from otcfix.desk.settling import settle_overdue
from otcfix.ledger import chart
from otcfix.model.event import (
    CancelOrder,
    Kill,
    MoveFunds,
    SetInstrument,
    SetSession,
)
from otcfix.model.ledger import Transfer
from otcfix.model.money import AMOUNT_MAX, from_minor, to_minor
from otcfix.model.order import CANCELED, Order
from otcfix.model.profile import OFFBOARDED
from otcfix.model.refusal import Refusal, wording


def on_kill(draft: Draft, kill: Kill) -> None:
    """The kill switch: quotes and resting orders are withdrawn and told; survives a restart."""
    if not kill.on:
        draft.move("desk", "state", "")
        streaming.reopen(draft)
        return
    draft.move("desk", "state", "HALTED")
    streaming.close(draft)
    for quote in draft.state.quotes.values():
        quoting.withdraw(draft, quote, text="")
    for order in sorted(draft.state.orders.values(), key=lambda o: o.accepted_seq):
        cancel_by_desk(draft, order)
    draft.alerts.append(f"killed by {kill.by}: {kill.why}")


def cancel_by_desk(draft: Draft, order: Order) -> None:
    """Cancel what rests with the one text of every desk cancel (R23)."""
    text = wording(Refusal.CANCELLED_BY_DESK)
    fills.close(draft, order, CANCELED, "CANCELED", text=text, cancel_reason="DESK")


def on_set_session(draft: Draft, command: SetSession) -> None:
    """Staff enables or disables a session; a disabled one's quotes and orders are withdrawn, told,
    and it is logged out."""
    if command.session not in draft.register.sessions:
        draft.alerts.append(f"refused: no session {command.session}")
        return
    # Zero would read as "as configured"; the word is 1 for on and -1 for off.
    draft.move("session_enabled", command.session, 1 if command.enabled else -1)
    on_set_session_act(draft, command.session, enabled=command.enabled)
    if command.enabled:
        streaming.reopen(draft)
        return
    streaming.close(draft, session=command.session)
    for quote in draft.state.quotes.values():
        if quote.session == command.session:
            quoting.withdraw(draft, quote)
    for order in sorted(draft.state.orders.values(), key=lambda o: o.accepted_seq):
        if order.session == command.session:
            cancel_by_desk(draft, order)


def on_set_instrument(draft: Draft, command: SetInstrument) -> None:
    """Staff pauses or reopens an instrument; a paused one's quotes are withdrawn."""
    if command.symbol not in draft.register.instruments:
        draft.alerts.append(f"refused: no instrument {command.symbol}")
        return
    paused = command.state == "PAUSED"
    draft.move("paused", command.symbol, 1 if paused else 0)
    if not paused:
        streaming.reopen(draft, command.symbol)
    else:
        streaming.close(draft, command.symbol)
        for quote in draft.state.quotes.values():
            if quote.symbol == command.symbol:
                quoting.withdraw(draft, quote, text="paused")


def on_cancel_order(draft: Draft, command: CancelOrder) -> None:
    """Staff cancels one resting order."""
    order = draft.order(command.order_id)
    if order is None or not order.is_open:
        draft.alerts.append(f"refused: no open order {command.order_id}")
        return
    cancel_by_desk(draft, order)


def on_move_funds(draft: Draft, command: MoveFunds) -> None:
    """A deposit or a withdrawal. Withdrawals see available only (R4), never the credit line, and
    nothing of whom a list names is let go (R23).

    Rounds: a deposit down to the minor unit, what is below is kept as a memo in the journal.
    """
    asset = draft.register.assets.get(command.asset)
    client = draft.register.clients.get(command.client_id)
    if asset is None or client is None or not command.amount.is_finite():
        missing = f"asset {command.asset}" if asset is None else f"client {command.client_id}"
        draft.alerts.append(f"refused: no {missing}")
        return
    if client.status == OFFBOARDED:
        draft.alerts.append(f"refused: {client.client_id} was offboarded")
        return
    if abs(command.amount) >= from_minor(AMOUNT_MAX, asset):
        draft.alerts.append("refused: no account holds that much")
        return
    amount = to_minor(abs(command.amount), asset, ROUND_DOWN)
    if not amount:
        draft.alerts.append("refused: nothing to move")
        return
    if command.amount > 0 and command.destination:
        draft.alerts.append("refused: only a withdrawal has a destination")
        return
    available = chart.client_account(client.client_id, chart.AVAILABLE, asset.code)
    venue = chart.venue_account(command.venue, asset.code)
    if command.amount > 0:
        draft.post((Transfer(venue, available, asset.code, amount, "deposit"),))
        settle_overdue(draft, client.client_id)
        return
    barred = withdrawal_barred(draft, client, command.destination, asset.code)
    if barred:
        draft.alerts.append(f"refused: {barred}")
        return
    has = draft.balance(available)
    if amount > has:
        short = f"available {from_minor(has, asset)} {asset.code}"
        draft.alerts.append(f"refused: {client.client_id} has {short}")
        return
    draft.post((Transfer(available, venue, asset.code, amount, "withdrawal"),))
