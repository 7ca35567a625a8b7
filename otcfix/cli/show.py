"""How answers are shown: tables for people, one JSON document for programs."""

import json
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from otcfix.cli.outcome import usage_error
from otcfix.log import escaped
from otcfix.model.time import DAY, MINUTE, SECOND, Instant, from_datetime, iso

WIDE = 240
"""Columns of a table that goes into a pipe: nothing is cut there."""

SOH = "\x01"
_UNITS = {"s": SECOND, "m": MINUTE, "h": 60 * MINUTE, "d": DAY}


def print_json(document: Any) -> None:
    """Write *document* to stdout. Decimals are text: nobody's float may touch them."""
    indent = 2 if sys.stdout.isatty() else None
    print(json.dumps(document, indent=indent, default=_plain, ensure_ascii=False))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def console() -> Any:
    """Return the console of stdout."""
    from rich.console import Console  # noqa: PLC0415 - a tenth of a second

    width = None if sys.stdout.isatty() else WIDE
    return Console(width=width, highlight=False, markup=False, soft_wrap=False)


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = ()
) -> None:
    """Write rows below their column names; *right* names the columns of numbers."""
    from rich.table import Table  # noqa: PLC0415

    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    for name in columns:
        table.add_column(
            name, justify="right" if name in right else "left", overflow="fold",
            no_wrap=name in right,
        )  # fmt: skip
    count = 0
    for row in rows:
        table.add_row(*("\n".join(map(escaped, str(cell).split("\n"))) for cell in row))
        count += 1
    if count:
        console().print(table)


def piped(text: str) -> str:
    """FIX text as people write it: fields separated by |, and nothing that moves a terminal."""
    return escaped(text.rstrip(SOH).replace(SOH, "|"))


def when(text: str, name: str, now: Instant) -> Instant:
    """Read a moment: ISO 8601 (UTC unless it names a zone), a date, or an age such as 15m or 2d.

    Errors: BadParameter naming the option.
    """
    span = _span(text)
    return _moment(text, name) if span is None else now - span


def since_of(text: str) -> Instant:
    """Read --since; without one, the beginning of time. Errors: as of `when`."""
    return when(text, "--since", time.time_ns() // 1_000) if text else 0


def later(text: str, name: str, now: Instant) -> Instant:
    """Read a moment to come: as `when`, but 15m is in 15 minutes."""
    span = _span(text)
    return _moment(text, name) if span is None else now + span


def _span(text: str) -> Instant | None:
    """The length of 90s, 15m, 2h or 7d; None for anything else."""
    unit = _UNITS.get(text[-1:])
    number = text[:-1]
    if unit is None or not number.isascii() or not number.isdigit() or len(number) > 6:
        return None
    return int(number) * unit


def _moment(text: str, name: str) -> Instant:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise usage_error(
            f"{name}: {text!r} is no time; write 2026-01-31, 2026-01-31T12:00:00 (UTC), or a span: "
            "90s, 15m, 2h, 7d"
        ) from None
    return from_datetime(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def clock(at: Instant) -> str:
    """Write *at* for a table: milliseconds are enough."""
    return f"{iso(at)[:-4]}Z".replace("T", " ")
