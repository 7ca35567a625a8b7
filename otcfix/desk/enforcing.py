"""What stands is looked at again when something about its client, or the rules, has changed: quotes
are withdrawn, orders cancelled, streams emptied of whoever may not deal any more."""

from collections.abc import Callable

from otcfix.desk import quoting, streaming
from otcfix.desk.authority import authority_of, barred, order_forbidden, reduces
from otcfix.desk.draft import Draft
from otcfix.desk.staff import cancel_by_desk
from otcfix.model.messages import Unit
from otcfix.model.quote import Quote


def enforce(
    draft: Draft,
    concerns: Callable[[str], bool] = lambda _: True,
    symbol: str = "",
    but: tuple[object, ...] = (),
) -> None:
    """Withdraw and cancel what is forbidden now, and tell it.

    concerns: whether a client_id is to be looked at; symbol: the only one to be looked at. Call it
    behind the change: it sees clients, screening, rules and trading states as this event leaves
    them. but: checks of the gate that are left out.
    """
    state = draft.state
    concerns_him = _with_brokers(draft, concerns)
    for quote in tuple(state.quotes.values()):
        if symbol in ("", quote.symbol) and concerns_him(quote.client_id, quote.session):
            now = draft.quote(quote.quote_id)
            if now is not None and now.lives and _quote_forbidden(draft, now, but):
                quoting.withdraw(draft, now)
    for order in sorted(state.orders.values(), key=lambda o: o.accepted_seq):
        if symbol in ("", order.symbol) and concerns_him(order.client_id, order.session):
            current = draft.order(order.order_id)
            if current is not None and current.is_open and order_forbidden(draft, current, but):
                cancel_by_desk(draft, current)
    _empty_streams(draft, concerns, symbol)


def _with_brokers(draft: Draft, concerns: Callable[[str], bool]) -> Callable[[str, str], bool]:
    """Whether a client is to be looked at, or the broker on whose session he asked."""
    sessions = draft.register.sessions

    def concerns_him(client_id: str, session: str) -> bool:
        asked_on = sessions.get(session)
        through = asked_on is not None and asked_on.broker and concerns(asked_on.client_id)
        return concerns(client_id) or through

    return concerns_him


def _quote_forbidden(draft: Draft, quote: Quote, but: tuple[object, ...]) -> bool:
    """A quote is a price: REDUCING leaves it. One of one side may reduce, where his KYC asks."""
    client = draft.client(quote.client_id)
    instrument = draft.register.instruments.get(quote.symbol)
    if instrument is None or quote.session not in draft.register.sessions:
        return True
    asked = authority_of(draft, client, quote.session, instrument, quote.side)
    if client is not None and quote.side is not None:
        base = quote.quantity
        if quote.unit is not Unit.BASE:
            price = quote.price_for(quote.side)
            base = base / price if price else base
        asked.reduces = reduces(draft, client.client_id, instrument, quote.side, base)
    return barred(asked, but)


def _empty_streams(draft: Draft, concerns: Callable[[str], bool], symbol: str) -> None:
    """Books of who may not be told a price any more are emptied at once; others are looked at."""
    register = draft.register
    closed: dict[tuple[str, str], bool] = {}
    for number, subscription in draft.state.streams.subscriptions.items():
        if not concerns(subscription.client_id):
            continue
        client, key = draft.client(subscription.client_id), subscription.session
        for name, _ in subscription.symbols:
            if symbol not in ("", name) or (name, key) in closed:
                continue
            instrument = register.instruments.get(name)
            gone = instrument is None or key not in register.sessions
            gone = gone or barred(authority_of(draft, client, key, instrument))
            closed[name, key] = gone
            if gone:
                streaming.close(draft, name, key)
        streaming.look_again(draft, number)
