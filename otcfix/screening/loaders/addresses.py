"""Plain files of crypto addresses: one a line, `#` begins a remark.

The asset is the last word of the file's name: `sanctioned_addresses_XBT.txt`, `ETH.txt`. Each
address is an entry of its own, without a name; under several assets it is still one.
"""

import re
from pathlib import Path

from otcfix.screening.loaders.draft import Draft, Loaded
from otcfix.screening.loaders.reading import Faults, ListRefused, decoded, read_bytes

_ADDRESS = re.compile(r"[A-Za-z0-9:_-]{16,128}")
_ASSET = re.compile(r"[A-Z0-9]{2,12}")


def read(list_name: str, files: list[Path], *, orphans: str) -> Loaded:  # noqa: ARG001 - one signature
    """Errors: ListRefused."""
    drafts: dict[str, Draft] = {}
    warnings: list[str] = []
    for path in files:
        asset = path.stem.rpartition("_")[2].upper()
        if not _ASSET.fullmatch(asset):
            raise ListRefused(path, "expected the asset at the end of the name, as in list_XBT.txt")
        faults = Faults(path)
        text = decoded(path, read_bytes(path), faults, cp1252=False)
        for line, written in enumerate(text.splitlines(), start=1):
            address = written.partition("#")[0].strip()
            if not address:
                continue
            faults.rows += 1
            if not _ADDRESS.fullmatch(address):
                faults.skip(line, f"{address!r:.60} is no address")
                continue
            entry_id = f"{list_name.upper()}:{address}"
            drafts.setdefault(entry_id, Draft(entry_id)).addresses[asset, address] = None
        faults.close("addresses")
        warnings += faults.told
    entries = tuple(draft.made(list_name) for draft in drafts.values())
    return Loaded(list_name, "addresses", entries, warnings=tuple(warnings))
