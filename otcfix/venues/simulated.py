"""A seeded venue: the same seed, the same books, on any machine. For demos, tests, benchmarks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from enum import Enum
from random import Random
from threading import Lock

from otcfix.model.errors import ConfigError
from otcfix.model.feed import BookSnapshot
from otcfix.model.rates import Level
from otcfix.model.time import MS
from otcfix.venues.feed import Clock, Feed, OnError, wall_clock
from otcfix.venues.ratebook import RateBook
from otcfix.venues.source import SourceSpec

Sides = tuple[tuple[Level, ...], tuple[Level, ...]]
Leader = Callable[[], Decimal]
"""Where another market's middle is now, quote per base."""

_FINE = 1_000  # the mid walks in thousandths of a tick, so that small steps do not vanish
_PER_BP = 10_000
_BACK = 8  # a follower comes back by an eighth of its distance at every step


@dataclass(frozen=True, slots=True)
class Walk:
    """How a simulated book looks and moves.

    mid: where it starts, quote per base. tick, lot: steps of price and quantity.
    sigma_bps: standard deviation of the mid's relative step per update.
    half_spread_bps: half of the distance of the best prices. levels: of each side.
    level_notional: what a level holds, in quote; each is half to one and a half of it, and
        deeper ones hold more.
    """

    mid: Decimal
    tick: Decimal
    lot: Decimal
    sigma_bps: Decimal = Decimal("0.3")
    half_spread_bps: Decimal = Decimal(1)
    levels: int = 10
    level_notional: Decimal = Decimal(100_000)

    def __post_init__(self) -> None:
        """Errors: ConfigError for values that make no book."""
        positive = (self.mid, self.tick, self.lot, self.half_spread_bps, self.level_notional)
        if any(not value > 0 for value in positive) or self.levels < 1 or self.sigma_bps < 0:
            raise ConfigError(f"simulated venue: every value must be above zero: {self}")
        if self.mid < 4 * self.levels * self.tick:
            raise ConfigError(f"simulated venue: no room for {self.levels} levels under {self.mid}")


