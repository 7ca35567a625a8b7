"""What happens without a client asking: boot, timers, rates, sessions."""

from collections.abc import Iterable
from decimal import Decimal

from msgspec import structs

from otcfix.desk import (
    fills,
    hedge_lines,
    policies,
    quote_streams,
    quoting,
    screening,
    streaming,
    whereabouts,
)
from otcfix.desk.authority import reduces
from otcfix.desk.draft import Draft
from otcfix.desk.enforcing import enforce
from otcfix.desk.leaves import base_left
from otcfix.desk.lookups import scope_of
from otcfix.desk.market import mid_for
from otcfix.desk.matching import match_resting
from otcfix.desk.settling import settle
from otcfix.desk.staff import cancel_by_desk
from otcfix.gate.authority import Authority, kyc
from otcfix.model.event import (
    Boot,
    ClockJumped,
    EpochMoved,
    ParametersMoved,
    RatesMoved,
    SessionDown,
    SessionUp,
    TimerFired,
)
from otcfix.model.order import CANCELED, EXPIRED, Order
from otcfix.model.party import Client, Desk, Session
from otcfix.model.profile import ACTIVE
from otcfix.model.quote import LIVE, WITHDRAWN
from otcfix.model.refusal import Refusal, wording
from otcfix.model.replies import (
    QuoteRefused,
    QuoteWithdrawn,
)
from otcfix.model.time import MS, Instant, utc_day
from otcfix.settlement import calendar


def on_boot(draft: Draft, boot: Boot) -> None:
    """The desk starts: quotes of the last run are void (journaled, so that replay agrees).

    They are withdrawn at their session's next logon, if that comes before their 62. Requests
    whose quote may never have been said are answered "desk restarted" (R10) besides: a kill
    can fall between the saying and its mark, so such a quote is withdrawn as well.
    """
    state = draft.state
    for quote in state.quotes.values():
        draft.put_quote(structs.replace(quote, state=WITHDRAWN))
        if quote.state == LIVE:
            draft.move("owed_withdrawal", quote.session, quote.quote_id)
    for unsent in boot.unsent_quotes:
        draft.say(
            QuoteRefused(
                unsent.session,
                unsent.quote_req_id,
                unsent.symbol_sent,
                "",
                None,
                Refusal.DESK_RESTARTED,
                wording(Refusal.DESK_RESTARTED),
                unsent.deliver_to,
                unsent.deliver_to_sub,
            )
        )
    for key in sorted(state.words.get("online", {})):
        _went_down(draft, key)  # a killed desk did not see its sessions go
    hedge_lines.forget_lines(draft)
    desk = boot.desk or draft.register.desk
    if desk is not None:
        clients = state.clientele.seeded(desk.clients)
        screening.watch_age(draft, desk.screening)
        _cancel_forbidden(draft, desk, clients)
        _watch_hours(draft, desk)
        policies.at_boot(draft, desk, clients)
        watch_kyc(draft, clients.values(), draft.event.at)


def _cancel_forbidden(draft: Draft, desk: Desk, every: dict[str, Client]) -> None:
    """Cancel what a configuration forbids: an instrument delisted, a client or session suspended.

    An order whose client, instrument or session is gone, or whose session is not for its client any
    more, has nothing to stand on, and goes as well.
    """
    sessions = {
        session.key: session
        for session in desk.sessions
        if int(draft.state.word("session_enabled", session.key, int(session.enabled))) > 0
    }
    listed = {instrument.symbol for instrument in desk.instruments}
    tiers = {tier.name for tier in desk.tiers}
    # A tier that a command has set is not in the files, where a missing one would be seen.
    for key in sorted(every):
        if every[key].tier not in tiers:
            draft.alerts.append(f"{key} has the tier {every[key].tier}, which is not configured")
    allowed = {
        key: listed if "*" in client.instruments else listed.intersection(client.instruments)
        for key, client in every.items()
        if client.enabled and client.status == ACTIVE and client.tier in tiers
    }
    for order in sorted(draft.state.orders.values(), key=lambda o: o.accepted_seq):
        session = sessions.get(order.session)
        known = session is not None and scope_of(session, order.end_client) == order.scope
        known = known and order.symbol in allowed.get(order.client_id, ())
        if not known or not _known_well(draft, desk, every[order.client_id], order):
            cancel_by_desk(draft, order)


