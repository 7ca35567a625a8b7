"""The accepted lists in a folder: what is kept, what an update may replace, and what waits.

    FOLDER/log.jsonl                  every acceptance, hold and refusal, one JSON object a line
    FOLDER/LIST/current.json          the accepted version's manifest; to replace it is the update
    FOLDER/LIST/held.json             that of a version that waits for a person
    FOLDER/LIST/versions/VERSION/*    the files themselves

An update that is interrupted anywhere leaves the old current.json, and with it the old list.
"""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import msgspec

from otcfix.config.screening import ListConfig
from otcfix.screening.loaders import ListRefused, Loaded, load
from otcfix.screening.loaders.reading import sha256_of

VERSIONS_KEPT = 3
"""Accepted versions that stay on disk, the current one included."""

LOG_TAIL = 262_144
"""Bytes of the log that status looks at."""

TOP_LOST_MAX = 5
"""Newest entries that may be gone from a list without a date before it counts as older."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """An accepted or held version. Times are ISO, UTC. kept: its folder among the versions."""

    name: str
    format: str
    version: str
    sha256: str
    entries: int
    names: int
    addresses: int
    kept: str
    files: tuple[str, ...]
    accepted_at: str
    accepted_by: str
    checked_at: str
    source: str = ""
    dated: str = ""
    top: int = 0
    orphans: str = "refuse"
    why: str = ""
    warnings: tuple[str, ...] = ()


What = Literal["accepted", "unchanged", "held", "refused"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an update came to: a lawful no (held, refused) is a value, and stands in the log."""

    name: str
    what: What
    text: str
    manifest: Manifest | None = None


