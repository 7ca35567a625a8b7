"""Where an address lies, by the file of [geofence]."""

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otcfix.config import load
from otcfix.config.geofence import NOWHERE, Geofence, _network, geofence_of, read
from otcfix.fix.line import Line, caller_of
from otcfix.model.errors import ConfigError
from tests.support.desk_process import ROOT

TEXT = """
# network,country
192.0.2.0/25,CH      # the first half
192.0.2.128/25, LI
203.0.113.7/32,DE
2001:db8::/32,CH
"""


@pytest.fixture
def fence(tmp_path: Path) -> Geofence:
    """What TEXT says."""
    (tmp_path / "geo.csv").write_text(TEXT)
    made, problems = read(tmp_path / "geo.csv")
    assert problems == []
    return made


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("192.0.2.0", "CH"),
        ("192.0.2.127", "CH"),
        ("192.0.2.128", "LI"),
        ("192.0.2.255", "LI"),
        ("192.0.3.0", ""),
        ("192.0.1.255", ""),
        ("203.0.113.7", "DE"),
        ("203.0.113.8", ""),
        ("::ffff:192.0.2.1", "CH"),
        ("2001:db8::1", "CH"),
        ("2001:db9::1", ""),
        ("127.0.0.1", ""),
        ("10.0.0.1", ""),
        ("::1", ""),
        ("", ""),
        ("not an address", ""),
    ],
)
def test_where_an_address_lies(fence: Geofence, address: str, country: str) -> None:
    """At the edges of networks, in both families; what no line names lies nowhere."""
    assert fence.country_of(address) == country


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("192.0.2.0/24", "line 1: expected network,country"),
        ("192.0.2.1/24,CH", "line 1: expected a network"),
        ("nowhere,CH", "line 1: expected a network"),
        ("192.0.2.0/24,UK", "line 1: expected a country"),
        ("192.0.2.0/24,CH\n192.0.2.64/26,LI", "line 2: overlaps the network of line 1"),
        ("192.0.2.0/24,CH\n192.0.2.0/24,CH", "line 2: overlaps the network of line 1"),
        ("10.0.0.0/8,CH\n10.1.0.0/16,CH\n10.2.0.0/16,CH", "line 3: overlaps the network of line 1"),
    ],
)
def test_what_is_wrong_in_the_file(tmp_path: Path, text: str, said: str) -> None:
    """With its line; and nobody is let in by what is left of it."""
    path = tmp_path / "geo.csv"
    path.write_text(text)
    made, problems = read(path)
    assert any(said in line and str(path) in line for line in problems)
    assert made is NOWHERE


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    """Or is not there."""
    (tmp_path / "geo.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("geo.csv", "none.csv"):
        made, problems = read(tmp_path / name)
        assert made is NOWHERE
        assert "cannot be read" in problems[0]


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 2**32 - 1), st.integers(8, 32)), max_size=20),
    st.integers(0, 2**32 - 1),
)
def test_a_look_up_is_a_walk_through_the_lines(places: list[tuple[int, int]], number: int) -> None:
    """Whatever networks there are, in whatever order, as long as they do not overlap."""
    networks: list[ipaddress.IPv4Network] = []
    for place, prefix in places:
        one = ipaddress.IPv4Network((place >> (32 - prefix) << (32 - prefix), prefix))
        if not any(one.overlaps(known) for known in networks):
            networks.append(one)
    countries = ("CH", "LI", "DE")
    named = {one: countries[place % 3] for place, one in enumerate(networks)}
    made = Geofence(
        found
        for line, (one, country) in enumerate(named.items())
        if not isinstance(found := _network(line, f"{one},{country}"), str)
    )
    addresses = [ipaddress.IPv4Address(number)]
    addresses += [edge for one in networks for edge in (one[0], one[-1])]
    for address in addresses:
        wanted = next((named[one] for one in networks if address in one), "")
        assert made.country_of(str(address)) == wanted


def caller(countries: tuple[str, ...], address: str, fence: Geofence) -> str:
    """Why this address is not let in to ALPHA's session with these countries."""
    config = load(ROOT / "config").sessions.session[0]
    line = Line(config.model_copy(update={"countries": countries}), None)
    fields = {8: "FIX.4.4", 35: "A", 34: "1", 52: "20261123-12:00:00", 98: "0", 108: "30"}
    lines = {("FIX.4.4", "OTCFIX", "ALPHA"): line}
    return caller_of(lines, (), address, {**fields, 49: "ALPHA", 56: "OTCFIX"}, fence).why


def test_who_is_let_in(fence: Geofence) -> None:
    """From one of the session's countries; from nowhere nobody; without countries everybody."""
    assert caller(("CH", "LI"), "192.0.2.200", fence) == ""
    assert caller(("CH",), "192.0.2.200", fence) == "session ALPHA44: from LI, which is none of CH"
    assert "from no known country" in caller(("CH",), "127.0.0.1", fence)
    assert "from no known country" in caller(("CH",), "192.0.2.1", NOWHERE)
    assert caller((), "127.0.0.1", fence) == ""


@pytest.mark.parametrize(
    ("countries", "said"),
    [('["UK"]', "session ALPHA44.countries: unknown country UK"), ('["CH"]', "")],
)
def test_countries_of_a_session(tmp_path: Path, countries: str, said: str) -> None:
    """They are countries, and there must be a file that says where addresses lie."""
    folder = _copy(tmp_path, countries)
    if said:
        with pytest.raises(ConfigError) as error:
            load(folder)
        assert said in str(error.value)
    else:
        assert geofence_of(load(folder)).country_of("198.51.100.1") == "LI"
    rules = folder / "jurisdictions.toml"
    rules.write_text(rules.read_text().replace('file = "geo.csv"', ""))
    with pytest.raises(ConfigError) as error:
        load(folder)
    assert "expected [geofence] file in jurisdictions.toml" in str(error.value)


def test_a_desk_does_not_start_with_a_broken_file(tmp_path: Path) -> None:
    """Where a session needs it; else it is not even read."""
    folder = _copy(tmp_path, '["CH"]')
    (folder / "geo.csv").write_text("nonsense")
    with pytest.raises(ConfigError, match="line 1: expected network,country"):
        geofence_of(load(folder))
    assert geofence_of(load(_copy(tmp_path / "other", "[]"))) is NOWHERE


def _copy(where: Path, countries: str) -> Path:
    import shutil  # noqa: PLC0415

    folder = where / "config"
    shutil.copytree(ROOT / "config", folder)
    path = folder / "sessions.toml"
    path.write_text(path.read_text().replace("allow_reset = false", f"countries = {countries}", 1))
    return folder
