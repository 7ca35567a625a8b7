"""What stands is looked at again when something about its client, or the rules, has changed: quotes
are withdrawn, orders cancelled, streams emptied of whoever may not deal any more."""

from collections.abc import Callable

from otcfix.desk import quoting, streaming
from otcfix.desk.authority import authority_of, forbidden
from otcfix.desk.draft import Draft
from otcfix.desk.staff import cancel_by_desk


def enforce(draft: Draft, concerns: Callable[[str], bool] = lambda _: True) -> None:
    """Withdraw and cancel what is forbidden now. concerns: whether a client_id is to be looked at.

    Call it behind the change: it sees clients, screening and rules as this event leaves them.
    """
    state = draft.state
    for quote in tuple(state.quotes.values()):
        if concerns(quote.client_id) and _gone(draft, quote.client_id, quote.session, quote.symbol):
            quoting.withdraw(draft, quote)
    for order in sorted(state.orders.values(), key=lambda o: o.accepted_seq):
        if concerns(order.client_id) and _gone(draft, order.client_id, order.session, order.symbol):
            cancel_by_desk(draft, order)
    for number, subscription in state.streams.subscriptions.items():
        if concerns(subscription.client_id):
            streaming.look_again(draft, number)


def _gone(draft: Draft, client_id: str, session: str, symbol: str) -> bool:
    instrument = draft.register.instruments.get(symbol)
    client = draft.client(client_id)
    if instrument is None or session not in draft.register.sessions:
        return True
    return forbidden(authority_of(draft, client, session, instrument)) is not None
