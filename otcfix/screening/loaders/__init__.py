"""Published sanctions lists into entries: one module a format, one way to refuse (ListRefused)."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from otcfix.screening.loaders import addresses, eu_csv, ofac_csv, ofac_xml, own_csv, uk_csv, un_xml
from otcfix.screening.loaders.draft import Loaded
from otcfix.screening.loaders.reading import BAD_SHARE_MAX, SPOILT, ListRefused, sha256_of

__all__ = ["FORMATS", "ListRefused", "Loaded", "load"]

FORMATS: dict[str, Callable[..., Loaded]] = {
    "ofac_csv": ofac_csv.read,
    "ofac_xml": ofac_xml.read,
    "un_xml": un_xml.read,
    "eu_csv": eu_csv.read,
    "uk_csv": uk_csv.read,
    "own_csv": own_csv.read,
    "addresses": addresses.read,
}


def load(
    list_name: str, format_name: str, files: Sequence[Path], *, orphans: str = "refuse"
) -> Loaded:
    """Read a list. format_name: one of FORMATS. orphans: "keep" or "refuse", see ofac_csv.

    Errors: ListRefused, whatever the bytes are, naming file, line and what is wrong.
    """
    paths = sorted(Path(file) for file in files)
    if format_name not in FORMATS:
        raise ListRefused(list_name, f"format {format_name}, expected one of {', '.join(FORMATS)}")
    if not paths:
        raise ListRefused(list_name, "no files")
    twice = {path.name for path in paths if [p.name for p in paths].count(path.name) > 1}
    if twice:
        raise ListRefused(list_name, f"two files are named {min(twice)}")
    hashed = sha256_of(paths)
    loaded = FORMATS[format_name](list_name, paths, orphans=orphans)
    if not loaded.entries:
        raise ListRefused(paths[0], "empty: no entries")
    return replace(loaded, sha256=hashed, warnings=loaded.warnings + _spoilt(paths[0], loaded))


def _spoilt(path: Path, loaded: Loaded) -> tuple[str, ...]:
    """Names spoilt by a wrong encoding would match nobody. Errors: ListRefused above 1 %."""
    spoilt = [n.text for e in loaded.entries for n in e.names if SPOILT.search(n.text)]
    if not spoilt:
        return ()
    said = f"{len(spoilt)} names went through a wrong encoding, the first: {spoilt[0]:.60}"
    if len(spoilt) > loaded.names * BAD_SHARE_MAX:
        raise ListRefused(path, said)
    return (f"{path.name}: {said}",)
