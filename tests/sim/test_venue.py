"""The simulated venue itself: its script, its seeds, its books and its orders."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from otcfix.model.errors import ConfigError
from otcfix.sim import Faults, SimVenue, Step, read_script
from otcfix.sim.desk import Dealing
from otcfix.sim.faults import DEEDS, SETTINGS
from otcfix.sim.market import Market, Subscriber
from tests.support.provider import BTC, Trade, until

ORDER = {11: "A", 55: "BTCUSD", 54: "1", 38: "0.2", 40: "2", 44: "101000", 59: "3"}

# -- scripts --------------------------------------------------------------------------------------


def test_a_script_as_people_write_it(tmp_path: Path) -> None:
    """Lines, JSON or not, in whatever order; comments and blanks are passed over."""
    path = tmp_path / "script.txt"
    path.write_text(
        "# a bad day\n\nat 5s: latency_ms 200\nat 3.0s: gap\n"
        '{"at_s": 4.5, "do": "nudge", "value": -25}\n'
    )
    assert read_script(path) == (
        Step(Decimal("3.0"), "gap"),
        Step(Decimal("4.5"), "nudge", Decimal(-25)),
        Step(Decimal(5), "latency_ms", Decimal(200)),
    )


def test_a_script_as_toml(tmp_path: Path) -> None:
    """[[step]] tables."""
    path = tmp_path / "script.toml"
    path.write_text('[[step]]\nat_s = 1.5\ndo = "stall"\n[[step]]\nat_s = 1\ndo = "bust"\n')
    assert [step.what for step in read_script(path)] == ["bust", "stall"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("at 3s: explode", "expected one of gap"),
        ("at 3s: latency_ms", "expected one of gap"),
        ("at 3s: reject 2", "2 is not from 0 to 1"),
        ("at 3s: latency_ms -1", "-1 is not 0 or more"),
        ("at -3s: gap", "expected seconds"),
        ("at xs: gap", "a number cannot be read"),
        ("at NaNs: gap", "expected seconds"),
        ("gap", "expected e.g."),
        ('{"at_s": 1', "expected e.g."),
        ('{"at_s": 1, "do": "gap", "how": 1}', "expected e.g."),
    ],
)
def test_a_line_that_says_nothing_names_its_place(tmp_path: Path, line: str, why: str) -> None:
    """File, number and what was expected."""
    path = tmp_path / "script.txt"
    path.write_text(f"at 1s: gap\n{line}\n")
    with pytest.raises(ConfigError, match=rf"script.txt:2: .*{why}"):
        read_script(path)


def test_a_script_that_is_no_toml(tmp_path: Path) -> None:
    """The file is named."""
    path = tmp_path / "script.toml"
    path.write_text("[[step")
    with pytest.raises(ConfigError, match=r"script\.toml"):
        read_script(path)
    with pytest.raises(ConfigError, match="nowhere"):
        read_script(tmp_path / "nowhere.txt")


def test_a_script_happens_by_itself(tmp_path: Path) -> None:
    """A step in the past of the venue's clock has happened."""
    script = (Step(Decimal("0.05"), "stall"), Step(Decimal("0.1"), "latency_ms", Decimal(7)))
    with SimVenue({"BTCUSD": BTC}, client="SCRIPTED", script=script) as venue:
        until(lambda: venue._dealing.faults.latency_ms == 7)
        assert venue._markets["BTCUSD"].stalled


def test_a_deed_happens_again_and_again() -> None:
    """What lasts until resume is over after half of the time, and comes back."""
    every = {"stall": Decimal("0.2")}
    with SimVenue({"BTCUSD": BTC}, client="AGAIN", every=every) as venue:
        market = venue._markets["BTCUSD"]
        for _ in range(2):
            until(lambda: market.stalled)
            until(lambda: not market.stalled)


def test_what_ails_a_market_half_of_the_time_does_not_cure_it_of_the_rest() -> None:
    """Each illness of --every ends by its own clock."""
    every = {"stall": Decimal("0.8"), "crossed": Decimal("0.2")}
    with SimVenue({"BTCUSD": BTC}, client="ILL", every=every) as venue:
        market = venue._markets["BTCUSD"]
        until(lambda: market.stalled)
        until(lambda: market.crossed)
        until(lambda: not market.crossed)
        assert market.stalled
        until(lambda: not market.stalled)


@pytest.mark.parametrize(("deed", "seconds"), [("gap", "0"), ("gap", "-1"), ("dance", "1")])
def test_what_cannot_happen_again(deed: str, seconds: str) -> None:
    with pytest.raises(ConfigError, match=r"expected"):
        SimVenue({"BTCUSD": BTC}, every={deed: Decimal(seconds)})


@pytest.mark.parametrize("value", ["-0.1", "1.1", "NaN", "Infinity"])
def test_a_chance_is_from_0_to_1(value: str) -> None:
    """Nothing else is a chance."""
    with pytest.raises(ConfigError, match="reject"):
        Faults(reject=Decimal(value))