def _known_well(draft: Draft, desk: Desk, client: Client, order: Order) -> bool:
    """Whether the client's KYC holds for an order of his, by the rules that now come to hold."""
    at = draft.event.at
    asked = Authority(client, True, at, utc_day(at), reduce_when=desk.reduce_when)
    for instrument in desk.instruments:
        if instrument.symbol == order.symbol:
            base = base_left(order)
            asked.reduces = reduces(draft, client.client_id, instrument, order.side, base)
    found = kyc(asked)
    return found is not None and found.refusal is None


def _kyc_ends(draft: Draft, due: Instant) -> None:
    """Midnight, UTC: of whose KYC yesterday was the last day, what stands is withdrawn, cancelled
    and told, but for what the desk lets stand."""
    clients = draft.register.clients
    expired = [key for key in sorted(clients) if clients[key].profile.kyc.ends_at == due]
    for client_id in expired:
        last = clients[client_id].profile.kyc.last_day
        draft.alerts.append(f"the KYC of {client_id} has expired: its last day was {last}")
    if expired:
        enforce(draft, set(expired).__contains__)
    watch_kyc(draft, clients.values(), due)


def watch_kyc(draft: Draft, clients: Iterable[Client], after: Instant) -> None:
    """Wait for the first of these clients whose KYC ends after *after*: one timer, not one each."""
    ends = [client.profile.kyc.ends_at for client in clients]
    first = min((end for end in ends if end > after), default=0)
    if first:
        draft.timer(first, "kyc", "")


def _watch_hours(draft: Draft, desk: Desk) -> None:
    """Set each instrument OPEN or CLOSED by its hours, and wait for the next change."""
    at = draft.event.at
    for instrument in desk.instruments:
        is_open = calendar.is_open(instrument.hours, at)
        draft.move("hours", instrument.symbol, "" if is_open else "CLOSED")
        change = calendar.next_change(instrument.hours, at)
        if change is not None:
            draft.timer(change, "hours", instrument.symbol)


def on_timer_fired(draft: Draft, timer: TimerFired) -> None:
    """Do what fell due, by due time: expiries before anything else can match (state table)."""
    due = draft.state.due(timer.due)
    value_dates = [key for _, kind, key in due if kind == "value_date"]
    if value_dates:
        settle(draft, max(value_dates))  # one walk settles every date up to the latest
    for when, kind, key in due:
        if kind == "quote":
            quote = draft.quote(key)
            if quote is not None and quote.lives:
                quoting.expire(draft, quote)
        elif kind == "order":
            order = draft.order(key)
            if order is not None and order.is_open:
                fills.close(draft, order, EXPIRED, "EXPIRED")
        elif kind == "hours":
            _hours_changed(draft, key)
        elif kind == "quote_stream":
            quote_streams.end(draft, key)
        elif kind == "disconnect":
            _cancel_disconnected(draft, key)
        elif kind == "hedge":
            hedge_lines.on_answer_due(draft, key)
        elif kind == screening.TIMER:
            screening.on_verdicts_due(draft)
        else:
            _day_begins(draft, kind, when)


def _day_begins(draft: Draft, kind: str, midnight: Instant) -> None:
    if kind == "policy":
        policies.on_new_day(draft)
    elif kind == "kyc":
        _kyc_ends(draft, midnight)


def _hours_changed(draft: Draft, symbol: str) -> None:
    instrument = draft.register.instruments.get(symbol)
    if instrument is None:
        return
    at = draft.event.at
    is_open = calendar.is_open(instrument.hours, at)
    draft.move("hours", symbol, "" if is_open else "CLOSED")
    if is_open:
        streaming.reopen(draft, symbol)
    else:
        streaming.close(draft, symbol)
        for quote_id in tuple(draft.state.quotes):
            quote = draft.quote(quote_id)
            if quote is None or quote.symbol != symbol or not quote.lives:
                continue
            if at > quote.valid_until:
                quoting.expire(draft, quote)  # its own end came first
            else:
                quoting.withdraw(draft, quote, text="closed")
    change = calendar.next_change(instrument.hours, at)
    if change is not None:
        draft.timer(change, "hours", symbol)


def on_rates_moved(draft: Draft, moved: RatesMoved) -> None:
    """Wake the resting orders of the symbols that moved."""
    for symbol in moved.symbols:
        _withdraw_overtaken(draft, symbol)
        match_resting(draft, symbol)
    streaming.on_rates_moved(draft, moved)


