"""What the market showed at one instant, as stamped on an event."""

from decimal import Decimal

from msgspec import Struct

from otcfix.model.time import Instant

Level = tuple[Decimal, Decimal]
"""Price (terms per base) and quantity (base)."""


class SourceBook(Struct, frozen=True, gc=False):
    """One source's book of one instrument, best level first, already in the pair's terms.

    snapshot changes whenever the source updates (R16); changed_at is the last book change or
    venue timestamp, never a mere heartbeat (A21).
    """

    source: str
    snapshot: int
    changed_at: Instant
    bids: tuple[Level, ...]
    offers: tuple[Level, ...]


class Rates(Struct, frozen=True, gc=False, omit_defaults=True):
    """The books of the sources that may contribute to *symbol* now (R11).

    missing: the sources of the symbol that show no book now, each with the reason.
    """

    symbol: str
    books: tuple[SourceBook, ...]
    missing: tuple[tuple[str, str], ...] = ()


class Conversion(Struct, frozen=True, gc=False):
    """How much of the limit currency one unit of *asset* is worth, and since when (R15)."""

    asset: str
    rate: Decimal
    changed_at: Instant
