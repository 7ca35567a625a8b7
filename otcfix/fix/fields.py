"""FIX text as fields: splitting, blanking secrets, and the tags that the desk does not do."""

from otcfix.fix.wire import SOH, WireError

NOT_DONE = frozenset(
    (
        78,
        99,
        111,
        168,
        192,
        193,
        210,
        211,
        388,
        389,
        423,
        555,
        640,
        847,
        848,
        849,
        854,
        957,
        1100,
        1138,
    )
)
"""Tags that make another order of it (stop, iceberg, peg, later start, legs, allocations): an
order that carries one is refused rather than executed as something else."""

NOT_QUOTED = frozenset((192, 193, 555, 600, 640))
"""Tags of a QuoteRequest that ask for a swap or for legs: refused, never quoted as outright."""

PLAIN_VALUES = {423: "2", 854: "0"}
"""Values of such tags that say no more than what the desk does anyway."""

Fields = list[tuple[int, str]]
Values = dict[int, str]

ECHOED = (1, 15, 55)
"""Account, Currency and Symbol come back on our answers: they are as short and plain as ids."""

NOT_BODY = frozenset((8, 9, 10, 34, 43, 52, 97, 122))
ORD_TYPES_42 = {"C": "1", "F": "2", "H": "D"}
"""What FX systems send in 4.2: Forex market, limit and previously quoted (R7)."""


def split(text: str) -> Fields:
    """Split FIX text into (tag, value) pairs. Errors: WireError for a field without a tag."""
    try:
        return [
            (int(tag), value)
            for tag, equals, value in [field.partition("=") for field in text.split(SOH)]
            if equals
        ]
    except ValueError:
        raise WireError(0, 0, "a tag is not a number") from None


def blank_secrets(text: str) -> str:
    """Replace the values of RawData(96), Password(554) and NewPassword(925) by *** (R13)."""
    return SOH.join(
        f"{field.partition('=')[0]}=***" if field.startswith(("96=", "554=", "925=")) else field
        for field in text.split(SOH)
    )