def test_a_venue_survives_everything_that_can_be_done_to_it() -> None:
    """With nobody there: it does not fall over, and its settings are what they were set to."""
    with _idle() as venue:
        for what in DEEDS:
            venue.fault(what)
        for what in SETTINGS:
            venue.fault(what, Decimal(1))
            assert getattr(venue._dealing.faults, what) == 1
        assert venue.failure is None


_NAMES = iter(range(10_000))


def _idle() -> SimVenue:
    return SimVenue({"BTCUSD": BTC}, client=f"IDLE{next(_NAMES)}")


def test_a_wish_that_it_does_not_know_is_refused() -> None:
    """At once, to whoever wishes."""
    venue = _idle()
    with pytest.raises(ConfigError, match="explode"):
        venue.fault("explode")
    venue.stop()


def test_a_port_that_is_taken_is_refused() -> None:
    """Two venues do not share one."""
    with _idle() as venue, pytest.raises(ConfigError, match=str(venue.port)):
        SimVenue({"BTCUSD": BTC}, port=venue.port, client="SECOND")


def test_no_symbol_is_no_venue() -> None:
    """It would have nothing to say."""
    with pytest.raises(ConfigError, match="needs a symbol"):
        SimVenue({})


# -- books ----------------------------------------------------------------------------------------


def applied(book: dict[str, dict[str, str]], told: Any) -> dict[str, dict[str, str]]:
    """What a reader makes of W and X."""
    if told.msg_type == "W":
        book = {"0": {}, "1": {}}
    for entry in map(dict, told.entries):
        if entry.get(279) == "2":
            del book[entry[269]][entry[270]]
        else:
            book[entry[269]][entry[270]] = entry[271]
    return book


@pytest.mark.parametrize("depth", [0, 3])
def test_changes_add_up_to_the_whole_book(depth: int) -> None:
    """After any number of steps the X's say what a W would."""
    market = Market("BTCUSD", BTC, 3)
    one = Subscriber("r", market, incremental=True, depth=depth, numbered=True)
    book = applied({}, one.whole())
    for _ in range(50):
        market.step()
        told = one.next()
        if told is not None:
            book = applied(book, told)
    fresh = Subscriber("s", market, incremental=False, depth=depth, numbered=False)
    assert book == applied({}, fresh.whole())


def test_the_same_seed_is_the_same_market() -> None:
    """And another one is not."""
    first, second, third = (Market("BTCUSD", BTC, seed) for seed in (1, 1, 2))
    for market in (first, second, third):
        for _ in range(20):
            market.step()
    assert first.shown() == second.shown() != third.shown()


def test_a_crossed_book_is_crossed_and_well_again() -> None:
    """Every bid stands above the best offer."""
    market = Market("BTCUSD", BTC, 1)
    market.crossed = True
    bids, offers = market.shown()
    assert bids[-1][0] > offers[0][0]
    market.well()
    bids, offers = market.shown()
    assert bids[0][0] < offers[0][0]


# -- orders ---------------------------------------------------------------------------------------


class Till:
    """A venue's dealing without a line or a clock."""

    def __init__(self, seed: int = 1, version: str = "FIX.4.4") -> None:
        self.market = Market("BTCUSD", BTC, 5, frozen=True)
        self.said: list[dict[int, str]] = []
        self.due: list[tuple[Decimal, Callable[[], None]]] = []
        self.dealing = Dealing(
            *(version, {"BTCUSD": self.market}, seed),
            say=lambda kind, fields, _: self.said.append({35: kind, **dict(fields)}),
            later=lambda wait, then: self.due.append((wait, then)),
            clock=lambda: 1_790_000_000_000_000,
        )

    def order(self, **changes: object) -> list[dict[int, str]]:
        """The answers to an order, in time order."""
        start = len(self.said)
        self.dealing.on_order(ORDER | {int(k[1:]): str(v) for k, v in changes.items()})
        self.happen()
        return self.said[start:]

    def happen(self) -> None:
        while self.due:
            self.due.sort(key=lambda one: one[0])
            self.due.pop(0)[1]()


def kinds(said: list[dict[int, str]]) -> list[str]:
    return [words[150] for words in said]


def test_a_fill_takes_the_book_and_no_more() -> None:
    """Prices from the best on, within the limit; the rest of an IOC is canceled."""
    till = Till()
    offers = till.market.offers
    limit = offers[2][0]
    said = till.order(t38=1000, t44=limit)
    assert kinds(said) == ["0", "F", "F", "F", "4"]
    assert [Decimal(w[31]) for w in said[1:4]] == [px for px, _ in offers[:3]]
    assert Decimal(said[-1][14]) == sum(qty for _, qty in offers[:3])
    assert till.market.offers[0] == offers[3]


def test_fill_or_kill_is_all_or_nothing() -> None:
    """59=4: the whole, or a cancel alone."""
    till = Till()
    assert kinds(till.order(t38=1000, t59=4)) == ["0", "4"]
    assert kinds(till.order(t11="B", t38="0.1", t59=4)) == ["0", "F"]


