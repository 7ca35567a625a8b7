"""Labelled cases of screening, one JSON object a line, read without trusting the file."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from otcfix.screening.entry import Kind
from otcfix.screening.party import Party

KINDS = ("screen", "pair", "pair_score", "crypto")

_SCHEMAS = {
    "person": Kind.PERSON,
    "business": Kind.ORGANISATION,
    "company": Kind.ORGANISATION,
    "organization": Kind.ORGANISATION,
    "organisation": Kind.ORGANISATION,
    "vessel": Kind.VESSEL,
    "aircraft": Kind.AIRCRAFT,
    "airplane": Kind.AIRCRAFT,
}


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled case.

    group: the file's group with its variant. wanted: entry ids any of which is right (none: no
    hit is right); for a pair the other name. match: what is right for a pair. published: the
    score another program gave a pair.
    """

    line: int
    id: str
    kind: str
    group: str
    party: Party
    wanted: tuple[str, ...] = ()
    match: bool = False
    published: float = 0.0


@dataclass(frozen=True, slots=True)
class BadCase:
    """A line that is no case, and why."""

    line: int
    words: str


class _Wrong(ValueError):
    """What is wrong with a line."""


def read(lines: Iterable[str]) -> Iterator[Case | BadCase]:
    """Yield every line that is not blank as a Case, or as a BadCase that says what is wrong."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            yield _case(number, json.loads(line))
        except _Wrong as wrong:
            yield BadCase(number, str(wrong))
        except (ValueError, RecursionError) as error:
            yield BadCase(number, f"no JSON: {error}")


def _case(line: int, row: Any) -> Case:
    if not isinstance(row, dict):
        raise _Wrong(f"expected an object, found {type(row).__name__}")
    kind = row.get("kind")
    if kind not in KINDS:
        raise _Wrong(f"kind {kind!r:.40}: expected one of {', '.join(KINDS)}")
    query = _text(row, "query")
    group = _text(row, "group", kind)
    if variant := _text(row, "variant", ""):
        group = f"{group} {variant}"
    about = Case(line, str(row.get("id", line)), kind, group, Party(query))
    if kind == "screen":
        return replace(about, party=_party(query, row), wanted=_ids(row))
    if kind == "crypto":
        asset = _text(row, "currency", "")
        return replace(about, party=Party("", addresses=((asset, query),)), wanted=_ids(row))
    other = (_text(row, "expect"),)
    if kind == "pair":
        if not isinstance(row.get("match"), bool):
            raise _Wrong("match: expected true or false")
        return replace(about, wanted=other, match=row["match"])
    published = row.get("score_best_pairs")
    if isinstance(published, bool) or not isinstance(published, int | float):
        raise _Wrong("score_best_pairs: expected a number")
    return replace(about, wanted=other, published=float(published))


def _party(query: str, row: dict[str, Any]) -> Party:
    born = tuple(_several(row, "dob"))
    schema = _text(row, "schema", "").lower()
    kind = _SCHEMAS.get(schema, Kind.PERSON if born else Kind.UNKNOWN)  # only people are born
    return Party(query, kind=kind, births=born, countries=tuple(_several(row, "country")))


def _several(row: dict[str, Any], key: str) -> list[str]:
    """Return the texts under *key*: one, a list, or none."""
    found = row.get(key)
    rows = found if isinstance(found, list) else [found]
    texts = [text for text in rows if text not in (None, "")]
    if not all(isinstance(text, str) for text in texts):
        raise _Wrong(f"{key}: expected text or a list of texts")
    return texts


def _ids(row: dict[str, Any]) -> tuple[str, ...]:
    if "expect" not in row:
        raise _Wrong("expect: missing; a list of entry ids, or null for no hit")
    return tuple(_several(row, "expect"))


def _text(row: dict[str, Any], key: str, default: str | None = None) -> str:
    found = row.get(key, default)
    if found is None and default is not None:
        return default
    if not isinstance(found, str):
        raise _Wrong(f"{key}: expected text")
    return found
