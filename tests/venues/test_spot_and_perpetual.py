"""Spot and a perpetual of the same minutes, over the whole files, against figures made here.

The desk's way: lines to messages to books to Rates. Beside it, from the raw JSON, a second book of
floats in a dict and an average of its own. Time is the files' own; nothing sleeps. In between the
spot line breaks, the perpetual freezes while it heartbeats, and spot falls silent.
"""

import gzip
import heapq
import json
import math
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from statistics import median

import pytest
from msgspec import structs

from otcfix.model.feed import BookSnapshot, Gap, Heartbeat
from otcfix.model.pricing import Parameters, Sources
from otcfix.model.rates import Rates
from otcfix.model.refusal import Refusal
from otcfix.model.time import DAY, MS, SECOND
from otcfix.pricing.composite import compose
from otcfix.venues.formats import parse_line
from otcfix.venues.intake import Intake
from otcfix.venues.measures import Measures, MeasureTerms
from otcfix.venues.ratebook import RateBook
from otcfix.venues.source import SourceSpec
from tests.venues.support import instrument
from tests.venues.test_market_files import SPOT, USDM, recorded

SYMBOL = "BTC/USDT"
HALF_LIFE_S = 30
WARM_UP_S = 60
AGE_MAX = 2_000 * MS
SILENCE_MS = 5_000
NEAR = 300 * MS
"""So close to a limit the two clocks (receipt here, the venue's there) may differ."""

CUT = (150 * SECOND, 160 * SECOND)
FROZEN = (200 * SECOND, 215 * SECOND)
SILENT = (250 * SECOND, 256 * SECOND)
OFF = (100 * SECOND, 110 * SECOND)
INSTRUMENT = instrument(SYMBOL)


class OwnBook:
    """A book made of raw JSON: price to quantity, as floats, and the words they were written in."""

    def __init__(self):
        self.sides = {"b": {}, "a": {}}
        self.last_id = None
        self.ready = False
        self.at = 0
        self._ticker = None
        self._waiting = []
        self._top = None

    def take(self, at, word):
        """Apply one message; return whether it is about a usable book."""
        if "lastUpdateId" in word:
            for side, name in (("b", "bids"), ("a", "asks")):
                self.sides[side] = {float(px): (px, qty) for px, qty in word[name]}
            self.last_id = word["lastUpdateId"]
            for waiting in self._waiting:
                self._depth(*waiting)
            return self.ready
        stream, told = word["stream"].split("@")[1], word["data"]
        if stream == "depth":
            if self.last_id is None:
                self._waiting.append((at, told))
                return False
            self._depth(at, told)
        elif stream == "bookTicker" and self.ready and told["u"] > self.last_id:
            self._ticker = told
            self._top = (float(told["b"]), float(told["a"]))
            self.at = at
        else:
            return False
        return self.ready

    def _depth(self, at, told):
        if told["u"] <= self.last_id:
            return
        for side in "ba":
            levels = self.sides[side]
            for px, qty in told[side]:
                if float(qty):
                    levels[float(px)] = (px, qty)
                else:
                    levels.pop(float(px), None)
        self.last_id, self.ready, self.at = told["u"], True, at
        if self._ticker is None or self._ticker["u"] <= self.last_id:
            self._ticker, self._top = None, None

    @property
    def top(self):
        """The best bid and the best offer."""
        if self._top is None:
            self._top = (max(self.sides["b"]), min(self.sides["a"]))
        return self._top

    @property
    def mid(self):
        """The middle of them."""
        return sum(self.top) / 2

    def snapshot(self, at):
        """The book as a venue would send it to somebody who comes anew."""
        bids, offers = (
            tuple((Decimal(px), Decimal(qty)) for px, qty in self.sides[side].values())
            for side in "ba"
        )
        return BookSnapshot("", at, bids, offers, last_id=self.last_id)


class OwnBasis:
    """A mean of (spot - perpetual) whose samples' weight halves every half-life."""

    def __init__(self):
        self.began = self.last = None
        self.value = 0.0

    def sample(self, at, difference):
        if self.last is None or at - self.last > WARM_UP_S * SECOND:
            self.began, self.value = at, difference
        else:
            kept = 0.5 ** ((at - self.last) / (HALF_LIFE_S * SECOND))
            self.value = self.value * kept + difference * (1 - kept)
        self.last = at

    @property
    def since(self):
        """How far back its samples reach."""
        return 0 if self.began is None else self.last - self.began