def _withdraw_overtaken(draft: Draft, symbol: str) -> None:
    """A firm quote dies when its reference turns stale or leaves the instrument's cancel band."""
    instrument = draft.register.instruments.get(symbol)
    if instrument is None or not draft.state.quoted.get(symbol):
        return
    mids: dict[str, Decimal | None] = {}
    for quote in draft.state.quotes.values():
        client = draft.register.clients.get(quote.client_id)
        if quote.symbol != symbol or quote.state != LIVE or client is None:
            continue
        if quote.client_id not in mids:
            mids[quote.client_id] = mid_for(draft, instrument, client)
        mid, band = mids[quote.client_id], quote.firmness.cancel_band_bps
        if mid is None:
            quoting.withdraw(draft, quote, text="no price")
        elif band and abs(mid - quote.mid) * 10_000 > band * quote.mid:
            quoting.withdraw(draft, quote, text="the market has moved")


def on_parameters_moved(draft: Draft, moved: ParametersMoved) -> None:
    """What was measured becomes State; streams are priced anew when a market turns fast or calm."""
    state = draft.state
    for known in moved.instruments:
        symbol = known.symbol
        if known.fast != state.knowledge.of(symbol).fast and state.streams.listens(symbol):
            draft.looks_owed[symbol] = None


def on_clock_jumped(draft: Draft, jumped: ClockJumped) -> None:
    """No dealing while the desk's clock is not to be trusted; quotes are withdrawn (2.10)."""
    draft.move("desk", "clock", "" if jumped.trusted else "UNTRUSTED")
    draft.alerts.append(
        f"clock {'trusted again' if jumped.trusted else 'jumped'}: {jumped.by_ms} ms"
    )
    if jumped.trusted:
        streaming.reopen(draft)
    else:
        streaming.close(draft)
        for quote in draft.state.quotes.values():
            quoting.withdraw(draft, quote)


def on_session_up(draft: Draft, up: SessionUp) -> None:
    """Tell the session what was withdrawn while it was away; its grace period is over."""
    draft.move("online", up.session, 1)
    draft.move("epoch", up.session, up.epoch)
    draft.move("cancel_due", up.session, 0)
    if not draft.word("held", up.session):
        draft.move("say_again", up.session, 0)
    draft.move("thrown_out", up.session, 0)
    asked = up.cancel_on_disconnect
    # Zero would read as "not said"; the word is 1 for yes and -1 for no.
    draft.move("cancel_on_disconnect", up.session, 0 if asked is None else 1 if asked else -1)
    whereabouts.on_session_up(draft, up)
    owed = draft.state.owed_withdrawals.get(up.session, {})
    for quote in owed.values():
        if draft.event.received_at <= quote.valid_until:
            draft.say(QuoteWithdrawn(up.session, quote, "desk restarted"))
    if owed:
        draft.move("withdrawals_told", up.session, 1)


def on_session_down(draft: Draft, down: SessionDown) -> None:
    """Orders stand (A22), unless they are to be cancelled after the session's grace period."""
    _went_down(draft, down.session)


def _went_down(draft: Draft, key: str) -> None:
    draft.move("online", key, 0)
    streaming.session_gone(draft, key)
    session = draft.register.sessions.get(key)
    if session is None:
        return
    every = _cancels_every(draft, session)
    mine = (o for o in draft.state.orders.values() if o.session == key)
    if any(every or order.cancel_on_disconnect for order in mine):
        due = draft.event.at + session.cancel_grace_ms * MS
        draft.move("cancel_due", key, due)
        draft.timer(due, "disconnect", key)


def _cancels_every(draft: Draft, session: Session) -> bool:
    """Whether every order goes when the session stays away: as its last Logon said, else as it is
    configured. Orders with ExecInst(18)=o go in any case."""
    asked = int(draft.word("cancel_on_disconnect", session.key, 0))
    return asked > 0 if asked else session.cancel_on_disconnect


def _cancel_disconnected(draft: Draft, session_key: str) -> None:
    draft.move("cancel_due", session_key, 0)
    session = draft.register.sessions.get(session_key)
    every = session is not None and _cancels_every(draft, session)
    for order in sorted(draft.state.orders.values(), key=lambda o: o.accepted_seq):
        if order.session == session_key and (every or order.cancel_on_disconnect):
            current = draft.order(order.order_id)
            if current is not None and current.is_open:
                fills.close(
                    draft,
                    current,
                    CANCELED,
                    "CANCELED",
                    text="disconnected",
                    cancel_reason="DISCONNECT",
                )


def on_epoch_moved(draft: Draft, moved: EpochMoved) -> None:
    """Note the session's new sequence epoch (R1); its reports are said again (R21)."""
    draft.move("epoch", moved.session, moved.epoch)
    draft.move("say_again", moved.session, 1)
