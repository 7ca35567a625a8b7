"""Composite: the books that may contribute to one pair now, under R11. Not thread-safe by itself:
the RateBook calls it under its lock, `current` excepted.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from otcfix.model.instrument import Instrument
from otcfix.model.rates import Rates, SourceBook
from otcfix.model.time import MS, Instant
from otcfix.venues.basis import Basis
from otcfix.venues.book import trimmed, trimmed_levels
from otcfix.venues.held import FOR_EVER, Held, Levels
from otcfix.venues.routes import Cross, Route, price_step, quantity_step, routes_of, through
from otcfix.venues.source import SourceSpec

_ZERO = Decimal(0)


class _Shift:
    """The basis of one perpetual, and the book with which it was sampled last."""

    def __init__(self, spec: SourceSpec) -> None:
        self.basis = Basis(spec.half_life_s, spec.warm_up_s)
        self.snapshot = -1
        self.amount: Decimal | None = None
        self.made: tuple[SourceBook, Decimal, SourceBook] | None = None

    def moved(self, book: SourceBook, amount: Decimal) -> SourceBook:
        """*book* at spot's height; the same object as long as neither changes."""
        made = self.made
        if made is None or made[0] is not book or made[1] != amount:
            made = self.made = (book, amount, _moved(book, amount))
        return made[2]


class _CrossCount:
    """R16 for a crossed book: its snapshot moves on when *both* legs have shown new depth.

    A dealt quantity used up depth in both, so one leg's update alone gives none of it back.
    """

    def __init__(self) -> None:
        self._snapshot = 0
        self._first = self._second = -1

    def at(self, first: int, second: int) -> int:
        """Return the snapshot of the cross of the legs' snapshots *first* and *second*."""
        if self._first != first and self._second != second:
            # The sum only grows, in this run and over restarts, as both of its parts do.
            self._snapshot = first + second
            self._first, self._second = first, second
        return self._snapshot


