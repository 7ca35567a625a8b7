"""What jurisdictions.toml names that is nowhere: countries, regions, assets, classes, products."""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from otcfix.model.countries import is_country, is_jurisdiction
from otcfix.model.policy import ANY, CLASS_PREFIX

if TYPE_CHECKING:
    from otcfix.config import Config

FILE = "jurisdictions.toml"

Problem = Callable[[str, str, str], None]


def check_policy(config: "Config", problem: Problem) -> None:
    """Every name of the rules that nothing answers to, and every session's countries."""
    rules = config.jurisdictions
    _unique([rule.id for rule in rules.rule], "rule.id", problem)
    _unique([licence.id for licence in rules.licence], "licence.id", problem)
    for name, members in rules.regions.items():
        where = f"regions.{name}"
        if is_country(name):
            problem(FILE, where, f"{name} is a country: give the region another name")
        if not members:
            problem(FILE, where, "expected at least one country or subdivision")
        for member in sorted(set(members)):
            if not is_jurisdiction(member):
                problem(FILE, where, f"unknown country {member}; expected such as CH or US-NY")
    _rules(config, problem)
    _places(config, [(f"licence {one.id}", one.jurisdiction) for one in rules.licence], problem)
    _countries(config, problem)


def _rules(config: "Config", problem: Problem) -> None:
    rules, instruments = config.jurisdictions, config.desk.instrument
    assets = {asset.code for asset in config.desk.asset}
    symbols = {one.symbol for one in instruments}
    known = assets | symbols | set(rules.other_assets) | {ANY}
    classes = {one.asset_class for one in instruments if one.asset_class}
    products = {one.product for one in instruments} | {ANY}
    for name in sorted(assets & set(rules.other_assets)):
        problem(FILE, "other_assets", f"{name} is an asset of desk.toml")
    _places(config, [(f"rule {rule.id}", rule.jurisdiction) for rule in rules.rule], problem)
    for rule in rules.rule:
        where = f"rule {rule.id}"
        if rule.asset.startswith(CLASS_PREFIX):
            if rule.asset.removeprefix(CLASS_PREFIX) not in classes:
                there = ", ".join(f"{CLASS_PREFIX}{name}" for name in sorted(classes)) or "none"
                problem(FILE, f"{where}.asset", f"unknown class {rule.asset}; there are {there}")
        elif rule.asset not in known:
            expected = "expected a symbol or an asset of desk.toml, or one of other_assets"
            problem(FILE, f"{where}.asset", f"unknown {rule.asset}; {expected}")
        if rule.product not in products:
            there = ", ".join(sorted(products))
            problem(FILE, f"{where}.product", f"unknown {rule.product}; there are {there}")


def _places(config: "Config", named: list[tuple[str, str]], problem: Problem) -> None:
    regions = config.jurisdictions.regions
    for where, place in named:
        if place != ANY and place not in regions and not is_jurisdiction(place):
            expected = "expected *, a country, a subdivision such as US-NY, or one of [regions]"
            problem(FILE, f"{where}.jurisdiction", f"unknown {place}; {expected}")


def _countries(config: "Config", problem: Problem) -> None:
    file = config.jurisdictions.geofence.file
    if file and not (config.folder / file).is_file():
        problem(FILE, "geofence.file", f"no file {file}")
    for session in config.sessions.session:
        where = f"session {session.key}.countries"
        for country in session.countries:
            if not is_country(country):
                problem("sessions.toml", where, f"unknown country {country}; expected such as CH")
        if session.countries and not file:
            expected = "expected [geofence] file in jurisdictions.toml: where addresses lie"
            problem("sessions.toml", where, expected)


def _unique(names: list[str], key: str, problem: Problem) -> None:
    for name in sorted(name for name, count in Counter(names).items() if count > 1):
        problem(FILE, key, f"{name} stands there more than once")
