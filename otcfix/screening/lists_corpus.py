"""All accepted lists together, what changed between two versions, and what `otcfix check` says."""

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from otcfix.config import Config
from otcfix.screening.entry import Entry
from otcfix.screening.lists import ListStore, Manifest, Outcome
from otcfix.screening.lists_fetch import files_of, found
from otcfix.screening.loaders import ListRefused, load
from otcfix.screening.loaders.draft import digested


@dataclass(frozen=True, slots=True)
class Corpus:
    """Every entry of every accepted list, ids unique.

    version: `3f9a1c2e8b04 ofac_sdn=no56636 un=2026-02-27`; its first word is the hash of the lists.
    missing: configured lists of which no version was accepted: whoever screens must not clear.
    """

    entries: tuple[Entry, ...]
    version: str
    lists: tuple[Manifest, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delta:
    """What a refresh changed, by id and digest. changed holds the new entries, removed the old."""

    added: tuple[Entry, ...]
    changed: tuple[Entry, ...]
    removed: tuple[Entry, ...]


def store_of(config: Config) -> ListStore:
    """The folder that screening.toml names."""
    return ListStore(Path(config.screening.folder).expanduser())


def update_lists(
    config: Config,
    names: Iterable[str] = (),
    *,
    given: Iterable[Path] = (),
    by: str,
    at: datetime | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Outcome]:
    """Look for new versions of the configured lists, or of those named; one Outcome each.

    given: files to read instead of the configured ones. tell: hears what is being done.
    """
    store, wanted, outcomes = store_of(config), set(names), []
    for one in config.screening.list:
        if wanted and one.name not in wanted:
            continue
        try:
            with files_of(one, config.folder, list(given)) as files:
                size = sum(path.stat().st_size for path in files)
                tell(f"{one.name}: reading {len(files)} files, {size / 1e6:.1f} MB")
                source = ", ".join(str(path) for path in given) or ", ".join(
                    one.files or tuple(url.partition("?")[0] for url in one.urls)
                )
                outcomes.append(
                    store.update(
                        one,
                        files,
                        shrink_max=config.screening.shrink_max,
                        by=by,
                        source=source,
                        at=at,
                    )
                )
        except ListRefused as error:
            outcomes.append(store.refused(one.name, str(error), by=by, at=at))
    return outcomes


def corpus(config: Config) -> Corpus:
    """Read every accepted list. Errors: ListRefused for one whose files were spoilt since."""
    store = store_of(config)
    entries: dict[str, Entry] = {}
    manifests, missing = [], []
    for one in config.screening.list:
        manifest = store.current(one.name)
        if manifest is None:
            missing.append(one.name)
            continue
        manifests.append(manifest)
        for entry in store.loaded(manifest).entries:
            known = entries.get(entry.entry_id)
            entries[entry.entry_id] = merged(known, entry) if known else entry
    return Corpus(tuple(entries.values()), _version(manifests), tuple(manifests), tuple(missing))


def _version(manifests: list[Manifest]) -> str:
    ordered = sorted(manifests, key=lambda m: m.name)
    text = "\n".join(f"{m.name} {m.format} {m.orphans} {m.sha256}" for m in ordered)
    short = hashlib.sha256(text.encode()).hexdigest()[:12]
    said = [f"{m.name}={m.version.rpartition('-')[0]}" for m in ordered]
    return " ".join((short, *said))


def merged(first: Entry, second: Entry) -> Entry:
    """One entry that two lists have under one id, as two editions of OFAC's: what either says."""
    names = {name.text: name for name in (*second.names, *first.names)}
    both = replace(
        first,
        names=tuple(names.values()),
        births=tuple(sorted({*first.births, *second.births})),
        countries=tuple(sorted({*first.countries, *second.countries})),
        addresses=tuple(sorted({*first.addresses, *second.addresses})),
        identifiers=tuple(sorted({*first.identifiers, *second.identifiers})),
        programmes=tuple(sorted({*first.programmes, *second.programmes})),
        remarks=first.remarks or second.remarks,
    )
    return digested(both)


def delta(old: Iterable[Entry], new: Iterable[Entry]) -> Delta:
    """What *new* has that *old* has not, and the other way round; in the order of each."""
    before = {entry.entry_id: entry for entry in old}
    after = {entry.entry_id: entry for entry in new}
    return Delta(
        tuple(e for key, e in after.items() if key not in before),
        tuple(e for key, e in after.items() if key in before and before[key].digest != e.digest),
        tuple(e for key, e in before.items() if key not in after),
    )


def age_days(manifest: Manifest, at: datetime) -> int:
    """Days since the list's own date, or without one since it was last compared with its source."""
    since = datetime.fromisoformat(manifest.dated or manifest.checked_at)
    since = since if since.tzinfo else since.replace(tzinfo=UTC)
    return max(0, (at - since).days)


def standing(config: Config, at: datetime | None = None) -> list[dict[str, Any]]:
    """Each configured list as status shows it; `ok` is false for one that needs a person."""
    store, at = store_of(config), at or datetime.now(UTC)
    rows = []
    for one in config.screening.list:
        row: dict[str, Any] = {"list": one.name, "format": one.format, "ok": False, "problems": []}
        try:
            current, held, refused = store.current(one.name), store.held(one.name), None
            refused = store.trouble(one.name)
        except ListRefused as error:
            row["problems"].append(str(error))
            rows.append(row)
            continue
        if current is None:
            row["problems"].append("no version was accepted: `otcfix sanctions update`")
        else:
            age, age_max = age_days(current, at), config.screening.age_max(one.name)
            row |= {
                "version": current.version, "dated": current.dated, "age_days": age,
                "entries": current.entries, "names": current.names,
                "addresses": current.addresses, "sha256": current.sha256,
                "accepted_at": current.accepted_at, "accepted_by": current.accepted_by,
                "checked_at": current.checked_at, "source": current.source, "why": current.why,
                "warnings": list(current.warnings),
            }  # fmt: skip
            if age > age_max:
                row["problems"].append(f"{age} days old, at most {age_max}")
        if held is not None:
            said = next(
                (r["text"] for r in reversed(store.logged(one.name)) if r["what"] == "held"), ""
            )
            row["held"] = {"version": held.version, "entries": held.entries, "why": said}
            row["problems"].append(f"version {held.version} waits for review: {said}")
        if refused is not None:
            row["refused"] = {"at": refused.get("at"), "why": refused.get("text")}
            row["problems"].append(f"the last update was refused: {refused.get('text')}")
        row["ok"] = not row["problems"]
        rows.append(row)
    return rows


PUBLISHED = ("ofac_csv", "ofac_xml", "un_xml", "eu_csv", "uk_csv")


def check_lists(config: Config, at: datetime | None = None) -> tuple[list[str], list[str]]:
    """(problems, warnings) for `otcfix check`: files that cannot be read; lists old, held, missing.

    Nothing is fetched and nothing is changed.
    """
    file = config.folder / "screening.toml"
    problems: list[str] = []
    warnings: list[str] = []
    if fault := _folder_fault(Path(config.screening.folder).expanduser()):
        return [f"{file}: folder: {fault}"], warnings
    rows = {row["list"]: row for row in standing(config, at)}
    for one in config.screening.list:
        where = f"{file}: list {one.name}"
        try:
            store_of(config).current(one.name)
        except ListRefused as error:
            problems.append(f"{where}: {error}")
        if one.files:
            names = [config.folder / Path(name).expanduser() for name in one.files]
            try:
                load(one.name, one.format, found(names, one.format), orphans=one.orphans)
            except ListRefused as error:
                problems.append(f"{where}.files: {error}")
        row = rows[one.name]
        if "version" in row or not one.files:  # a list of files is taken in when the desk starts
            warnings += [f"{where}: {said}" for said in row["problems"]]
    if not config.screening.list:
        warnings.append(f"{file}: list: there is none: nobody can be cleared, nobody is quoted")
    elif not any(one.format in PUBLISHED for one in config.screening.list):
        warnings.append(f"{file}: list: no list of OFAC, the UN, the EU or the UK is screened")
    return problems, warnings


def _folder_fault(folder: Path) -> str:
    """Why lists cannot be kept in *folder*, or in the nearest one above it that is there."""
    try:
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
            return ""
    except OSError as error:
        return f"{folder}: {error.strerror}"
    return f"{folder} is not a folder that can be written to"
