"""A log of messages tried on a dialect: each before and after, what is refused and what is lost."""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from otcfix.config import Config
from otcfix.fix.dialect_dictionary import dialect_settings
from otcfix.fix.dialects import Translation
from otcfix.fix.dictionaries import SESSION, VERSIONS, build
from otcfix.fix.fields import NOT_BODY, Fields, split
from otcfix.fix.parse import Parser
from otcfix.fix.settings import spoken_key, without_data
from otcfix.fix.stock_client import validator
from otcfix.fix.wire import SOH, WireError
from otcfix.model.dialect import Dialect, mirrored
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Malformed
from otcfix.model.party import Session

CLIENTS = frozenset("R D F G H q AF AJ a V".split())
OURS = frozenset("S 8 9 b AG AI r W X Y".split())
SESSION_FIELDS = NOT_BODY | {35, 49, 56, 115, 116, 128, 129, 1128}


def lines_of(log: Path) -> list[str]:
    """The lines of a log. Errors: OSError."""
    data = sys.stdin.buffer.read() if str(log) == "-" else log.read_bytes()
    return data.decode("utf-8", "backslashreplace").splitlines() if SOH.encode() not in data else [
        line.rstrip("\r") for line in data.decode("utf-8", "backslashreplace").split("\n")
    ]  # fmt: skip


def fields_of(line: str) -> Fields:
    """The fields of one line, whatever parts them; none where it holds no message."""
    start = line.find("8=FIX")
    if start < 0:
        return []
    text = line[start:]
    if SOH not in text:
        text = text.replace("^A", SOH) if "^A" in text else text.replace("|", SOH)
    try:
        return split(text.strip())
    except WireError:
        return []


def tried(
    config: Config, dialect: Dialect, lines: Iterable[str], version: str, desk: str
) -> list[dict[str, Any]]:
    """Every business message of a log, before and after. desk: its CompID in the log; "" to tell by
    the messages that only clients, or only desks, send."""
    read = [(number, found) for number, line in enumerate(lines, 1) if (found := fields_of(line))]
    ours = desk or _desk_of(found for _, found in read)
    trial = _Trial(config, dialect, version or dialect.version)
    made = []
    for number, found in read:
        values = dict(reversed(found))
        kind = values.get(35, "")
        if not kind or (kind in SESSION.split() and kind != "3"):
            continue
        inward = values.get(49) != ours if ours and 49 in values else kind in CLIENTS
        one = trial.inward(kind, found, values) if inward else trial.outward(kind, found)
        made.append({"line": number, "way": "in" if inward else "out", "msg_type": kind, **one})
    return made


def _desk_of(messages: Iterable[Fields]) -> str:
    """The CompID that what only desks say comes from, or what only clients say goes to."""
    names: Counter[str] = Counter()
    for found in messages:
        values = dict(reversed(found))
        if values.get(35) in OURS:
            names[values.get(49, "")] += 1
        elif values.get(35) in CLIENTS:
            names[values.get(56, "")] += 1
    return names.most_common(1)[0][0] if names else ""


