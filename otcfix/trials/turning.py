"""From what was overheard to a scenario: ids become names, times spans, prices tolerances."""

import re
from collections.abc import Sequence
from decimal import Decimal

from otcfix.trials.recording import Overheard
from otcfix.trials.values import number
from otcfix.trials.wire import APPL_VER_IDS, HOUSEKEEPING, Heard, seconds_of, timestamp

OURS = {11: "A", 41: "A", 131: "R", 262: "M", 649: "S", 693: "N", 584: "U", 335: "T", 320: "L",
        568: "C", 923: "P", 710: "B"}  # fmt: skip
"""Tags of ids that the client makes, and the letter of their names."""

THEIRS = {117: "quote", 37: "order", 17: "exec", 19: "exec", 299: "rung", 535: "order",
          1369: "report", 571: "capture", 880: "match"}  # fmt: skip
"""Tags of ids that the counterparty makes."""

PRICES = {132: "bid", 133: "offer", 31: "price", 270: "price", 6: "average", 44: "limit"}
AMOUNTS = frozenset((381, 119, 118, 12))
DATES = frozenset((64, 75, 432, 193, 272, 541))
LEFT_OUT = frozenset((8, 9, 10, 34, 35, 49, 52, 56, 43, 122, 50, 57, 369, 1128))
STREAMED = ("W", "X")
GAP_MIN_S = 0.4
LATE_S = 2.0
Body = tuple[tuple[int, str], ...]

_TIME = re.compile(r"\d{8}-\d\d:\d\d:\d\d(\.\d+)?\Z")
_CODE = re.compile(r"([A-Z][A-Z_]+[A-Z])\b.*")


