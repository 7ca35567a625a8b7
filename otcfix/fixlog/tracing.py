"""One order or quote through all its messages: the chain of its ids, over all sessions of the logs.

An id leads to others by standing in one message with them: a ClOrdID to the OrderID that the desk
gave it, the quote to the order that hit it, an order to the one that replaced it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from otcfix.fixlog.fields import value_of
from otcfix.fixlog.header import head_of
from otcfix.fixlog.logged import Logged

KINDS = {
    b"11": b"order", b"41": b"order", b"526": b"second", b"37": b"desk order", b"198": b"other",
    b"17": b"report", b"19": b"report", b"527": b"report 2", b"117": b"quote", b"131": b"request",
    b"644": b"request", b"693": b"response", b"262": b"stream", b"571": b"trade report",
    b"572": b"trade report", b"818": b"trade report 2", b"1003": b"trade", b"70": b"allocation",
    b"793": b"allocation", b"664": b"confirmation", b"583": b"link", b"548": b"cross",
    b"551": b"cross",
}  # fmt: skip
"""What an id is of. 299 and the entries of mass messages are left out: they tie strangers."""

CLIENTS = frozenset((b"order", b"second", b"request", b"response", b"stream"))
"""Given by a client: two clients may give the same."""

NO_IDS = frozenset((b"", b"0", b"NONE", b"UNKNOWN", b"N/A", b"NA", b"*", b"-"))
NOT_TRACED = frozenset((b"0", b"1", b"2", b"3", b"4", b"5", b"A", b"i", b"r", b"AF", b"q"))

_IDS = re.compile(rb"\x01(" + b"|".join(KINDS) + rb")=([^\x01]+)(?=\x01)")

Id = tuple[bytes, bytes, bytes]
Reading = Callable[[], Iterable[Logged]]


def ids_of(message: bytes, session: bytes) -> list[Id]:
    """The ids that a message ties together: kind, session where a client gave it, value."""
    found = []
    for tag, value in _IDS.findall(message):
        kind = KINDS[tag]
        if value not in NO_IDS:
            found.append((kind, session if kind in CLIENTS else b"", value))
    return found


def chain_of(reading: Reading, wanted: str) -> set[Id]:
    """All ids that belong to *wanted*. The log is read until no more turn up."""
    start = wanted.encode("utf-8")
    chain: set[Id] = set()
    for logged in reading():
        if start in logged.message or chain:
            ids = _of(logged)
            if not chain.isdisjoint(ids) or any(one[2] == start for one in ids):
                chain.update(ids)
    known = 0
    while chain and known != len(chain):
        known = len(chain)
        for logged in reading():
            ids = _of(logged)
            if not chain.isdisjoint(ids):
                chain.update(ids)
    return chain


def traced(reading: Reading, chain: set[Id]) -> Iterator[Logged]:
    """The messages with an id of the chain, and the rejects of them, in the order of the log."""
    numbers: set[tuple[bytes, bytes, bytes]] = set()
    for logged in reading() if chain else ():
        kind, number, sender, target, _, _ = head_of(logged.message)
        if not chain.isdisjoint(_of(logged)):
            numbers.add((sender, target, number))
            yield logged
        elif kind in (b"3", b"j"):
            refused = value_of(logged.message, b"45")
            if (target, sender, refused) in numbers:
                yield logged


def _of(logged: Logged) -> list[Id]:
    kind, _, sender, target, _, _ = head_of(logged.message)
    if kind in NOT_TRACED:
        return []
    return ids_of(logged.message, b">".join(sorted((sender, target))))


def told_ids(chain: set[Id]) -> dict[str, list[str]]:
    """The ids of a chain by what they are of, for people."""
    found: dict[str, list[str]] = {}
    for kind, _, value in sorted(chain):
        held = found.setdefault(kind.decode(), [])
        text = value.decode("utf-8", "replace")
        if text not in held:
            held.append(text)
    return found
