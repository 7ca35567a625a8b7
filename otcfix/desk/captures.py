"""TradeCaptureReportRequest: the client's trades, as often as he asks and as they happen.

State holds no trade: those that are asked for are stamped on the event (`Facts.trades`). What is
told is filtered here once more, so that nobody sees another client's whatever was stamped.
"""

from msgspec import structs

from otcfix.desk.asks import ASKED_MAX
from otcfix.desk.draft import Draft
from otcfix.desk.whose import end_client_of, is_misplaced, is_seen, not_shown, refusal_of, whose
from otcfix.model.answers import TradeCaptureAcked, TradeCaptured
from otcfix.model.enquiries import (
    ENDED,
    LIVE,
    SUBSCRIBE,
    UNSUBSCRIBE,
    Asked,
    TradeCaptureReportRequest,
    TradesWanted,
)
from otcfix.model.party import Session
from otcfix.model.post_trade import TradeChange
from otcfix.model.refusal import Refusal, wording
from otcfix.model.trade import Trade

KIND = "AD"

TRADES_MAX = 500
"""Trades that one request is told; whoever has more asks in smaller ranges."""

ACCEPTED, COMPLETED, REJECTED = 0, 1, 2
"""TradeRequestStatus(750)."""

RESULTS = {
    Refusal.UNKNOWN_SYMBOL: 1,
    Refusal.UNKNOWN_ACCOUNT: 3,
    Refusal.NOT_AUTHORISED: 9,
}
"""TradeRequestResult(749) of a refusal; an unknown 569 is 8, everything else 99."""


def on_trade_capture_report_request(draft: Draft, asked: TradeCaptureReportRequest) -> None:
    """AQ, then an AE for each trade that fits, oldest first, 912=Y on the last one (35=AD)."""
    if is_misplaced(draft, asked):
        return
    session = draft.register.sessions[asked.head.session]
    if asked.subscription_type == UNSUBSCRIBE:
        _end(draft, asked)
        return
    no = _refusal(draft, asked, session)
    if no is not None:
        _ack(draft, asked, None, no[0], REJECTED, no[1])
        return
    end_client = end_client_of(session, asked.wanted.end_client)
    clients = whose(session, asked.wanted.end_client)
    trades = [
        trade
        for trade in draft.event.facts.trades
        if trade.client_id in clients
        and fits(trade, asked.wanted, end_client)
        and is_seen(draft.register, session, trade)
    ]
    _ack(draft, asked, len(trades), 0, ACCEPTED if trades else COMPLETED, "")
    for number, trade in enumerate(trades, 1):
        draft.say(
            TradeCaptured(
                session.key,
                trade,
                asked.request_id,
                len(trades),
                number == len(trades),
                False,
                asked.head.on_behalf_of,
                asked.head.on_behalf_of_sub,
            )
        )
    if asked.subscription_type == SUBSCRIBE:
        draft.asked.append(_subscription(asked, session, clients, end_client, LIVE))


def _refusal(
    draft: Draft, asked: TradeCaptureReportRequest, session: Session
) -> tuple[int, str] | None:
    """TradeRequestResult(749) and Text(58) of the first reason why it is not answered."""
    no = refusal_of(draft, session, asked.wanted.end_client)
    if no is not None:
        return RESULTS[no], wording(no)
    if asked.request_type not in ("0", "1"):
        return 8, wording(Refusal.UNSUPPORTED, 569)
    if asked.subscription_type not in ("", "0", "1"):
        return 99, wording(Refusal.UNSUPPORTED, 263)
    if asked.symbol_sent and asked.wanted.symbol not in draft.register.instruments:
        return 1, wording(Refusal.UNKNOWN_SYMBOL, 55)
    if asked.subscription_type == SUBSCRIBE:
        if draft.state.asks.find(KIND, session.key, asked.request_id) is not None:
            return 99, wording(Refusal.DUPLICATE, 568)
        if draft.state.asks.count(KIND, session.key) >= ASKED_MAX:
            detail = f"a session may have {ASKED_MAX} subscriptions"
            return 99, wording(Refusal.TOO_LARGE, 568, detail)
    if draft.event.facts.store_failed:
        return 99, wording(Refusal.OVERLOADED)
    if draft.event.facts.more_trades:
        detail = f"too many trades, {TRADES_MAX} at most: ask by narrower times"
        return 99, wording(Refusal.TOO_LARGE, detail=detail)
    return None


