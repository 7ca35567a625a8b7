"""Amounts in major units: the scale of every asset that a ledger holds."""

import contextlib
from pathlib import Path
from typing import Any

from otcfix.model.errors import ConfigError


class Scales:
    """Scales by asset code: from the configuration, else from the desk that the journal holds.

    The journal is asked only for what the configuration does not name: an asset of another
    configuration, or of a recorded feed that was served once.
    """

    def __init__(self, folder: Path, store: Any) -> None:
        from otcfix.config import load  # noqa: PLC0415

        self._store = store
        self._scales: dict[str, int] = {}
        self._asked = False
        if folder.is_dir():
            # A ledger can be read while the configuration is being written.
            with contextlib.suppress(ConfigError):
                self._scales = {a.code: a.scale for a in load(folder).desk.asset}

    def major(self, minor: int, asset: str) -> str:
        """Write *minor* units as a plain decimal with the asset's digits, signed if negative."""
        scale = self._scale(asset)
        if scale is None:
            return f"{minor} minor units"
        digits = f"{abs(minor):0{scale + 1}d}"
        sign = "-" if minor < 0 else ""
        whole = digits[: len(digits) - scale]
        return f"{sign}{whole}.{digits[-scale:]}" if scale else f"{sign}{whole}"

    def _scale(self, asset: str) -> int | None:
        if asset not in self._scales and not self._asked:
            self._asked = True
            self._scales = _journaled(self._store) | self._scales
        return self._scales.get(asset)


def _journaled(store: Any) -> dict[str, int]:
    """The assets of every desk in the journal."""
    import msgspec  # noqa: PLC0415

    from otcfix.model.event import Boot, Typed  # noqa: PLC0415

    found: dict[str, int] = {}
    decoder = msgspec.json.Decoder(Typed)
    for row in store.journal():
        if row.kind == "Boot":
            boot = decoder.decode(row.text)
            if isinstance(boot, Boot) and boot.desk is not None:
                found |= {asset.code: asset.scale for asset in boot.desk.assets}
    return found
