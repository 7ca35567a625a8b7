"""Scenario files: from text to steps. The language is described in README.md beside this file."""

import re
from collections.abc import Iterable
from pathlib import Path

from otcfix.model.errors import ConfigError
from otcfix.trials.matching import Field, Versions
from otcfix.trials.scenario import NEEDS, Scenario, Step
from otcfix.trials.values import DYNAMIC, Unclear, duration, expressions, names
from otcfix.trials.wire import VERSIONS

ENDING = ".trial"
HEADINGS = (
    "title", "about", "tags", "only", "session", "beside", "uses", "holds", "needs", "ids",
)  # fmt: skip
PROFILE = ("sender", "target", "username", "secret", "heartbeat", "host", "port")
"""Names that every counterparty gives a value."""

BEHAVIOURS = ("test-requests", "resend-requests", "heartbeats", "gaps", "all")
BARE = ("connect", "logout", "drop", "heartbeat")
COMPARED = ("==", "!=", ">=", "<=", ">", "<")

_PREFIX = re.compile(
    r"(?P<when>\d\.\d(?:SP\d)?\+?(?:,\d\.\d(?:SP\d)?\+?)*)\s+(?P<rest>.+)", re.DOTALL
)
_BESIDE = re.compile(r"@(?P<role>[\w.-]+)\s+(?P<rest>.+)", re.DOTALL)
_FIELD = re.compile(
    r"(?:(?P<when>[\d.SP,+]+):)?(?P<tag>\d{1,5})(?P<op>=>|>=|<=|!=|=|~|>|<| in )(?P<value>.*)",
    re.DOTALL,
)
_CAPTURED = re.compile(r"(?P<value>.*) => (?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*", re.DOTALL)
_WITHIN = re.compile(r"within\s+(\S+)\s*(.*)", re.DOTALL)
_WORD = re.compile(r"(?:\{[^{}]*\}|[^\s{}])+")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class _Fault(Exception):
    """What is wrong with one line."""