def _ack(
    draft: Draft,
    asked: TradeCaptureReportRequest,
    total: int | None,
    result: int,
    status: int,
    text: str,
) -> None:
    head = asked.head
    draft.say(
        TradeCaptureAcked(
            head.session,
            asked.request_id,
            asked.request_type,
            asked.subscription_type,
            total,
            result,
            status,
            asked.symbol_sent,
            text,
            head.on_behalf_of,
            head.on_behalf_of_sub,
        )
    )


def _end(draft: Draft, asked: TradeCaptureReportRequest) -> None:
    """263=2 ends a subscription, whatever else it names; AQ says so."""
    known = draft.state.asks.find(KIND, asked.head.session, asked.request_id)
    if known is None:
        text = wording(Refusal.UNKNOWN_QUOTE, 568, "no such subscription")
        _ack(draft, asked, None, 99, REJECTED, text)
        return
    draft.asked.append(Asked(KIND, known.session, known.request_id, ENDED))
    _ack(draft, asked, 0, 0, COMPLETED, "")


def _subscription(
    asked: TradeCaptureReportRequest,
    session: Session,
    clients: tuple[str, ...],
    end_client: str,
    status: str,
) -> Asked:
    wanted = asked.wanted
    # What comes is later than any time asked for: only what a trade is counts.
    later = TradesWanted(
        wanted.order_id,
        wanted.cl_ord_id,
        wanted.exec_id,
        wanted.symbol,
        wanted.side,
        end_client=end_client,
    )
    head = asked.head
    return Asked(
        KIND,
        session.key,
        asked.request_id,
        status,
        clients,
        later,
        "",
        head.on_behalf_of,
        head.on_behalf_of_sub,
    )


def fits(trade: Trade, wanted: TradesWanted, end_client: str) -> bool:
    """Whether a trade is one of those that are wanted. ClOrdID(11) is left to who knows the order's
    chain: the stamping, and `tell`."""
    return (
        (not end_client or trade.end_client == end_client)
        and (not wanted.order_id or trade.order_id == wanted.order_id)
        and (not wanted.exec_id or trade.exec_id == wanted.exec_id)
        and (not wanted.symbol or trade.symbol == wanted.symbol)
        and (not wanted.side or int(trade.side) == wanted.side)
        and (not wanted.since or trade.at >= wanted.since)
        and (not wanted.until or trade.at <= wanted.until)
        and (not wanted.date_from or trade.trade_date >= wanted.date_from)
        and (not wanted.date_to or trade.trade_date <= wanted.date_to)
    )


def tell(draft: Draft) -> None:
    """Push this event's trades, and those taken back or put right, to who has subscribed; behind
    the reports of them."""
    for asked in draft.state.asks.of(KIND):
        session = draft.register.sessions.get(asked.session)
        if session is None or not_shown(draft, session):
            continue
        for trade in draft.trades:
            if _is_asked(draft, asked, session, trade):
                draft.say(_pushed(asked, trade))
        for change in draft.changes:
            if _is_asked(draft, asked, session, change.trade):
                draft.say(_changed(asked, change))


def _is_asked(draft: Draft, asked: Asked, session: Session, trade: Trade) -> bool:
    return (
        trade.client_id in asked.clients
        and _of_order(draft, trade, asked.wanted)
        and fits(trade, asked.wanted, asked.wanted.end_client)
        and is_seen(draft.register, session, trade)
    )


def _pushed(asked: Asked, trade: Trade) -> TradeCaptured:
    return TradeCaptured(
        asked.session,
        trade,
        asked.request_id,
        pushed=True,
        deliver_to=asked.deliver_to,
        deliver_to_sub=asked.deliver_to_sub,
    )


def _changed(asked: Asked, change: TradeChange) -> TradeCaptured:
    """The trade as it stands now; of a bust, the one that does not stand, to be taken off."""
    now = change.now
    if now is None:
        now = structs.replace(change.trade, exec_id=change.exec_id, at=change.at)
    told = _pushed(asked, now)
    return structs.replace(told, undoes=change.trade.exec_id, cancels=change.now is None)


def _of_order(draft: Draft, trade: Trade, wanted: TradesWanted) -> bool:
    if not wanted.cl_ord_id:
        return True
    order = draft.order(trade.order_id)
    return order is not None and any(known == wanted.cl_ord_id for known, _ in order.chain)
