"""The real lists, as they were published, with the counts that were taken from them elsewhere.

They are no part of the project: OTCFIX_SANCTIONS_DATA names their folder, else
../shared/data/sanctions beside the repository is looked for, else these tests are skipped.
"""

import time
from collections import Counter
from pathlib import Path

import pytest

from otcfix.screening.entry import Kind
from otcfix.screening.loaders import ListRefused, load
from tests.screening.fixtures import REAL, by_id

pytestmark = pytest.mark.skipif(
    not REAL.is_dir(), reason=f"no real lists in {REAL} (OTCFIX_SANCTIONS_DATA names them)"
)


def files(folder: str, *names: str) -> list[Path]:
    """Files of one folder."""
    return [REAL / folder / name for name in names]


OFAC_2021 = ("sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv")


def test_ofac_2021_is_whole() -> None:
    """8,976 entities of four kinds, 11,910 aliases, all of which join; 80 addresses and more."""
    loaded = load("ofac_sdn", "ofac_csv", files("ofac_2021", *OFAC_2021))

    assert len(loaded.entries) == 8_976
    kinds = Counter(entry.kind for entry in loaded.entries)
    assert (kinds[Kind.PERSON], kinds[Kind.ORGANISATION]) == (4_620, 3_673)
    assert (kinds[Kind.VESSEL], kinds[Kind.AIRCRAFT]) == (406, 277)
    strong = sum(1 for e in loaded.entries for name in e.names if not name.weak)
    assert abs(strong - 8_976 - 11_910) < 50  # aliases written twice, names without acronyms
    assert loaded.addresses >= 80
    assert loaded.warnings == ()


def test_ofac_of_two_dates_is_refused_unless_orphans_are_kept() -> None:
    """The sdn.csv of 2023 does not know 3,467 entities of the aliases of 2025."""
    parts = [*files("ofac_2023", "sdn.csv"), *files("ofac_2025", "alt.csv", "sdn_comments.csv")]
    with pytest.raises(ListRefused, match=r"alt\.csv: .* which no sdn row has"):
        load("ofac_sdn", "ofac_csv", parts)

    loaded = load("ofac_sdn", "ofac_csv", parts, orphans="keep")
    kinds = Counter(entry.kind for entry in loaded.entries)
    assert (kinds[Kind.PERSON], kinds[Kind.ORGANISATION]) == (5_890, 4_575)
    assert (kinds[Kind.VESSEL], kinds[Kind.AIRCRAFT]) == (685, 293)
    assert kinds[Kind.UNKNOWN] == 3_467 + 4  # four have a comment with an address only
    assert loaded.addresses >= 202 + 366 - 30
    assert loaded.top == 56_636


def test_un_is_whole() -> None:
    """730 persons and 273 entities of 27 February 2026, and every alias that is not empty."""
    loaded = load("un", "un_xml", files("un", "UN_consolidated.xml"))

    assert loaded.dated == "2026-02-27"
    kinds = Counter(entry.kind for entry in loaded.entries)
    assert (kinds[Kind.PERSON], kinds[Kind.ORGANISATION]) == (730, 273)
    assert loaded.names >= 1_003 + 2_139 + 613
    assert sum(name.original_script for e in loaded.entries for name in e.names) >= 378
    assert "UN:TAi.108" in by_id(loaded)


def test_crypto_is_whole() -> None:
    """641 distinct addresses in 17 assets."""
    loaded = load("crypto", "addresses", sorted((REAL / "crypto").glob("*.txt")))

    assert len(loaded.entries) == 641
    assets = Counter(asset for entry in loaded.entries for asset, _ in entry.addresses)
    assert len(assets) == 17
    assert (assets["XBT"], assets["ETH"], assets["USDT"]) == (435, 152, 26)


def test_a_real_list_that_lost_its_end(tmp_path: Path) -> None:
    """The sdn.csv of 2021, cut at the end of a row, beside its whole alt.csv: the aliases tell."""
    rows = (REAL / "ofac_2021/sdn.csv").read_bytes().splitlines(keepends=True)
    (tmp_path / "sdn.csv").write_bytes(b"".join(rows[: len(rows) * 19 // 20]))

    with pytest.raises(ListRefused, match=r"alt\.csv: .* rows cannot be read"):
        load("ofac_sdn", "ofac_csv", [tmp_path / "sdn.csv", *files("ofac_2021", *OFAC_2021[1:])])


def test_all_of_them_in_a_few_seconds() -> None:
    """The index has ten seconds; reading may take a few of them."""
    begun = time.perf_counter()
    load("ofac_sdn", "ofac_csv", files("ofac_2021", *OFAC_2021))
    load("un", "un_xml", files("un", "UN_consolidated.xml"))

    assert time.perf_counter() - begun < 5
