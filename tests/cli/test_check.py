"""otcfix check, and what serve refuses to start with."""

import socket
from pathlib import Path

import pytest

from tests.cli.support import Run
from tests.screening.fixtures import HERE
from tests.support.desk_process import free_port


@pytest.fixture
def port(here: Path) -> int:
    """Another port than a desk on this machine may have."""
    number = free_port()
    edit("sessions.toml", "port = 9878", f"port = {number}")
    return number


def edit(name: str, old: str, new: str) -> None:
    """Change the configuration in this folder."""
    path = Path("config") / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_shipped_configuration(run: Run, port: int) -> None:
    """It runs; what is public in it is warned of, and fails with --strict."""
    answer = run("check", "--json")

    assert answer.code == 0, answer.out
    assert answer.document["problems"] == []
    warnings = "\n".join(answer.document["warnings"])
    assert "config/desk.toml: id_key: the public one" in warnings
    assert "config/sessions.toml: password_hash: ALPHA44" in warnings
    assert run("check", "--strict").code == 1
    assert "ok       dictionaries: built" in run("check").out


def test_own_secrets_are_not_warned_of(
    run: Run, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session with a hash of its own, a key from the environment, a published list."""
    monkeypatch.setenv("OTCFIX_ID_KEY", "ab" * 24)
    path = Path("config/sessions.toml")
    lines = [
        f'password_hash = "{"0" * 32}${"1" * 64}"' if line.startswith("password_hash") else line
        for line in path.read_text().splitlines()
    ]
    path.write_text("\n".join(lines))
    lists = Path("config/screening.toml")
    un = f'name = "un"\nformat = "un_xml"\nfiles = ["{HERE / "un.xml"}"]'
    lists.write_text(f"{lists.read_text()}\n[[list]]\n{un}\n")

    assert run("check", "--strict", "--json").document["warnings"] == []


def test_every_problem_at_once(run: Run, port: int) -> None:
    """Files, keys and the port in one go: exit code 1."""
    for _ in range(2):
        edit("venues.toml", 'base = "ETH"', 'base = "SOL"')
    with socket.socket() as taken:
        taken.bind(("", port))
        taken.listen(1)
        answer = run("check", "--database", "sqlite:////nowhere/otcfix.db", "--json")

    problems = "\n".join(answer.document["problems"])
    assert answer.code == 1
    assert f"config/sessions.toml: acceptor.port: {port}: Address already in use" in problems
    warnings = "\n".join(answer.document["warnings"])
    assert "no source prices ETH/USD" in warnings


def test_wrong_files_are_named_with_their_keys(run: Run, here: Path) -> None:
    """Two files wrong: both are told, each with key and entry."""
    edit("clients.toml", "enabled = true", "enabeld = true")
    edit("sessions.toml", 'version = "FIX.4.4"', 'version = "FIX.4.3"')

    answer = run("check")
    assert answer.code == 1
    assert "PROBLEM  config/clients.toml: client[0].enabeld (ALPHA)" in answer.out
    assert "PROBLEM  config/sessions.toml: session[0].version (ALPHA44)" in answer.out


def test_a_recorded_file_that_is_not_there(run: Run, port: int) -> None:
    """The source that names it is told."""
    path = Path("config/venues.toml")
    path.write_text(
        path.read_text()
        + '\n[[source]]\nname = "tape"\nvenue = "binance"\nbase = "BTC"\nquote = "USDT"\n'
        'selector = "btcusdt"\nrecorded = { file = "missing.gz" }\n'
    )

    answer = run("check", "--json")
    assert answer.code == 1
    assert "source tape.recorded.file: config/missing.gz" in answer.document["problems"][0]


def test_an_exchange_that_cannot_be_watched(run: Run, port: int) -> None:
    """Without ccxt the extra is named, with it the exchange that it does not know."""
    path = Path("config/venues.toml")
    path.write_text(
        path.read_text()
        + '\n[[source]]\nname = "live"\nvenue = "nowhere"\nbase = "BTC"\nquote = "USDT"\n'
        'exchange = { id = "nowhere", symbol = "BTC/USDT" }\n'
    )

    answer = run("check", "--json")
    assert answer.code == 1
    assert "source live.exchange.id: nowhere: ccxt" in answer.document["problems"][0]


def test_a_source_is_fed_in_one_way(run: Run, port: int) -> None:
    """Two ways are one too many."""
    edit(
        "venues.toml",
        "simulated = {",
        'exchange = { id = "kraken", symbol = "BTC/USD" }\nsimulated = {',
    )

    answer = run("check", "--json")
    assert answer.code == 1
    told = "source sim-btcusd: expected one of simulated, recorded, exchange, session, provider"
    assert told in answer.document["problems"][0]


@pytest.mark.parametrize(
    ("follows", "why"),
    [
        ('follows = "nowhere"', "sim2-btcusd.simulated.follows: expected a simulated source"),
        ('follows = "sim-ethusd"', "sim2-btcusd.simulated.follows: sim-ethusd is in ETH"),
        ('follows = "sim2-btcusd"', "follows: a circle: sim2-btcusd -> sim2-btcusd"),
        ('follows = "sim-btcusdt"', "follows: a circle: sim2-btcusd -> sim-btcusdt -> sim2-btcusd"),
        ("mid = 5, follows = 'sim-btcusd'", "expected one of them"),
        ('follows = ""', "expected one of them"),
    ],
)
def test_who_follows_whom(run: Run, port: int, follows: str, why: str) -> None:
    """A follower needs a walk of its own base at the end of its chain."""
    edit("venues.toml", 'follows = "sim-btcusd"', follows)
    if "sim-btcusdt" in follows:
        edit("venues.toml", "seed = 9, mid = 100010", 'seed = 9, follows = "sim2-btcusd"')

    answer = run("check", "--json")
    assert answer.code == 1
    assert why in "\n".join(answer.document["problems"])


def test_a_dictionary_that_is_none(run: Run, port: int) -> None:
    """A session's own dictionary is loaded."""
    Path("config/own.xml").write_text("<fix>")
    edit("sessions.toml", 'kind = "both"', 'kind = "both"\ndictionary = "own.xml"')

    answer = run("check", "--json")
    assert answer.code == 1
    assert "session ALPHA44.dictionary: config/own.xml is no dictionary" in "".join(
        answer.document["problems"]
    )


# -- what serve refuses ------------------------------------------------------------------------


def test_serve_without_a_configuration(run: Run) -> None:
    """Exit code 3, and how to name one."""
    answer = run("serve", "--config", "elsewhere")

    assert answer.code == 3
    assert "elsewhere: no such folder" in answer.err
    assert "--config DIR" in answer.err


def test_serve_with_a_wrong_configuration(run: Run, here: Path) -> None:
    """Exit code 3, one line a problem."""
    edit("desk.toml", "tick = 0.01", "tick = -1")

    answer = run("serve")
    assert answer.code == 3
    assert answer.err.startswith("otcfix: config/desk.toml: instrument[0].tick (BTC/USD)")
    assert answer.err.count("\n") == 1


def test_serve_on_a_taken_port(run: Run, port: int) -> None:
    """Exit code 3, before a database is made."""
    with socket.socket() as taken:
        taken.bind(("", port))
        taken.listen(1)
        answer = run("serve")

    assert answer.code == 3
    assert f"acceptor.port: cannot listen on {port}" in answer.err
    assert not Path("state").exists()


@pytest.mark.parametrize("words", [("--feed", "missing.gz"), ("--log-level", "loud")])
def test_serve_with_wrong_words(run: Run, words: tuple[str, ...]) -> None:
    """Exit code 2."""
    answer = run("serve", *words)

    assert answer.code == 2
    assert words[1] in answer.err


def test_serve_with_a_feed_that_does_not_tell(run: Run, port: int) -> None:
    """Exit code 3, naming the file."""
    Path("tape.txt").write_text("no feed\n")

    answer = run("serve", "--feed", "tape.txt")
    assert answer.code == 3
    assert "tape.txt:1:" in answer.err


# -- rules that never have their say -----------------------------------------------------------


def test_the_shipped_rules_all_matter(run: Run, port: int) -> None:
    """Nothing in pricing.toml is for nobody."""
    warnings = run("check", "--json").document["warnings"]

    assert [line for line in warnings if "pricing.toml" in line] == []


def test_a_rule_that_can_never_match_is_warned_of(run: Run, port: int) -> None:
    """Hidden behind another rule, or for a pair that its client may not deal in; exit code 0."""
    path = Path("config/pricing.toml")
    path.write_text(
        path.read_text()
        + '\n[[rule]]\nid = "late"\nmatch = { symbols = ["BTC/USD"] }\nguard = { fast = "pause" }\n'
        + '[[rule]]\nid = "nobody"\nmatch = { clients = ["BETA"], symbols = ["EUR/USD"] }\n'
        + "session_factor = 2\n"
    )

    answer = run("check", "--json")
    assert answer.code == 0
    assert answer.document["problems"] == []
    found = [line for line in answer.document["warnings"] if "pricing.toml" in line]
    assert len(found) == 2
    assert "config/pricing.toml: rule late: never used: always decided before by house" in found[0]
    assert "config/pricing.toml: rule nobody: never used: " in found[1]
    assert "warning  config/pricing.toml: rule late" in run("check").out
    assert run("check", "--strict").code == 1


# -- providers ---------------------------------------------------------------------------------

PROVIDER = """
[[provider]]
key = "LPX"
port = 9900
sender_comp_id = "DESK"
target_comp_id = "SIMLP"
"""
SOURCE = '\n[[source]]\nname = "lpx"\nvenue = "LPX"\nbase = "BTC"\nquote = "USD"\n'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (PROVIDER + SOURCE + 'provider = "LPX"\nselector = "BTCUSD"\n', ""),
        (SOURCE + 'provider = "NOBODY"\nselector = "X"\n', "source lpx.provider: expected one of"),
        (PROVIDER + SOURCE + 'provider = "LPX"\n', "source lpx.selector: expected the symbol"),
        (
            PROVIDER
            + SOURCE
            + 'provider = "LPX"\nselector = "X"\nsimulated = { seed = 1, mid = 1 }\n',
            "source lpx: expected one of simulated, recorded, exchange, session, provider",
        ),
        (SOURCE + 'session = "ALPHA44"\n', "source lpx.session: expected a session of kind"),
        (PROVIDER + PROVIDER, "provider.key: LPX stands there more than once"),
        (PROVIDER.replace("LPX", "ALPHA44"), "a session in sessions.toml has this key"),
        (PROVIDER + 'secret_env = "NOT_THERE"\n', "NOT_THERE is not in the environment"),
        (PROVIDER + 'symbols = { "X/Y" = "XY" }\n', "provider LPX.symbols: unknown symbol X/Y"),
        (PROVIDER + "stream = false\n", "expected at least one of stream, rfq, hedge"),
        (PROVIDER + "heart_beat = 3\n", "heart_beat"),
    ],
)
def test_providers(run: Run, port: int, text: str, why: str) -> None:
    """Every wrong key is named with what was expected; a right one passes."""
    path = Path("config/venues.toml")
    path.write_text(path.read_text() + text)
    answer = run("check", "--json")
    problems = "\n".join(answer.document["problems"])
    assert why in problems
    assert answer.code == (1 if why else 0), problems