class ListStore:
    """The folder of accepted lists."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    # -- what there is -----------------------------------------------------------------------

    def current(self, name: str) -> Manifest | None:
        """The accepted version, if there is one. Errors: ListRefused for a spoilt manifest."""
        return _read(self.folder / name / "current.json")

    def held(self, name: str) -> Manifest | None:
        """The version that waits for a person, if one does. Errors: ListRefused."""
        return _read(self.folder / name / "held.json")

    def loaded(self, manifest: Manifest) -> Loaded:
        """Read a version's files again.

        Errors: ListRefused, also when they are not the bytes that were accepted.
        """
        folder = self.folder / manifest.name / "versions" / manifest.kept
        files = [folder / file for file in manifest.files]
        loaded = load(manifest.name, manifest.format, files, orphans=manifest.orphans)
        if loaded.sha256 != manifest.sha256:
            raise ListRefused(folder, "not the files that were accepted: their SHA-256 differs")
        return loaded

    def logged(self, name: str = "") -> list[dict[str, Any]]:
        """The last lines of the log, oldest first; of one list, or of all."""
        try:
            with (self.folder / "log.jsonl").open("rb") as file:
                file.seek(0, os.SEEK_END)
                file.seek(max(0, file.tell() - LOG_TAIL))
                tail = file.read()
        except FileNotFoundError:
            return []
        found = []
        for line in tail.decode("utf-8", "replace").splitlines():
            with contextlib.suppress(ValueError):  # the first line of the tail may be half a line
                row = json.loads(line)
                if isinstance(row, dict) and (not name or row.get("list") == name):
                    found.append(row)
        return found

    def trouble(self, name: str) -> dict[str, Any] | None:
        """The last refusal of a list, if nothing was accepted or found unchanged since."""
        current = self.current(name)
        since = current.checked_at if current else ""
        rows = [row for row in self.logged(name) if row.get("what") == "refused"]
        return rows[-1] if rows and str(rows[-1].get("at", "")) >= since else None

    # -- what changes it ---------------------------------------------------------------------

    def update(
        self,
        one: ListConfig,
        files: Sequence[Path],
        *,
        shrink_max: Decimal,
        by: str,
        source: str = "",
        at: datetime | None = None,
    ) -> Outcome:
        """Take *files* as the new version of a list, unless there is a reason not to.

        Refused: cannot be read, or older than the accepted version. Held: loses more than
        shrink_max of its entries or names, or looks older where the list has no date of its own.
        In both cases the accepted version stays, and the log says why.
        """
        at = at or datetime.now(UTC)
        with self._locked():
            try:
                loaded = load(one.name, one.format, files, orphans=one.orphans)
                present, held = self.current(one.name), self.held(one.name)
                self._not_older(loaded, present)
                doubt = self._doubt(loaded, present, shrink_max)
            except ListRefused as error:
                return self._refused(one.name, str(error), by, at)
            if present and (present.sha256, present.format, present.orphans) == (
                loaded.sha256, one.format, one.orphans
            ):  # fmt: skip
                checked = replace(present, checked_at=_iso(at))
                _write(self.folder / one.name / "current.json", checked)
                (self.folder / one.name / "held.json").unlink(missing_ok=True)
                return Outcome(one.name, "unchanged", f"as accepted {present.accepted_at}", checked)
            if doubt and held and held.sha256 == loaded.sha256:
                return Outcome(one.name, "held", doubt, held)  # waits already
            try:
                manifest = self._keep(_manifest(loaded, one, files, source, by, at), files)
            except ListRefused as error:
                return self._refused(one.name, str(error), by, at)
            if doubt:
                _write(self.folder / one.name / "held.json", manifest)
                self._log("held", manifest.name, doubt, by, at, manifest)
                return Outcome(one.name, "held", doubt, manifest)
            return self._take(manifest, by, at)

    def refused(self, name: str, text: str, *, by: str, at: datetime | None = None) -> Outcome:
        """Record that a list could not even be found or fetched."""
        with self._locked():
            return self._refused(name, text, by, at or datetime.now(UTC))

    def accept(self, name: str, *, why: str, by: str, at: datetime | None = None) -> Outcome:
        """Take the version that waits. A lawful no: none waits, or a newer one was accepted."""
        at = at or datetime.now(UTC)
        with self._locked():
            held, present = self.held(name), self.current(name)
            if held is None:
                return Outcome(name, "refused", f"{name}: no version waits", None)
            if present and present.dated and held.dated and held.dated < present.dated:
                said = f"{name}: the held one of {held.dated} is older than {present.dated}"
                return self._refused(name, said, by, at)
            try:
                self.loaded(held)
            except ListRefused as error:
                return self._refused(name, str(error), by, at)
            return self._take(replace(held, why=why), by, at)

    def _take(self, manifest: Manifest, by: str, at: datetime) -> Outcome:
        manifest = replace(manifest, accepted_at=_iso(at), accepted_by=by, checked_at=_iso(at))
        _write(self.folder / manifest.name / "current.json", manifest)
        (self.folder / manifest.name / "held.json").unlink(missing_ok=True)
        said = f"{manifest.entries} entries, {manifest.names} names"
        self._log("accepted", manifest.name, manifest.why or said, by, at, manifest)
        self._sweep(manifest.name, manifest)
        return Outcome(manifest.name, "accepted", said, manifest)

    def _refused(self, name: str, text: str, by: str, at: datetime) -> Outcome:
        self._log("refused", name, text, by, at, None)
        return Outcome(name, "refused", text)

    def _not_older(self, loaded: Loaded, present: Manifest | None) -> None:
        if present and present.dated and loaded.dated and loaded.dated < present.dated:
            said = f"older than the accepted one: {loaded.dated}, that is of {present.dated}"
            raise ListRefused(loaded.list_name, said)
        lost = self._top_lost(loaded, present)
        if lost > TOP_LOST_MAX:
            assert present is not None
            said = f"{lost} of the accepted entries have higher numbers than its last, {loaded.top}"
            raise ListRefused(loaded.list_name, f"older than the accepted one: {said}")

    def _top_lost(self, loaded: Loaded, present: Manifest | None) -> int:
        """How many accepted entries are above the new highest number (OFAC counts upwards)."""
        if not present or loaded.dated or not loaded.top or loaded.top >= present.top:
            return 0
        numbers = (e.entry_id.rpartition(":")[2] for e in self.loaded(present).entries)
        return sum(1 for number in numbers if number.isdecimal() and int(number) > loaded.top)

    def _doubt(self, loaded: Loaded, present: Manifest | None, shrink_max: Decimal) -> str:
        """Why a person must look at it first; empty for no reason."""
        if present is None:
            return ""
        for what, new, old in (
            ("entries", len(loaded.entries), present.entries),
            ("names", loaded.names, present.names),
            ("addresses", loaded.addresses, present.addresses),
        ):
            if old and Decimal(old - new) > shrink_max * old:
                share = Decimal(old - new) * 100 / old
                return f"{what} shrink by {share:.1f} %, from {old} to {new}"
        lost = self._top_lost(loaded, present)
        if lost:
            return f"its {lost} newest entries are gone: an older file, or taken off the list"
        return ""

    def _keep(self, manifest: Manifest, files: Sequence[Path]) -> Manifest:
        """Copy the files into a folder of their own, which appears whole or not at all.

        Errors: ListRefused when they changed since they were read.
        """
        versions = self.folder / manifest.name / "versions"
        versions.mkdir(parents=True, exist_ok=True)
        for left in versions.glob(".new-*"):
            shutil.rmtree(left)  # of an update that was interrupted; the lock is ours
        new = versions / f".new-{os.getpid()}"
        new.mkdir()
        for path in files:
            shutil.copyfile(path, new / path.name)
            _sync(new / path.name)
        if sha256_of([new / name for name in manifest.files]) != manifest.sha256:
            raise ListRefused(manifest.name, "its files changed while they were read; try again")
        _sync(new)
        kept, again = manifest.version, 1
        while (versions / kept).exists():
            again += 1
            kept = f"{manifest.version}-{again}"
        new.rename(versions / kept)
        _sync(versions)
        return replace(manifest, kept=kept)

    def _sweep(self, name: str, current: Manifest) -> None:
        """Delete all but the last few versions."""
        folders = [p for p in (self.folder / name / "versions").iterdir() if p.is_dir()]
        old = sorted(
            (p for p in folders if p.name != current.kept), key=lambda p: p.stat().st_mtime
        )
        for path in old[: max(0, len(folders) - VERSIONS_KEPT)]:
            shutil.rmtree(path)

    def _log(
        self, what: What, name: str, text: str, by: str, at: datetime, manifest: Manifest | None
    ) -> None:
        row: dict[str, Any] = {"at": _iso(at), "list": name, "what": what, "text": text, "by": by}
        if manifest:
            row |= {"version": manifest.version, "sha256": manifest.sha256}
            row |= {"entries": manifest.entries, "names": manifest.names}
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log.jsonl").open("ab") as file:
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """One update at a time; another process waits."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _manifest(
    loaded: Loaded, one: ListConfig, files: Sequence[Path], source: str, by: str, at: datetime
) -> Manifest:
    return Manifest(
        one.name, one.format, loaded.version, loaded.sha256, len(loaded.entries), loaded.names,
        loaded.addresses, "", tuple(path.name for path in files), _iso(at), by, _iso(at), source,
        loaded.dated, loaded.top, one.orphans, "", loaded.warnings,
    )  # fmt: skip


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _read(path: Path) -> Manifest | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return None
    except (msgspec.MsgspecError, OSError) as error:
        raise ListRefused(path, f"spoilt manifest (delete it, and update): {error}") from None


def _write(path: Path, manifest: Manifest) -> None:
    """Replace a manifest: the old or the new one is there at every instant."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}-{os.getpid()}")
    new.write_bytes(msgspec.json.format(msgspec.json.encode(manifest)) + b"\n")
    _sync(new)
    new.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
