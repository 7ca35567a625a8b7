"""Small lists in the published formats, with nobody real on them, and where the real ones are."""

import os
import shutil
from pathlib import Path

from otcfix.screening.entry import Entry
from otcfix.screening.loaders import Loaded, load

ROOT = Path(__file__).parents[2]
HERE = ROOT / "tests/fixtures/sanctions"
REAL = Path(os.environ.get("OTCFIX_SANCTIONS_DATA") or ROOT / "../shared/data/sanctions")

OFAC = ("ofac/sdn.csv", "ofac/alt.csv", "ofac/add.csv", "ofac/sdn_comments.csv")
# format: list name, files
LISTS = {
    "ofac_csv": ("ofac_sdn", OFAC),
    "ofac_xml": ("ofac_sdn", ("sdn_advanced.xml",)),
    "un_xml": ("un", ("un.xml",)),
    "eu_csv": ("eu", ("eu.csv",)),
    "uk_csv": ("uk", ("uk_conlist.csv",)),
    "own_csv": ("own", ("own.csv",)),
    "addresses": ("crypto", ("addresses_XBT.txt", "addresses_ETH.txt")),
}


def read(format_name: str, *files: str | Path, orphans: str = "refuse") -> Loaded:
    """A list of ours: as it lies there, or of other files."""
    list_name, own = LISTS[format_name]
    paths = [HERE / file for file in files or own]
    return load(list_name, format_name, paths, orphans=orphans)


def by_id(loaded: Loaded) -> dict[str, Entry]:
    """Entries by their id."""
    return {entry.entry_id: entry for entry in loaded.entries}


def names(entry: Entry) -> list[str]:
    """Names as text: `~` marks a weak one."""
    return [f"{'~' if name.weak else ''}{name.text}" for name in entry.names]


def copied(folder: Path, format_name: str) -> list[Path]:
    """The files of a list, copied to where a test may spoil them."""
    folder.mkdir(parents=True, exist_ok=True)
    return [Path(shutil.copy(HERE / file, folder)) for file in LISTS[format_name][1]]
