"""Ids and times of a log put into today's words, and the answers back into the log's.

What the client named himself (ClOrdID, QuoteReqID...) gets a new name. What the desk named
(QuoteID, OrderID, ExecID...) is learnt from the answers, and used where the client speaks of it:
an order that hit a quote of the log hits the quote received now, at its price.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation

from otcfix.fixlog.fields import Field
from otcfix.fixlog.logged import instant
from otcfix.model.time import DAY, MS, Instant, utc_timestamp

OURS = {
    b"11": b"order", b"41": b"order", b"583": b"link", b"526": b"order", b"131": b"request",
    b"644": b"request", b"693": b"response", b"262": b"stream", b"568": b"reports", b"70": b"alloc",
    b"320": b"security", b"335": b"trading", b"923": b"user", b"710": b"positions", b"909": b"coll",
}  # fmt: skip
"""Named by the client; what an id is of, by its tag."""

REFERS = (b"379",)
"""May name any of them."""

THEIRS = {
    b"37": b"order", b"198": b"order 2", b"17": b"report", b"19": b"report", b"527": b"report 2",
    b"117": b"quote", b"571": b"trade report", b"572": b"trade report", b"818": b"trade report 2",
    b"1003": b"trade", b"880": b"trade 2", b"664": b"confirmation", b"322": b"security answer",
    b"535": b"mass answer", b"908": b"coll answer", b"721": b"position",
}  # fmt: skip
"""Named by the desk."""

TIMES = frozenset(b"60 62 126 168 341 345 367 42 443 483 586 629 779".split())
DATES = frozenset(b"64 75 432 541 193 248 272 229 873 1079".split())
NEVER = frozenset(
    b"8 9 10 34 35 43 49 50 52 56 57 89 90 91 93 97 115 116 122 128 129 142 143 144 145 369".split()
)
"""Header and trailer: the session makes them anew."""

CARRIED = (b"97", b"115", b"116")
"""Of the header what the client meant: said again, on behalf of whom. They come first."""

_NO_ID = (b"", b"NONE", b"0")


def number(value: bytes) -> Decimal | None:
    """A plain number, None for anything else."""
    try:
        found = Decimal(value.decode("ascii"))
    except (UnicodeDecodeError, InvalidOperation):
        return None
    return found if found.is_finite() else None


class Remapping:
    """One replay's names. prefix: of the new names, short; other replays have another."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix.encode()
        self._count = 0
        self._new: dict[tuple[bytes, bytes], bytes] = {}
        self._old: dict[bytes, bytes] = {}
        self._desk: dict[tuple[bytes, bytes], bytes] = {}
        self._back: dict[tuple[bytes, bytes], bytes] = {}
        self._prices: dict[bytes, tuple[dict[bytes, bytes], dict[bytes, bytes]]] = {}

    # -- the client's side -----------------------------------------------------------------------

    def spoken(self, fields: Sequence[Field], shift: Instant) -> list[Field]:
        """The client's fields as they are said now. shift: what is added to times, microseconds."""
        quote = next((value for tag, value in fields if tag == b"117"), b"")
        header = [field for field in fields if field[0] in CARRIED]
        body = [
            (tag, self._said(tag, value, quote, shift))
            for tag, value in fields
            if tag and tag not in NEVER
        ]
        return header + body

    def _said(self, tag: bytes, value: bytes, quote: bytes, shift: Instant) -> bytes:
        if tag in OURS:
            return self._named(OURS[tag], value)
        if tag in THEIRS:
            return self._desk.get((THEIRS[tag], value), value)
        if tag == b"44" and quote:
            return self._quoted(quote, value)
        if not shift:
            return value
        if tag in TIMES:
            return shifted(value, shift)
        return shifted_date(value, shift) if tag in DATES else value

    def _named(self, kind: bytes, value: bytes) -> bytes:
        known = self._new.get((kind, value))
        if known is None and value not in _NO_ID:
            self._count += 1
            known = b"%b%d" % (self._prefix, self._count)
            self._new[kind, value] = known
            self._old[known] = value
        return value if known is None else known

    def _quoted(self, quote: bytes, price: bytes) -> bytes:
        """The price of an order on a quote: the same side of the quote received now."""
        logged, now = self._prices.get(quote, ({}, {}))
        wanted = number(price)
        for tag, one in logged.items():
            if wanted is not None and number(one) == wanted and tag in now:
                return now[tag]
        return price

    # -- the desk's side --------------------------------------------------------------------------

    def own_id(self, tag: bytes, value: bytes) -> bytes:
        """What the log calls an id of the client's that came back; other values as they are."""
        return self._old.get(value, value) if tag in OURS or tag in REFERS else value

    def agrees(self, tag: bytes, logged: bytes, now: bytes) -> bool:
        """Whether an id of the desk's stands for the one of the log; the first pair is learnt."""
        key = (THEIRS[tag], logged)
        if logged in _NO_ID or now in _NO_ID:
            return logged == now
        known = self._desk.get(key)
        if known is None and (THEIRS[tag], now) not in self._back:
            self._desk[key] = now
            self._back[THEIRS[tag], now] = logged
            return True
        return known == now

    def learn_quote(self, logged: Sequence[Field], now: Sequence[Field]) -> None:
        """Remember both prices of a quote, and its other name."""
        left, right = dict(logged), dict(now)
        if b"117" in left and b"117" in right:
            self._prices[left[b"117"]] = _sides(left), _sides(right)


def _sides(quote: dict[bytes, bytes]) -> dict[bytes, bytes]:
    return {tag: quote[tag] for tag in (b"132", b"133") if tag in quote}


def shifted(value: bytes, shift: Instant) -> bytes:
    """A UTCTimestamp later by *shift*; what is none stays."""
    at = instant(value.decode("ascii", "replace"))
    if at is None or at + shift < 0:
        return value
    return utc_timestamp((at + shift) // MS * MS).encode()


def shifted_date(value: bytes, shift: Instant) -> bytes:
    """A LocalMktDate later by the whole days of *shift*."""
    text = value.decode("ascii", "replace")
    at = instant(f"{text} 00:00:00") if len(text) == 8 and text.isdigit() else None
    if at is None or shift < DAY:
        return value
    return utc_timestamp(at + shift // DAY * DAY)[:8].encode()