@dataclass
class Look:
    """One moment: what the desk would stamp, and what was reckoned here.

    since: on the files' clock. spot_age, perp_age: since the last message that reached the desk.
    """

    at: int
    since: int
    rates: Rates
    spot_mid: float
    perp_mid: float
    basis: OwnBasis
    spot_age: int
    perp_age: int

    mids: dict[str, float] = field(default_factory=dict)  # of the best prices, as stamped

    def __post_init__(self):
        for book in self.rates.books:
            self.mids[book.source] = float(book.bids[0][0] + book.offers[0][0]) / 2


def within(since, span):
    return span[0] <= since < span[1]


class Replay:
    """Both files merged by their receive times, through the desk and through the own books."""

    def __init__(self):
        specs = [
            SourceSpec("spot", "binance", "spot", "BTC", "USDT", "btcusdt"),
            SourceSpec(
                *("perp", "binance", "perpetual", "BTC", "USDT", "btcusdt"),
                basis="ewma",
                half_life_s=HALF_LIFE_S,
                warm_up_s=WARM_UP_S,
                silence_max_ms=SILENCE_MS,
            ),
        ]
        self.rate_book = RateBook([instrument(SYMBOL)], specs, "USD")
        self.intakes = [Intake(spec, self.rate_book) for spec in specs]
        self.own = [OwnBook(), OwnBook()]
        self.basis = OwnBasis()
        self.reached = [0, 0]  # when the last message about a book reached the desk
        self._mids = [0.0, 0.0]  # the own books' mids as of then
        self._away = [False, False]
        self._joining = [False, False]
        self._broken = False  # spot's line, and the desk knows it
        self._beat = 0

    def looks(self):
        """Yield a Look after every message about a book."""
        began = None
        for at, n, line in heapq.merge(*(self._lines(n) for n in (0, 1))):
            began = at if began is None else began
            since = at - began
            self._be_away(0, at, since, within(since, CUT) or within(since, SILENT), CUT)
            self._be_away(1, at, since, within(since, FROZEN), None)
            word = json.loads(line.partition(b" ")[2])
            about_book = self.own[n].take(at, word)
            if not self._away[n]:
                self.intakes[n].take(parse_line(line))
                # After a snapshot the first delta tells that it is this book's.
                self._joining[n] = self._joining[n] and "U" not in word.get("data", ())
                if about_book and not self._joining[n]:
                    self._reach(n, at)
            elif n == 1 and at - self._beat > SECOND:
                self._beat = at
                self.intakes[n].take(Heartbeat("btcusdt", at))
            if about_book:
                yield self._look(at, since)

    def _lines(self, n):
        with gzip.open(recorded((SPOT, USDM)[n])) as file:
            for line in file:
                if b'@trade"' not in line:  # no book moves by them
                    yield int(line.split(b" ", 1)[0]) // 1_000, n, line

    def _be_away(self, n, at, since, away, broken):
        """Start or end what keeps a source's messages from the desk."""
        if away and not self._away[n] and broken and within(since, broken):
            self.intakes[n].take(Gap("btcusdt", at, "cut off"))
            self._broken = True
        if self._away[n] and not away:
            self.intakes[n].take(self.own[n].snapshot(at))
            self._joining[n] = True
            self._broken = self._broken and n != 0
        self._away[n] = away

    def _reach(self, n, at):
        self.reached[n] = at
        self._mids[n] = self.own[n].mid
        spot_usable = self.own[0].ready and not self._broken and not self._joining[0]
        if n == 1 and spot_usable and at - self.reached[0] <= AGE_MAX:
            self.basis.sample(at, self._mids[0] - self._mids[1])

    def _look(self, at, since):
        rates = self.rate_book.rates(SYMBOL, at)
        ages = [at - reached for reached in self.reached]
        return Look(at, since, rates, *self._mids, self.basis, *ages)


