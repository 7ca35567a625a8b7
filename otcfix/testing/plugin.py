"""The pytest plugin: fixtures alone. What they need is imported when a test asks for one, so that
pytest is as quick as before in an environment where otcfix is merely installed."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from otcfix.sim import SimVenue
    from otcfix.testing.client import FixClient
    from otcfix.testing.desk import ServedDesk

MARKER = "otcfix(config=DIR, version=TEXT, prices={SYMBOL: MID}, hedge=BOOL): the desk of a test."
KEYS = frozenset(("config", "version", "prices", "hedge"))
Connect = Callable[..., "FixClient"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Settings of the project."""
    parser.addini("otcfix_config", "Folder of the desk's *.toml files.", default="")
    parser.addini("otcfix_version", "What otcfix_client speaks.", default="FIX.4.4")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)


def _asked(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the markers of a test ask for; the nearest one wins, key by key."""
    asked: dict[str, Any] = {}
    for marker in request.node.iter_markers("otcfix"):
        unknown = sorted(marker.kwargs.keys() - KEYS)
        if unknown or marker.args:
            raise pytest.UsageError(f"@pytest.mark.otcfix: {unknown or marker.args}: see {MARKER}")
        asked = {**marker.kwargs, **asked}
    return asked


def _config(request: pytest.FixtureRequest, asked: dict[str, Any]) -> Path:
    """The folder: of the marker, of the ini file, `config` of the project, or the one that lies
    beside the package in its repository."""
    root = request.config.rootpath
    named = asked.get("config") or request.config.getini("otcfix_config")
    folder = root / (named or "config")
    if not named and not (folder / "desk.toml").is_file():
        folder = Path(__file__).parents[2] / "config"
    if not (folder / "desk.toml").is_file():
        pytest.fail(
            f"{folder}: no configuration of a desk there; name one with otcfix_config in the ini "
            "file or @pytest.mark.otcfix(config=...)",
            pytrace=False,
        )
    return folder


@pytest.fixture
def otcfix_desk(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator["ServedDesk"]:
    """A desk in a process of its own, with funded clients and a market that stands still."""
    from otcfix.testing.desk import ServedDesk  # noqa: PLC0415

    asked = _asked(request)
    desk = ServedDesk(
        _config(request, asked),
        tmp_path_factory.mktemp("otcfix"),
        prices={symbol: Decimal(str(mid)) for symbol, mid in asked.get("prices", {}).items()},
        hedged=bool(asked.get("hedge")),
    )
    try:
        desk.open()
        yield desk
    finally:
        desk.close()


@pytest.fixture
def otcfix_venue(otcfix_desk: "ServedDesk") -> "SimVenue":
    """The simulated liquidity venue that the desk prices from, and hedges at where it hedges."""
    return otcfix_desk.venue


@pytest.fixture
def otcfix_connect(otcfix_desk: "ServedDesk") -> Connect:
    """Log a client on: by the key of a session, or the first one of a version."""
    return otcfix_desk.client


@pytest.fixture
def otcfix_client(request: pytest.FixtureRequest, otcfix_desk: "ServedDesk") -> "FixClient":
    """A client that is logged on, in the version of the marker or of the ini file."""
    version = _asked(request).get("version") or request.config.getini("otcfix_version")
    return otcfix_desk.client(version)
