"""Choosing messages: `MsgType=D and Symbol=BTC/USD`, by names or tags, values or their meaning.

    match = compiled("Side=BUY and not (OrderQty<1 or 58~'(?i)halt')", dictionaries)
    match(logged, head)

Operators: = != ~ (regular expression) !~ < <= > >=, `and`, `or`, `not`, parentheses; a field alone
asks whether it is there. Of a field that repeats any one counts. Beside fields there are `time`
(the log's, or SendingTime(52)), `direction` (in, out), `session` (A>B), `line`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from otcfix.fixlog.fields import DATA_TAGS, split
from otcfix.fixlog.header import Head
from otcfix.fixlog.logged import Logged, instant
from otcfix.fixlog.names import Dictionaries
from otcfix.model.time import DAY, Instant

Match = Callable[[Logged, Head], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<sign>[()]|!=|!~|<=|>=|=|~|<|>)|'(?P<one>[^']*)'|\"(?P<two>[^\"]*)\""
    r"|(?P<word>[^\s()=~<>!'\"]+))"
)
_VALUE = re.compile(
    r"\s*(?:'(?P<one>[^']*)'|\"(?P<two>[^\"]*)\"|(?P<word>(?:[^\s()]|\([^\s()]*\))+))"
)
_SIGNS = ("=", "!=", "~", "!~", "<", "<=", ">", ">=")
_OWN = ("time", "direction", "session", "line")
_DEPTH_MAX = 50


class BadFilter(ValueError):
    """An expression that cannot be read; says where and why."""


def compiled(text: str, dictionaries: Dictionaries) -> Match:
    """Read an expression. Errors: BadFilter."""
    return _Reader(text, dictionaries).whole()


def at_of(logged: Logged, head: Head) -> Instant | None:
    """When a message was logged, else when it was sent; None when neither is told."""
    at = instant(logged.when) if logged.when else None
    return at if at is not None else instant(head[4].decode("ascii", "replace"))


def moment(text: str) -> Callable[[Instant], int]:
    """Read a time: with a date, or of any day. Returns what tells before (<0), at (0), after (>0).

    Errors: BadFilter.
    """
    at = instant(text)
    if at is None and re.fullmatch(r"\d{4}-?\d\d-?\d\d", text):
        at = instant(f"{text} 00:00:00")
    if at is None and re.fullmatch(r"\d{4}-?\d\d-?\d\d[-T ]\d\d:\d\d", text):
        at = instant(f"{text}:00")
    if at is not None:
        exact = at
        return lambda found: found - exact
    if re.fullmatch(r"\d\d:\d\d(:\d\d([.,]\d{1,9})?)?", text):
        full = text if text.count(":") == 2 else f"{text}:00"
        at = instant(f"1970-01-01 {full}")
    if at is None:
        raise BadFilter(
            f"{text!r} is no time: write 2026-01-31T10:00:00, a date, or 10:00 for any day"
        )
    of_day = at
    return lambda found: found % DAY - of_day


class _Reader:
    """Recursive descent over one expression."""

    def __init__(self, text: str, dictionaries: Dictionaries) -> None:
        self._text = text
        self._place = 0
        self._dictionaries = dictionaries
        self._depth = 0

    def whole(self) -> Match:
        found = self._either()
        if self._text[self._place :].strip():
            raise self._bad("`and`, `or` or the end expected")
        return found

    def _bad(self, why: str) -> BadFilter:
        rest = self._text[self._place :].strip()
        where = f"at {rest[:30]!r}" if rest else "at its end"
        return BadFilter(f"{self._text!r} cannot be read {where}: {why}")

    def _peek(self) -> str:
        found = _TOKEN.match(self._text, self._place)
        return (found["sign"] or found["word"] or "'") if found is not None else ""

    def _next(self) -> str:
        found = _TOKEN.match(self._text, self._place)
        if found is None:
            raise self._bad("a field expected")
        self._place = found.end()
        return next(text for text in found.groups() if text is not None)

    def _either(self) -> Match:
        found = [self._both()]
        while self._peek().lower() == "or":
            self._next()
            found.append(self._both())
        if len(found) == 1:
            return found[0]
        return lambda logged, head: any(one(logged, head) for one in found)

    def _both(self) -> Match:
        found = [self._one()]
        while self._peek().lower() in ("and", "&&"):
            self._next()
            found.append(self._one())
        if len(found) == 1:
            return found[0]
        return lambda logged, head: all(one(logged, head) for one in found)

    def _one(self) -> Match:
        self._depth += 1
        if self._depth > _DEPTH_MAX:
            raise self._bad("too deep")
        peeked = self._peek()
        if peeked.lower() == "not":
            self._next()
            inner = self._one()
            found: Match = lambda logged, head: not inner(logged, head)  # noqa: E731
        elif peeked == "(":
            self._next()
            found = self._either()
            if self._peek() != ")":
                raise self._bad("`)` expected")
            self._next()
        else:
            found = self._comparison()
        self._depth -= 1
        return found

    def _comparison(self) -> Match:
        name = self._next()
        own = name.lower() in _OWN
        tag = b"" if own else self._dictionaries.number(name)
        if not own and not tag:
            raise self._bad(f"{name!r} is no field of FIX, and no tag")
        sign = self._peek()
        if sign not in _SIGNS:
            if own:
                raise self._bad(f"{name} must be compared")
            return _Held(tag)
        self._next()
        found = _VALUE.match(self._text, self._place)
        if found is None:
            raise self._bad("a value expected")
        self._place = found.end()
        value = next(text for text in found.groups() if text is not None)
        if name.lower() == "time":
            return _timed(sign, value)
        if own:
            return _owned(name.lower(), _judged(sign, value, {value.encode()}))
        if sign in ("=", "!="):
            equal = _Equal(tag, self._dictionaries.meant(tag, value))
            return equal if sign == "=" else lambda logged, head: not equal(logged, head)
        if sign == "!~":
            like = _Any(tag, _judged("~", value, set()))
            return lambda logged, head: not like(logged, head)
        return _Any(tag, _judged(sign, value, set()))


def _values(message: bytes, tag: bytes) -> list[bytes]:
    if tag == b"8":
        return [message[2 : message.find(b"\x01")]]
    if b"\x01" + tag + b"=" not in message:
        return []
    return [value for name, value in split(message) if name == tag]


class _Held:
    """A field is there."""

    def __init__(self, tag: bytes) -> None:
        self._tag = tag

    def __call__(self, logged: Logged, _head: Head) -> bool:
        return bool(_values(logged.message, self._tag))


class _Equal:
    """A field has one of some values."""

    def __init__(self, tag: bytes, wanted: set[bytes]) -> None:
        self._tag = tag
        self._wanted = wanted
        self._plain = tag != b"8" and tag not in DATA_TAGS.values()  # no SOH in its value
        self._texts = [b"\x01%b=%b\x01" % (tag, value) for value in sorted(wanted)]

    def __call__(self, logged: Logged, head: Head) -> bool:
        if self._tag == b"35":
            return head[0] in self._wanted
        message = logged.message
        if self._plain and not any(text in message for text in self._texts):
            return False
        return not self._wanted.isdisjoint(_values(message, self._tag))


class _Any:
    """A field, any one of those that repeat, is as judged."""

    def __init__(self, tag: bytes, judge: Callable[[bytes], bool]) -> None:
        self._tag = tag
        self._judge = judge

    def __call__(self, logged: Logged, _head: Head) -> bool:
        return any(self._judge(value) for value in _values(logged.message, self._tag))


def _judged(sign: str, value: str, wanted: set[bytes]) -> Callable[[bytes], bool]:
    """How one value is judged. Errors: BadFilter for a broken regular expression."""
    if sign in ("=", "!="):
        return lambda found: (found in wanted) is (sign == "=")
    if sign in ("~", "!~"):
        try:
            pattern = re.compile(value.encode("utf-8"))
        except re.error as error:
            raise BadFilter(f"{value!r} is no regular expression: {error}") from None
        return lambda found: (pattern.search(found) is not None) is (sign == "~")
    number, text = _number(value.encode()), value.encode()

    def ordered(found: bytes) -> bool:
        there = _number(found)
        if number is not None and there is not None:
            return _holds(sign, (there > number) - (there < number))
        return _holds(sign, (found > text) - (found < text))

    return ordered


def _holds(sign: str, side: int) -> bool:
    if side < 0:
        return sign in ("<", "<=")
    return sign in (">", ">=") if side > 0 else sign in ("<=", ">=", "=")


def _number(value: bytes) -> Decimal | None:
    try:
        number = Decimal(value.decode("ascii"))
    except (UnicodeDecodeError, InvalidOperation):
        return None
    return number if number.is_finite() else None


def _timed(sign: str, value: str) -> Match:
    if sign not in ("=", "<", "<=", ">", ">="):
        raise BadFilter(f"time {sign} is not done: use = < <= > >=")
    compare = moment(value)

    def match(logged: Logged, head: Head) -> bool:
        at = at_of(logged, head)
        if at is None:
            return False
        side = compare(at)
        return side == 0 if sign == "=" else _holds(sign, (side > 0) - (side < 0))

    return match


def _owned(name: str, judge: Callable[[bytes], bool]) -> Match:
    if name == "direction":
        return lambda logged, _head: judge(logged.direction.encode())
    if name == "line":
        return lambda logged, _head: judge(b"%d" % logged.line)
    return lambda _logged, head: judge(head[2] + b">" + head[3])
