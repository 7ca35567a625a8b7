"""What a scenario makes of what came: which message is next, and whether it is the right one."""

import re
import time
from collections.abc import Sequence

from otcfix.trials.line import Line
from otcfix.trials.matching import Difference, Field, kind_of, matched
from otcfix.trials.scenario import Unexpected, told
from otcfix.trials.values import Scope, Unclear
from otcfix.trials.wire import HOUSEKEEPING, Heard

IDS = (70, 11, 41, 131, 262, 320, 335, 568, 584, 649, 693, 710, 909, 923)
"""Tags that hold an id of ours: by them we know whose answer a message is."""

MADE = re.compile(r"[0-9A-Z]{7}-[0-9A-Z]{2}-")
"""How every id that a trial makes begins."""

Fields = tuple[Field, ...]


class Ear:
    """Looks at a line's messages in their order.

    Passed over: housekeeping that is not asked for, answers to other scenarios, what is said again
    (43=Y) unless the line names 43, and kinds that are skipped.
    """

    def __init__(self, line: Line, version: str, scope: Scope, prefix: str) -> None:
        self.line = line
        self.version = version
        self.scope = scope
        self.prefix = prefix
        self.skipped: set[str] = set()

    # -- which message -----------------------------------------------------------------------

    def _of_others(self, heard: Heard) -> bool:
        for tag in IDS:
            value = heard.get(tag)
            if value and MADE.match(value):
                return not value.startswith(self.prefix)
        return False

    def _passed_over(self, heard: Heard, *, again: bool) -> bool:
        if heard.kind in self.skipped or self._of_others(heard):
            return True
        return heard.get(43) == "Y" and not again

    def _next(self, until: float, *, again: bool = False) -> Heard | None:
        """Take the next message that counts; None when none came until then."""
        while True:
            for heard in list(self.line.heard):
                if heard.kind in HOUSEKEEPING:
                    continue
                self.line.heard.remove(heard)
                if not self._passed_over(heard, again=again):
                    return heard
            if not self._more(until):
                return None

    def _more(self, until: float) -> bool:
        """Wait for something to come; False when it is too late, or the line is gone."""
        left = until - time.monotonic()
        if left <= 0 or not self.line.connected:
            return False
        self.line.poll(left)
        return True

    def unread(self) -> list[Heard]:
        """What came, counts, and was not looked at."""
        found = []
        while (heard := self._next(0.0)) is not None:
            found.append(heard)
        return found

    def clear(self, kinds: Sequence[str]) -> None:
        """Forget messages of some kinds."""
        kept = [heard for heard in self.line.heard if heard.kind not in kinds]
        self.line.heard.clear()
        self.line.heard.extend(kept)

    def forget_housekeeping(self) -> None:
        """Session messages of an earlier connection are of no use any more."""
        self.clear(sorted(HOUSEKEEPING))

    # -- steps -------------------------------------------------------------------------------

    def _differences(self, fields: Fields, heard: Heard) -> list[Difference]:
        """Hold it against the line; captures count only when nothing differs."""
        match = matched(fields, heard, self.version, self.scope)
        if not match.differences:
            self.scope.known.update(match.captured)
        return match.differences

    def hear(self, fields: Fields, within_s: float) -> Heard:
        """The next message, which must be as expected. Errors: Unexpected."""
        if kind_of(fields, self.version) in HOUSEKEEPING:
            return self.find(fields, within_s)
        heard = self._next(time.monotonic() + within_s, again=_names_43(fields))
        if heard is None:
            raise Unexpected(self._words(fields), self._nothing(within_s))
        if differences := self._differences(fields, heard):
            raise Unexpected(self._words(fields), _told_with(heard, differences))
        return heard

    def find(self, fields: Fields, within_s: float) -> Heard:
        """Take the first message as expected; others stay. Errors: Unexpected."""
        until = time.monotonic() + within_s
        looked: list[int] = []
        nearest = ""
        while True:
            for heard in list(self.line.heard):
                if id(heard) in looked:
                    continue
                looked.append(id(heard))
                differences = self._differences(fields, heard)
                if not differences:
                    self.line.heard.remove(heard)
                    return heard
                if heard.kind == kind_of(fields, self.version):
                    nearest = _told_with(heard, differences)
            if not self._more(until):
                raise Unexpected(self._words(fields), nearest or self._nothing(within_s))

    def maybe(self, fields: Fields, within_s: float) -> Heard | None:
        """The next message if it is as expected; else it stays where it is."""
        heard = self._next(time.monotonic() + within_s, again=_names_43(fields))
        if heard is not None and self._differences(fields, heard):
            self.line.heard.appendleft(heard)
            return None
        return heard

    def all(self, wanted: Sequence[Fields], within_s: float) -> list[Heard]:
        """The next messages, which must be these in any order. Errors: Unexpected."""
        until = time.monotonic() + within_s
        left, found = list(wanted), []
        again = any(_names_43(fields) for fields in wanted)
        while left:
            heard = self._next(until, again=again)
            missing = "; ".join(self._words(fields) for fields in left)
            if heard is None:
                raise Unexpected(f"all of: {missing}", self._nothing(within_s))
            fits = [fields for fields in left if not self._differences(fields, heard)]
            if not fits:
                raise Unexpected(f"one of: {missing}", str(heard))
            left.remove(fits[0])
            found.append(heard)
        return found

    def quiet(self, for_s: float) -> None:
        """Nothing that counts comes for so long. Errors: Unexpected."""
        heard = self._next(time.monotonic() + for_s)
        if heard is not None:
            raise Unexpected(f"nothing for {for_s:g} s", str(heard))
        if not self.line.connected:
            raise Unexpected(f"nothing for {for_s:g} s", "the connection was closed")

    # -- session -----------------------------------------------------------------------------

    def answer_to_logon(self, within_s: float) -> Heard | None:
        """Their Logon, or the Logout that refuses ours; None when neither came."""
        until = time.monotonic() + within_s
        while True:
            for heard in self.line.heard:
                if heard.kind in ("A", "5"):
                    self.line.heard.remove(heard)
                    return heard
            if not self._more(until):
                return None

    def goodbye(self, within_s: float) -> None:
        """Their Logout. Errors: Unexpected."""
        until = time.monotonic() + within_s
        while not self.take_goodbye():
            if not self._more(until):
                raise Unexpected("a Logout (35=5)", self._nothing(within_s))

    def take_goodbye(self) -> bool:
        """Whether their Logout is among what came; it is taken then."""
        for heard in self.line.heard:
            if heard.kind == "5":
                self.line.heard.remove(heard)
                return True
        return False

    # -- words -------------------------------------------------------------------------------

    def _words(self, fields: Fields) -> str:
        told_fields = []
        for field in fields:
            if field.counts(self.version):
                sign = f" {field.op} " if field.op == "in" else field.op
                told_fields.append(f"{field.tag}{sign}{self._value(field)}")
        return "|".join(told_fields)

    def _value(self, field: Field) -> str:
        if field.op in ("=>", "as") or field.tag in (96, 554, 925):
            return field.value
        try:
            return self.scope.fill(field.value)
        except Unclear:
            return field.value  # it hangs on what this message should have given

    def _nothing(self, within_s: float) -> str:
        if not self.line.connected:
            return "the connection was closed"
        return f"{told(None)} within {within_s:g} s"


def _names_43(fields: Fields) -> bool:
    return any(field.tag == 43 for field in fields)


def _told_with(heard: Heard, differences: list[Difference]) -> str:
    return f"{heard} ({'; '.join(map(str, differences))})"
