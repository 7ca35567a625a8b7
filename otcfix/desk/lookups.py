"""What handlers look up before they lay a case before the gate."""

from decimal import Decimal

from msgspec import Struct

from otcfix.desk.draft import Draft
from otcfix.desk.ids import seq_of
from otcfix.desk.state import State
from otcfix.model.event import IdUse
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side
from otcfix.model.order import STATUS_WORDS, Order
from otcfix.model.party import Client, Session
from otcfix.model.quote import Quote

ZERO = Decimal(0)


def owner_of(session: Session, end_client: str) -> str:
    """The client whom a message is for: whose limits, KYC and purse it is judged by and booked to.

    On a broker's session that is the client behind the end client's name (R23); behind an unknown
    name the broker himself, whom the gate refuses then (UNKNOWN_ACCOUNT).
    """
    if not session.broker:
        return session.client_id
    return session.end_clients.get(end_client, session.client_id)


def scope_of(session: Session, end_client: str) -> str:
    """Who a ClOrdID must be unique for: the client, and his end client for a broker (R17). What
    stands before the first | is the client."""
    if not session.broker:
        return session.client_id
    return f"{owner_of(session, end_client)}|{session.client_id}|{end_client}"


def account_of(session: Session, client: Client | None, named: str) -> str:
    """Account(1) as named, else the session's; an end client's own first one (A5)."""
    if named or client is None or client.client_id == session.client_id:
        return named or session.account
    return client.accounts[0] if client.accounts else ""


def trade_scope(state: State, exec_id: str) -> str:
    """The event that made an ExecID(17), by which a trade is recalled; "" when none of ours did."""
    desk = state.register.desk
    seq = seq_of(exec_id, "E", state.id_key, desk.shard if desk else "")
    return str(seq) if seq is not None and seq <= state.seq else ""


class Prior(Struct, gc=False):
    """An earlier use of a ClOrdID(11): the request's digest and the order it led to."""

    use: IdUse
    order: Order | None


def prior_use(draft: Draft, scope: str, cl_ord_id: str) -> Prior | None:
    """The earlier use of *cl_ord_id*; None when it is new."""
    order_id = draft.state.order_of_id.get((scope, cl_ord_id))
    if order_id is not None:
        order = draft.order(order_id)
        if order is not None:
            before = ""
            for known, digest in order.chain:
                if known == cl_ord_id:
                    kind = "G" if before else "D"
                    use = IdUse(scope, known, kind, order_id, digest, True, orig_cl_ord_id=before)
                    return Prior(use, order)
                before = known
    found = draft.recalled("cl_ord_id", scope, cl_ord_id)
    if found is None or found.use is None:
        return None
    return Prior(found.use, draft.order(found.use.order_id) or found.order)


def duplicate_text(prior: Prior) -> str:
    """`of OrderID O12 (filled)`, as it stands after DUPLICATE in Text(58) (R17)."""
    if prior.order is None:
        return "of OrderID NONE (rejected)"
    return f"of OrderID {prior.order.order_id} ({STATUS_WORDS[prior.order.status]})"


def order_of(draft: Draft, scope: str, cl_ord_id: str, order_id: str) -> Order | None:
    """The order that a ClOrdID of this scope led to, else the client's order of that OrderID."""
    if cl_ord_id:
        prior = prior_use(draft, scope, cl_ord_id)
        return prior.order if prior else None
    order = draft.order(order_id)
    if order is None:
        found = draft.recalled("order", scope.split("|", maxsplit=1)[0], order_id)
        order = found.order if found else None
    return order if order is not None and order.scope == scope else None


def quote_of(draft: Draft, session: Session, end_client: str, quote_id: str) -> Quote | None:
    """The quote of whom a message is for, alive or recalled; another's is as unknown as none.

    A broker's message that names no end client is about a live quote of any of his.
    """
    quote = draft.quote(quote_id)
    if quote is None:
        found = draft.recalled("quote", owner_of(session, end_client), quote_id)
        quote = found.quotes[0] if found and found.quotes else None
    return quote if quote is not None and is_of(draft, quote, session, end_client) else None


def is_of(draft: Draft, quote: Quote, session: Session, end_client: str) -> bool:
    """Whether a quote is of whom a message is for. What a broker asked for in the name of an end
    client is nothing to that client's other sessions, nor to another broker."""
    if not session.broker:
        return quote.client_id == session.client_id and not quote.end_client
    asked_on = draft.register.sessions.get(quote.session)
    if asked_on is None or not asked_on.broker or asked_on.client_id != session.client_id:
        return False
    return end_client in ("", quote.end_client)


def asked_before(draft: Draft, session: Session, end_client: str, quote_req_id: str) -> list[Quote]:
    """Every quote that answered a QuoteReqID(131) of whom a message is for, alive or recalled. A
    131 is unique for the same as a ClOrdID: see `scope_of`."""
    found = quotes_of_request(draft, owner_of(session, end_client), quote_req_id)
    return [q for q in found if q.end_client == end_client and is_of(draft, q, session, end_client)]


def same_asker(draft: Draft, one: Quote, other: Quote) -> bool:
    """Whether two quotes of a client were asked for by him both, or both by the same broker in the
    same name."""
    brokers = draft.register.brokers
    same = brokers.get(one.session) == brokers.get(other.session)
    return same and one.end_client == other.end_client


def quotes_of_request(draft: Draft, client_id: str, quote_req_id: str) -> list[Quote]:
    """Every quote that answered a QuoteReqID(131) of this client, whoever asked for him, alive or
    recalled."""
    state = draft.state
    ids = state.quotes_of_request.get((client_id, quote_req_id), ())
    quotes = [quote for quote_id in ids if (quote := draft.quote(quote_id)) is not None]
    found = draft.recalled("quote_request", client_id, quote_req_id)
    if found:
        quotes += [quote for quote in found.quotes if quote.quote_id not in ids]
    return quotes


def resting_base(draft: Draft, client_id: str, instrument: Instrument, side: Side) -> Decimal:
    """What the client's resting orders on *side* may still deal of the base asset."""
    leaves, total = draft.state.leaves, ZERO
    if leaves:
        for symbol in draft.register.symbols_of_base[instrument.base.code]:
            total += leaves.get((client_id, symbol, side), ZERO)
    return total
