"""pricing.toml: what it becomes, and every way in which it is refused."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from otcfix.config import Config, MeasureConfig, desk_hash, load
from otcfix.model import pricing as model
from otcfix.model.messages import Side
from otcfix.model.party import Desk
from tests.support.desk_process import ROOT

Load = Callable[[str, str], Config]
Complain = Callable[[str, str], str]

FILE = "pricing.toml"
DEALER = (
    'kind = "fx_dealer", gamma = 0.002, tiers = [{ alpha = -1.9, beta_per_bps = 11 }], '
    "requests_per_day = [{ size = 1, per_day = 900 }]"
)


def rule(slot: str, name: str = "r1") -> str:
    return f'[[rule]]\nid = "{name}"\n{slot}\n'


# -- what it becomes -------------------------------------------------------------------------


def test_without_the_files_there_are_no_rules(folder: Path) -> None:
    (folder / FILE).unlink()
    (folder / "hedging.toml").unlink()

    desk = load(folder).to_desk()
    assert desk.pricing == ()
    assert desk.hedging == ()
    assert desk.stream == model.StreamTerms()


def test_an_empty_file_is_as_none(loaded: Load) -> None:
    config = loaded(FILE, "")

    assert config.to_desk().pricing == ()
    assert config.pricing.measure_for("BTC/USD", "crypto") == MeasureConfig()


def test_a_rule_becomes_what_the_core_reads(loaded: Load) -> None:
    text = """
    [[rule]]
    id = "all"
    match = { asset_classes = ["crypto"], symbols = ["BTC/USD"], tiers = ["gold"], clients = ["ALPHA"], side = "sell", size_min = 0.5, size_max = 10, windows = ["fri 16:00 - sun 18:00"], zone = "Europe/Zurich" }
    spread = { half_spread_bps = 2.5, scaled = true, reference_bps_day = 300, exponent = 0.5, half_spread_min_bps = 1, half_spread_max_bps = 9 }
    session_factor = 1.5
    ladder = [{ up_to = 1, add_bps = 0 }, { up_to = 10.5, add_bps = 0.5 }]
    strategy = { kind = "glft", unit = 2, gamma = 0.01, k = 0.3, arrivals_per_day = 900 }
    skew = { max_bps = 3, full = 20 }
    toxicity = { factor = 0.5, max_bps = 4 }
    hedge_floor = { loss_max_bps = 1, reducing_free = false }
    guard = { through_max_bps = 0.5, fast = "pause", inventory_max = 200 }
    sources = { names = ["sim-btcusd", "sim-btcusdt*sim-btcusd"], age_max_ms = 500, mad_max = 3, fresh_min = 2 }
    life = { quote_life_ms = 1500, cancel_band_bps = 2, last_look = "tolerance", tolerance_bps = 0.5, improvement = true }
    """  # noqa: E501
    d = Decimal

    assert loaded(FILE, text).to_desk().pricing == (
        model.Rule(
            "all",
            model.Match(
                ("crypto",), ("BTC/USD",), ("gold",), ("ALPHA",), Side.SELL, d("0.5"), d(10),
                "Europe/Zurich", ((4 * 1440 + 16 * 60, 6 * 1440 + 18 * 60),),
            ),
            model.Spread(d("2.5"), True, d(300), d("0.5"), d(1), d(9)),
            d("1.5"),
            ((d(1), d(0)), (d("10.5"), d("0.5"))),
            model.Strategy("glft", d(2), d("0.01"), d("0.3"), d(900)),
            model.Skew(d(3), d(20)),
            model.Toxicity(d("0.5"), d(4)),
            model.HedgeFloor(d(1), False),
            model.Guard(d("0.5"), "pause", d(2), d(200)),
            model.Sources(("sim-btcusd", "sim-btcusdt*sim-btcusd"), 500, d(3), fresh_min=2),
            model.Life(1500, d(2), "tolerance", d("0.5"), True),
        ),
    )  # fmt: skip


def test_a_dealer_of_fx_has_tiers_and_requests(loaded: Load) -> None:
    (made,) = loaded(FILE, rule(f"strategy = {{ {DEALER} }}")).to_desk().pricing

    assert made.strategy == model.Strategy(
        "fx_dealer",
        gamma=Decimal("0.002"),
        tiers=((Decimal("-1.9"), Decimal(11)),),
        requests_per_day=((Decimal(1), Decimal(900)),),
    )


def test_rules_keep_their_order(loaded: Load) -> None:
    names = ["b", "a", "c"]
    text = "".join(rule("session_factor = 2", name) for name in names)

    assert [made.rule_id for made in loaded(FILE, text).to_desk().pricing] == names


def test_the_desk_survives_the_journal(folder: Path) -> None:
    """Rules are a part of what Boot writes down: read back they must be the same."""
    desk = load(folder).to_desk()

    again = msgspec.json.decode(msgspec.json.encode(desk), type=Desk)
    assert again == desk
    assert desk_hash(again) == desk_hash(desk)
    assert len(desk.pricing) > 5


def test_another_rule_is_another_desk(loaded: Load) -> None:
    """The journal must hold a change of a rule: decisions depend on it."""
    one, two = (
        loaded(FILE, rule(f"session_factor = {factor}")).to_desk() for factor in ("1.5", "1.6")
    )

    assert desk_hash(one) != desk_hash(two)


def test_no_float_is_made(loaded: Load) -> None:
    (made,) = loaded(FILE, rule("spread = { half_spread_bps = 0.1 }")).to_desk().pricing

    assert str(made.spread.half_spread_bps) == "0.1"


# -- the shipped rules -----------------------------------------------------------------------


def test_the_shipped_spreads_are_those_of_the_tiers() -> None:
    """Nobody who reads clients.toml and desk.toml is surprised by pricing.toml."""
    desk = load(ROOT / "config").to_desk()
    tiers = {tier.name: tier.half_spread_bps for tier in desk.tiers}
    spreads = {rule.match.tiers[0]: rule.spread for rule in desk.pricing if rule.spread}

    assert spreads.keys() == tiers.keys()
    for name, spread in spreads.items():
        assert spread.half_spread_bps == spread.half_spread_min_bps == tiers[name]
    assert {rule.life.last_look for rule in desk.pricing if rule.life} == {"none"}
    assert {i.asset_class for i in desk.instruments} == {"crypto", "fx"}


def test_sources_bring_their_terms(folder: Path) -> None:
    path = folder / "venues.toml"
    path.write_text(path.read_text().replace("fee_bps = 0\n", "fee_bps = 1.5\n", 1))

    sources = {terms.name: terms for terms in load(folder).to_desk().sources}
    assert sources["sim-btcusd"] == model.SourceTerms("sim-btcusd", Decimal("1.5"), Decimal(1))
    assert sources["sim-ethusd"].fee_bps == 0


def test_a_perpetual_that_is_shifted_says_so(folder: Path) -> None:
    path = folder / "venues.toml"
    perpetual = """
    [[source]]
    name = "perp"
    venue = "binance"
    kind = "perpetual"
    base = "BTC"
    quote = "USD"
    basis = "ewma"
    exchange = { id = "binanceusdm", symbol = "BTC/USDT:USDT" }
    """
    path.write_text(path.read_text() + perpetual)

    sources = {terms.name: terms for terms in load(folder).to_desk().sources}
    assert sources["perp"].shifted
    assert not sources["sim-btcusd"].shifted


def test_a_client_can_be_priced_without_skew(folder: Path) -> None:
    path = folder / "clients.toml"
    path.write_text(path.read_text().replace("no_skew = false", "no_skew = true"))

    skewed = {client.client_id: client.no_skew for client in load(folder).to_desk().clients}
    assert skewed.pop("ALPHA")
    assert set(skewed.values()) == {False}


# -- measures and streams --------------------------------------------------------------------


def test_the_first_measure_that_fits_is_taken(loaded: Load) -> None:
    text = """
    measure = [
        { symbols = ["BTC/USD"], half_life_s = 1 },
        { asset_classes = ["crypto"], half_life_s = 2 },
        { half_life_s = 3 },
        { symbols = ["EUR/USD"], half_life_s = 4 },
    ]
    """
    pricing = loaded(FILE, text).pricing

    assert pricing.measure_for("BTC/USD", "crypto").half_life_s == 1
    assert pricing.measure_for("ETH/USD", "crypto").half_life_s == 2
    assert pricing.measure_for("EUR/USD", "fx").half_life_s == 3
    assert pricing.measure_for("NEW/USD", "").half_life_s == 3


def test_streams_have_their_terms(loaded: Load) -> None:
    words = "interval_ms = 100, sizes_max = 3, sizes = { 'EUR/USD' = [1000], 'BTC/USD' = [0.1, 1] }"
    desk = loaded(FILE, f"stream = {{ {words} }}").to_desk()

    sizes = (("BTC/USD", (Decimal("0.1"), Decimal(1))), ("EUR/USD", (Decimal(1000),)))
    assert desk.stream == model.StreamTerms(interval_ms=100, sizes_max=3, sizes=sizes)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("sizes = { 'X/Y' = [1] }", "stream.sizes: expected one of ['BTC/USD'"),
        ("sizes = { 'BTC/USD' = [] }", "stream.sizes.BTC/USD"),
        ("sizes = { 'BTC/USD' = [0] }", "stream.sizes.BTC/USD[0]"),
        ("sizes = { 'BTC/USD' = [2, 1] }", "sizes.BTC/USD: expected sizes that rise"),
        ("sizes_max = 1, sizes = { 'BTC/USD' = [1, 2] }", "expected at most sizes_max, 1"),
    ],
)
def test_sizes_of_a_stream(complaint: Complain, words: str, said: str) -> None:
    assert said in complaint(FILE, f"stream = {{ {words} }}")


# -- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slot", "said"),
    [
        ("", "expected at least one of spread, session_factor, ladder"),
        ("match = { tiers = ['gold'] }", "expected at least one of spread"),
        ("spread = { half_spread_bps = -1 }", "spread.half_spread_bps (r1): Input should be great"),
        (
            "spread = { half_spread_bps = nan }",
            "spread.half_spread_bps (r1): Input should be a fin",
        ),
        ("spread = { half_spread_bps = 10000 }", "spread.half_spread_bps"),
        ("spread = { }", "spread.half_spread_bps"),
        (
            "spread = { half_spread_bps = 1, half_spread_min_bps = 3, half_spread_max_bps = 2 }",
            "half_spread_min_bps: expected at most half_spread_max_bps, 2",
        ),
        ("session_factor = 0", "session_factor"),
        ("ladder = []", "ladder"),
        (
            "ladder = [{ up_to = 1, add_bps = 2 }, { up_to = 2, add_bps = 1 }]",
            "rule[0].ladder (r1): expected add_bps never to fall, got 1 after 2",
        ),
        (
            "ladder = [{ up_to = 2, add_bps = 0 }, { up_to = 2, add_bps = 1 }]",
            "expected up_to to rise, got 2 after 2",
        ),
        ("ladder = [{ up_to = 0, add_bps = 0 }]", "ladder[0].up_to"),
        ("skew = { max_bps = 1, full = 0 }", "skew.full"),
        ("toxicity = { factor = -1, max_bps = 1 }", "toxicity.factor"),
        ("hedge_floor = { loss_max_bps = -1 }", "hedge_floor.loss_max_bps"),
        ("guard = { fast = 'panic' }", "guard.fast (r1): Input should be 'widen' or 'pause'"),
        ("guard = { fast_factor = 0.5 }", "guard.fast_factor"),
        ("guard = { inventory_max = -1 }", "guard.inventory_max"),
        ("sources = { fresh_min = 0 }", "sources.fresh_min"),
        ("sources = { names = ['sim-btcusd'], fresh_min = 2 }", "fresh_min: expected at most 1"),
        ("life = { last_look = 'always' }", "life.last_look (r1): Input should be 'none' or"),
        ("life = { last_look = 'tolerance' }", "tolerance_bps: expected with last_look"),
        ("life = { tolerance_bps = 1 }", "expected only with last_look"),
        ("life = { last_look = 'none', improvement = true }", "expected only with last_look"),
        ("life = { quote_life_ms = 0 }", "life.quote_life_ms"),
    ],
)
def test_a_slot_that_cannot_be_meant(complaint: Complain, slot: str, said: str) -> None:
    found = complaint(FILE, rule(slot))

    assert f"config/{FILE}: rule[0]" in found
    assert "(r1)" in found
    assert said in found


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('kind = "astrology"', "strategy.kind"),
        ('kind = "glft"', "arrivals_per_day, gamma, k: expected with kind = glft"),
        ('kind = "glft", gamma = 0, k = 1, arrivals_per_day = 1', "strategy.gamma"),
        ('kind = "glft", gamma = 1, k = -1, arrivals_per_day = 1', "strategy.k"),
        ('kind = "avellaneda_stoikov", gamma = 1, k = 1', "horizon_days: expected with kind"),
        ('kind = "fixed", gamma = 1', "gamma: not expected with kind = fixed"),
        ('kind = "vol_scaled", unit = 1', "unit: not expected with kind = vol_scaled"),
        (f"{DEALER}, k = 1", "k: not expected with kind = fx_dealer"),
        (f"{DEALER}, tier = 1", "tier: expected less than 1, the tiers given"),
        (DEALER.replace("beta_per_bps = 11", "beta_per_bps = 0"), "tiers[0].beta_per_bps"),
        (
            f"{DEALER[:-1]}, {{ size = 1, per_day = 2 }}]",
            "requests_per_day: expected each size once",
        ),
    ],
)  # fmt: skip
def test_a_strategy_has_the_numbers_that_it_needs(
    complaint: Complain, words: str, said: str
) -> None:
    assert said in complaint(FILE, rule(f"strategy = {{ {words} }}"))


@pytest.mark.parametrize(
    ("match", "said"),
    [
        ("windows = ['fri 16:00']", 'expected "sun 17:00 - fri 17:00", got "fri 16:00"'),
        ("windows = ['fri 25:00 - sun 18:00']", 'got "fri 25:00 - sun 18:00"'),
        ("windows = ['fry 16:00 - sun 18:00']", 'got "fry 16:00 - sun 18:00"'),
        ("windows = ['fri 16:00 - fri 16:00']", "expected a start and an end that differ"),
        ("zone = 'Mars/Olympus'", "expected an IANA time zone"),
        ("side = 'long'", "match.side (r1): Input should be 'buy' or 'sell'"),
        ("size_min = -1", "match.size_min"),
        ("size_min = 5, size_max = 5", "size_min: expected less than size_max, 5"),
        ("symbols = ['DOGE/USD']", "rule r1.match.symbols: expected one of ['BTC/USD'"),
        ("tiers = ['silver']", "rule r1.match.tiers: expected one of ['gold', 'standard']"),
        ("clients = ['OMEGA']", "rule r1.match.clients: expected one of ['ALPHA', 'BETA'"),
        (
            "asset_classes = ['art']",
            "rule r1.match.asset_classes: expected one of ['crypto', 'fx']",
        ),
    ],
)
def test_a_match_of_nothing(complaint: Complain, match: str, said: str) -> None:
    assert said in complaint(FILE, rule(f"match = {{ {match} }}\nsession_factor = 2"))


@pytest.mark.parametrize("name", ["nowhere", "sim-btcusd*nowhere", "*"])
def test_a_source_that_is_not_there(complaint: Complain, name: str) -> None:
    found = complaint(FILE, rule(f"sources = {{ names = ['{name}'] }}"))

    assert "pricing.toml: rule r1.sources.names: expected one of ['sim-btcusd'" in found


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        (rule("spred = { half_spread_bps = 1 }"), "rule[0].spred (r1)", "session_factor"),
        (rule("spread = { half_spread = 1 }"), "spread.half_spread (r1)", "half_spread_bps"),
        (rule("match = { symbol = ['BTC/USD'] }\nsession_factor = 2"), "match.symbol", "symbols"),
        (rule("ladder = [{ up_to = 1, bps = 0 }]"), "ladder[0].bps (r1)", "add_bps, up_to"),
        ("rules = []", "rules", "measure, rule, stream"),
        ("stream = { interval = 1 }", "stream.interval", "interval_ms"),
        ("[[measure]]\nhalf_life = 1", "measure[0].half_life", "half_life_s"),
    ],
)
def test_an_unknown_key_is_named_with_what_was_expected(
    complaint: Complain, text: str, key: str, expected: str
) -> None:
    lines = [line for line in complaint(FILE, text).splitlines() if "unknown key" in line]

    assert len(lines) == 1
    assert f"config/{FILE}: " in lines[0]
    assert key in lines[0]
    assert expected in lines[0].partition("expected one of")[2]


def test_two_rules_of_one_name(complaint: Complain) -> None:
    found = complaint(FILE, rule("session_factor = 2") + rule("session_factor = 3"))

    assert found.endswith("pricing.toml: rule.id: r1 stands there more than once")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("symbols = ['X']", "measure[0].symbols: expected one of"),
        ("asset_classes = ['x']", "measure[0].asset_classes: expected one of"),
        ("half_life_s = 0", "measure[0].half_life_s"),
        ("floor_bps_day = 0", "measure[0].floor_bps_day"),
        ("floor_bps_day = 9, cap_bps_day = 8", "floor_bps_day: expected at most cap_bps_day, 8"),
        ("fast_move_bps = 0", "measure[0].fast_move_bps"),
        ("markout_shrinkage = -1", "measure[0].markout_shrinkage"),
        ("cap_bps_day = nan", "measure[0].cap_bps_day"),
    ],
)
def test_a_measure_that_cannot_be_meant(complaint: Complain, words: str, said: str) -> None:
    assert said in complaint(FILE, f"measure = [{{ {words} }}]")


@pytest.mark.parametrize("words", ["interval_ms = 0", "sizes_max = 0", "rfq_life_max_ms = -1"])
def test_a_stream_that_cannot_be_meant(complaint: Complain, words: str) -> None:
    assert f"stream.{words.split(maxsplit=1)[0]}" in complaint(FILE, f"stream = {{ {words} }}")


def test_what_is_no_toml(complaint: Complain) -> None:
    assert "pricing.toml: not TOML" in complaint(FILE, "[[rule]")
