"""decide(state, event): one table, the contents page of the decision core."""

from collections.abc import Callable
from typing import Any

from otcfix.desk import (
    allocating,
    amending,
    breaks,
    busting,
    captures,
    clients,
    collateral,
    dealing,
    enquiries,
    four_eyes,
    hedge_lines,
    hedge_reports,
    hedging,
    limit_setting,
    mass_cancelling,
    news,
    policies,
    positions,
    providing,
    quoting,
    screening,
    securities,
    session_acts,
    session_states,
    sessions,
    staff,
    standing,
    streaming,
    throttling,
    trading_states,
    unread,
    upkeep,
    users,
)
from otcfix.desk.draft import Draft
from otcfix.desk.state import State
from otcfix.model import (
    client_commands,
    hedge,
    limit,
    messages,
    policy,
    post_trade,
    proposal,
    session_act,
    throttle,
)
from otcfix.model import enquiries as asks
from otcfix.model import event as events
from otcfix.model import screening as screened
from otcfix.model import session_commands as session_orders
from otcfix.model.decision import NOTHING, Decision
from otcfix.model.event import Event
from otcfix.model.refusal import Refusal


def _only_journaled(draft: Draft, body: Any) -> None:
    """Kept for the record; nothing follows from it here."""


HANDLERS: dict[type, Callable[[Draft, Any], None]] = {
    messages.QuoteRequest: quoting.on_quote_request,
    messages.QuoteCancel: standing.on_quote_cancel,
    messages.QuoteCounter: standing.on_quote_counter,
    messages.QuoteStatusRequest: standing.on_quote_status_request,
    messages.NewOrderSingle: dealing.on_new_order_single,
    messages.OrderCancelRequest: amending.on_order_cancel_request,
    messages.OrderCancelReplaceRequest: amending.on_order_cancel_replace_request,
    messages.OrderMassCancelRequest: mass_cancelling.on_order_mass_cancel_request,
    messages.OrderStatusRequest: enquiries.on_order_status_request,
    messages.OrderMassStatusRequest: enquiries.on_order_mass_status_request,
    messages.MarketDataRequest: streaming.on_market_data_request,
    asks.TradeCaptureReportRequest: captures.on_trade_capture_report_request,
    asks.SecurityListRequest: securities.on_security_list_request,
    asks.SecurityDefinitionRequest: securities.on_security_definition_request,
    asks.TradingSessionStatusRequest: session_states.on_trading_session_status_request,
    asks.RequestForPositions: positions.on_request_for_positions,
    asks.CollateralInquiry: collateral.on_collateral_inquiry,
    asks.UserRequested: users.on_user_requested,
    messages.ProviderQuote: _only_journaled,
    messages.ProviderMassQuote: providing.on_provider_mass_quote,
    messages.ProviderQuoteCancel: _only_journaled,
    messages.Complaint: breaks.on_complaint,
    messages.AllocationInstruction: allocating.on_allocation_instruction,
    messages.ConfirmationAck: allocating.on_confirmation_ack,
    messages.Malformed: unread.on_malformed,
    messages.Unsupported: unread.on_unsupported,
    messages.Orphan: unread.on_orphan,
    events.Boot: upkeep.on_boot,
    events.TimerFired: upkeep.on_timer_fired,
    events.RatesMoved: upkeep.on_rates_moved,
    events.ParametersMoved: upkeep.on_parameters_moved,
    events.StreamHeld: streaming.on_stream_held,
    events.SessionUp: upkeep.on_session_up,
    events.SessionDown: upkeep.on_session_down,
    events.EpochMoved: upkeep.on_epoch_moved,
    events.Overflowed: unread.on_overflowed,
    events.UnreadCommand: unread.on_unread_command,
    events.AdminSeen: throttling.on_admin_seen,
    events.ClockJumped: upkeep.on_clock_jumped,
    events.Kill: staff.on_kill,
    events.SetSession: staff.on_set_session,
    events.SetInstrument: staff.on_set_instrument,
    events.MoveFunds: staff.on_move_funds,
    events.CancelOrder: staff.on_cancel_order,
    session_act.ActOnSession: session_acts.on_act_on_session,
    hedge.Hedge: hedge_lines.on_hedge,
    hedge.SettleHedge: hedge_lines.on_settle_hedge,
    hedge.VenueUp: hedge_lines.on_venue_up,
    hedge.VenueDown: hedge_lines.on_venue_down,
    hedge.VenueReport: hedge_reports.on_venue_report,
    client_commands.OnboardClient: clients.on_onboard_client,
    client_commands.ApproveClient: clients.on_approve_client,
    client_commands.SuspendClient: clients.on_suspend_client,
    client_commands.ResumeClient: clients.on_resume_client,
    client_commands.OffboardClient: clients.on_offboard_client,
    client_commands.ChangeClient: clients.on_change_client,
    client_commands.ChangeSettlementLimit: clients.on_change_settlement_limit,
    limit.SetLimit: limit_setting.on_set_limit,
    limit.MarksMoved: limit_setting.on_marks_moved,
    limit.SetTradingState: trading_states.on_set_trading_state,
    policy.SetPolicy: policies.on_set_policy,
    post_trade.BustTrade: busting.on_bust_trade,
    post_trade.CorrectTrade: busting.on_correct_trade,
    post_trade.ResolveBreak: breaks.on_resolve_break,
    session_orders.SetSessions: sessions.on_set_sessions,
    throttle.LoadMoved: throttling.on_load_moved,
    screened.ScreeningVerdicts: screening.on_screening_verdicts,
    screened.ScreeningTrouble: screening.on_screening_trouble,
    screened.ReleaseHit: screening.on_release_hit,
    proposal.Confirm: lambda draft, body: four_eyes.on_confirm(draft, body, HANDLERS),
    proposal.Dismiss: four_eyes.on_dismiss,
    session_orders.SendNews: news.on_send_news,
    session_orders.ResetSecret: users.on_reset_secret,
}

