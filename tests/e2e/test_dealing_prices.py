"""Prices worth dealing on, over real processes and sockets: a desk, its clients, its venues.

Each kind of trouble has a venue of its own and a pair of its own, so that one desk meets all.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from otcfix.model.hedge import BUSTED, CANCELED, FILLED, REJECTED
from otcfix.store import open_store
from tests.support.fixclient import FixClient
from tests.support.hedged_desk import Dealer, Hedged, Listed, until
from tests.support.venue_process import VenueProcess
from tests.support.wiretap import Cut

STILL = ("--frozen", "--interval-ms", "150", "--notional", "100000")
SICK = "".join(
    f"at {start + at}s: {deed}\n"
    for start in range(0, 120, 3)
    for at, deed in (
        (0.3, "stall"),
        (1.5, "resume"),
        (1.8, "crossed"),
        (2.3, "resume"),
        (2.6, "gap"),
    )
)
"""Every three seconds: a book that stands still, a crossed one, and a gap."""

FLAGS: dict[str, tuple[tuple[str, ...], str]] = {
    "GOOD": ((), ""),
    "REJECTS": (("--reject", "1"), ""),
    "PARTIAL": (("--partial", "1"), ""),
    "SWALLOWS": ((), "at 0s: swallow"),
    "SILENT": ((), "at 0s: drop_report"),
    "LOOKS": (("--last-look-ms", "60"), "at 0s: last_look"),
    "BUSTS": ((), "".join(f"at {tenths / 10}s: bust\n" for tenths in range(0, 1200, 3))),
    "KEEPS": ((), ""),
    "SICK": (("--half-spread-bps", "20"), SICK),
}
"""What is wrong with each venue: flags, and a script."""

PRICING = """
[[rule]]
id = "all"
spread = { half_spread_bps = 5 }
ladder = [{ up_to = 5, add_bps = 0 }, { up_to = 100, add_bps = 2 }]
skew = { max_bps = 2, full = 50 }
toxicity = { factor = 0.5, max_bps = 10 }
hedge_floor = { loss_max_bps = 0, reducing_free = true }
guard = { through_max_bps = 0, fast = "widen", fast_factor = 2 }
"""


def listed() -> list[Listed]:
    """A pair for each venue, with its own prices; and some with two."""
    rules = {"REJECTS": "attempts_max = 2"}
    ages = {"SICK": 500}
    alone = [
        Listed(key, (key,), (key,), rule=rules.get(key, ""), age_max_ms=ages.get(key, 2_000))
        for key in FLAGS
    ]
    return [
        *alone,
        Listed("BREAKS", ("GOOD",), ("GOOD",)),
        Listed("BAND", ("GOOD",), ("GOOD",), "band", "band = 2\ntarget = 0.5"),
        Listed("NEXT", ("GOOD",), ("REJECTS", "GOOD")),
        Listed("DUO", ("GOOD", "SICK"), ("GOOD",), age_max_ms=500),
    ]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hedged]:
    """The desk and all of its venues, running."""
    folder = tmp_path_factory.mktemp("dealing")
    pairs = listed()
    venues = {
        key: VenueProcess(
            folder,
            key,
            {one.symbol: "1000" for one in pairs if key in (*one.prices, *one.venues)},
            *(STILL[1:] if key == "SICK" else STILL),
            *flags,
            script=script,
        )
        for key, (flags, script) in FLAGS.items()
    }
    made = Hedged(
        folder, venues, pairs, tapped=("GOOD", "KEEPS"), keeps_numbers=("KEEPS",), pricing=PRICING
    )
    try:
        made.desk.fund(("ALPHA", "USD", "4000000"), ("ALPHA", "BAND", "100"))
        made.desk.start()
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def alpha(world: Hedged) -> Dealer:
    """A client, once every venue streams."""
    client = FixClient(world.desk.port)
    assert client.logon()
    dealer = Dealer(client)
    for one in world.listed:
        dealer.is_quoted(one.symbol)
    return dealer


def test_a_deal_is_covered_at_the_venue_and_booked(world: Hedged, alpha: Dealer) -> None:
    """Order, fill, ledger, `hedges list` and `scorecard` agree; the inventory is flat again."""
    fill = alpha.deals("GOOD/USD", "1.5")
    world.ended("GOOD/USD")
    (row,) = world.says("hedges", "list", "--symbol", "GOOD/USD")["hedges"]
    assert (row["side"], row["venue"], row["status"]) == ("buy", "GOOD", "FILLED")
    assert Decimal(row["filled"]) == Decimal("1.5")
    assert row["cause"] == fill[17]
    assert Decimal(row["average"]) < Decimal(fill[31]), "covered at a loss"
    (card,) = world.says("hedges", "scorecard", "--symbol", "GOOD/USD")["scorecards"]
    assert (card["venue"], card["fills"], card["fill_ratio"]) == ("GOOD", 1, "1.0000")
    assert world.held("desk:position:GOOD") == 0
    assert world.held("venue/GOOD:custody:GOOD") == Decimal("-1.5")
    fills = world.fills(row["hedge_id"])
    assert sum(one.base_amount for one in fills) == Decimal("1.5")
    spread = sum((one.mid - one.price) * one.base_amount for one in fills)
    assert spread < 0
    booked = world.says(
        *("ledger", "statement", "desk:pnl:USD", "--config", str(world.desk.config))
    )
    moved = {row["amount"] for row in booked["movements"] if row["code"] == "hedge_spread"}
    assert f"{spread:.2f}" in moved


def test_a_band_covers_what_lies_outside_down_to_its_target(world: Hedged, alpha: Dealer) -> None:
    """Within +-2 nothing is sent; beyond, one order goes back to 0.5, and no further."""
    alpha.deals("BAND/USD", "1.5")
    alpha.deals("BAND/USD", "0.5")
    assert world.hedges("BAND/USD") == []
    alpha.deals("BAND/USD", "1")
    (order,) = world.ended("BAND/USD")
    assert (order.status, order.cum_qty, order.side.name) == (FILLED, Decimal("2.5"), "BUY")
    assert world.held("desk:position:BAND") == Decimal("-0.5")
    alpha.deals("BAND/USD", "4", side="2")
    order = world.ended("BAND/USD", 2)[1]
    assert (order.cum_qty, order.side.name) == (Decimal(3), "SELL")
    assert world.held("desk:position:BAND") == Decimal("0.5")


def test_a_venue_that_rejects_is_tried_as_often_as_the_rule_says(
    world: Hedged, alpha: Dealer
) -> None:
    alpha.deals("REJECTS/USD")
    orders = world.ended("REJECTS/USD", 2)
    assert [(one.status, one.attempt) for one in orders] == [(REJECTED, 1), (REJECTED, 2)]
    world.logged("REJECTS/USD: uncovered, still to buy 1", "last of 2 attempts")
    assert world.held("desk:position:REJECTS") == -1


def test_what_one_venue_rejects_the_next_one_covers(world: Hedged, alpha: Dealer) -> None:
    alpha.deals("NEXT/USD")
    orders = world.ended("NEXT/USD", 2)
    assert [(one.venue, one.status) for one in orders] == [("REJECTS", REJECTED), ("GOOD", FILLED)]


def test_parts_are_booked_and_the_rest_is_covered_again(world: Hedged, alpha: Dealer) -> None:
    """Half of what is asked for, three times; an eighth is left, and told."""
    alpha.deals("PARTIAL/USD", "4")
    orders = world.ended("PARTIAL/USD", 3)
    assert [one.cum_qty for one in orders] == [Decimal(2), Decimal(1), Decimal("0.5")]
    assert {one.status for one in orders} == {CANCELED}
    world.logged("PARTIAL/USD: uncovered, still to buy 0.5")
    assert world.held("desk:position:PARTIAL") == Decimal("-0.5")


def test_a_swallowed_order_is_asked_for_and_then_sent_again(world: Hedged, alpha: Dealer) -> None:
    """The venue denies it (35=H), so it goes once more under its own id."""
    alpha.deals("SWALLOWS/USD")
    (order,) = world.ended("SWALLOWS/USD")
    assert (order.status, order.cum_qty, order.sends) == (FILLED, 1, 2)


def test_a_fill_that_nobody_told_is_found_by_asking(world: Hedged, alpha: Dealer) -> None:
    alpha.deals("SILENT/USD")
    (order,) = world.ended("SILENT/USD")
    assert (order.status, order.cum_qty, order.sends) == (FILLED, 1, 1)
    (fill,) = world.fills(order.hedge_id)
    assert fill.exec_id.startswith("S:")


def test_what_a_last_look_refuses_is_covered_again(world: Hedged, alpha: Dealer) -> None:
    """Held, refused, sent anew; the scorecard knows the hold."""
    alpha.deals("LOOKS/USD")
    first, second = world.ended("LOOKS/USD", 2)
    assert (first.status, first.text, second.status) == (REJECTED, "last look", FILLED)
    (card,) = world.says("hedges", "scorecard", "--venue", "LOOKS")["scorecards"]
    assert card["reject_ratio"] == "0.5000"
    assert Decimal(card["hold_p50_ms"]) >= 60


def test_a_bust_takes_the_fill_back(world: Hedged, alpha: Dealer) -> None:
    """The ledger is as before the hedge, and people are told."""
    alpha.deals("BUSTS/USD", "2")
    world.ended("BUSTS/USD")
    world.logged("BUSTS busted")
    world.logged("BUSTS/USD: uncovered, still to buy 2")
    (order,) = world.hedges("BUSTS/USD")
    assert [one.status for one in world.fills(order.hedge_id)] == ["", BUSTED]
    assert world.held("desk:position:BUSTS") == -2
    assert world.held("venue/BUSTS:custody:BUSTS") == 0


@pytest.mark.parametrize(("key", "base"), [("GOOD", "BREAKS"), ("KEEPS", "KEEPS")])
def test_a_line_that_breaks_behind_an_order_is_asked_about_it(
    world: Hedged, alpha: Dealer, key: str, base: str
) -> None:
    """It filled while nobody listened: nothing is sent again, and it is booked once.

    KEEPS keeps its numbers, so that its reports come again (PossDup) beside the answer to 35=H.
    """
    tap = world.taps[key]
    tap.cut = Cut("D", is_delivered=True)
    alpha.deals(f"{base}/USD")
    (order,) = world.ended(f"{base}/USD")
    assert (order.status, order.cum_qty, order.sends) == (FILLED, 1, 1)
    assert tap.orders().count(order.hedge_id) == 1
    assert order.hedge_id in tap.orders("H")
    assert world.held(f"desk:position:{base}") == 0


def test_an_order_that_was_lost_with_its_line_is_sent_once_it_is_denied(
    world: Hedged, alpha: Dealer
) -> None:
    tap = world.taps["GOOD"]
    done = world.hedges("BREAKS/USD")
    tap.cut = Cut("D", is_delivered=False)
    alpha.deals("BREAKS/USD", "2")
    order = world.ended("BREAKS/USD", len(done) + 1)[-1]
    assert (order.status, order.cum_qty, order.sends) == (FILLED, 2, 2)
    assert [one[11] for one in tap.lost] == [order.hedge_id]
    assert tap.orders().count(order.hedge_id) == 1
    says = [one.kind for one in tap.said if one.get(11) == order.hedge_id]
    assert says == ["H", "D"], "asked first"


def test_a_sick_book_gives_no_price_and_its_line_lives(world: Hedged, alpha: Dealer) -> None:
    """Stalled, crossed, with a gap: refused where it is alone, left out with its reason where it is
    not; and back when it is well. Its heartbeats, and its line, go on all the time."""
    refusals, reasons = set(), set()
    store = open_store(world.desk.database)

    def seen() -> bool:
        alone, beside = alpha.asks("SICK/USD"), alpha.asks("DUO/USD")
        assert beside.kind == "S", f"one source is well: {beside}"
        if alone.kind == "AG":
            refusals.add((alone[658], alone[58].partition(":")[0]))
        _, why = store.explanation(beside[117]) or pytest.fail("no explanation")
        assert why.used[0][0] == "good-duousd"
        assert dict(why.refused).keys() <= {"sick-duousd"}
        reasons.update(reason.split()[0].strip(":") for _, reason in why.refused)
        return {"stale", "crossed"} <= reasons

    try:
        until(seen, 12, lambda: str(reasons))
    finally:
        store.close()
    assert refusals == {("8", "NO_PRICE")}
    alpha.is_quoted("SICK/USD")
    world.logged('"SICK"', "book_lost", "gap: messages were lost")
    alpha.is_quoted("SICK/USD")
    log = world.desk.log.read_text().splitlines()
    assert not [line for line in log if '"SICK"' in line and "provider_down" in line]


def test_prices_are_explained_while_the_desk_serves(world: Hedged, alpha: Dealer) -> None:
    """The parts of each side sum exactly to what the client was quoted; what-if and rules agree."""
    quote = alpha.is_quoted("GOOD/USD", "8")
    why = world.says("price", "explain", quote[117])
    (side,) = why["sides"]
    assert side["side"] == "buy"
    assert Decimal(side["price"]) == Decimal(quote[133])
    parts = sum((Decimal(part["amount"]) for part in side["parts"]), Decimal(why["reference"]))
    assert parts == Decimal(quote[133])
    assert sum(Decimal(part["bps"]) for part in side["parts"]) == Decimal(side["bps"])
    config = ("--config", str(world.desk.config))
    case = ("--client", "ALPHA", "--symbol", "GOOD/USD", "--quantity", "8")
    what_if = world.says("price", "what-if", *case, "--side", "buy", *config)
    assert {p["name"]: p["bps"] for p in what_if["sides"][0]["parts"]} == {
        p["name"]: p["bps"] for p in side["parts"]
    }
    done = world.desk.run("price", "rules", *case, *config, "--json")
    slots = json.loads(done.stdout)["slots"]
    filled = {slot for slot, sides in slots.items() if sides["buy"]}
    assert filled == {"spread", "ladder", "skew", "toxicity", "hedge_floor", "guard"}
    assert {part["rule"] for part in side["parts"] if part["rule"]} == {"all"}


def test_the_books_of_all_that_happened_are_in_order(world: Hedged, alpha: Dealer) -> None:
    """The last word: replay, trial balance, and each venue's own word against ours."""
    assert world.desk.stop() == 0, world.log()
    alpha.client.drop()
    world.says("journal", "verify")
    config = ("--config", str(world.desk.config))
    world.says("ledger", "trial-balance", *config)
    assert world.says("replay", *config)["ok"]
    store = open_store(world.desk.database)
    orders = store.hedges(limit=1_000_000)
    store.close()
    here = {key: {one.hedge_id: one for one in orders if one.venue == key} for key in world.venues}

    def said_by(key: str) -> dict[str, Decimal]:
        asked = {name: one.symbol for name, one in here[key].items()}
        return {name: one.cum for name, one in world.venues[key].says_of(asked).items()}

    with ThreadPoolExecutor(4) as pool:
        for key, says in zip(here, pool.map(said_by, here), strict=True):
            assert says == {name: one.cum_qty for name, one in here[key].items()}, key
