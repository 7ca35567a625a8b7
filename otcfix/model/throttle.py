"""How many messages a session may send."""

from decimal import Decimal

from msgspec import Struct

CLASSES = ("quote", "order", "replace", "cancel", "status", "stream", "resent")
"""quote: R. order: D and AJ. replace: G. cancel: F and q (weight 0). status: H, AF, a, Z, the
enquiries (AD, x, c, g, AN, BB), BE, and what QuickFIX rejects by a 3. stream: V. resent: with
PossDup or PossResend, an R, D, AJ or G that the desk has answered before; what it has not seen
counts in its own class, whatever its flags say.
"""

EVERYBODY = "*"


class Throttle(Struct, frozen=True):
    """GCRA of one message class, for one session or for "*".

    per_second and burst in messages; weight: what one message counts, or one symbol of an R or a V.
    Above it a message is refused; who sends more than hard_factor times as much for longer than
    hard_ms, what is refused included, is logged out.
    """

    session: str
    message_class: str
    per_second: Decimal
    burst: int
    weight: int = 1
    hard_factor: int = 2
    hard_ms: int = 3_000


class LoadTerms(Struct, frozen=True):
    """When the desk is busy: more than mark messages wait (0: never). Rates are halved then, down
    to floor, and grow back by step; at most once a second."""

    mark: int = 0
    floor: Decimal = Decimal("0.25")
    step: Decimal = Decimal("0.1")


class HitStep(Struct, frozen=True):
    """Clients who deal on less than the part below of their quotes have factor of their rates."""

    below: Decimal
    factor: Decimal


class HitRatio(Struct, frozen=True):
    """How quotes asked for and quotes dealt on change a client's rates; no steps: not at all.

    quotes_min: fewer than that say nothing. window: when as many are counted, both counts are
    halved, so that what was long ago weighs less.
    """

    quotes_min: int = 200
    window: int = 1_000
    steps: tuple[HitStep, ...] = ()


class LoadMoved(Struct, frozen=True, tag=True):
    """How much of their rates clients may use now: 1 with an empty inbox, less when it grows."""

    factor: Decimal
    why: str = ""
