"""screening.toml: which lists, from where, and what counts as a match."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from otcfix.config import Config, load

Loaded = Callable[[str, str], Config]
Complaint = Callable[[str, str], str]

LIST = '[[list]]\nname = "un"\nformat = "un_xml"\n'


def test_the_shipped_file(folder: Path) -> None:
    """The desk's own list and the thresholds of the house."""
    screening = load(folder).screening

    assert [one.name for one in screening.list] == ["own"]
    assert (screening.block_min, screening.review_min) == (Decimal("0.95"), Decimal("0.88"))
    assert screening.shrink_max == Decimal("0.20")
    assert screening.verdict_age_max_days == 30


def test_without_the_file_there_is_no_list(folder: Path) -> None:
    """An older configuration still loads; nobody can be cleared by it."""
    (folder / "screening.toml").unlink()
    assert load(folder).screening.list == ()


def test_every_key_and_the_defaults(loaded: Loaded) -> None:
    """A list may have an age of its own."""
    config = loaded(
        "screening.toml", LIST + 'urls = ["https://example.org/un.xml"]\nage_max_days = 3\n'
    )

    assert config.screening.age_max("un") == 3
    assert config.screening.age_max("other") == 14
    assert config.screening.list[0].orphans == "refuse"
    assert config.screening.refresh_minutes == 360


def test_the_lists_written_out_in_the_shipped_file_are_right(folder: Path, loaded: Loaded) -> None:
    """Whoever takes away the comment sign gets a list, not an error."""
    lines = (folder / "screening.toml").read_text().splitlines()
    commented = lines[lines.index("# [[list]]") :]
    text = "\n".join(line.removeprefix("#").removeprefix(" ") for line in commented)

    found = [
        loaded("screening.toml", f"[[list]]\n{table}").screening.list[0].name
        for table in text.split("[[list]]")[1:]
    ]
    assert found == ["ofac_sdn", "ofac_sdn", "ofac_consolidated", "un", "eu", "uk", "crypto"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("block_min = 0.8", "block_min: expected above review_min, 0.88"),
        ("block_min = 1.5", "block_min"),
        ("review_min = 0", "review_min"),
        ("shrink_max = 1", "shrink_max"),
        ("verdict_age_max_days = 0", "verdict_age_max_days"),
        ("threshold = 0.9", "unknown key"),
        (LIST.replace("un_xml", "un_csv"), "'ofac_csv', 'ofac_xml', 'un_xml'"),
        (LIST.replace('"un"', '"../un"'), "name"),
        (LIST + LIST, "un stands there more than once"),
        (LIST + 'urls = ["http://example.org/un.xml"]', "expected https://"),
        (LIST + 'urls = ["file:///etc/passwd"]', "expected https://"),
        (LIST + 'files = ["a"]\nurls = ["https://example.org/a"]', "files, urls: expected one"),
    ],
)
def test_what_is_wrong_is_named(complaint: Complaint, text: str, said: str) -> None:
    """File, key and what was expected."""
    found = complaint("screening.toml", text)
    assert "screening.toml" in found
    assert said in found