class Walker:
    """A geometric random walk and the book around it.

    Whole numbers and `getrandbits` only: no float, so no machine's last bit can differ.
    """

    def __init__(self, walk: Walk, seed: int) -> None:
        self._walk = walk
        self._random = Random(seed)  # noqa: S311 - a market, not a secret
        self._mid = int(walk.mid / walk.tick * _FINE)
        self._sigma = int(walk.sigma_bps * _PER_BP)

    @property
    def mid(self) -> Decimal:
        """Where the middle is now, quote per base."""
        return Decimal(self._mid) / _FINE * self._walk.tick

    def _draw(self) -> int:
        """A whole number, mean 0, standard deviation 4."""
        # The ones among 64 random bits are normal enough.
        return self._random.getrandbits(64).bit_count() - 32

    def step(self) -> None:
        """Let the mid move once."""
        draw = self._draw()
        size = self._mid * abs(draw) * self._sigma // (4 * _PER_BP * _PER_BP)
        self._move(size if draw > 0 else -size)

    def nudge(self, bps: Decimal) -> None:
        """Move the mid by *bps* basis points of itself."""
        self._move(int(self._mid * bps / _PER_BP))

    def place(self, mid: Decimal) -> None:
        """Put the mid where it is told, to a thousandth of a tick, toward zero."""
        self._move(int(mid / self._walk.tick * _FINE) - self._mid)

    def _move(self, distance: int) -> None:
        # Never so low that the worst bid would not be above zero.
        self._mid = max(self._mid + distance, 4 * self._walk.levels * _FINE)

    def book(self) -> Sides:
        """Return the book around the mid, sizes drawn anew."""
        walk = self._walk
        half = max(int(self._mid * walk.half_spread_bps / _PER_BP), _FINE // 2)
        best_bid = (self._mid - half) // _FINE
        best_offer = -(-(self._mid + half) // _FINE)
        gap = max((best_offer - best_bid) // 8, 1)
        # A wide spread on a low price must not push bids below zero.
        gap = min(gap, max(best_bid // (4 * walk.levels), 1))
        return (
            tuple([self._level(best_bid - k * gap, k) for k in range(walk.levels)]),
            tuple([self._level(best_offer + k * gap, k) for k in range(walk.levels)]),
        )

    def _level(self, ticks: int, depth: int) -> Level:
        walk = self._walk
        px = ticks * walk.tick
        share = (500 + self._random.getrandbits(10)) * (4 + depth)
        lots = walk.level_notional * share / (4_000 * px * walk.lot)
        return px, max(lots.to_integral_value(ROUND_DOWN), Decimal(1)) * walk.lot


class Follower(Walker):
    """The book of a market that goes with another: around *leader*'s mid, give or take.

    Its distance from the leader is noise of its own: each step adds walk.sigma_bps and takes an
    eighth of it back, so it stays within about twice sigma_bps and never drifts. It follows at its
    own steps, and so always a little late. walk.mid is where it would be without a leader, and
    bounds nothing but the room for its levels.
    """

    def __init__(self, walk: Walk, seed: int, leader: Leader) -> None:
        super().__init__(walk, seed)
        self._leader = leader
        self._apart = 0  # of the leader's mid, in hundred-millionths
        self._follow()

    def step(self) -> None:
        """Come back a part of the way, stray anew, and go where the leader is."""
        strayed = self._draw() * self._sigma
        self._apart -= _toward_zero(self._apart, _BACK)
        self._apart += _toward_zero(strayed, 4)
        self._follow()

    def nudge(self, bps: Decimal) -> None:
        """Stray by *bps* basis points at once; like all of its noise, that wears off."""
        self._apart += int(bps * _PER_BP)
        self._follow()

    def _follow(self) -> None:
        there = int(self._leader() / self._walk.tick * _FINE)
        self._move(there + _toward_zero(there * self._apart, _PER_BP * _PER_BP) - self._mid)


def _toward_zero(value: int, by: int) -> int:
    """Divide whole numbers alike on both sides of zero."""
    return value // by if value >= 0 else -(-value // by)


def walker_of(walk: Walk, seed: int, leader: Leader | None = None) -> Walker:
    """The market of a seed: on its own, or behind *leader*."""
    return Walker(walk, seed) if leader is None else Follower(walk, seed, leader)


def books(walk: Walk, seed: int) -> Iterator[Sides]:
    """Yield the books of *seed* for ever: the first around walk.mid, then one per step."""
    walker = Walker(walk, seed)
    while True:
        yield walker.book()
        walker.step()


class _Mode(Enum):
    RUNNING = "running"
    PAUSED = "paused"
    STALLED = "stalled"


class SimulatedVenue(Feed):
    """Feeds the books of a seed every *interval_ms*.

    frozen: the book stays as it is and is said again with a new time and a new snapshot, so that
    it neither ages nor runs dry: for benchmarks. follow: the mid of the market that it goes with.
    pause(): nothing comes. stall(): the line lives, but repeats the last book with its old time,
    so the price ages all the same (A21). gap(n): the book is lost for n intervals. resume() ends
    the first two. nudge(bps) moves the market at once, so that a resting order fills.
    """

    def __init__(
        self,
        spec: SourceSpec,
        rate_book: RateBook,
        on_error: OnError,
        *,
        walk: Walk,
        seed: int,
        interval_ms: int = 100,
        frozen: bool = False,
        follow: Leader | None = None,
        clock: Clock = wall_clock,
    ) -> None:
        """Errors: ConfigError for an interval that is not above zero."""
        super().__init__(spec.name, (spec,), rate_book, on_error, clock)
        if interval_ms <= 0:
            raise ConfigError(f"source {spec.name!r}: interval_ms must be above 0")
        self._interval = interval_ms * MS
        self._walker = walker_of(walk, seed, follow)
        self._frozen = frozen
        self._mode = _Mode.RUNNING
        self._gap_left = 0
        self._lock = Lock()  # controls come from other threads
        self._book = self._walker.book()
        self._said: BookSnapshot | None = None

    def play(self) -> None:
        """Say a book, wait an interval, move, until stopped."""
        due = self._clock()
        with self._lock:
            self._say()
        while True:
            due = max(due + self._interval, self._clock())  # after a hiccup: no burst
            if not self._sleep_until(due):
                return
            with self._lock:
                self._turn()

    def pause(self) -> None:
        """Say nothing until resume()."""
        with self._lock:
            self._mode = _Mode.PAUSED

    def stall(self) -> None:
        """Repeat the last book with its old time until resume()."""
        with self._lock:
            self._mode = _Mode.STALLED

    def resume(self) -> None:
        """Go on, with a new book at once."""
        with self._lock:
            self._mode = _Mode.RUNNING
            self._say()

    def gap(self, intervals: int = 10) -> None:
        """Lose the book now; it is whole again after *intervals*."""
        with self._lock:
            self._gap_left = intervals
            self.intakes[0].clear("gap: the simulated venue lost an update")

    def nudge(self, bps: Decimal) -> None:
        """Move the market by *bps* basis points, up or down, and say so at once."""
        with self._lock:
            self._walker.nudge(bps)
            self._book = self._walker.book()
            self._say()

    @property
    def mid(self) -> Decimal:
        """Where the simulated market is, quote per base. Needs no lock: followers ask at any time,
        and one whole number is read."""
        return self._walker.mid

    def _clear(self, why: str) -> None:
        with self._lock:
            super()._clear(why)

    def _turn(self) -> None:
        if self._mode is _Mode.PAUSED:
            return
        if self._mode is _Mode.STALLED:
            self._repeat()
            return
        if not self._frozen:
            self._walker.step()
            self._book = self._walker.book()
        if self._gap_left:
            self._gap_left -= 1
            return
        self._say()

    def _say(self) -> None:
        if self._mode is not _Mode.RUNNING or self._gap_left or self.stopped:
            return
        at = self._clock()
        bids, offers = self._book
        self._said = BookSnapshot("", at, bids, offers, venue_time=at)
        self.intakes[0].take(self._said)

    def _repeat(self) -> None:
        if self._said is not None:
            said = self._said
            again = BookSnapshot("", self._clock(), said.bids, said.offers, said.venue_time)
            self.intakes[0].take(again)