def alone(look):
    """A perpetual is never alone, and never beside a spot price that is too old (R11)."""
    if "perp" in look.mids:
        assert "spot" in look.mids
        assert look.spot_age <= AGE_MAX + NEAR
    return "never alone"


def heights(look):
    """Spot as it is, the perpetual at spot's height by the own basis; the composite between."""
    mids = look.mids
    if "spot" in mids:
        assert abs(mids["spot"] - look.spot_mid) < 1e-6
    if "perp" not in mids:
        return "spot alone" if mids else "nothing"
    own = look.perp_mid + look.basis.value
    assert look.basis.since > WARM_UP_S * SECOND - NEAR
    # Samples are weighed by the venue's time there and by receipt here: 0.2 is a thirtieth of a bp.
    assert abs(mids["perp"] - own) < 0.2
    composite = (mids["spot"] + mids["perp"]) / 2
    assert abs(composite - (look.spot_mid + own) / 2) < 0.1
    return "composite" if abs(mids["perp"] - own) > 0.02 else "composite, to two ticks"


def reasons(look):
    """Who is missing says why, and for no longer than it is so."""
    missing = dict(look.rates.missing)
    assert set(missing) | set(look.mids) == {"spot", "perp"}
    since = look.since
    if within(since, CUT):
        assert missing == {"spot": "gap: cut off", "perp": "no fresh spot beside it"}
        return "cut off"
    if within(since, FROZEN):
        if look.perp_age > SILENCE_MS * MS + NEAR:
            assert missing == {"perp": f"silence: no news for more than {SILENCE_MS} ms"}
            return "silent"
        if look.perp_age < SILENCE_MS * MS - NEAR:
            (book,) = (b for b in look.rates.books if b.source == "perp")
            assert abs((look.at - book.changed_at) - look.perp_age) < NEAR
            return "frozen"
        return "about to be silent"
    if within(since, SILENT):
        if look.spot_age > AGE_MAX + NEAR:
            assert missing == {"perp": "no fresh spot beside it"}
            (book,) = look.rates.books
            assert abs((look.at - book.changed_at) - look.spot_age) < NEAR
            return "spot too old"
        return "spot ages"
    if look.basis.since > WARM_UP_S * SECOND + NEAR:
        away = any(0 <= since - end < SECOND for _, end in (CUT, FROZEN, SILENT))
        assert away or missing == {}
        return "coming back" if away else "whole"
    return "warming up"


def beside(look):
    """The Rates with a third source: spot's book a little higher, and far off for ten seconds."""
    spots = [book for book in look.rates.books if book.source == "spot"]
    if not spots:
        return look.rates
    factor = Decimal("1.003") if within(look.since, OFF) else Decimal("1.00001")
    third = structs.replace(
        spots[0],
        source="third",
        bids=tuple((px * factor, qty) for px, qty in spots[0].bids),
        offers=tuple((px * factor, qty) for px, qty in spots[0].offers),
    )
    return structs.replace(look.rates, books=(*look.rates.books, third))


def reckoned(rates, at):
    """Who survives, why the others do not, and the composite's mid: in floats, by hand."""
    tops = {
        book.source: (float(book.bids[0][0]), float(book.offers[0][0]), book.changed_at)
        for book in rates.books
    }
    gone = {name: "stale" for name, top in tops.items() if at - top[2] > AGE_MAX}
    mids = {name: (top[0] + top[1]) / 2 for name, top in tops.items() if name not in gone}
    if len(mids) >= 3:
        middle = median(mids.values())
        off = {name: abs(mid - middle) for name, mid in mids.items()}
        most = 6 * max(median(off.values()), 2 * middle / 10_000)
        gone |= {name: "outlier" for name in off if off[name] > most}
    left = {name: top for name, top in tops.items() if name not in gone}
    while left:
        bidder = max(left, key=lambda name: left[name][0])
        seller = min(left, key=lambda name: left[name][1])
        if left[bidder][0] <= left[seller][1]:
            break
        older = min(bidder, seller, key=lambda name: (left[name][2], name))
        gone[older] = "crossed"
        del left[older]
    if not left:
        return gone, None
    mean = sum((bid + offer) / 2 for bid, offer, _ in left.values()) / len(left)
    best = max(bid for bid, _, _ in left.values()), min(offer for _, offer, _ in left.values())
    return gone, min(max(mean, best[0]), best[1])


