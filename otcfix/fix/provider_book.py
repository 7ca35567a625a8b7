"""The book of one subscription, as a provider's entries make it (W and X)."""

from collections.abc import Sequence
from decimal import Decimal

from msgspec import Struct

from otcfix.fix.fields import Fields, Values
from otcfix.fix.wire import WireError, read_decimal, read_int
from otcfix.model.rates import Level

BID, OFFER = "0", "1"
SIDES = (BID, OFFER)
NEW, CHANGE, DELETE = "0", "1", "2"
CLOSED = "B"
"""QuoteCondition(276): the price is there to be looked at, not to be dealt on."""

_ZERO = Decimal(0)


class Unusable(Exception):
    """The book cannot be known any more; the text says why."""


class _Entry(Struct, frozen=True):
    side: str
    px: Decimal
    qty: Decimal


class EntryBook:
    """The entries of one subscription, by MDEntryID(278), or by side and price where there is none.

    A level is the sum of the entries at its price.
    """

    def __init__(self, base: str) -> None:
        self._base = base
        self._entries: dict[object, _Entry] = {}
        self._levels: dict[str, dict[Decimal, Decimal]] = {BID: {}, OFFER: {}}
        self._rpt_seq: int | None = None
        self._first_seq: int | None = None
        self.whole = False

    def lose(self) -> None:
        """Nothing is known until the next W."""
        self.whole = False
        self._entries.clear()
        self._levels = {BID: {}, OFFER: {}}
        self._rpt_seq = self._first_seq = None

    def snapshot(self, values: Values, entries: Sequence[Values]) -> None:
        """Take a W. Errors: Unusable, WireError."""
        self.lose()
        self._rpt_seq = _rpt_seq(values)
        for entry in entries:
            kind = entry.get(269, "")
            if kind in (BID, OFFER) and entry.get(276) != CLOSED:
                px, qty = self._number(entry, 270), self._number(entry, 271)
                key: object = entry.get(278) or (kind, px)
                known = self._entries.get(key)
                if known is not None and entry.get(278):
                    raise Unusable(f"MDEntryID(278) {key} stands twice in a W")
                self._set(key, _Entry(kind, px, qty + (known.qty if known else _ZERO)))
        self.whole = True

    def change(self, entry: Values) -> tuple[str, Decimal, Decimal] | None:
        """Take one entry of an X: side and prices that it moved; None where it says nothing of the
        book. Errors: Unusable, WireError."""
        kind = entry.get(269, "")
        if not self._is_next(_rpt_seq(entry)) or kind not in (*SIDES, ""):
            return None  # said before; or a trade, a statistic
        key: object = entry.get(278) or entry.get(280)
        if key is None:
            if not kind:
                raise Unusable("an entry without MDEntryType(269) and MDEntryID(278)")
            key = (kind, self._number(entry, 270))
        known = self._entries.get(key)
        made = self._made(entry, kind, key, known)
        if known is not None and known.side != made.side:
            raise Unusable(f"entry {key} changed its side")
        self._set(key, made, keep=entry.get(279) != DELETE)
        return made.side, made.px, made.px if known is None else known.px

    def _is_next(self, number: int | None) -> bool:
        """Whether RptSeq(83) says that the entry is new. Errors: Unusable after a gap."""
        if number is None:
            return True
        last = self._rpt_seq
        if last is not None and number > last + 1:
            raise Unusable(f"gap: RptSeq(83) {number} came after {last}")
        if self._first_seq is not None and number < self._first_seq:
            # The W had no number, so nobody could see that this one was missing.
            raise Unusable(f"gap: RptSeq(83) {number} came after {last}")
        if last is not None and number <= last:
            return False
        if last is None:
            self._first_seq = number
        self._rpt_seq = number
        return True

    def _made(self, entry: Values, kind: str, key: object, known: _Entry | None) -> _Entry:
        """The entry as it stands after *entry*."""
        action = entry.get(279, "")
        if action == NEW and kind:
            made = _Entry(kind, self._number(entry, 270), self._number(entry, 271))
        elif action not in (CHANGE, DELETE):
            raise Unusable(f"MDUpdateAction(279) {action!r} of {key}")
        elif known is None:
            raise Unusable(f"279={action} of an entry that is not in the book: {key}")
        elif action == DELETE:
            made = _Entry(known.side, known.px, _ZERO)
        else:
            px = self._number(entry, 270) if 270 in entry else known.px
            qty = self._number(entry, 271) if 271 in entry else known.qty
            made = _Entry(known.side, px, qty)
        return _Entry(made.side, made.px, _ZERO) if entry.get(276) == CLOSED else made

    def quantity(self, side: str, px: Decimal) -> Decimal:
        """What stands at a price."""
        return self._levels[side].get(px, _ZERO)

    def levels(self, side: str) -> tuple[Level, ...]:
        """All levels of a side, in no order of price."""
        return tuple(self._levels[side].items())

    def _set(self, key: object, entry: _Entry, *, keep: bool = True) -> None:
        known = self._entries.pop(key, None)
        if known is not None:
            self._add(known.side, known.px, -known.qty)
        if keep:
            self._entries[key] = entry
            self._add(entry.side, entry.px, entry.qty)

    def _add(self, side: str, px: Decimal, qty: Decimal) -> None:
        levels = self._levels[side]
        total = levels.get(px, _ZERO) + qty
        if total:
            levels[px] = total
        else:
            levels.pop(px, None)

    def _number(self, entry: Values, tag: int) -> Decimal:
        if tag not in entry:
            raise Unusable(f"an entry without {tag}")
        if entry.get(15, self._base) != self._base:
            raise Unusable(f"Currency(15) {entry[15]}: sizes must count {self._base}")
        value = read_decimal(tag, entry[tag])
        if value < 0 or (tag == 270 and not value):
            raise Unusable(f"{tag}={entry[tag]}")
        return value


def _rpt_seq(entry: Values) -> int | None:
    return read_int(83, entry[83]) if 83 in entry else None


def entries_of(fields: Fields, first: int) -> list[Values]:
    """The group NoMDEntries(268), one dict an entry. Errors: WireError when it is torn."""
    entries: list[Values] = []
    count: int | None = None
    for tag, value in fields:
        if tag == 268:
            count = read_int(268, value)
        elif count is not None and tag == first:
            entries.append({tag: value})
        elif count is not None and entries:
            entries[-1].setdefault(tag, value)
    if count is None or count != len(entries):
        raise WireError(
            16, 268, f"NoMDEntries(268) is {count}, of entries there are {len(entries)}"
        )
    return entries
