"""How many messages a session may send."""

from decimal import Decimal

from msgspec import Struct

CLASSES = ("quote", "order", "replace", "cancel", "status", "stream", "resent")
"""quote: R. order: D and AJ. replace: G. cancel: F and q (weight 0). status: H, AF, a and Z.
stream: V. resent: anything with PossDup or PossResend."""


class Throttle(Struct, frozen=True):
    """GCRA of one message class, for one session or for "*".

    per_second and burst in messages; weight: what one message counts. Above it a message is
    refused; who sends more than hard_factor times as much for hard_ms is logged out.
    """

    session: str
    message_class: str
    per_second: Decimal
    burst: int
    weight: int = 1
    hard_factor: int = 2
    hard_ms: int = 3_000


class LoadMoved(Struct, frozen=True, tag=True):
    """How much of their rates clients may use now: 1 with an empty inbox, less when it grows."""

    factor: Decimal
    why: str = ""