class Composite:
    """One instrument, the routes to its prices, and the Rates made of them."""

    def __init__(
        self, instrument: Instrument, specs: Sequence[SourceSpec], held: Mapping[str, Held]
    ) -> None:
        self.instrument = instrument
        self.routes = routes_of(instrument, specs)
        self.sources = frozenset(name for route in self.routes for name in route.sources)
        self._held = held
        self._age_max = instrument.price_age_max_ms * MS
        self._px_step = price_step(instrument)
        self._qty_step = quantity_step(instrument)
        exponent = instrument.tick.normalize().as_tuple().exponent
        self._basis_digits = max(0, -int(exponent))
        self._shifts = {r.source.name: _Shift(r.source) for r in self.routes if r.shifted}
        self._cross_counts: dict[str, _CrossCount] = {}
        self._crosses: dict[str, tuple[SourceBook, SourceBook, SourceBook]] = {}
        # The Rates and the last instant at which they hold without an update: one tuple, so that
        # a reader without the lock never pairs an old one with a new one.
        self._made: tuple[Rates, Instant] = (Rates(instrument.symbol, ()), -1)

    def current(self, now: Instant) -> Rates | None:
        """Return the Rates if nothing changed since they were made. Needs no lock."""
        rates, last = self._made
        return rates if now <= last else None

    def void(self) -> None:
        """A source has changed: make the Rates anew when somebody asks."""
        self._made = (self._made[0], -1)

    def compose(self, now: Instant) -> Rates:
        """Make the Rates; the same object as before when they come out equal."""
        last = FOR_EVER
        spot_until = -1
        found: list[tuple[Route, SourceBook]] = []
        missing: list[tuple[str, str]] = []
        for route in self.routes:
            held = self._held[route.source.name]
            if not (held.usable and now <= held.valid_until):
                missing.append((held.spec.name, held.reason(now)))
                continue
            book: SourceBook | None
            if route.crosses:
                book, until = self._crossed(route, held, now)
                last = min(last, until)
            else:
                book = held.as_book()
            if book is None or not (book.bids or book.offers):
                why = self._no_cross(route, now) if book is None else "an empty book"
                missing.append((held.spec.name, why))
                continue
            last = min(last, held.valid_until)
            if not route.shifted and book.bids and book.offers:
                spot_until = max(spot_until, book.changed_at + self._age_max)
            found.append((route, book))
        books = []
        for route, book in found:
            if not route.shifted:
                books.append(book)
                continue
            shift = self._shifts[route.source.name]
            amount = self._basis(route)
            if amount is None and not shift.basis.warm:
                missing.append((route.source.name, "the basis is warming up"))
            elif amount is None or now > spot_until:
                missing.append((route.source.name, "no fresh spot beside it"))
            else:
                last = min(last, spot_until)  # from then on it would stand alone
                books.append(shift.moved(book, amount))
        rates = Rates(self.instrument.symbol, tuple(books), tuple(missing))
        if rates == self._made[0]:
            rates = self._made[0]
        self._made = (rates, last)
        return rates

    def _no_cross(self, route: Route, now: Instant) -> str:
        legs = [self._held[cross.source] for cross in route.crosses]
        whys = "; ".join(f"{leg.spec.name}: {leg.reason(now)}" for leg in legs)
        return f"no cross into {self.instrument.terms.code} ({whys})"

    def sample(self, held: Held) -> None:
        """Sample the basis of the perpetual *held*, which has just updated, if spot is fresh."""
        shift = self._shifts.get(held.spec.name)
        if shift is None:
            return
        now = held.changed_at
        spot: list[Decimal] = []
        perpetual: Decimal | None = None
        for route in self.routes:
            if route.source.name == held.spec.name:
                perpetual = self._mid(route, now)
            elif not route.shifted and (mid := self._mid(route, now)) is not None:
                spot.append(mid)
        shift.amount = None
        shift.snapshot = held.snapshot
        if spot and perpetual is not None:
            shift.basis.sample(now, float(sum(spot, _ZERO) / len(spot) - perpetual))
            if shift.basis.warm:
                shift.amount = shift.basis.shift(self._basis_digits)

    def _basis(self, route: Route) -> Decimal | None:
        """The shift sampled with the perpetual's present book; None while warming up."""
        shift = self._shifts[route.source.name]
        return shift.amount if shift.snapshot == self._held[route.source.name].snapshot else None

    def _mid(self, route: Route, now: Instant) -> Decimal | None:
        """The mid of the best levels by *route*; None when missing or old."""
        held = self._held[route.source.name]
        mid = held.mid() if held.live(now) and self._fresh(held, now) else None
        if mid is None or not route.crosses:
            return mid
        cross, _ = self._cross(route, now)
        leg = None if cross is None else self._held[cross.source]
        rate = leg.mid() if leg is not None and self._fresh(leg, now) else None
        if cross is None or rate is None:
            return None
        return mid / rate if cross.inverse else mid * rate

    def _fresh(self, held: Held, now: Instant) -> bool:
        return now - held.changed_at <= self._age_max

    def _cross(self, route: Route, now: Instant) -> tuple[Cross | None, Instant]:
        """The first cross that is fresh, else the first there is; and until when it is so."""
        spare: Cross | None = None
        for cross in route.crosses:
            leg = self._held[cross.source]
            if leg.live(now):
                if self._fresh(leg, now):
                    return cross, min(leg.changed_at + self._age_max, leg.valid_until)
                spare = spare or cross
        return spare, FOR_EVER if spare is None else self._held[spare.source].valid_until

    def _crossed(self, route: Route, held: Held, now: Instant) -> tuple[SourceBook | None, Instant]:
        """The book of *held* through a live cross, and until when that one is the choice."""
        cross, until = self._cross(route, now)
        if cross is None:
            return None, until
        leg = self._held[cross.source]
        first, second = held.as_book(), leg.as_book()
        name = f"{held.spec.name}*{cross.source}"
        made = self._crosses.get(name)
        if made is None or made[0] is not first or made[1] is not second:
            made = self._crosses[name] = (first, second, self._dealt(name, cross, held, leg))
        return made[2], until

    def _dealt(self, name: str, cross: Cross, held: Held, leg: Held) -> SourceBook:
        """The book of *held* dealt through *cross*, which stands in *leg*."""
        bids, offers = (
            through(
                levels,
                leg.bids if bid is not cross.inverse else leg.offers,
                bid=bid,
                inverse=cross.inverse,
                px_step=self._px_step,
                qty_step=self._qty_step,
                depth=held.spec.depth,
            )
            for bid, levels in ((True, held.bids), (False, held.offers))
        )
        count = self._cross_counts.setdefault(name, _CrossCount())
        return SourceBook(
            source=name,
            snapshot=count.at(held.snapshot, leg.snapshot),
            changed_at=min(held.changed_at, leg.changed_at),
            bids=trimmed_levels(bids),
            offers=trimmed_levels(offers),
        )


def _moved(book: SourceBook, amount: Decimal) -> SourceBook:
    """*book* at spot's height: every price plus *amount*."""

    def moved(levels: Levels) -> Levels:
        return tuple([(trimmed(px + amount), qty) for px, qty in levels if px + amount > _ZERO])

    return SourceBook(
        source=book.source,
        snapshot=book.snapshot,
        changed_at=book.changed_at,
        bids=moved(book.bids),
        offers=moved(book.offers),
    )
