"""CollateralInquiry: balances, and limits with what is used of them and what is left."""

from decimal import Decimal

from otcfix.desk.draft import Draft
from otcfix.desk.limit_report import Standing, standings
from otcfix.desk.positions import Row, account_of, rows_of
from otcfix.desk.whose import is_misplaced, refusal_of, whose
from otcfix.model.answers import CollateralAcked, CollateralReported
from otcfix.model.enquiries import CollateralInquiry
from otcfix.model.limit import COUNTS, MEDIAN_MULTIPLE, ORDER_SIZE
from otcfix.model.money import from_minor
from otcfix.model.party import Session
from otcfix.model.refusal import Refusal, wording

ACCEPTED, COMPLETED, REJECTED = 0, 2, 4
"""CollInquiryStatus(945)."""

RESULTS = {
    Refusal.UNKNOWN_SYMBOL: 1,
    Refusal.UNKNOWN_ACCOUNT: 3,
    Refusal.UNSUPPORTED: 8,
    Refusal.NOT_AUTHORISED: 9,
}
"""CollInquiryResult(946)."""

WITHOUT_CURRENCY = (*COUNTS, MEDIAN_MULTIPLE, ORDER_SIZE)
"""Measures that are no amount of the limit currency."""


def on_collateral_inquiry(draft: Draft, asked: CollateralInquiry) -> None:
    """BG, then a BA for each asset and for each limit, 912=Y on the last one (35=BB).

    With Currency(15) that asset alone, and no limits.
    """
    if is_misplaced(draft, asked):
        return
    session = draft.register.sessions[asked.head.session]
    no = _refusal(draft, asked, session)
    if no is not None:
        _ack(draft, asked, session, 0, REJECTED, RESULTS[no[0]], no[1])
        return
    names = whose(session, asked.end_client)
    rows = rows_of(draft, names, (asked.currency,) if asked.currency else ())
    limits: list[Standing] = []
    if not asked.currency:
        limits = [one for name in names for one in standings(draft.state, draft.event.at, name)]
    total = len(rows) + len(limits)
    _ack(draft, asked, session, total, ACCEPTED if total else COMPLETED, 0, "")
    number = 0
    for row in rows:
        number += 1
        _balance(draft, asked, session, row, total, number == total)
    for standing in limits:
        number += 1
        _limit(draft, asked, session, standing, total, number == total)


def _refusal(
    draft: Draft, asked: CollateralInquiry, session: Session
) -> tuple[Refusal, str] | None:
    no = refusal_of(draft, session, asked.end_client, asked.account)
    if no is not None:
        return no, wording(no, 1 if asked.account and no is Refusal.UNKNOWN_ACCOUNT else None)
    if asked.not_done:
        return Refusal.UNSUPPORTED, wording(Refusal.UNSUPPORTED, asked.not_done)
    if asked.subscription_type not in ("", "0"):
        return Refusal.UNSUPPORTED, wording(Refusal.UNSUPPORTED, 263)
    if asked.currency and asked.currency not in draft.register.assets:
        return Refusal.UNKNOWN_SYMBOL, wording(Refusal.UNKNOWN_SYMBOL, 15)
    return None


def _ack(
    draft: Draft,
    asked: CollateralInquiry,
    session: Session,
    total: int,
    status: int,
    result: int,
    text: str,
) -> None:
    head = asked.head
    draft.say(
        CollateralAcked(
            session.key,
            asked.request_id,
            total,
            status,
            result,
            account_of(session, draft.client(session.client_id), asked.account),
            asked.end_client or session.client_id or session.key,
            text,
            head.on_behalf_of,
            head.on_behalf_of_sub,
        )
    )


def _balance(
    draft: Draft, asked: CollateralInquiry, session: Session, row: Row, total: int, last: bool
) -> None:
    client, asset, minor = row
    available, held, owed, owes = (from_minor(one, asset) for one in minor)
    free = max(draft.free(client.client_id, asset.code, same_day=False), 0)
    words = f"available={available:f} held={held:f} receivable={owed:f} payable={-owes:f}"
    _report(
        draft,
        asked,
        session,
        client.client_id,
        total,
        last,
        asset.code,
        available + held + owed + owes,
        available,
        from_minor(free, asset),
        f"BALANCE {asset.code} {words}",
    )


def _limit(
    draft: Draft,
    asked: CollateralInquiry,
    session: Session,
    standing: Standing,
    total: int,
    last: bool,
) -> None:
    limit = standing.limit
    desk = draft.register.desk
    assert desk is not None
    used = standing.used
    what = limit.what or "everything"
    _report(
        draft,
        asked,
        session,
        standing.client,
        total,
        last,
        "" if limit.measure in WITHOUT_CURRENCY else desk.limit_currency,
        limit.amount,
        used,
        None if used is None else max(limit.amount - used, Decimal(0)),
        f"LIMIT {limit.measure} {what}",
    )


def _report(
    draft: Draft,
    asked: CollateralInquiry,
    session: Session,
    client_id: str,
    total: int,
    last: bool,
    currency: str,
    net: Decimal,
    cash: Decimal | None,
    room: Decimal | None,
    text: str,
) -> None:
    head = asked.head
    draft.say(
        CollateralReported(
            session.key,
            asked.request_id,
            draft.ids.next("C"),
            total,
            last,
            account_of(session, draft.client(client_id), asked.account),
            asked.end_client or client_id,
            currency,
            net,
            cash,
            room,
            text,
            head.on_behalf_of,
            head.on_behalf_of_sub,
        )
    )