class Turned:
    """Writes a scenario from messages in their order."""

    def __init__(self, *, tolerance_bps: Decimal, gap_max_s: float) -> None:
        self._tolerance = tolerance_bps
        self._gap_max_s = gap_max_s
        self._names: dict[tuple[str, str], str] = {}
        self._counts: dict[str, int] = {}
        self._prices: dict[Decimal, str] = {}
        self._words: dict[str, str] = {}
        self._ids: list[str] = []
        self._numbers: dict[str, str] = {}
        self._repeated: set[Body] = set()
        self._first: dict[Body, str] = {}
        self._streamed = False
        self._lines: list[str] = []
        self._last = 0.0

    def text(self, messages: Sequence[Overheard], title: str) -> str:
        """The whole file."""
        referred = {m.heard.get(45) for m in messages if m.way == "<" and m.heard.has(45)}
        bodies = [_body(m.heard) for m in messages if m.way == ">"]
        self._repeated = {body for body in bodies if bodies.count(body) > 1 and len(body) > 2}
        on = False
        for place, message in enumerate(messages):
            if message.way == "x":
                if on:
                    self._lines.append("drop")
                on = False
            elif message.heard.kind == "A":
                on = self._logon(message, messages[place + 1 :]) or on
            elif message.heard.kind == "5":
                on = self._goodbye(message, on)
            elif message.heard.get(43) != "Y" and message.heard.kind not in HOUSEKEEPING:
                self._message(message, referred)
        version = _version(messages)
        head = [f"title  {title}", "tags   recorded"]
        head += [f"only   {version}"] if version else []
        head += [f"ids    {' '.join(self._ids)}"] if self._ids else []
        lets = [f"let    {name} = {value}" for value, name in self._words.items()]
        return "\n".join([*head, "", *lets, *self._lines]) + "\n"

    # -- session -----------------------------------------------------------------------------

    def _logon(self, message: Overheard, behind: Sequence[Overheard]) -> bool:
        """Whether the session is up now."""
        if message.way == "<":
            return False
        self._last = message.heard.at
        beat, reset = message.heard.get(108), message.heard.get(141)
        fields = [f"108={beat}"] if beat else []
        fields += ["141=Y"] if reset == "Y" else []
        answer = next((m.heard.kind for m in behind if m.way != ">"), "")
        if reset == "Y":
            self._lines += ["next  out 1", "next  in 1"]
        if answer == "A":
            self._lines.append(f"logon {'|'.join(fields)}".rstrip())
            return True
        self._lines.append("# This Logon was not accepted; its secret is not kept in a recording.")
        self._lines.append(f"knock {'|'.join(fields)}".rstrip())
        return False

    def _goodbye(self, message: Overheard, on: bool) -> bool:
        if message.way == ">":
            if on:
                self._lines.append("logout")
            return False
        if on or (self._lines and self._lines[-1].startswith("knock")):
            text = message.heard.get(58)
            self._lines.append(f"hear  35=5{'|58=' + _escaped(text) if text else ''}")
            self._lines.append("closed")
        return False

    def _message(self, message: Overheard, referred: set[str]) -> None:
        heard = message.heard
        if message.way == ">":
            gap = heard.at - self._last if self._last else 0.0
            if gap >= GAP_MIN_S:
                self._lines.append(f"wait  {min(gap, self._gap_max_s) * 1000:.0f}ms")
            self._lines.append(self._saying_all(heard, referred))
        elif heard.kind in STREAMED and self._streamed:
            return
        else:
            self._lines.append(_joined("hear", "", self._expected(heard)))
            if heard.kind in STREAMED:
                self._streamed = True
                self._lines.append("# What moves the prices of a stream is not repeated.")
                self._lines.append(f"skip  {' '.join(STREAMED)}")
        self._last = heard.at

    # -- what we say -------------------------------------------------------------------------

    def _saying_all(self, heard: Heard, referred: set[str]) -> str:
        """A `say`, or an `again` where the very same was said before (what 97=Y is for)."""
        body, marked = _body(heard), f" 97={heard.get(97)}" if heard.has(97) else ""
        if body in self._first:
            return f"again {self._first[body]}{marked}"
        name = ""
        if heard.get(34) in referred or body in self._repeated:
            name = self._numbers[heard.get(34)] = self._counted("message")
        if body in self._repeated:
            self._first[body] = name
        fields = self._said(heard)
        apart = seconds_of(heard.get(52)) - heard.at if _TIME.match(heard.get(52)) else 0.0
        if abs(apart) >= LATE_S:
            fields.append(f"52={_span(heard.get(52), heard.at)}")
        return _joined("say ", f"as {name} " if name else "", fields)

    def _said(self, heard: Heard) -> list[str]:
        fields = [f"35={heard.kind}"]
        for tag, value in heard.pairs:
            if tag not in LEFT_OUT:
                fields.append(f"{tag}={self._saying(tag, value, heard)}")
        return fields

    def _saying(self, tag: int, value: str, heard: Heard) -> str:
        if tag in OURS:
            return self._our_id(tag, value)
        if tag in THEIRS and (known := self._known(value)):
            return known
        if tag in (1, 55):
            return self._word("account" if tag == 1 else "symbol", value)
        if _TIME.match(value):
            return _span(value, heard.at)
        if tag in DATES and value == _day(heard.at):
            return "{today}"
        price = number(value) if tag == 44 else None
        if price is not None and price in self._prices:
            return f"{{{self._prices[price]}}}"
        return _escaped(value)

    # -- what we hear ------------------------------------------------------------------------

    def _expected(self, heard: Heard) -> list[str]:
        fields = [f"35={heard.kind}"]
        for tag, value in heard.pairs:
            if tag in LEFT_OUT:
                continue
            fields.append(self._expecting(tag, value, heard))
        return fields

    def _expecting(self, tag: int, value: str, heard: Heard) -> str:
        if tag in OURS or ("ours", value) in self._names:
            return f"{tag}={self._our_id(tag, value)}"
        if tag in THEIRS and value not in ("0", "NONE"):
            if known := self._known(value):
                return f"{tag}={known}"
            name = self._names["theirs", value] = self._counted(THEIRS[tag])
            return f"{tag}=>{name}"
        if tag in (1, 55):
            return f"{tag}={self._word('account' if tag == 1 else 'symbol', value)}"
        if _TIME.match(value):
            span = _span(value, heard.at)
            return f"{tag}=.." if span == "{now}" else f"{tag}={span} +- 2s"
        if tag in DATES:
            return rf"{tag}~\d+"
        if tag == 45:
            return f"45={{{self._numbers[value]}}}" if value in self._numbers else "45=.."
        if tag == 58 and (code := _CODE.fullmatch(value)):
            return f"58={code[1]}..."
        return self._figure(tag, value)

    def _figure(self, tag: int, value: str) -> str:
        found = number(value)
        if found is None or not found or tag not in (*PRICES, *AMOUNTS):
            return f"{tag}={_escaped(value)}"
        if tag in AMOUNTS:
            return f"{tag}={value} +- {self._tolerance:f}bp"
        if found in self._prices:
            return f"{tag}={{{self._prices[found]}}}"
        name = self._prices[found] = self._counted(PRICES[tag])
        return f"{tag}={value} +- {self._tolerance:f}bp => {name}"

    # -- names -------------------------------------------------------------------------------

    def _counted(self, letter: str) -> str:
        self._counts[letter] = self._counts.get(letter, 0) + 1
        return f"{letter}{self._counts[letter]}"

    def _our_id(self, tag: int, value: str) -> str:
        if value == "NONE":
            return value
        if ("ours", value) not in self._names:
            name = self._names["ours", value] = self._counted(OURS[tag])
            self._ids.append(name)
        return f"{{{self._names['ours', value]}}}"

    def _known(self, value: str) -> str:
        name = self._names.get(("theirs", value))
        return f"{{{name}}}" if name else ""

    def _word(self, name: str, value: str) -> str:
        if value == "NONE":
            return value
        if value not in self._words:
            count = sum(1 for known in self._words.values() if known.startswith(name))
            self._words[value] = name if not count else f"{name}{count + 1}"
        return f"{{{self._words[value]}}}"


