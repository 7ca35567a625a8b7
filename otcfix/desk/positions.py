"""RequestForPositions: what a client has of each asset, settled and not yet settled."""

from decimal import Decimal

from otcfix.desk.draft import Draft
from otcfix.desk.whose import is_misplaced, refusal_of, whose
from otcfix.ledger.chart import purse
from otcfix.model.answers import PositionReported, PositionsAcked
from otcfix.model.enquiries import RequestForPositions
from otcfix.model.money import Asset, from_minor, round_amount
from otcfix.model.party import Client, Session
from otcfix.model.refusal import Refusal, wording
from otcfix.model.time import local_date
from otcfix.settlement.calendar import trading_day

POSITIONS = "0"
"""PosReqType(724) that the desk answers."""

CUSTOMER = "1"
"""AccountType(581) where none was sent."""

RESULTS = {Refusal.NOT_AUTHORISED: 3, Refusal.UNSUPPORTED: 4}
"""PosReqResult(728) of a refusal; the others are 1."""

NONE_FOUND = 2

Row = tuple[Client, Asset, tuple[int, int, int, int]]
"""Whose, of what, and available, held, receivable and payable in minor units."""


def rows_of(draft: Draft, clients: tuple[str, ...], assets: tuple[str, ...]) -> list[Row]:
    """The purses in which something stands, by client, then in the configuration's order of
    assets. assets: empty for all."""
    found: list[Row] = []
    for client_id in clients:
        client = draft.client(client_id)
        if client is None:
            continue
        for asset in draft.register.assets.values():
            if assets and asset.code not in assets:
                continue
            available, held, owed, owes = (draft.balance(n) for n in purse(client_id, asset.code))
            if available or held or owed or owes:
                found.append((client, asset, (available, held, owed, owes)))
    return found


def assets_of(draft: Draft, what: str) -> tuple[str, ...] | None:
    """The assets that *what* names: an asset, or the two of a symbol; None: neither."""
    if not what:
        return ()
    if what in draft.register.assets:
        return (what,)
    instrument = draft.register.instruments.get(what)
    return None if instrument is None else (instrument.base.code, instrument.terms.code)


def account_of(session: Session, client: Client | None, account: str) -> str:
    """Account(1) of an answer: the one asked for, else the session's, else the client's first."""
    if account:
        return account
    if session.account and (client is None or session.account in client.accounts):
        return session.account
    return client.accounts[0] if client is not None and client.accounts else "NONE"


def on_request_for_positions(draft: Draft, asked: RequestForPositions) -> None:
    """AO, then an AP for each asset of which there is something (35=AN, 724=0)."""
    if is_misplaced(draft, asked):
        return
    session = draft.register.sessions[asked.head.session]
    no = _refusal(draft, asked, session)
    if no is not None:
        _ack(draft, asked, session, 0, RESULTS.get(no[0], 1), no[1])
        return
    assets = assets_of(draft, asked.what) or ()
    rows = rows_of(draft, whose(session, asked.end_client), assets)
    _ack(draft, asked, session, len(rows), 0 if rows else NONE_FOUND, "")
    for row in rows:
        _report(draft, asked, session, row, len(rows))


def _refusal(
    draft: Draft, asked: RequestForPositions, session: Session
) -> tuple[Refusal, str] | None:
    no = refusal_of(draft, session, asked.end_client, asked.account)
    if no is not None:
        return no, wording(no, 1 if asked.account and no is Refusal.UNKNOWN_ACCOUNT else None)
    if asked.request_type != POSITIONS:
        return Refusal.UNSUPPORTED, wording(Refusal.UNSUPPORTED, 724)
    if asked.subscription_type not in ("", "0"):
        return Refusal.UNSUPPORTED, wording(Refusal.UNSUPPORTED, 263)
    if assets_of(draft, asked.what) is None:
        return Refusal.UNKNOWN_SYMBOL, wording(Refusal.UNKNOWN_SYMBOL, 55)
    return None


def _ack(
    draft: Draft, asked: RequestForPositions, session: Session, total: int, result: int, text: str
) -> None:
    head = asked.head
    client = draft.client(session.client_id)
    draft.say(
        PositionsAcked(
            session.key,
            asked.request_id,
            draft.ids.next("P"),
            total,
            result,
            2 if text else 0,
            account_of(session, client, asked.account),
            asked.account_type or CUSTOMER,
            asked.end_client or session.client_id or session.key,
            text,
            head.on_behalf_of,
            head.on_behalf_of_sub,
        )
    )


def _report(
    draft: Draft, asked: RequestForPositions, session: Session, row: Row, total: int
) -> None:
    client, asset, (available, held, owed, owes) = row
    position = from_minor(available + held + owed + owes, asset)
    mark = mark_of(draft, asset.code)
    desk = draft.register.desk
    assert desk is not None
    limit_asset = draft.register.assets.get(desk.limit_currency)
    value = None if mark is None else position * mark
    if value is not None and limit_asset is not None:
        value = round_amount(value, limit_asset)  # ROUND_HALF_UP
    head = asked.head
    draft.say(
        PositionReported(
            session.key,
            asked.request_id,
            draft.ids.next("P"),
            total,
            account_of(session, client, asked.account),
            asked.account_type or CUSTOMER,
            asked.end_client or client.client_id,
            asset.code,
            position,
            from_minor(owed + owes, asset),
            mark,
            value,
            business_date(draft),
            head.on_behalf_of,
            head.on_behalf_of_sub,
        )
    )


def mark_of(draft: Draft, asset: str) -> Decimal | None:
    """What a unit of *asset* is worth in the limit currency, as limits value it; None: unknown."""
    desk = draft.register.desk
    if desk is not None and asset == desk.limit_currency:
        return Decimal(1)
    found = draft.state.limits.marks.get(asset)
    return None if found is None else found[0]


def business_date(draft: Draft) -> str:
    """ClearingBusinessDate(715): the trading day that runs now, of the first instrument."""
    first = next(iter(draft.register.instruments.values()))
    return local_date(trading_day(first, draft.event.at)[0])
