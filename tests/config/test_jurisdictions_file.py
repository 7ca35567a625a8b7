"""jurisdictions.toml: what is wrong in it is told with its key, all of it at once."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from otcfix.cli.check import policy_warnings
from otcfix.config import Config, load
from otcfix.gate.policy import Rulebook
from otcfix.model.errors import ConfigError
from otcfix.model.messages import Side
from otcfix.model.policy import LIMIT

FILE = "jurisdictions.toml"
EVERYTHING = '[[rule]]\nid = "all"\neffect = "ALLOW"\n'
Complaint = Callable[[str, str], str]
Loaded = Callable[[str, str], Config]


def rule(text: str, name: str = "r") -> str:
    """A rule of effect ALLOW with these keys."""
    effect = "" if "effect" in text else 'effect = "ALLOW"\n'
    return f'[[rule]]\nid = "{name}"\n{effect}{text}\n'


def test_the_shipped_rules_speak_to_every_shipped_client(folder: Path) -> None:
    """Nothing is odd about them, and each client may deal in all that he is configured for."""
    config = load(folder)
    assert policy_warnings(config) == []
    desk = config.to_desk()
    book = Rulebook(desk.policy)
    for client in desk.clients:
        for one in desk.instruments:
            if one.symbol in client.instruments or "*" in client.instruments:
                assert book.for_side(client, one, None, "2026-11-23").allowed, client.client_id


def test_without_the_file_nothing_is_allowed(folder: Path) -> None:
    """And so the desk does not start, and says why."""
    (folder / FILE).unlink()
    with pytest.raises(ConfigError) as error:
        load(folder)
    assert f"{FILE}: not there" in str(error.value)
    assert "without rules of jurisdiction nothing is allowed" in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[rule]\n", "not TOML"),
        (rule("asset_class = 1"), "rule[0].asset_class (r): unknown key"),
        (rule('effect = "MAYBE"'), "rule[0].effect (r)"),
        (rule('jurisdiction = "UK"'), "rule r.jurisdiction: unknown UK"),
        (rule('jurisdiction = "USA"'), "rule r.jurisdiction: unknown USA"),
        (rule('jurisdiction = "EEA"'), "rule r.jurisdiction: unknown EEA; expected *, a country"),
        (rule('asset = "DOGE"'), "rule r.asset: unknown DOGE"),
        (rule('asset = "BTC/EUR"'), "rule r.asset: unknown BTC/EUR"),
        (rule('asset = "class:metal"'), "unknown class class:metal; there are class:crypto"),
        (rule('asset = "class:"'), "expected a class behind class:"),
        (rule('client_class = "rich"'), "expected * or one of retail, professional"),
        (rule('product = "forward"'), "rule r.product: unknown forward; there are *, spot"),
        (rule('side = "both"'), "rule[0].side (r)"),
        (rule('effect = "LIMIT"'), "limits: expected in a rule of effect LIMIT"),
        (rule("limits = { order_size = 1 }"), "limits: expected in a rule of effect LIMIT"),
        (rule('effect = "LIMIT"\nlimits = { size = 1 }'), "limits: no measure size; there are"),
        (rule('effect = "LIMIT"\nlimits = { order_size = -1 }'), "rule[0].limits.order_size"),
        (rule('effect = "DENY"\nlicence = "X"'), "licence: a rule of effect DENY allows nothing"),
        (rule('valid_from = "soon"'), "rule[0].valid_from (r)"),
        (rule("valid_from = 2027-02-30"), "not TOML"),
        (
            rule("valid_from = 2027-02-01\nvalid_to = 2027-01-31"),
            "valid_to 2027-01-31 is before valid_from 2027-02-01",
        ),
        (EVERYTHING * 2, "rule.id: all stands there more than once"),
        (
            '[[licence]]\nid = "l"\nkind = "X"\njurisdiction = "ZZ"\n',
            "licence l.jurisdiction: unknown",
        ),
        ("[regions]\nCH = ['LI']\n", "regions.CH: CH is a country"),
        ("[regions]\nwide = []\n", "regions.wide: expected at least one"),
        ("[regions]\nwide = ['CH', 'XX']\n", "regions.wide: unknown country XX"),
        ("[geofence]\nfile = 'nowhere.csv'\n", "geofence.file: no file nowhere.csv"),
        ("other_assets = ['BTC']\n", "other_assets: BTC is an asset of desk.toml"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(complaint: Complaint, text: str, said: str) -> None:
    """File, entry, and what was expected."""
    told = complaint(FILE, text)
    assert FILE in told
    assert said in told


def test_every_problem_at_once(complaint: Complaint) -> None:
    """Of several rules, regions and licences."""
    told = complaint(
        FILE,
        rule('jurisdiction = "UK"', "a")
        + rule('asset = "DOGE"', "b")
        + '[[licence]]\nid = "l"\nkind = "X"\njurisdiction = "UK"\n'
        + "[regions]\nsome = ['QQ']\n",
    )
    for key in ("rule a.jurisdiction", "rule b.asset", "licence l.jurisdiction", "regions.some"):
        assert key in told


def test_a_number_is_the_same_however_it_is_written(loaded: Loaded) -> None:
    """The version is of the meaning: rules that say the same are the same rules."""
    versions = set()
    for number in ("1000000", "1000000.0", "1e6", "1_000_000"):
        text = rule(f'effect = "LIMIT"\nlimits = {{ order_notional = {number} }}')
        policy = loaded(FILE, text).to_desk().policy
        assert policy.rules[0].limits == (("order_notional", Decimal(1_000_000)),)
        assert policy.rules[0].effect == LIMIT
        versions.add(policy.version)
    assert len(versions) == 1


def test_the_product_of_an_instrument(folder: Path, loaded: Loaded) -> None:
    """Spot unless desk.toml says otherwise; rules may name what it says."""
    desk = folder / "desk.toml"
    desk.write_text(
        desk.read_text().replace('asset_class = "fx"', 'asset_class = "fx"\nproduct = "forward"')
    )
    made = loaded(FILE, rule('product = "forward"')).to_desk()
    book, (alpha, *_) = Rulebook(made.policy), made.clients
    allowed = {
        one.symbol: book.for_side(alpha, one, Side.BUY, "2026-11-23").allowed
        for one in made.instruments
    }
    assert allowed == {"BTC/USD": False, "ETH/USD": False, "BTC/USDT": False, "EUR/USD": True}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            EVERYTHING + rule('effect = "DENY"', "none"),
            "rules none and all: overlap, equally specific, with different effects: DENY (0) goes",
        ),
        (
            EVERYTHING + rule('effect = "DENY"', "none"),
            "rule all: never used: always decided by none",
        ),
        (
            rule('asset = "BTC"', "a") + rule('effect = "DENY"\njurisdiction = "CH"', "b"),
            "rules b and a: overlap, equally specific",
        ),
        (
            rule('asset = "BTC/USD"', "a") + rule('effect = "DENY"\njurisdiction = "CH"', "b"),
            "rule b: a DENY that a outdoes where both match: ALLOW (3) goes before DENY (2)",
        ),
        (
            EVERYTHING
            + rule('asset = "BTC"\nproduct = "spot"\nside = "buy"\nvalid_to = 2020-01-01'),
            "rule r: has ended: valid_to 2020-01-01",
        ),
        (
            "other_assets = ['XMR']\n"
            + EVERYTHING
            + rule('asset = "XMR"\nclient_class = "retail"'),
            "",
        ),
        (
            EVERYTHING + rule('licence = "X"\njurisdiction = "CH"'),
            "rule r: requires the licence X, which no [[licence]] is",
        ),
        (
            EVERYTHING + '[[licence]]\nid = "l"\nkind = "X"\njurisdiction = "CH"\n',
            "licence l: no rule requires X",
        ),
        (
            rule('licence = "X"')
            + '[[licence]]\nid = "l"\nkind = "X"\njurisdiction = "*"\nvalid_to = 2020-01-01\n',
            "licence l: has expired: valid_to 2020-01-01",
        ),
        (
            rule('jurisdiction = "CH"'),
            "client ALPHA (LU, eligible_counterparty): no rule for BTC/USD, ETH/USD, BTC/USDT,",
        ),
        (
            rule('side = "buy"'),
            "client BETA (CH, professional): no rule for BTC/USD, ETH/USD: denied",
        ),
    ],
)
def test_what_is_odd_is_a_warning(loaded: Loaded, text: str, said: str) -> None:
    """Overlaps, rules that never decide, gaps, licences: the desk runs, `otcfix check` tells."""
    told = policy_warnings(loaded(FILE, text))
    if said:
        assert any(said in line for line in told), told
        assert all(FILE in line for line in told)
    else:
        assert told == []


def test_an_exception_is_not_odd(loaded: Loaded) -> None:
    """What is narrower in every dimension is meant so; rules that follow each other do not meet."""
    text = (
        EVERYTHING
        + rule('effect = "DENY"\njurisdiction = "US"', "us")
        + rule('jurisdiction = "US-NY"\nasset = "BTC"', "ny")
        + rule('asset = "EUR"\nvalid_to = 2036-12-31', "before")
        + rule('effect = "DENY"\nasset = "EUR"\nvalid_from = 2037-01-01', "after")
    )
    told = policy_warnings(loaded(FILE, text))
    # EUR for clients in the US is asked for by two rules that cross.
    assert {line.split(": ")[1] for line in told} <= {"rules us and before", "rules after and us"}
