"""Dialects written in a test, and messages in the notation of the pages: 35=D|11=A."""

import tomllib
from decimal import Decimal

from otcfix.config.dialects import DialectConfig, dialect_of
from otcfix.fix.dialects import Translation
from otcfix.model.dialect import Dialect

Pairs = list[tuple[int, str]]


def dialect(text: str, name: str = "test") -> Dialect:
    """The dialect that a file with *text* makes."""
    read = DialectConfig.model_validate(tomllib.loads(text, parse_float=Decimal))
    return dialect_of(name, {name: read})


def pairs(text: str) -> Pairs:
    """`55=A|38=1` as fields."""
    return [(int(tag), value) for tag, _, value in (f.partition("=") for f in text.split("|"))]


def piped(fields: Pairs) -> str:
    """Fields as `55=A|38=1`."""
    return "|".join(f"{tag}={value}" for tag, value in fields)


def heard(made: Dialect, line: str) -> str:
    """What we read of a client's line."""
    fields = pairs(line)
    return piped(Translation(made).inbound(fields[0][1], fields))


def said(made: Dialect, line: str) -> str:
    """What a client hears of a line of ours."""
    fields = pairs(line)
    return piped(Translation(made).outbound(fields[0][1], fields[1:]))