def composites(look):
    """What pricing makes of it: survivors, the reasons of the others, the mid."""
    rates = beside(look)
    made = compose(rates, INSTRUMENT, Sources(), {}, Parameters(SYMBOL), look.at)
    gone, mid = reckoned(rates, look.at)
    told = {name: why.split()[0] for name, why in made.refused if name not in dict(rates.missing)}
    assert told == gone
    assert {name for name, _, _ in made.used} == {b.source for b in rates.books} - set(gone)
    if mid is None:
        assert made.refusal is Refusal.NO_PRICE
        return "no composite"
    assert float(made.mid) == pytest.approx(mid, rel=1e-8)
    if gone.get("third") == "outlier":
        assert within(look.since, OFF)
        return "outlier dropped"
    return "crossing settled" if "crossed" in gone.values() else "all agree"


CHECKS = (alone, heights, reasons)
"""Called with every Look; each asserts, and returns a word that is counted."""

COMPOSITE_EVERY = 8
"""So many-th looks are composed and reckoned as well: it is the dear part."""


def test_both_markets_agree_with_figures_made_from_the_raw_lines():
    """Every moment of both files: composite, basis, ages and reasons."""
    seen = Counter()
    replay = Replay()
    for n, look in enumerate(replay.looks()):
        seen.update(check(look) for check in CHECKS)
        if not n % COMPOSITE_EVERY:
            seen[composites(look)] += 1
    print(dict(seen))

    assert seen["never alone"] > 100_000
    assert seen["composite, to two ticks"] > 60_000
    assert seen["composite"] < seen["composite, to two ticks"] / 10
    assert seen["whole"] > 40_000
    for word in ("nothing", "spot alone", "warming up", "cut off", "frozen", "silent"):
        assert seen[word] > 300, word
    assert seen["spot too old"] > 300
    assert seen["outlier dropped"] > 300
    assert seen["all agree"] > 80
    assert seen["crossing settled"] > 1_000
    assert seen["no composite"] > 300
    assert seen["coming back"] < seen["whole"] / 10
    assert abs(replay.basis.value) > 20  # the two do stand apart
    assert [intake.book.why for intake in replay.intakes] == ["", ""]


def test_the_volatility_and_the_usual_spread_of_a_recorded_market():
    """Against the root of the mean squared return by the second, and the median spread, of the own
    book. The seconds begin elsewhere, so the figures differ by what five minutes allow."""
    spec = SourceSpec("spot", "binance", "spot", "BTC", "USDT", "btcusdt")
    rate_book = RateBook([instrument(SYMBOL)], [spec], "USD")
    intake, own = Intake(spec, rate_book), OwnBook()
    terms = MeasureTerms(half_life_s=1e7)  # nothing fades
    measures = Measures(rate_book, [instrument(SYMBOL)], lambda symbol: terms)
    mids, spreads, told = [], [], []
    with gzip.open(recorded(SPOT)) as file:
        for line in file:
            at = int(line.split(b" ", 1)[0]) // 1_000
            if b'@trade"' in line:
                continue
            intake.take(parse_line(line))
            usable = own.take(at, json.loads(line.partition(b" ")[2]))
            told.append(measures.due(at))
            if usable and (not mids or at - mids[-1][0] >= SECOND):
                mids.append((at, own.mid))
                bid, offer = own.top
                spreads.append((offer - bid) / own.mid * 10_000)
    squares = sum(math.log(b / a) ** 2 for (_, a), (_, b) in pairwise(mids))
    realised = math.sqrt(squares / (mids[-1][0] - mids[0][0]) * DAY) * 10_000
    (last,) = [moved for moved in told if moved is not None][-1].instruments

    assert 300 < realised < 420
    assert float(last.volatility_bps_day) == pytest.approx(realised, rel=0.15)
    assert float(last.usual_bps[0][1]) == pytest.approx(median(spreads), rel=0.1)
    assert not last.fast
    assert 5 < sum(moved is not None for moved in told) < 346