LOOKS_UP = (
    messages.QuoteRequest,
    messages.NewOrderSingle,
    messages.OrderCancelRequest,
    messages.OrderCancelReplaceRequest,
    messages.OrderStatusRequest,
    messages.QuoteCancel,
    messages.QuoteStatusRequest,
    messages.OrderMassCancelRequest,
    messages.AllocationInstruction,
    messages.ConfirmationAck,
)
"""Messages whose answer depends on what the store recalls."""


def decide(state: State, event: Event) -> Decision:
    """Decide *event*: everything that follows from it, read from *state* and *event* alone.

    Errors: none of its own. An exception from here is a bug; `failed` turns it into a decision.
    """
    draft = Draft(state, event)
    if event.facts.store_failed and isinstance(event.body, LOOKS_UP):
        draft.business_reject(event.body.head, ref_id_of(event.body), Refusal.OVERLOADED)  # R9
        return draft.decision()
    if session_acts.stopped_by_hold(draft, event.body):
        if throttling.admit(draft, event.body):
            draft.business_reject(event.body.head, ref_id_of(event.body), Refusal.HELD)
    elif throttling.admit(draft, event.body):
        HANDLERS[type(event.body)](draft, event.body)
        throttling.count_hits(draft, event.body)
    hedging.cover(draft)
    if state.asks.by_kind:
        _tell_subscribers(draft)
    return draft.decision() if draft.replies or draft.moved else _quiet(draft)


def _tell_subscribers(draft: Draft) -> None:
    if draft.trades or draft.changes:
        captures.tell(draft)
    if draft.moved:
        session_states.tell(draft)


def _quiet(draft: Draft) -> Decision:
    decision = draft.decision()
    return NOTHING if decision == NOTHING else decision


REF_IDS = (
    *("cl_ord_id", "quote_req_id", "quote_id", "mass_status_req_id", "md_req_id", "request_id"),
    *("alloc_id", "confirm_id"),
)


def ref_id_of(body: Any) -> str:
    """BusinessRejectRefID(379): the ClOrdID or QuoteReqID of a message; "" when it has none."""
    order = getattr(body, "order", body)
    for name in REF_IDS:
        if value := getattr(order, name, ""):
            return str(value)
    return ""


def failed(state: State, event: Event, error: Exception) -> Decision:
    """The decision for an event that `decide` could not decide: State untouched, client told.

    The same on replay: it holds the kind of error, not its wording or place.
    """
    draft = Draft(state, event)
    head = getattr(event.body, "head", None)
    answerable = not isinstance(event.body, messages.Complaint)
    if head is not None and answerable and event.session in state.register.sessions:
        draft.business_reject(head, ref_id_of(event.body), Refusal.INTERNAL)
    draft.alerts.append(f"event {event.seq} could not be decided: {type(error).__name__}")
    decided = draft.decision()
    return Decision(replies=decided.replies, alerts=decided.alerts, failed=type(error).__name__)
