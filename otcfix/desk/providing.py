"""Liquidity providers on our sessions: their prices are journaled as they come, and only a
MassQuote that asks for it is answered."""

from otcfix.desk.draft import Draft
from otcfix.model.messages import ProviderEntry, ProviderMassQuote
from otcfix.model.refusal import Refusal, wording
from otcfix.model.replies import MassQuoteAcknowledged

NEGATIVE_ONLY, EVERY = 1, 2
"""QuoteResponseLevel(301)."""

CROSSED, INVALID_PRICE = 7, 8
"""QuoteRejectReason(300)."""


def on_provider_mass_quote(draft: Draft, body: ProviderMassQuote) -> None:
    """Say whether the whole can be used, where QuoteResponseLevel(301) asks."""
    faults = [fault for entry in body.entries if (fault := _fault(entry))]
    reason, why = faults[0] if faults else (0, "")
    wanted = body.response_level == EVERY or (body.response_level == NEGATIVE_ONLY and faults)
    if not wanted:
        return
    head = body.head
    draft.replies.append(
        MassQuoteAcknowledged(
            head.session,
            body.quote_id,
            body.quote_req_id,
            reason,
            body.response_level,
            why,
            head.on_behalf_of,
            head.on_behalf_of_sub,
        )
    )


def _fault(entry: ProviderEntry) -> tuple[int, str] | None:
    """What makes an entry unusable; a price without a size is none, it pulls its side."""
    numbers = (entry.bid, entry.offer, entry.bid_size, entry.offer_size)
    named = f"entry {entry.quote_entry_id} {entry.symbol}"
    if any(number is not None and number < 0 for number in numbers):
        return INVALID_PRICE, wording(Refusal.BAD_PRICE, detail=f"{named}: below zero")
    both = entry.bid and entry.offer and entry.bid_size and entry.offer_size
    if both and entry.bid is not None and entry.offer is not None and entry.bid >= entry.offer:
        return CROSSED, wording(Refusal.BAD_PRICE, detail=f"{named}: crossed")
    return None
