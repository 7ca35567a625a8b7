"""What goes wrong at the simulated venue: always a little (Faults), or at a moment (a script)."""

import json
import re
import tomllib
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from msgspec import Struct, structs

from otcfix.model.errors import ConfigError


class Faults(Struct, frozen=True):
    """How the venue behaves all the time. Probabilities are from 0 to 1.

    latency_ms, jitter_ms: answers to orders and requests come so late, and up to so much later.
    partial: chance that a fill is only *partial_ratio* of what the book would give.
    reject: chance that an order is refused. last_look_ms: orders are held so long, and then
    refused with the chance last_look_reject. swallow: chance that an order is never seen.
    drop_report: chance that an order is dealt and nothing is said of it, so that only 35=H finds
    out. duplicate: chance that an X or a report is said twice. no_quote: chance that a
    QuoteRequest is not answered.
    """

    latency_ms: Decimal = Decimal(0)
    jitter_ms: Decimal = Decimal(0)
    partial: Decimal = Decimal(0)
    partial_ratio: Decimal = Decimal("0.5")
    reject: Decimal = Decimal(0)
    last_look_ms: Decimal = Decimal(0)
    last_look_reject: Decimal = Decimal(0)
    swallow: Decimal = Decimal(0)
    drop_report: Decimal = Decimal(0)
    duplicate: Decimal = Decimal(0)
    no_quote: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        """Errors: ConfigError for what is no chance and no time."""
        for name in structs.asdict(self):
            value = getattr(self, name)
            most = None if name.endswith("_ms") else 1
            if not value.is_finite() or value < 0 or (most is not None and value > most):
                raise ConfigError(
                    f"{name}: {value} is not {'from 0 to 1' if most else '0 or more'}"
                )


SETTINGS = tuple(Faults.__struct_fields__)

DEEDS = {
    "gap": "an update is counted in MsgSeqNum(34) and never sent",
    "lost": "an update is not sent, and nothing says so",
    "crossed": "books are crossed from now on",
    "stall": "books stand still, heartbeats go on",
    "resume": "crossed and stalled books are well again",
    "disconnect": "the line is cut",
    "duplicate": "the next update is sent twice",
    "out_of_order": "the next update is sent behind the one after it",
    "garbage": "an update with a price that is no number",
    "negative": "an update with a size below zero",
    "zero": "a book with sizes of zero",
    "one_sided": "books without offers, until resume",
    "bust": "the last fill is taken back",
    "nudge": "the market moves by so many basis points: nudge 25",
    "reject": "the next order is refused",
    "partial": "the next order is filled in part",
    "last_look": "the next order is held, then refused",
    "swallow": "the next order is never seen",
    "drop_report": "the next order is dealt, and nothing is said of it",
    "duplicate_report": "the next fill is reported twice",
    "no_quote": "the next QuoteRequest is not answered",
    "no_book": "the next subscription is not answered",
}
"""What can be done to the venue, and what it means. With a value instead: a setting of Faults."""

ONE_ORDER = frozenset(("reject", "partial", "last_look", "swallow", "drop_report"))


class Step(Struct, frozen=True):
    """One line of a script: *what* happens *at_s* seconds after the start, with *value*."""

    at_s: Decimal
    what: str
    value: Decimal | None = None

    def __post_init__(self) -> None:
        """Errors: ConfigError for what the venue cannot do."""
        if not self.at_s.is_finite() or self.at_s < 0:
            raise ConfigError(f"{self.at_s}: expected seconds from the start")
        if self.what in DEEDS and (self.value is None or self.what == "nudge"):
            return
        if self.value is None or self.what not in SETTINGS:
            known = ", ".join(DEEDS)
            raise ConfigError(
                f"{self.what!r}: expected one of {known}; or with a value one of "
                f"{', '.join(SETTINGS)}"
            )
        structs.replace(Faults(), **{self.what: self.value})


_LINE = re.compile(r"at\s+(\S+?)\s*s\s*:\s*(\w+)(?:[\s=]+(\S+))?\Z")


def read_script(path: Path) -> tuple[Step, ...]:
    """The steps of *path*, in time order.

    A .toml file holds [[step]] tables with at_s, do and value; any other file lines, each either
    JSON with the same keys, or as people write: `at 3.0s: gap`, `at 5s: latency_ms 200`.
    Errors: ConfigError naming file and line.
    """
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    if path.suffix == ".toml":
        try:
            tables = tomllib.loads(text, parse_float=Decimal).get("step", [])
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{path}: {error}") from error
        found = [_step(f"{path}: step {n}", table) for n, table in enumerate(tables, 1)]
    else:
        found = [
            _step(f"{path}:{number}", _of_line(line.strip()))
            for number, line in enumerate(text.splitlines(), 1)
            if line.strip() and not line.lstrip().startswith("#")
        ]
    return tuple(sorted(found, key=lambda step: step.at_s))


def _of_line(line: str) -> Any:
    if line.startswith("{"):
        try:
            return json.loads(line, parse_float=Decimal)
        except json.JSONDecodeError:
            return line
    found = _LINE.match(line)
    if found is None:
        return line
    at, what, value = found.groups()
    return {"at_s": at, "do": what} | ({} if value is None else {"value": value})


def _step(where: str, table: Any) -> Step:
    if not isinstance(table, dict) or not {"at_s", "do"} <= table.keys() <= {"at_s", "do", "value"}:
        raise ConfigError(f"{where}: expected e.g. `at 3.0s: gap`, got {table!r}")
    try:
        value = table.get("value")
        return Step(
            Decimal(str(table["at_s"])),
            str(table["do"]),
            None if value is None else Decimal(str(value)),
        )
    except InvalidOperation:
        raise ConfigError(f"{where}: a number cannot be read in {table!r}") from None
    except ConfigError as error:
        raise ConfigError(f"{where}: {error}") from None
