"""Dialect files: what they inherit, and every mistake named by file and key."""

import shutil
from pathlib import Path

import pytest

from otcfix.config import load
from otcfix.config.dialects import dialect_of, read_dialects
from otcfix.model.dialect import Rename, Values
from otcfix.model.errors import ConfigError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    return tmp_path / "config"


def wrong(folder: Path, **files: str) -> str:
    """What `load` says with these dialects."""
    for name, text in files.items():
        (folder / "dialects" / f"{name}.toml").write_text(text)
    with pytest.raises(ConfigError) as found:
        load(folder)
    return str(found.value)


def speaks(folder: Path, name: str, version: str = "FIX.4.2") -> None:
    """BETA42 speaks *name*."""
    path = folder / "sessions.toml"
    path.write_text(path.read_text().replace('dialect = ""', f'dialect = "{name}"'))
    assert version == "FIX.4.2"


def test_the_shipped_three_are_read(folder: Path) -> None:
    """plain 4.4, a flat 4.2 system, 5.0SP2."""
    assert set(load(folder).dialects) == {"flat42", "plain44", "plain50sp2"}


def test_what_is_inherited_comes_first_and_gives_way(folder: Path) -> None:
    """Symbols are merged, rules are added, version and dictionary come from the nearest."""
    base = 'base = "flat42"\n[[tag]]\nclient = 7001\ndesk = 1\n'
    own = 'base = "mid"\n[symbols]\nXBT = "BTC/USD"\n[[tag]]\nclient = 7001\ndesk = 109\n'
    (folder / "dialects" / "mid.toml").write_text(base)
    (folder / "dialects" / "own.toml").write_text(own)
    problems: list[str] = []
    made = dialect_of("own", read_dialects(folder, problems))

    assert not problems
    assert made.version == "FIX.4.2"
    assert {"XBT", "BTC-USD"} <= made.symbols.keys()
    assert [s.to for s in made.inbound if isinstance(s, Rename)] == [1, 109]


def test_a_session_carries_its_dialect(folder: Path) -> None:
    """Into the desk, so into the journal; its own symbols win over the dialect's."""
    speaks(folder, "flat42")
    sessions = {s.key: s for s in load(folder).to_desk().sessions}

    assert sessions["BETA42"].dialect is not None
    assert sessions["BETA42"].symbols["XBT/USD"] == "BTC/USD"
    assert sessions["ALPHA44"].dialect is None


def test_circles_and_unknown_bases_are_named(folder: Path) -> None:
    """File and key, the whole circle."""
    said = wrong(folder, a='base = "b"', b='base = "c"', c='base = "a"', d='base = "nobody"')

    assert "dialects/a.toml: base: a circle: a -> b -> c -> a" in said
    assert "dialects/d.toml: base: no dialect nobody" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("tags = 1", "dialects/x.toml: tags: unknown key"),
        ("[[tag]]\nclient = 35\ndesk = 1", "tag[0].client: 35 belongs to the session"),
        ("[[tag]]\nclient = 7001\ndesk = 1\nclient_in = 146", "client_in, desk_in: expected both"),
        ('[[value]]\ntag = 55\nmap = { A = "B" }', "value[0].tag: symbols stand in [symbols]"),
        ('[[drop]]\nmessages = "A"\ntags = [1]', "drop[0].messages: 35=A is a session message"),
        ('[[default]]\ntag = 1\nvalue = "x"', "default[0].way: Field required"),
        ("[[drop]]\ntags = [49]", "drop[0].tags: 49 belongs to the session"),
        ('[[quantity]]\ncontract = 0.3\ncurrency = "BTC"', "quantity[0].contract: expected a size"),
        ("[[tag]]\nclient = 9554\ndesk = 554", "tag[0].desk: 554 is for secrets"),
        ("[[tag]]\nclient = 925\ndesk = 1", "tag[0].client: 925 is for secrets"),
        ('[[value]]\ntag = 553\nmap = { A = "B" }', "value[0].tag: 553 is for secrets"),
        ("[[party]]\ntag = 96\nrole = 3", "party[0].tag: 96 is for secrets"),
        ('[[group]]\ncount = 146\nmembers = [554]\nclient = "flat"', "554 is for secrets"),
        ('[[group]]\ncount = 146\nmembers = [34]\nclient = "flat"', "34 belongs to the session"),
        ('[[drop]]\nmessages = "BE"\ntags = [1]', "drop[0].messages: 35=BE holds secrets"),
        ('[[group]]\ncount = 146\nmembers = []\nclient = "flat"', "group[0].members"),
        ("not toml", "dialects/x.toml: not TOML"),
    ],
)
def test_mistakes_in_a_file(folder: Path, text: str, said: str) -> None:
    """Each names the file and the key."""
    assert said in wrong(folder, x=text)


def test_mistakes_between_files(folder: Path) -> None:
    """A session's dialect is there and of its version; symbols, assets and files are known."""
    assert "session BETA42.dialect: no dialect ghost" in _of_session(folder, "ghost")


def test_a_dialect_of_another_version(folder: Path) -> None:
    """plain44 is not for a 4.2 session."""
    assert "session BETA42.dialect: plain44 is for FIX.4.4 only" in _of_session(folder, "plain44")


def test_what_a_spoken_dialect_names_is_known(folder: Path) -> None:
    """Unknown symbols, assets and dictionaries of a dialect that is spoken."""
    text = 'dictionary = "no.xml"\n[symbols]\nX = "NOPE/USD"\n'
    text += '[[quantity]]\nsymbols = ["NO/NO"]\ncurrency = "NIL"\n'
    speaks(folder, "x")
    said = wrong(folder, x=text)

    assert "dialects/x.toml: symbols.X: unknown symbol NOPE/USD" in said
    assert "dialects/x.toml: quantity[0].symbols: unknown symbol NO/NO" in said
    assert "dialects/x.toml: quantity[0].currency: unknown asset NIL" in said
    assert "dialects/x.toml: dictionary: no file no.xml" in said


def test_the_old_key_is_told_as_unknown(folder: Path) -> None:
    """flat_quote_request is gone: the dialect flat42 does it."""
    path = folder / "sessions.toml"
    path.write_text(path.read_text().replace('dialect = ""', "flat_quote_request = true"))

    with pytest.raises(ConfigError, match=r"flat_quote_request .*unknown key, .*dialect"):
        load(folder)


def test_of_two_words_for_one_value_the_first_is_said() -> None:
    """What comes back when a map is not one to one."""
    problems: list[str] = []
    found = read_dialects(ROOT / "config", problems)
    text = {"tag": 54, "map": {"BUY": "1", "B": "1"}}
    odd = type(found["plain44"]).model_validate({"value": [text]})

    (step,) = dialect_of("odd", {"odd": odd}).outbound
    assert isinstance(step, Values)
    assert step.pairs == (("1", "BUY"),)


def _of_session(folder: Path, name: str) -> str:
    speaks(folder, name)
    return wrong(folder)
