"""What is measured outside: volatility, usual spreads, fast markets, how right a client is."""

import math
import random
import time
from decimal import Decimal
from itertools import pairwise

import pytest

from otcfix.model.event import ParametersMoved
from otcfix.model.messages import Side
from otcfix.model.pricing import Parameters
from otcfix.model.time import DAY, MS, SECOND
from otcfix.model.trade import Trade
from otcfix.venues.estimates import SAMPLES_MIN, FastMarket, UsualSpread, Volatility
from otcfix.venues.markouts import HORIZONS, LATE_MAX, Markouts
from otcfix.venues.measures import LOOK, Measures, MeasureTerms
from otcfix.venues.ratebook import RateBook
from tests.venues.support import NOW, dec, instrument, levels, spot

SYMBOL = "BTC/USD"


class Desk:
    """Sources a and b of BTC/USD, a clock, and what the measures told."""

    def __init__(self, **terms):
        specs = [spot(name, SYMBOL) for name in "ab"]
        self.book = RateBook([instrument(SYMBOL)], specs, "USD")
        self.measures = Measures(
            self.book, [instrument(SYMBOL)], lambda symbol: MeasureTerms(**terms)
        )
        self.now = NOW
        self.told: list[tuple[int, ParametersMoved]] = []

    def show(self, mid, half="0.5", sources="ab"):
        for name in sources:
            bid, offer = dec(mid) - dec(half), dec(mid) + dec(half)
            self.book.update(name, levels((bid, 1)), levels((offer, 1)), self.now)

    def pass_by(self, span, step=LOOK):
        """Ask what is due until *span* is over."""
        until = self.now + span
        while self.now < until:
            self.now += step
            moved = self.measures.due(self.now)
            if moved is not None:
                self.told.append((self.now, moved))

    def parameters(self):
        """The last word on the instrument."""
        words = [p for _, moved in self.told for p in moved.instruments]
        return words[-1] if words else Parameters(SYMBOL)

    def toxicity(self):
        words = [pair for _, moved in self.told for pair in moved.toxicity]
        return dict(words)


def trade(px=100, *, side=Side.BUY, client="C1", at=NOW, symbol=SYMBOL):
    """A deal of one."""
    one = Decimal(1)
    return Trade(
        *("E1", "O1", "X1", client, "", "", "S", symbol, side, one, dec(px), dec(px), dec(px)),
        *(Decimal(0), Decimal(0), "", at, "20260101", "20260101"),
    )


# -- volatility ----------------------------------------------------------------------------------


def test_volatility_of_a_known_walk_is_found():
    """Returns of 1 bp a second are 294 bps a root day, within what 3,000 samples allow."""
    chance = random.Random(5)
    volatility = Volatility(600)
    for _ in range(3_000):
        volatility.sample(chance.gauss(0, 1e-4), SECOND)

    assert volatility.bps_day() == pytest.approx(math.sqrt(86_400), rel=0.08)


def test_volatility_does_not_depend_on_how_often_it_is_sampled():
    """A steady pace measured by the second or by ten seconds."""
    fine, coarse = Volatility(60), Volatility(60)
    for _ in range(300):
        fine.sample(1e-4, SECOND)
    for _ in range(30):
        coarse.sample(1e-4 * math.sqrt(10), 10 * SECOND)

    assert fine.bps_day() == pytest.approx(coarse.bps_day(), rel=1e-9)
    assert fine.bps_day() == pytest.approx(1e-4 * math.sqrt(DAY / SECOND) * 1e4)


def test_half_of_the_weight_is_gone_after_the_half_life():
    """A market that stops moving: its variance halves every 60 s."""
    volatility = Volatility(60)
    volatility.seed(200)
    for _ in range(60):
        volatility.sample(0.0, SECOND)

    assert volatility.bps_day() == pytest.approx(200 * math.sqrt(0.5))


