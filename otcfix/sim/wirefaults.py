"""What goes wrong with messages on their way: by chance (WireFaults), or when a script says so."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from random import Random

from msgspec import Struct, structs

from otcfix.model.errors import ConfigError

SOH = b"\x01"
DEEDS = {
    "drop": "the message is lost",
    "delay": "it, and all behind it, comes so many ms later: delay 800",
    "garble": "some of its bytes are others",
    "duplicate": "it comes twice, under the same number",
    "checksum": "its CheckSum(10) is wrong",
    "never_read": "from here on, nothing of the other side is read for so many ms: never_read 9000",
    "cut": "the line is cut behind it",
}
"""What can happen to a message, and what it means."""

UNTOUCHED = frozenset(("A", "5"))
"""Chance leaves Logon and Logout alone: a script does not."""

GARBLED = 4
FINE = 20


class WireFaults(Struct, frozen=True):
    """Chances from 0 to 1, for each message. delay_ms, deaf_ms: how long delay and never_read last
    where a script does not say."""

    drop: Decimal = Decimal(0)
    delay: Decimal = Decimal(0)
    garble: Decimal = Decimal(0)
    duplicate: Decimal = Decimal(0)
    checksum: Decimal = Decimal(0)
    never_read: Decimal = Decimal(0)
    cut: Decimal = Decimal(0)
    delay_ms: Decimal = Decimal(300)
    deaf_ms: Decimal = Decimal(5000)

    def __post_init__(self) -> None:
        """Errors: ConfigError for what is no chance and no time."""
        for name, value in structs.asdict(self).items():
            most = None if name.endswith("_ms") else 1
            if not value.is_finite() or value < 0 or (most is not None and value > most):
                raise ConfigError(
                    f"{name}: {value} is not {'from 0 to 1' if most else '0 or more'}"
                )


class Rule(Struct, frozen=True):
    """One line of a script. number: of MsgSeqNum(34); kind, nth: which of a MsgType(35), 0 each."""

    deed: str
    number: int = 0
    kind: str = ""
    nth: int = 0
    value: Decimal | None = None


_LINE = re.compile(
    r"(?:message\s+(?P<number>[1-9]\d*)|type\s+(?P<kind>[A-Za-z0-9]{1,2})(?:\s+(?P<nth>[1-9]\d*))?)"
    r"\s*:\s*(?P<deed>[a-z_]+)(?:\s+(?P<value>\S+))?$"
)


def read_rules(path: Path) -> tuple[Rule, ...]:
    """A script of lines such as `message 12: drop`, `type D: duplicate`, `type 8 2: delay 800`.

    Errors: ConfigError naming file and line.
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from None
    rules = []
    for place, text in enumerate(lines, 1):
        line = text.partition("#")[0].strip()
        if line:
            try:
                rules.append(read_rule(line))
            except ConfigError as error:
                raise ConfigError(f"{path}:{place}: {error}") from None
    return tuple(rules)


def read_rule(line: str) -> Rule:
    """One line of a script. Errors: ConfigError."""
    found = _LINE.match(line)
    if found is None:
        raise ConfigError(f"{line}: expected e.g. `message 12: drop` or `type D 2: delay 800`")
    deed, text = found["deed"], found["value"]
    if deed not in DEEDS:
        raise ConfigError(f"{deed}: expected one of {', '.join(DEEDS)}")
    value = None
    if text is not None:
        if deed not in ("delay", "never_read"):
            raise ConfigError(f"{deed}: takes no value")
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = Decimal(-1)
        if not value.is_finite() or value < 0:
            raise ConfigError(f"{deed} {text}: expected milliseconds")
    return Rule(deed, int(found["number"] or 0), found["kind"] or "", int(found["nth"] or 0), value)


class Fate(Struct):
    """What becomes of a message: what is sent instead of it, how late (ms), and what follows."""

    pieces: list[bytes]
    wait_ms: Decimal = Decimal(0)
    deaf_ms: Decimal = Decimal(0)
    is_cut: bool = False


class Trouble:
    """The faults of one direction. The same seed and messages, the same faults. done: by deed."""

    def __init__(
        self, faults: WireFaults | None = None, rules: Iterable[Rule] = (), seed: int = 1
    ) -> None:
        self.faults = faults or WireFaults()
        self.done: Counter[str] = Counter()
        self._rules = list(rules)
        self._random = Random(seed)  # noqa: S311 - bad luck, not a secret
        self._seen: Counter[str] = Counter()

    def add(self, rules: Sequence[Rule]) -> None:
        """Let more happen; the nth of a kind is counted from here on."""
        self._rules += rules
        for rule in rules:
            self._seen[rule.kind] = 0

    def meet(self, frame: bytes) -> Fate:
        """What becomes of *frame*, a whole message."""
        kind, number, again = _named(frame)
        self._seen[kind] += 1
        fate = Fate([frame])
        for deed, value in (*self._scripted(kind, number, again), *self._by_chance(kind)):
            self.done[deed] += 1
            self._do(deed, value, fate)
        return fate

    def _scripted(self, kind: str, number: int, again: bool) -> list[tuple[str, Decimal | None]]:
        found = []
        for rule in list(self._rules):
            if rule.number:
                happens = rule.number == number and not again
            else:
                happens = rule.kind == kind and rule.nth in (0, self._seen[kind])
            if happens:
                found.append((rule.deed, rule.value))
                if rule.number or rule.nth:
                    self._rules.remove(rule)
        return found

    def _by_chance(self, kind: str) -> list[tuple[str, Decimal | None]]:
        if kind in UNTOUCHED:
            return []
        chances = ((deed, getattr(self.faults, deed)) for deed in DEEDS)
        return [(d, None) for d, of in chances if of and self._bits(FINE) < of * (1 << FINE)]

    def _bits(self, count: int) -> int:
        return self._random.getrandbits(count)

    def _do(self, deed: str, value: Decimal | None, fate: Fate) -> None:
        if deed == "drop":
            fate.pieces = []
        elif deed == "delay":
            fate.wait_ms += self.faults.delay_ms if value is None else value
        elif deed == "garble":
            fate.pieces = [self._garbled(piece) for piece in fate.pieces]
        elif deed == "duplicate":
            fate.pieces = fate.pieces * 2
        elif deed == "checksum":
            fate.pieces = [_miscounted(piece) for piece in fate.pieces]
        elif deed == "never_read":
            fate.deaf_ms += self.faults.deaf_ms if value is None else value
        else:
            fate.is_cut = True

    def _garbled(self, frame: bytes) -> bytes:
        spoiled = bytearray(frame)
        for _ in range(GARBLED):
            spoiled[self._bits(16) % len(spoiled)] = self._bits(8)
        return bytes(spoiled)


def _named(frame: bytes) -> tuple[str, int, bool]:
    """MsgType(35), MsgSeqNum(34) and whether PossDupFlag(43) is set."""
    head: dict[bytes, bytes] = {}
    for part in frame.split(SOH):
        tag, _, value = part.partition(b"=")
        head.setdefault(tag, value)
    number = head.get(b"34", b"")
    kind = head.get(b"35", b"").decode("latin-1")
    return kind, int(number) if number.isdigit() else 0, head.get(b"43") == b"Y"


def _miscounted(frame: bytes) -> bytes:
    """The same message with another CheckSum(10)."""
    front, mark, check = frame.rpartition(b"\x0110=")
    right = int(check[:3]) if check[:3].isdigit() else 0
    return front + mark + f"{(right + 1) % 256:03d}".encode() + SOH
