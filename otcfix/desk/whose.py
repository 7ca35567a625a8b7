"""On whose behalf a session asks, and whether it may.

An enquiry shows what is a client's own already. So a client who may not deal (suspended, KYC run
out, frozen) still sees his trades, positions and balances; a session that staff disabled, or that
came from none of the client's networks, sees nothing.
"""

from otcfix.desk.authority import authority_of, forbidden
from otcfix.desk.draft import Draft
from otcfix.desk.register import Register
from otcfix.desk.whereabouts import away
from otcfix.model.enquiries import (
    CollateralInquiry,
    RequestForPositions,
    SecurityDefinitionRequest,
    SecurityListRequest,
    TradeCaptureReportRequest,
    TradingSessionStatusRequest,
)
from otcfix.model.instrument import Instrument
from otcfix.model.party import Client, Session
from otcfix.model.refusal import Refusal
from otcfix.model.trade import Trade

PARTIES = Refusal.UNKNOWN_ACCOUNT

Enquiry = (
    CollateralInquiry
    | RequestForPositions
    | SecurityDefinitionRequest
    | SecurityListRequest
    | TradeCaptureReportRequest
    | TradingSessionStatusRequest
)


def clients_of(session: Session) -> tuple[str, ...]:
    """The clients whose affairs a session may see: its own, a broker's end clients, or those that
    it copies (R23)."""
    if session.kind == "drop_copy":
        return session.drop_copy_of
    if session.broker:
        return tuple(dict.fromkeys((session.client_id, *session.end_clients.values())))
    return (session.client_id,)


def is_seen(register: Register, session: Session, trade: Trade) -> bool:
    """Whether a trade of one of its clients is told to a session: what an end client does on a
    session of his own is nothing to his broker, and the other way round."""
    if session.kind == "drop_copy":
        booked = register.booked_on(trade.client_id, trade.account, trade.end_client)
        return session.copies(booked)
    broker = register.brokers.get(trade.session, "")
    if not session.broker:
        return not (broker or trade.end_client)  # whose broker's session is gone as well
    return broker == session.client_id


def whose(session: Session, end_client: str) -> tuple[str, ...]:
    """The clients of whom it asks; none when *end_client* is no party of this session.

    end_client: a broker's end client, or one of the clients that a drop copy session copies.
    """
    if session.kind == "drop_copy" and end_client:
        return (end_client,) if end_client in session.drop_copy_of else ()
    if session.broker and end_client:
        owner = session.end_clients.get(end_client)
        return () if owner is None else (owner,)
    return clients_of(session)


def end_client_of(session: Session, end_client: str) -> str:
    """The end client within a broker's affairs; "" for all of them, and for everybody else."""
    return end_client if session.broker else ""


def not_shown(draft: Draft, session: Session) -> bool:
    """Whether the session may see nothing at all."""
    if not draft.state.session_enabled(session.key):
        return True
    asking = (session.client_id,) if session.broker else clients_of(session)
    known = [draft.client(client_id) for client_id in asking]
    return not known or any(one is None or away(draft, one, session.key) for one in known)


def is_misplaced(draft: Draft, asked: Enquiry) -> bool:
    """Whether an enquiry is none that can be answered: it came on a provider's session, or lacks a
    field that it must have. Then a BusinessMessageReject(35=j) has said so."""
    head = asked.head
    if draft.register.sessions[head.session].kind == "provider":
        draft.business_reject(head, asked.request_id, Refusal.WRONG_SESSION)
        return True
    if asked.missing:
        draft.business_reject(head, asked.request_id, Refusal.MISSING_FIELD, asked.missing[0])
        return True
    return False


def refusal_of(
    draft: Draft, session: Session, end_client: str, account: str = ""
) -> Refusal | None:
    """Why an enquiry is not answered: NOT_AUTHORISED, or UNKNOWN_ACCOUNT for somebody else's."""
    if not_shown(draft, session):
        return Refusal.NOT_AUTHORISED
    names = whose(session, end_client)
    if not names:
        return PARTIES
    if account and not session.broker:
        known = [one for name in names if (one := draft.client(name)) is not None]
        if not any(account in one.accounts for one in known):
            return PARTIES
    return None


def may_deal_in(draft: Draft, session: Session) -> list[Instrument]:
    """The instruments that at least one of the session's clients may deal in now, trading hours
    and halts apart, in the configuration's order; none for whom nothing is authorised."""
    if not_shown(draft, session):
        return []
    clients = [one for name in clients_of(session) if (one := draft.client(name)) is not None]
    return [
        instrument
        for instrument in draft.register.instruments.values()
        if any(_may(draft, one, session, instrument) for one in clients)
    ]


def _may(draft: Draft, client: Client, session: Session, instrument: Instrument) -> bool:
    return forbidden(authority_of(draft, client, session.key, instrument)) is None
