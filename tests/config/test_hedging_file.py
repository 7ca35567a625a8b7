"""hedging.toml: what it becomes, and every way in which it is refused."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from otcfix.config import Config
from otcfix.model.hedge import HedgeRule

Load = Callable[[str, str], Config]
Complain = Callable[[str, str], str]

FILE = "hedging.toml"


def hedge(words: str, symbol: str = "BTC/USD") -> str:
    return f'[[hedge]]\nsymbol = "{symbol}"\n{words}\n'


PROVIDERS = """
[[provider]]
key = "LPX"
port = 9900
sender_comp_id = "DESK"
target_comp_id = "X"
hedge = true
[[provider]]
key = "LPY"
port = 9901
sender_comp_id = "DESK"
target_comp_id = "Y"
hedge = true
[[provider]]
key = "PRICES"
port = 9902
sender_comp_id = "DESK"
target_comp_id = "Z"
"""


@pytest.fixture(autouse=True)
def _providers(folder: Path) -> None:
    """Two venues that take orders, and a provider that only says prices."""
    venues = folder / "venues.toml"
    venues.write_text(venues.read_text() + PROVIDERS)


@pytest.mark.parametrize("venue", ["NOBODY", "PRICES"])
def test_a_venue_that_takes_no_orders(complaint: Complain, venue: str) -> None:
    found = complaint(FILE, hedge(f'mode = "back_to_back"\nvenues = ["{venue}"]'))

    assert f"hedge BTC/USD.venues: expected one of ['LPX', 'LPY'], got '{venue}'" in found


def test_a_table_becomes_a_rule(loaded: Load) -> None:
    text = """
    [[hedge]]
    symbol = "BTC/USD"
    mode = "band"
    venues = ["LPX", "LPY"]
    band = 10
    target = 2.5
    slippage_max_bps = 15
    attempts_max = 2
    quantity_max = 4
    lot = 0.01
    exposure_max = 50
    answer_within_ms = 700
    resend_age_ms = 0
    [[hedge]]
    symbol = "ETH/USD"
    mode = "back_to_back"
    venues = ["LPX"]
    """
    d = Decimal

    assert loaded(FILE, text).to_desk().hedging == (
        HedgeRule(
            "BTC/USD",
            "band",
            ("LPX", "LPY"),
            d(10),
            d("2.5"),
            d(15),
            2,
            d(4),
            d("0.01"),
            d(50),
            700,
            0,
        ),
        HedgeRule("ETH/USD", "back_to_back", ("LPX",)),
    )


@pytest.mark.parametrize("mode", ["none", "manual"])
def test_who_covers_nothing_by_himself_needs_no_venue(loaded: Load, mode: str) -> None:
    (made,) = loaded(FILE, hedge(f'mode = "{mode}"')).to_desk().hedging

    assert made == HedgeRule("BTC/USD", mode)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ('mode = "always"', "mode (BTC/USD): Input should be 'none', 'back_to_back', 'band' or"),
        ('mode = "back_to_back"', 'venues: expected at least one with mode = "back_to_back"'),
        ('mode = "band"\nvenues = ["LPX"]', 'band: expected with mode = "band"'),
        ('mode = "back_to_back"\nvenues = ["LPX"]\nband = 1', "expected only with mode"),
        ('mode = "band"\nvenues = ["LPX"]\nband = 0', "hedge[0].band (BTC/USD)"),
        ('mode = "band"\nvenues = ["LPX"]\nband = 1\ntarget = 2', "target: expected at most band"),
        ('venues = ["LPX", "LPX"]', "venues: expected each once"),
        ("slippage_max_bps = 0", "slippage_max_bps"),
        ("attempts_max = 0", "attempts_max"),
        ("quantity_max = 1\nlot = 2", "lot: expected at most quantity_max, 1"),
        ("exposure_max = -1", "exposure_max"),
        ("answer_within_ms = 0", "answer_within_ms"),
        ("resend_age_ms = -1", "resend_age_ms"),
        ("exposure_max = inf", "exposure_max"),
        (
            "venue = 'LPX'",
            "hedge[0].venue (BTC/USD): unknown key, expected one of answer_within_ms, ",
        ),
    ],
)
def test_a_hedge_that_cannot_be_meant(complaint: Complain, words: str, said: str) -> None:
    found = complaint(FILE, hedge(words))

    assert "config/hedging.toml: hedge[0]" in found
    assert said in found


def test_a_symbol_that_is_not_there(complaint: Complain) -> None:
    assert "hedging.toml: hedge DOGE/USD.symbol: expected one of ['BTC/USD'" in complaint(
        FILE, hedge('mode = "none"', "DOGE/USD")
    )


def test_a_symbol_that_is_covered_twice(complaint: Complain) -> None:
    found = complaint(FILE, hedge('mode = "none"') + hedge('mode = "manual"'))

    assert found.endswith("hedging.toml: hedge.symbol: BTC/USD stands there more than once")