def test_without_history_there_is_no_volatility():
    """None, not zero: the rule's floor is for the one who prices."""
    desk = Desk()
    desk.pass_by(120 * SECOND)
    assert desk.told == []
    for _ in range(SAMPLES_MIN - 1):
        desk.show(100)
        desk.pass_by(SECOND)
    assert desk.parameters().volatility_bps_day is None


def test_a_quiet_market_has_the_floor_and_a_wild_one_the_cap():
    """Sooner or later every estimate is absurd."""
    quiet, wild = Desk(floor_bps_day=20), Desk(cap_bps_day=900)
    for n in range(60):
        quiet.show(100)
        wild.show(100 + n % 2 * 5)
        quiet.pass_by(SECOND)
        wild.pass_by(SECOND)

    assert quiet.parameters().volatility_bps_day == 20
    assert wild.parameters().volatility_bps_day == 900


def test_volatility_of_the_composite_is_that_of_its_path():
    """Up and down by a tenth of a per cent every second: the same figure by hand."""
    desk = Desk(half_life_s=30, fast_move_bps=1e6, cap_bps_day=1e6)
    for n in range(90):
        desk.show(1000 + n % 2, half="0.1")
        desk.pass_by(SECOND)

    by_hand = math.log(1001 / 1000) * math.sqrt(86_400) * 1e4
    assert float(desk.parameters().volatility_bps_day) == pytest.approx(by_hand, rel=0.02)


def test_a_source_that_comes_and_goes_moves_no_market():
    """Its height differs by two per cent; neither volatile nor fast."""
    desk = Desk(floor_bps_day=1)
    for n in range(90):
        desk.show(100, sources="a")
        if n % 20 < 10:
            desk.show(102, sources="b")
        else:
            desk.book.clear("b", "gap")
        desk.pass_by(SECOND)

    assert desk.parameters().volatility_bps_day == 1
    assert not any(p.fast for _, moved in desk.told for p in moved.instruments)


def test_a_break_is_no_return():
    """The market was not seen for a minute: what it did is unknown."""
    desk = Desk(floor_bps_day=1)
    for mid in (100, 120):
        for _ in range(45):
            desk.show(mid)
            desk.pass_by(SECOND)
        desk.book.clear("a", "gap")
        desk.book.clear("b", "gap")
        desk.pass_by(60 * SECOND)

    assert desk.parameters().volatility_bps_day == 1


# -- usual spread --------------------------------------------------------------------------------


def test_the_usual_spread_is_the_median_and_no_outlier_moves_it():
    """A third of the samples a hundred times as wide."""
    usual = UsualSpread()
    for n in range(300):
        usual.sample(200.0 if n % 3 == 0 else 2.0)

    assert usual.bps() == pytest.approx(2.0, rel=0.05)


def test_a_spread_that_lasts_becomes_usual():
    """Slowly: it takes some minutes to double."""
    usual = UsualSpread()
    for _ in range(SAMPLES_MIN):
        usual.sample(2.0)
    for _ in range(60):
        usual.sample(4.0)
    assert usual.bps() < 2.3
    for _ in range(400):
        usual.sample(4.0)
    assert usual.bps() == pytest.approx(4.0)


def test_each_source_has_its_usual_spread():
    """In bps of its own mid, told with few digits."""
    desk = Desk()
    for _ in range(40):
        desk.show(100, "0.05", "a")
        desk.show(100, "0.125", "b")
        desk.pass_by(SECOND)

    assert desk.parameters().usual_bps == (("a", Decimal(10)), ("b", Decimal(25)))


# -- fast market ---------------------------------------------------------------------------------