class _Trial:
    """A dialect, the dictionary of its sessions, and a parser that speaks it."""

    def __init__(self, config: Config, dialect: Dialect, version: str) -> None:
        self._config = config
        self._dialect = dialect
        self._version = version
        self._translation = Translation(dialect)
        self._mirror = Translation(mirrored(dialect))
        self._known: dict[str, tuple[Any, Parser]] = {}

    def inward(self, kind: str, fields: Fields, values: dict[int, str]) -> dict[str, Any]:
        """A message of the client."""
        refused, lost, dropped, ours = "", "", "", []
        try:
            ours = self._translation.inbound(kind, list(fields))
        except WireError as error:
            refused = f"35=3 373={error.reason} 371={error.tag}: {error.text}"
        else:
            validate, parser = self._of(self._version or _version_of(values))
            raw = "".join(f"{tag}={value}{SOH}" for tag, value in fields)
            try:
                validate(raw)
            except ValueError as error:
                refused = str(error)
            read = parser.parse(raw)
            if not refused and isinstance(read, Malformed):
                refused = f"35=3 373={read.session_reject_reason} 371={read.ref_tag}: {read.text}"
            missing = getattr(getattr(read, "order", read), "missing", ())
            if not refused and missing:
                refused = f"MISSING_FIELD tag={missing[0]} (ours)"
            lost, dropped = self._missed(kind, fields, ours)
        return _row(fields, ours, refused, lost, dropped)

    def _missed(self, kind: str, fields: Fields, ours: Fields) -> tuple[str, str]:
        """Tags that do not come back, mapped there and back; then those left out on purpose."""
        back = Counter(tag for tag, _ in self._mirror.outbound(kind, list(ours)))
        gone = Counter(tag for tag, _ in fields) - back
        table = self._translation.table_in(kind)
        meant = {tag for tag in gone if tag in table.drops or tag in table.fixed}
        lost = sorted(tag for tag in gone if tag not in meant)
        return " ".join(map(str, lost)), " ".join(map(str, sorted(meant)))

    def outward(self, kind: str, fields: Fields) -> dict[str, Any]:
        """A message of the desk."""
        said = self._translation.outbound(kind, list(fields))
        table = self._translation.table_out(kind)
        back = Counter(tag for tag, _ in self._mirror.inbound(kind, list(said)))
        gone = Counter(tag for tag, _ in fields) - back
        meant = {tag for tag in gone if tag in table.drops or tag in table.fixed}
        lost = " ".join(str(tag) for tag in sorted(gone.keys() - meant))
        return _row(fields, said, "", lost, " ".join(map(str, sorted(meant))))

    def _of(self, version: str) -> tuple[Any, Parser]:
        found = self._known.get(version)
        if found is None:
            found = self._known[version] = self._made(version)
        return found

    def _made(self, version: str) -> tuple[Any, Parser]:
        desk = self._config.to_desk()
        session = Session(
            "log", version, "both", "", "", False, {}, (), "currency", 1, "refuse", False, False,
            5_000, 2_000, 1_000, False, 0, False, "reject", self._dialect.symbols, 0, True, 0,
            dialect=self._dialect,
        )  # fmt: skip
        instruments: dict[str, Instrument] = {one.symbol: one for one in desk.instruments}
        with tempfile.TemporaryDirectory() as folder:
            made = build(Path(folder))
            named = dialect_settings(made, version, self._dialect)
            if self._dialect.dictionary:
                own = without_data(self._config.folder / self._dialect.dictionary, Path(folder))
                named[spoken_key(named)] = str(own)
            app = Path(named[spoken_key(named)])
            transport = named.get("TransportDataDictionary")
            validate = validator(app, Path(transport) if transport else None)
        return _lenient(validate), Parser(session, instruments)


def _lenient(validate: Any) -> Any:
    """Validation that does not mind a length or a checksum: logs are edited, and pasted."""

    def validated(raw: str) -> None:
        fields = raw.rstrip(SOH).split(SOH)
        kept = [field for field in fields if field.partition("=")[0] not in ("8", "9", "10")]
        begin = raw[: raw.index(SOH)]
        body = SOH.join(kept) + SOH
        text = f"{begin}{SOH}9={len(body.encode('utf-8', 'surrogateescape'))}{SOH}{body}"
        total = sum(text.encode("utf-8", "surrogateescape")) % 256
        validate(f"{text}10={total:03d}{SOH}")

    return validated


def _version_of(values: dict[int, str]) -> str:
    begin = values.get(8, "")
    if begin == "FIXT.1.1":
        return "FIX.5.0SP2"
    return begin if begin in VERSIONS else "FIX.4.4"


def _row(before: Fields, after: Fields, refused: str, lost: str, dropped: str) -> dict[str, Any]:
    return {
        "before": _piped(before), "after": _piped(after), "refused": refused, "lost": lost,
        "dropped": dropped,
    }  # fmt: skip


def _piped(fields: Fields) -> str:
    return "|".join(f"{tag}={value}" for tag, value in fields if tag not in SESSION_FIELDS - {35})
