"""throttles.toml: what it becomes, and every way in which it is refused."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from otcfix.config import Config, LogonConfig, load
from otcfix.model.throttle import HitRatio, HitStep, LoadTerms, Throttle

Load = Callable[[str, str], Config]
Complain = Callable[[str, str], str]

FILE = "throttles.toml"


def row(**changes: str) -> str:
    keys = {"session": '"*"', "class": '"quote"', "per_second": "10", "burst": "20"} | changes
    return "[[throttle]]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


def test_without_the_file_only_logons_are_limited(folder: Path) -> None:
    (folder / FILE).unlink()
    config = load(folder)
    desk = config.to_desk()
    assert (desk.throttles, desk.load, desk.hit_ratio) == ((), LoadTerms(), HitRatio())
    assert config.throttles.logon == LogonConfig()


def test_the_shipped_file_is_what_it_says_of_itself(folder: Path) -> None:
    """[logon] stands there with its defaults; every class has a row, of everybody."""
    config = load(folder)
    assert config.throttles.logon == LogonConfig()
    rows = {one.message_class for one in config.to_desk().throttles}
    assert rows == {"quote", "order", "replace", "status", "stream", "resent"}
    assert config.to_desk().hit_ratio.steps == ()


def test_a_row_becomes_what_the_core_reads(loaded: Load) -> None:
    steps = "[hit_ratio]\n[[hit_ratio.step]]\nbelow = 0.01\nfactor = 0.5\n"
    desk = loaded(FILE, row(session='"ALPHA44"', per_second="0.5", weight="3") + steps).to_desk()
    assert desk.throttles == (Throttle("ALPHA44", "quote", Decimal("0.5"), 20, 3),)
    assert desk.hit_ratio.steps == (HitStep(Decimal("0.01"), Decimal("0.5")),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (row(session='"NOBODY"'), 'throttle NOBODY quote.session: expected "*" or one of'),
        (row(session='"LP1"'), "throttle LP1 quote.session: expected"),
        (row() + row(per_second="5"), "throttle: * quote stands there more than once"),
        (row(**{"class": '"quotes"'}), "throttle[0].class: Input should be 'quote', 'order'"),
        (row(**{"class": '"cancel"'}), "a cancel weighs nothing and is never throttled"),
        (row(per_second="0"), "per_second"),
        (row(burst="0"), "burst"),
        (row(hard_factor="1"), "hard_factor"),
        (row(per_minute="5"), "unknown key, expected one of burst, class, hard_factor"),
        ("[load]\nmark = -1\n", "load.mark"),
        ("[load]\nfloor = 0\n", "load.floor"),
        ("[logon]\nbackoff_s = 10\nbackoff_max_s = 5\n", "backoff_s: expected at most"),
        ("[logon]\nfailures = 0\n", "logon.failures"),
        ("[hit_ratio]\nquotes_min = 600\nwindow = 1000\n", "quotes_min: expected at most half"),
        ("[hit_ratio]\n[[hit_ratio.step]]\nbelow = 2\nfactor = 1\n", "below"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(complaint: Complain, text: str, words: str) -> None:
    assert words in complaint(FILE, text)
