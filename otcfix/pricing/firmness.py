"""What happens to a quoted price at acceptance: the four cases of R19."""

from decimal import Decimal

from otcfix.model.messages import Side
from otcfix.model.pricing import NO_LOOK, Life
from otcfix.model.refusal import Refusal

BPS = Decimal(10_000)

NONE = "NONE"
"""No last look: filled at the quoted price."""
WITHIN = "WITHIN"
"""Looked at, moved within the tolerance: filled at the quoted price."""
IMPROVED = "IMPROVED"
"""Moved in the client's favour: filled at the better, present price."""
KEPT = "KEPT"
"""Moved in the client's favour, and the rule gives no improvement: the quoted price."""
REFUSED = "REFUSED"
"""Moved against the desk by more than the tolerance, or there is no present price."""
OUTCOMES = (NONE, WITHIN, IMPROVED, KEPT, REFUSED)


def look(
    life: Life, side: Side, quoted: Decimal, current: Decimal | None
) -> tuple[str, Decimal | Refusal]:
    """(outcome, the price that the deal goes at, or why it does not).

    side is the client's; current: his price now, None when he has none, which refuses unless
    there is no last look at all (fail closed). The tolerance is in bps of the quoted price, the
    same either way. Refusals: PRICE_MOVED.
    """
    if life.last_look == NO_LOOK:
        return NONE, quoted
    if current is None:
        return REFUSED, Refusal.PRICE_MOVED
    worse = current - quoted if side is Side.BUY else quoted - current
    tolerance = quoted * life.tolerance_bps / BPS
    if worse > tolerance:
        return REFUSED, Refusal.PRICE_MOVED
    if -worse > tolerance:
        return (IMPROVED, current) if life.improvement else (KEPT, quoted)
    return WITHIN, quoted