def test_a_market_that_moves_too_far_too_quickly_is_told_at_once():
    """Within one look, whatever was told a moment ago; and again when it is calm."""
    desk = Desk(fast_move_bps=15, fast_window_ms=2_000, calm_ms=5_000)
    for _ in range(45):
        desk.show(100, "0.01")
        desk.pass_by(SECOND)
    jumped = desk.now
    desk.show("100.2", "0.01")
    desk.pass_by(LOOK)
    assert [at - jumped for at, moved in desk.told if moved.instruments[0].fast] == [LOOK]
    assert desk.parameters().fast

    for _ in range(9):
        desk.show("100.2", "0.01")
        desk.pass_by(SECOND)
    calm = next(at for at, moved in desk.told if at > jumped and not moved.instruments[0].fast)
    # Fast for as long as the jump is in the window, then five seconds more.
    assert 6_900 * MS <= calm - jumped <= 7_200 * MS


def test_a_slow_drift_is_not_fast():
    """The same 20 bps in twenty seconds."""
    fast = FastMarket()
    seen = [fast.look(NOW + n * SECOND, n * 1e-4, 15.0, 2 * SECOND, 5 * SECOND) for n in range(20)]

    assert not any(seen)


def test_there_and_back_is_fast():
    """What counts is the range, not where it ends."""
    fast = FastMarket()
    seen = [
        fast.look(NOW + n * LOOK, px, 15.0, SECOND, SECOND) for n, px in enumerate((0, 20e-4, 0))
    ]

    assert seen == [False, True, True]


# -- clients -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("side", "px", "mid", "bps"),
    [
        (Side.BUY, 100, 101, 100),
        (Side.BUY, 101, 100, -99),
        (Side.SELL, 100, 101, -100),
        (Side.SELL, 101, 100, 99),
    ],
)
def test_a_client_is_right_when_the_market_follows_him(side, px, mid, bps):
    """Positive is adverse to the desk; measured from the price that he paid."""
    markouts = Markouts()
    markouts.on_trade(trade(px, side=side), 0.0)
    markouts.look(NOW + HORIZONS[-1], {SYMBOL: float(mid)})
    # Only the last horizon is not too late for this one look.
    assert markouts.bps("C1") * len(HORIZONS) == pytest.approx(bps, abs=0.1)


def test_markouts_by_hand():
    """Each horizon by the mid of its own time; mean over them; shrunk by 20 / (20 + n)."""
    markouts = Markouts()
    path = dict(zip(HORIZONS, (100.1, 100.2, 100.3, 100.2, 100.7), strict=True))
    for _ in range(5):
        markouts.on_trade(trade(100), 20.0)
    for horizon, mid in path.items():
        markouts.look(NOW + horizon, {SYMBOL: mid})

    assert markouts.bps("C1") == pytest.approx((10 + 20 + 30 + 20 + 70) / 5 * 5 / 25)
    assert markouts.bps("C2") == 0.0


def test_a_market_without_a_price_is_asked_again_but_not_for_ever():
    """A mid of much later would answer another question."""
    markouts = Markouts()
    markouts.on_trade(trade(100), 0.0)
    at = NOW + HORIZONS[0]
    markouts.look(at, {})
    markouts.look(at + LATE_MAX, {SYMBOL: 101.0})
    seen = markouts.bps("C1")
    assert seen > 0

    markouts.on_trade(trade(100, client="C2"), 0.0)
    markouts.look(NOW + 3 * HORIZONS[-1], {SYMBOL: 101.0})
    assert (markouts.bps("C1"), markouts.bps("C2")) == (seen, 0.0)


def test_a_client_who_knows_more_is_found_out_and_told():
    """He buys before the market rises; another one, who does not, comes out below zero."""
    desk = Desk(markout_shrinkage=5)
    mid = dec(100)
    for _ in range(30):
        desk.show(mid)
        desk.measures.on_trade(trade(mid + dec("0.01"), at=desk.now))
        desk.measures.on_trade(trade(mid - dec("0.01"), at=desk.now, client="C2", side=Side.SELL))
        mid *= dec("1.0005")
        desk.show(mid)
        desk.pass_by(SECOND)

    toxicity = desk.toxicity()
    assert toxicity["C1"] > 2
    assert toxicity["C2"] < -2
    assert toxicity["C1"] == round(toxicity["C1"], 2)