def test_what_rests_is_filled_when_the_market_comes_and_can_be_canceled() -> None:
    """59=0 and 59=1 wait; F ends the waiting, and a second one is too late."""
    till = Till()
    far = till.market.offers[0][0] - 1000
    assert kinds(till.order(t59=1, t44=far)) == ["0"]
    assert kinds(till.order(t11="B", t59=1, t44=far)) == ["0"]
    till.dealing.on_cancel_request({11: "C1", 41: "B"})
    till.happen()
    assert till.said[-1][150] == "4"
    till.market.nudge(Decimal(-200))
    till.dealing.rest()
    assert (till.said[-1][11], till.said[-1][39]) == ("A", "2")
    for named, reason in (("B", "0"), ("X", "1")):
        till.dealing.on_cancel_request({11: "C2", 41: named})
        till.happen()
        assert (till.said[-1][35], till.said[-1][102]) == ("9", reason)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"t55": "NONE"}, "1"),
        ({"t54": "5"}, "0"),
        ({"t40": "3"}, "0"),
        ({"t38": "0"}, "0"),
        ({"t38": "-1"}, "0"),
        ({"t38": "NaN"}, "0"),
        ({"t44": "x"}, "0"),
        ({"t44": "-5"}, "0"),
    ],
)
def test_a_broken_order_is_refused(changes: dict[str, str], reason: str) -> None:
    """With its OrdRejReason(103); nothing is dealt."""
    till = Till()
    (words,) = till.order(**changes)
    assert (words[150], words[39], words[103]) == ("8", "8", reason)
    assert not till.dealing.fills


def test_an_id_is_used_once() -> None:
    """103=6, and the first order stands."""
    till = Till()
    till.order()
    (words,) = till.order()
    assert words[103] == "6"
    assert len(till.dealing.fills) == 1


def test_the_same_seed_has_the_same_luck() -> None:
    """Chances are drawn in the order in which orders come."""

    def luck(seed: int) -> list[list[str]]:
        till = Till(seed)
        till.dealing.faults = Faults(
            reject=Decimal("0.3"), partial=Decimal("0.3"), last_look_reject=Decimal("0.2"),
            swallow=Decimal("0.1"), duplicate=Decimal("0.2"),
            latency_ms=Decimal(5), jitter_ms=Decimal(3),
        )  # fmt: skip
        return [kinds(till.order(t11=f"O{n}", t38="0.001")) for n in range(60)]

    first = luck(1)
    assert first == luck(1)
    assert first != luck(2)
    assert ["8"] in first
    assert [] in first
    assert ["0", "8"] in first
    assert ["0", "F", "4"] in first


def test_latency_and_last_look_take_their_time() -> None:
    """The acknowledgement after the latency, the deal after the look behind it."""
    till = Till()
    till.dealing.faults = Faults(
        latency_ms=Decimal(5), jitter_ms=Decimal(3), last_look_ms=Decimal(80)
    )
    till.dealing.on_order(dict(ORDER))
    (first, _), (second, _) = till.due
    assert 5 <= first <= 8
    assert second == first + 80


def test_a_request_is_quoted_at_what_its_size_would_cost() -> None:
    """More than the best level holds is quoted at the level that it reaches."""
    till = Till()
    small, big = (till.market.offers[0][1], sum(qty for _, qty in till.market.offers[:3]))
    for size in (small, big):
        till.dealing.on_quote_request({131: "R", 55: "BTCUSD", 38: str(size)})
        till.happen()
    assert Decimal(till.said[0][133]) == till.market.offers[0][0]
    assert Decimal(till.said[1][133]) == till.market.offers[2][0]


def test_a_line_that_is_full_of_trouble_stays_a_line(tmp_path: Path) -> None:
    """Every deed in a row while somebody is there: at the end the price is back, and deals."""
    with Trade(tmp_path, {"interval_ms": 10}, reset_on_logon=True) as t:
        t.priced()
        for what in DEEDS:
            if what not in ("disconnect", "no_book", "no_quote"):
                t.venue.fault(what)
        t.venue.fault("resume")
        for number in range(6):
            t.send(t.order(f"T{number}", quantity="0.01", price="200000"))
        t.hears("TRADE", "T5")
        until(t.usable)


def test_a_market_that_goes_with_another() -> None:
    """Its book stands around the leader's middle, after every step."""
    leader = Market("BTC", BTC, 1)
    market = Market("BTC", BTC, 2, follow=lambda: leader._walker.mid)
    leader.nudge(Decimal(300))
    market.step()
    middle = (market.bids[0][0] + market.offers[0][0]) / 2
    assert abs(middle / (BTC.mid * Decimal("1.03")) - 1) < Decimal("0.0003")


def test_what_is_said_about_orders_can_be_watched(tmp_path: Path) -> None:
    """In both directions and in order; prices are left out."""
    seen: list[tuple[bool, str, str]] = []
    watched = {"on_dealing": lambda *one: seen.append(one)}
    with Trade(tmp_path, watched) as t:
        t.priced().send(t.order())
        t.hears("TRADE")
    assert [(heard, kind) for heard, kind, _ in seen] == [(True, "D"), (False, "8"), (False, "8")]
    assert "\x0111=H1\x01" in seen[0][2]
    assert "\x01150=F\x01" in seen[2][2]
