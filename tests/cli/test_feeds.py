"""serve --feed FILE: an instrument for what the file prices."""

from decimal import Decimal
from pathlib import Path

import pytest

from otcfix.cli.feeds import prepared, steps
from otcfix.config import Config, load
from otcfix.model.errors import ConfigError
from tests.support.desk_process import ROOT

FIXTURES = ROOT / "tests" / "venues" / "fixtures"
SPOT = FIXTURES / "spot_abcusdt.txt"
PERPETUAL = FIXTURES / "usdm_abcusdt.txt"


@pytest.fixture
def config() -> Config:
    """The shipped one."""
    return load(ROOT / "config")


def test_an_instrument_is_added(config: Config) -> None:
    """A new asset, a tick and lot from the file's prices, and words about it."""
    found = prepared(config, SPOT)

    assert found.symbol == "ABC/USDT"
    added = found.config.desk.instrument[-1]
    assert added.symbol == "ABC/USDT"
    assert added.tick > 0
    assert added.qty_max > added.lot == added.qty_min
    assert {"ABC", "USDT"} <= {a.code for a in found.config.desk.asset}
    assert "not configured: added for this run" in found.notes[0]
    assert any("no prices in this run for BTC/USD" in note for note in found.notes)
    (alpha,) = [c for c in found.config.to_desk().clients if c.client_id == "ALPHA"]
    assert {"*", "ABC/USDT"} & set(alpha.instruments)


def test_a_perpetual_is_not_the_pair(config: Config) -> None:
    """It gets an instrument that says so."""
    assert prepared(config, PERPETUAL).symbol == "ABC/USDT-PERP"


def test_a_configured_instrument_is_left_alone(config: Config) -> None:
    """Nothing is added twice."""
    once = prepared(config, SPOT).config
    twice = prepared(once, SPOT)

    assert twice.config is once
    assert "as configured" in twice.notes[0]


def test_nobody_may_deal_in_it(config: Config) -> None:
    """Then there is no use in serving it."""
    clients = tuple(
        c.model_copy(update={"instruments": ("BTC/USD",)}) for c in config.clients.client
    )
    closed = config.model_copy(
        update={"clients": config.clients.model_copy(update={"client": clients})}
    )

    with pytest.raises(ConfigError, match="no client may deal in ABC/USDT"):
        prepared(closed, SPOT)


def test_an_asset_of_unknown_worth(config: Config) -> None:
    """Its limits cannot be measured, and that is said."""
    without = config.model_copy(
        update={"venues": config.venues.model_copy(update={"fixed_rates": {}})}
    )

    assert any("what USDT is worth in USD is not known" in n for n in prepared(without, SPOT).notes)


def tape(path: Path, price: str, quantity: str) -> Path:
    """A file with one best price."""
    message = (
        f'{{"stream":"abcusdt@bookTicker","data":{{"u":1,"s":"ABCUSDT","b":"{price}",'
        f'"B":"{quantity}","a":"{price}","A":"{quantity}"}}}}'
    )
    path.write_text(f"1723161254087891000 {message}\n")
    return path


@pytest.mark.parametrize(
    ("price", "quantity", "tick", "lot"),
    [
        ("61737.63000000", "0.00035000", "0.01", "0.001"),
        ("105000.0", "0.1", "1", "0.1"),
        ("0.00012340", "1000.00000000", "0.0000001", "100000"),
        ("1.08000", "1.0", "0.01", "10"),
    ],
)
def test_steps_from_prices(tmp_path: Path, price: str, quantity: str, tick: str, lot: str) -> None:
    """The tick is the prices' last digit; a lot is worth about a hundred, and no finer."""
    found = steps(tape(tmp_path / "tape.txt", price, quantity), "abcusdt", 8)

    assert found == (Decimal(tick), Decimal(lot))
    assert "E" not in f"{found[0]}{found[1]}".replace("E-7", "")