def _body(heard: Heard) -> Body:
    """What makes two messages the same."""
    body = tuple(pair for pair in heard.pairs if pair[0] not in LEFT_OUT and pair[0] != 97)
    return ((35, heard.kind), *body)


def _joined(verb: str, name: str, fields: list[str]) -> str:
    """On one line, or on several where it would be too long to read."""
    lines, line = [], f"{verb}  {name}{fields[0]}"
    for field in fields[1:]:
        if len(line) + len(field) > 98:
            lines.append(line)
            line = "     "
        line += f"|{field}"
    return "\n".join([*lines, line])


def _span(text: str, at: float) -> str:
    """A time by its distance from the message that holds it."""
    try:
        apart = seconds_of(text) - at
    except ValueError:
        return text
    if abs(apart) < 1.0:
        return "{now}"
    return f"{{now{'+' if apart > 0 else '-'}{abs(apart):.1f}s}}"


def _day(at: float) -> str:
    return timestamp(at)[:8]


def _escaped(value: str) -> str:
    return value.replace("|", "\\|")


def _version(messages: Sequence[Overheard]) -> str:
    """The version of the first Logon that says it."""
    for message in messages:
        if message.heard.kind == "A":
            begin = message.heard.get(8)
            if begin != "FIXT.1.1":
                return begin
            named = {number: version for version, number in APPL_VER_IDS.items()}
            return named.get(message.heard.get(1137), "")
    return ""


def turned(
    messages: Sequence[Overheard],
    title: str,
    *,
    tolerance_bps: Decimal = Decimal(100),
    gap_max_s: float = 5.0,
) -> str:
    """A scenario that says what the client said and expects what it heard.

    tolerance_bps: of prices and amounts, each way. gap_max_s: pauses are kept up to so long.
    """
    return Turned(tolerance_bps=tolerance_bps, gap_max_s=gap_max_s).text(messages, title)