def read_file(path: Path, name: str = "") -> Scenario:
    """Read a scenario file. Errors: ConfigError, every problem with file and line."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    return read(text, str(path), name or path.stem)


def read(text: str, path: str, name: str) -> Scenario:
    """Read a scenario. Errors: ConfigError, every problem with *path* and line."""
    return _Reader(path, name).read(text)


def versions_of(text: str) -> Versions:
    """`4.2`, `4.4+`, `4.2,5.0SP2` as versions. Errors: ValueError naming what is none."""
    found: set[str] = set()
    for word in text.replace(",", " ").split():
        short = word.removeprefix("FIX.")
        start = short.removesuffix("+")
        here = [v for v in VERSIONS if v == f"FIX.{start}"] or [
            v for v in VERSIONS if start == "5.0" and v.startswith("FIX.5.0")
        ]
        if not here:
            raise ValueError(f"{word}: no such version; there are {', '.join(VERSIONS)}")
        if short.endswith("+"):
            here = list(VERSIONS[VERSIONS.index(here[0]) :])
        elif start == "5.0":
            here = [v for v in VERSIONS if v.startswith("FIX.5.0")]
        found.update(here)
    return frozenset(found)


def _when(text: str | None) -> Versions:
    if not text:
        return frozenset()
    try:
        return versions_of(text)
    except ValueError as error:
        raise _Fault(str(error)) from None


def fields_of(text: str) -> tuple[Field, ...]:
    """Fields separated by `|`; `\\|` is a bar in a value. Errors: _Fault."""
    found = []
    for part in re.split(r"(?<!\\)\|", text):
        plain = part.strip(" ").replace("\\|", "|")
        if not plain:
            continue
        match = _FIELD.fullmatch(plain)
        if not match:
            raise _Fault(f"{plain!r}: expected a field such as 35=D, 117=>Q1, 44>0 or 39 in 0 1")
        op, value = match["op"].strip(), match["value"]
        if op in ("~", "=>", "in", ">", "<", ">=", "<=", "!="):
            value = value.strip()
        if op == "=>" and not _NAME.match(value):
            raise _Fault(f"{plain!r}: expected a name behind =>")
        captured = _CAPTURED.fullmatch(value) if op != "=>" else None
        value = captured["value"] if captured else value
        if op == "~":
            _compiled(value)
        found.append(Field(int(match["tag"]), op, value, _when(match["when"])))
        if captured:
            found.append(Field(int(match["tag"]), "as", captured["name"], _when(match["when"])))
    return tuple(found)


def _compiled(pattern: str) -> None:
    try:
        re.compile(re.sub(r"\{[^{}]*\}", "x", pattern))
    except re.error as error:
        raise _Fault(f"{pattern!r} is no regular expression: {error}") from None


class _Reader:
    def __init__(self, path: str, name: str) -> None:
        self.path, self.name = path, name
        self.faults: list[str] = []
        self.heading: dict[str, str] = {}
        self.known = {*DYNAMIC, *PROFILE}
        self.steps: list[Step] = []

    def read(self, text: str) -> Scenario:
        """Every line, then the whole. Errors: ConfigError."""
        for number, line, parts in _lines(text):
            try:
                self._line(number, line, parts)
            except (_Fault, Unclear) as fault:
                self.faults.append(f"{self.path}:{number}: {fault}")
        if not self.faults and "title" not in self.heading:
            self.faults.append(f"{self.path}:1: expected a line `title ...`")
        if not self.faults and not self.steps:
            self.faults.append(f"{self.path}:1: no step")
        if self.faults:
            raise ConfigError("\n".join(self.faults))
        heading = self.heading
        return Scenario(
            self.name,
            self.path,
            heading["title"],
            tuple(self.steps),
            tuple(heading.get("tags", "").split()),
            versions_of(heading.get("only", "")),
            heading.get("session", "main"),
            tuple(heading.get("uses", "").split()),
            tuple(heading.get("needs", "").split()),
            tuple(heading.get("ids", "").split()),
            heading.get("about", ""),
            tuple(heading.get("beside", "").split()),
            tuple(heading.get("holds", "").split()),
        )

    def _line(self, number: int, line: str, parts: list[tuple[int, str]]) -> None:
        word, _, rest = line.partition(" ")
        if word in HEADINGS:
            self._heading(word, rest.strip())
            return
        self.steps.append(self._step(number, line, parts))

    def _heading(self, word: str, value: str) -> None:
        if not value:
            raise _Fault(f"{word}: expected something behind it")
        if self.steps:
            raise _Fault(f"{word}: stands in front of the first step")
        if word in self.heading:
            joined = f"{self.heading[word]} {value}"
            if word in ("title", "session"):
                raise _Fault(f"{word}: stands there twice")
            value = joined
        self.heading[word] = value
        if word == "only":
            _when(value)
        if word == "needs":
            for one in value.split():
                if one not in NEEDS:
                    raise _Fault(f"needs {one}: expected one of {', '.join(NEEDS)}")
        if word in ("uses", "holds", "ids"):
            for one in value.split():
                if not _NAME.match(one):
                    raise _Fault(f"{word}: {one!r} is no name")
                self.known.add(one)

    def _step(self, number: int, line: str, parts: list[tuple[int, str]]) -> Step:
        versions: Versions = frozenset()
        body = line
        if found := _PREFIX.fullmatch(line):
            versions, body = _when(found["when"]), found["rest"]
        role = ""
        if found := _BESIDE.fullmatch(body):
            role, body = found["role"], found["rest"]
            if role not in self.heading.get("beside", "").split():
                raise _Fault(f"@{role}: expected `beside {role}` in front of the steps")
        verb, _, rest = body.partition(" ")
        made = self._parsed(number, verb, rest.strip(" "), parts)
        if parts and verb != "hear":
            raise _Fault(f"{verb}: nothing can stand under it")
        self._reads(made.fields, made.words)
        return Step(
            number, made.verb, line, made.fields, made.words, made.within_s, versions, made.parts,
            role,
        )  # fmt: skip

    def _reads(self, fields: Iterable[Field], words: Iterable[str]) -> None:
        """Note captures; complain about names that nothing has given a value."""
        for field in fields:
            if field.op in ("=>", "as"):
                self.known.add(field.value)
                continue
            self._known(field.value)
        for word in words:
            self._known(word)

    def _known(self, text: str) -> None:
        for expression in expressions(text):
            for name in names(expression):
                if name not in self.known:
                    raise _Fault(
                        f"{{{name}}}: nothing above gives it a value; declare it with "
                        "`ids`, `uses` or `let`, or capture it with tag=>name"
                    )

    # -- verbs -------------------------------------------------------------------------------

    def _parsed(self, number: int, verb: str, rest: str, parts: list[tuple[int, str]]) -> Step:
        if verb in BARE:
            return self._alone(number, verb, rest)
        if verb in ("logon", "knock", "second"):
            return Step(number, verb, "", fields_of(rest))
        if verb in ("hear", "find", "maybe", "closed", "quiet"):
            return self._heard(number, verb, rest, parts)
        if verb in ("say", "again", "lose"):
            return self._said(number, verb, rest)
        if verb in ("wait", "raw", "next", "ignore", "answer", "resend", "skip", "clear"):
            return self._line_control(number, verb, rest)
        if verb in ("let", "check", "operator", "market"):
            return self._worded(number, verb, rest)
        raise _Fault(f"{verb!r}: no such step; see otcfix/trials/README.md")

    def _worded(self, number: int, verb: str, rest: str) -> Step:
        if verb == "let":
            name, equals, value = rest.partition("=")
            if not equals or not _NAME.match(name.strip()):
                raise _Fault("let: expected `let NAME = VALUE`")
            self._known(value)
            self.known.add(name.strip())
            return Step(number, verb, "", words=(name.strip(), value.strip()))
        if verb == "check":
            words = tuple(_WORD.findall(rest))
            if len(words) != 3 or words[1] not in COMPARED:
                raise _Fault(f"check: expected VALUE OP VALUE, OP one of {' '.join(COMPARED)}")
            return Step(number, verb, "", words=words)
        if not rest:
            raise _Fault(f"{verb}: expected what it shall do")
        if verb not in self.heading.get("needs", "").split():
            raise _Fault(f"{verb}: expected `needs {verb}` in front of the steps")
        return Step(number, verb, "", words=tuple(_WORD.findall(rest)))

    @staticmethod
    def _alone(number: int, verb: str, rest: str) -> Step:
        if rest:
            raise _Fault(f"{verb}: takes nothing, got {rest!r}")
        return Step(number, verb, "")

    def _heard(self, number: int, verb: str, rest: str, parts: list[tuple[int, str]]) -> Step:
        if verb == "quiet":
            return Step(number, verb, "", within_s=duration(rest))
        several = verb == "hear" and (rest == "all" or rest.startswith("all "))
        if several:
            rest = rest[3:].strip()
        within = 0.0
        if found := _WITHIN.fullmatch(rest):
            within, rest = duration(found[1]), found[2]
        if several:
            if rest or not parts:
                raise _Fault("hear all: expected the messages on indented lines below it")
            return Step(number, "all", "", within_s=within, parts=self._below(parts))
        if parts:
            raise _Fault("hear: nothing can stand under it; `hear all` takes several")
        fields = fields_of(rest)
        if verb == "closed" and fields:
            raise _Fault("closed: takes a time only, `closed within 3s`")
        if verb != "closed" and not any(field.tag == 35 for field in fields):
            raise _Fault(f"{verb}: expected MsgType(35)")
        return Step(number, verb, "", fields, within_s=within)

    def _below(self, parts: list[tuple[int, str]]) -> tuple[Step, ...]:
        made = []
        for number, text in parts:
            versions: Versions = frozenset()
            body = text
            if found := _PREFIX.fullmatch(text):
                versions, body = _when(found["when"]), found["rest"]
            fields = fields_of(body)
            if not any(field.tag == 35 for field in fields):
                raise _Fault(f"line {number}: expected MsgType(35)")
            self._reads(fields, ())
            made.append(Step(number, "hear", text, fields, versions=versions))
        return tuple(made)

    def _said(self, number: int, verb: str, rest: str) -> Step:
        name = ""
        if verb == "again":
            name, _, rest = rest.partition(" ")
            if name not in self.known:
                raise _Fault(f"again {name}: no `say as {name}` above")
        elif rest.startswith("as "):
            name, _, rest = rest[3:].strip().partition(" ")
            if not _NAME.match(name):
                raise _Fault(f"say as {name!r}: expected a name")
            self.known.add(name)
        fields = fields_of(rest)
        if verb != "again" and not any(f.tag == 35 for f in fields):
            raise _Fault(f"{verb}: expected MsgType(35)")
        for field in fields:
            if field.op != "=":
                raise _Fault(f"{verb}: {field.tag}{field.op}: what is said is written tag=value")
        return Step(number, verb, "", fields, (name,) if name else ())

    def _line_control(self, number: int, verb: str, rest: str) -> Step:
        words = tuple(_WORD.findall(rest))
        if verb == "raw":
            return Step(number, verb, "", words=(rest,))
        if verb == "wait":
            if len(words) == 1:
                return Step(number, verb, "", within_s=duration(words[0]))
            if len(words) == 2 and words[0] == "until":
                return Step(number, verb, "", words=words)
            raise _Fault("wait: expected `wait 250ms` or `wait until {time}`")
        if verb == "next" and (len(words) != 2 or words[0] not in ("in", "out")):
            raise _Fault("next: expected `next in N` or `next out N`; +N and -N move it")
        if verb in ("ignore", "answer") and (len(words) != 1 or words[0] not in BEHAVIOURS):
            raise _Fault(f"{verb}: expected one of {', '.join(BEHAVIOURS)}")
        if verb == "resend" and words not in (("gapfill",), ("messages",)):
            raise _Fault("resend: expected `resend gapfill` or `resend messages`")
        if verb in ("skip", "clear") and not words:
            raise _Fault(f"{verb}: expected MsgTypes")
        return Step(number, verb, "", words=words)


def _lines(text: str) -> Iterable[tuple[int, str, list[tuple[int, str]]]]:
    """Lines with their numbers; those indented below one go with it, and `|` goes on with it."""
    found: list[tuple[int, str, list[tuple[int, str]]]] = []
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if raw[0].isspace() and line.startswith("|") and found:
            start, whole, parts = found.pop()
            if parts:
                parts[-1] = (parts[-1][0], parts[-1][1] + line)
                found.append((start, whole, parts))
            else:
                found.append((start, whole + line, parts))
        elif raw[0].isspace() and found:
            found[-1][2].append((number, line))
        else:
            found.append((number, line, []))
    return found
