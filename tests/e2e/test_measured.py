"""What is measured reaches the journal and State of a whole desk, and outlives it."""

import time
from decimal import Decimal
from pathlib import Path

from otcfix.app import App, wall_clock
from otcfix.config import load
from otcfix.store import upgrade
from tests.support.desk_process import ROOT

SYMBOL = "BTC/USD"


def opened(folder: Path) -> App:
    """A desk that does not serve: it is stepped by the test."""
    url = f"sqlite:///{folder}/desk.db"
    upgrade(url)
    return App(load(ROOT / "config"), url, state_folder=folder / "state", serve_fix=False)


def shows(app: App, mid: Decimal) -> None:
    """The source of BTC/USD shows one level on each side of *mid*."""
    one = Decimal(1)
    app.rates.update("sim-btcusd", ((mid - 1, one),), ((mid + 1, one),), wall_clock())


def test_a_market_that_jumps_is_journaled_as_fast_and_known_after_a_restart(
    tmp_path: Path,
) -> None:
    """A per cent within two looks; the next run begins with it and does not say it again."""
    with opened(tmp_path) as app:
        for mid in (Decimal(100_000), Decimal(101_000)):
            shows(app, mid)
            time.sleep(0.12)
            app.sequencer.step()
        told = [row for row in app.store.journal() if row.kind == "ParametersMoved"]
        assert len(told) == 1
        assert app.state.knowledge.of(SYMBOL).fast

    with opened(tmp_path) as app:
        assert app.state.knowledge.of(SYMBOL).fast
        shows(app, Decimal(101_000))
        time.sleep(0.12)
        app.sequencer.step()
        assert len([row for row in app.store.journal() if row.kind == "ParametersMoved"]) == 1