def test_a_deal_in_something_that_is_gone_is_passed_over():
    """An instrument of the last configuration."""
    desk = Desk()
    desk.measures.on_trade(trade(symbol="ETH/USD"))
    desk.show(100)
    desk.pass_by(2 * SECOND)

    assert desk.toxicity() == {}


# -- telling -------------------------------------------------------------------------------------


def test_it_is_told_at_most_once_a_second_and_only_what_changed():
    """A walk that is asked about every 10 ms."""
    chance = random.Random(3)
    desk = Desk(fast_move_bps=1e6)
    mid = 100.0
    for _ in range(120):
        mid *= 1 + chance.gauss(0, 1e-4)
        desk.show(f"{mid:.4f}", "0.01")
        desk.pass_by(SECOND, step=10 * MS)
    times = [at for at, _ in desk.told]

    assert len(times) > 5
    assert min(b - a for a, b in pairwise(times)) >= SECOND
    values = [p.volatility_bps_day for _, moved in desk.told for p in moved.instruments]
    known = [value for value in values if value is not None]
    assert all(abs(b - a) > a / 101 for a, b in pairwise(known) if a != b)
    assert all(len(value.as_tuple().digits) <= 4 for value in known)


def test_nothing_is_told_of_a_market_that_stands_still():
    """After the first word: silence."""
    desk = Desk()
    for _ in range(300):
        desk.show(100)
        desk.pass_by(SECOND)

    assert 1 <= len(desk.told) <= 2


def test_after_a_restart_it_goes_on_from_what_was_told():
    """Nothing is told anew that is still so, and nothing is forgotten."""
    known = Parameters(SYMBOL, Decimal(150), (("a", Decimal(100)), ("b", Decimal(100))), fast=True)
    desk = Desk(half_life_s=1e9, calm_ms=5_000)
    desk.measures.seed([known, Parameters("GONE")], {"C1": Decimal("3.5")})
    desk.show(100)
    desk.pass_by(2 * SECOND)
    assert desk.told == []
    for _ in range(8):
        desk.show(100)
        desk.pass_by(SECOND)
    (_, moved) = desk.told[0]
    assert moved == ParametersMoved((Parameters(SYMBOL, Decimal(150), known.usual_bps),))

    for _ in range(8):
        desk.measures.on_trade(trade(100, at=desk.now))
    desk.show(100)
    desk.pass_by(2 * SECOND)
    assert 2 < desk.toxicity()["C1"] < Decimal("3.5")


def test_a_clock_that_is_set_back_does_not_stop_the_measuring():
    """An hour back: the next look is not an hour away."""
    desk = Desk()
    desk.show(100)
    desk.pass_by(SECOND)
    desk.now -= 3_600 * SECOND
    for _ in range(45):
        desk.show(100)
        desk.pass_by(SECOND)

    assert desk.parameters().volatility_bps_day is not None


def test_being_asked_between_two_looks_costs_next_to_nothing():
    """A book change costs no more than this, and the sequencer asks before every batch."""
    desk = Desk()
    desk.show(100)
    desk.measures.due(NOW)
    best = math.inf
    for _ in range(5):
        began = time.perf_counter()
        for _ in range(1_000):
            desk.measures.due(NOW + 1)
        best = min(best, (time.perf_counter() - began) / 1_000)

    assert best < 2e-6


def test_a_clock_that_was_set_back_does_not_keep_a_market_fast():
    """Calm is counted anew from there, not from what the clock said before."""
    market, hour = FastMarket(), 3_600 * SECOND
    assert not market.look(hour, 0.0, 15.0, 2 * SECOND, 5 * SECOND)
    assert market.look(hour + SECOND, 0.01, 15.0, 2 * SECOND, 5 * SECOND)
    assert market.look(SECOND, 0.01, 15.0, 2 * SECOND, 5 * SECOND)
    assert not market.look(7 * SECOND, 0.01, 15.0, 2 * SECOND, 5 * SECOND)
