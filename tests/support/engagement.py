"""The rules of engagement's tables of messages, made from the dictionaries, the parser and render.

    python -m tests.support.engagement            # says whether the page is up to date; exit code 1
    python -m tests.support.engagement --write    # brings it up to date

What a message may hold comes from our dictionaries; which of it is read, from the parser: a tag is
read when the message means something else without it, or with another value. What we say comes
from render. The words are those of `engagement_words.txt`, and the examples are lines of the page's
own conversations, which a test holds against the desk.
"""

import re
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import structs

from otcfix.fix import wire
from otcfix.fix.dictionaries import SESSION, build
from otcfix.fix.parse import Parser
from otcfix.fix.render import rendered
from otcfix.model.messages import Malformed
from tests.support.engagement_replies import SESSION_OF, replies_of, streamed_tags
from tests.support.house_desk import INSTRUMENTS, SESSIONS
from tests.support.lines import fields_of
from tests.support.world import SOH

PAGE = Path(wire.__file__).with_name("README.md")
BEGIN = "<!-- from here on made by scripts/rules; words: tests/support/engagement_words.txt -->"
END = "<!-- up to here made by scripts/rules -->"
NUMBERS = ("4.2", "4.4", "5.0SP2")
BROKERS = dict(zip(NUMBERS, ("P42", "P44", "P50"), strict=True))
PROVIDERS = dict(zip(NUMBERS, ("LP42", "LP44", "LP50"), strict=True))
ORDER_SESSION = "A 0 1 2 4 5"
ORDER_IN = "R D AJ F G H q AF Z a V AD x c g AN BB BE Q J AU 3 j S i"
ORDER_OUT = "S AG b AI Z W X Y 8 9 r AE AQ y d h AO AP BG BA BF B P AK j 3"
CONDITIONS = frozenset(
    "R.38 D.38 D.44 D.117 D.126 AJ.11 AJ.38 AJ.54 AJ.55 G.38 G.44 G.126 H.11 q.55 AF.55 Z.117"
    " a.117 x.55 c.55 J.73 J.78 J.6".split()
)
"""Needed in some cases only: the words say in which."""

HEADER = frozenset((8, 9, 10, 34, 35, 43, 49, 52, 56, 97, 115, 116, 122, 128, 129, 1128))
PROBES = ("1", "2", "zz", "20270113-12:00:00", "20270113")

T = "20270113-12:00:00"
ORDER = f"11=A|1=ALPHA-1|55=BTC/USD|54=1|38=1|60={T}"
PARTY = "453=1|448=END1|447=D|452=3"
WHOLE = (
    f"35=R|131=R1|146=1|55=BTC/USD|38=1|54=1|{PARTY}",
    f"35=D|{ORDER}|40=2|44=9|59=6|126={T}|{PARTY}",
    f"35=D|{ORDER}|40=D|117=Q",
    f"35=AJ|693=x|694=1|117=Q|{ORDER}",
    "35=AJ|693=x|694=6|117=Q|55=BTC/USD",
    f"35=F|41=B|37=O|{ORDER}",
    f"35=G|41=B|37=O|{ORDER}|40=2|44=9|59=6|126={T}",
    "35=H|11=A|55=BTC/USD|54=1",
    f"35=q|11=A|530=1|55=BTC/USD|60={T}",
    "35=AF|584=A|585=1|55=BTC/USD",
    "35=Z|117=Q|298=1|55=BTC/USD",
    "35=a|117=Q|55=BTC/USD",
    "35=V|262=M|263=1|264=0|267=1|269=0|146=1|55=BTC/USD",
    f"35=AD|568=T|569=0|{PARTY}",
    "35=x|320=L|559=0|55=BTC/USD",
    "35=c|320=L|321=0|55=BTC/USD",
    "35=g|335=S|263=0",
    f"35=AN|710=P|724=0|1=ALPHA-1|581=1|715=20270113|60={T}|{PARTY}",
    f"35=BB|909=C|{PARTY}",
    "35=BE|923=U|924=3|553=alpha|554=old|925=new",
    "35=S|117=Q|55=BTC/USD|132=1|133=2|134=1|135=1",
    "35=i|117=Q|296=1|302=S|304=1|295=1|299=E|55=BTC/USD|132=1|133=2|134=1|135=1",
    "35=3|45=7",
    "35=j|45=7|372=8|380=0",
    "35=Q|37=O|17=E|55=BTC/USD|54=1|127=A",
    "35=J|70=J|71=0|626=1|857=1|73=1|11=A|54=1|55=BTC/USD|53=1|6=9|75=20270113|78=1|79=X|80=1",
    f"35=AU|664=K|75=20270113|60={T}|940=3",
    f"35=AJ|693=x|694=1|117=Q|{ORDER}|{PARTY}",
    f"35=F|41=B|{ORDER}|{PARTY}",
    f"35=G|41=B|{ORDER}|40=1|{PARTY}",
    f"35=H|37=O|54=1|{PARTY}",
    f"35=q|11=A|530=7|60={T}|{PARTY}",
    f"35=AF|584=A|585=7|{PARTY}",
    f"35=Z|131=R|298=1|{PARTY}",
    f"35=a|131=R|{PARTY}",
    "35=i|117=Q|296=1|302=S|367=20270113-12:00:00|304=1|295=1|299=E|55=BTC/USD|132=1|133=2",
)
"""Every message with what it needs; what else it may hold is tried one tag at a time."""

OUTSIDE = {"BE": frozenset((923, 924, 553, 554, 925))}
"""Read before the parser sees a message: `otcfix.fix.users` looks at secrets, and blanks them."""


class Spoken(NamedTuple):
    """A dictionary: per message its tags and whether they are required, its groups; the names."""

    messages: dict[str, dict[int, bool]]
    groups: dict[str, dict[int, set[int]]]
    names: dict[int, str]


def _words() -> dict[str, dict[str, str]]:
    """The file of words, by its sections."""
    found: dict[str, dict[str, str]] = {}
    for line in Path(__file__).with_name("engagement_words.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, _, words = line.partition(" ")
            assert key not in section, f"twice: {line}"
            section[key] = words
    return found


WORDS = _words()
IN, OUT = WORDS["in"], WORDS["out"]


@cache
def spoken_by(path: Path) -> Spoken:
    """A dictionary of ours, read."""
    root = ET.parse(path).getroot()
    tag_of = {f.attrib["name"]: int(f.attrib["number"]) for f in root.iterfind("fields/field")}
    messages: dict[str, dict[int, bool]] = {}
    groups: dict[str, dict[int, set[int]]] = {}
    for message in root.iterfind("messages/message"):
        kind = message.attrib["msgtype"]
        messages[kind] = {
            tag_of[item.attrib["name"]]: item in list(message) and item.attrib["required"] == "Y"
            for item in message.iter()
            if item.tag in ("field", "group")
        }
        groups[kind] = {
            tag_of[group.attrib["name"]]: {
                tag_of[one.attrib["name"]]
                for one in group.iter()
                if one is not group and one.get("name")
            }
            for group in message.iter("group")
        }
    return Spoken(messages, groups, {tag: name for name, tag in tag_of.items()})


@cache
def spoken() -> dict[str, Spoken]:
    """What our dictionaries hold, per version; the session's messages are in each."""
    made = build(Path(tempfile.gettempdir(), "otcfix-test-dictionaries"))
    session, app = spoken_by(made.fixt11), spoken_by(made.fix50sp2)
    both = Spoken(
        session.messages | app.messages, session.groups | app.groups, session.names | app.names
    )
    return {"4.2": spoken_by(made.fix42), "4.4": spoken_by(made.fix44), "5.0SP2": both}


def name_of(tag: int) -> str:
    """The name of a tag in the newest version that has it."""
    return next(s.names[tag] for s in reversed(spoken().values()) if tag in s.names)


# -- what is read ------------------------------------------------------------------------------


class Read(NamedTuple):
    """Of a message in one version: what is required, read, and passed over."""

    required: set[int]
    wanted: set[int]
    read: set[int]
    over: set[int]


@cache
def reading(kind: str, number: str) -> Read:
    """What the dictionary of a version and the parser make of a message's tags."""
    has = spoken()[number].messages[kind]
    required = {tag for tag, needed in has.items() if needed}
    wanted: set[int] = set()
    read = set(OUTSIDE.get(kind, ()))
    for whole in WHOLE:
        fields = [(t, v) for t, v in fields_of(whole) if t == 35 or t in has]
        if fields[0][1] == kind:
            tried = _tried(kind, number, fields, has)
            wanted |= tried[0]
            read |= tried[1]
    for count, members in spoken()[number].groups[kind].items():
        if members & read:
            read.add(count)
    return Read(required, wanted - required, read & set(has), set(has) - read - required - HEADER)


def _tried(
    kind: str, number: str, fields: list[tuple[int, str]], has: dict[int, bool]
) -> tuple[set[int], set[int]]:
    """The tags without which something is missing, and those that change what is understood."""
    provides = kind in ("S", "i")
    session = SESSIONS[(PROVIDERS if provides else BROKERS)[number]]
    parser = Parser(session, INSTRUMENTS)
    plain = _meant(parser, number, fields)
    wanted, read = set(), set()
    for tag in has:
        without = [(t, v) for t, v in fields if t != tag]
        if len(without) < len(fields):
            less = _meant(parser, number, without)
            if tag in getattr(getattr(less, "order", less), "missing", ()):
                wanted.add(tag)
            if less != plain:
                read.add(tag)
        for value in PROBES:
            if _meant(parser, number, _with(fields, tag, value)) != plain:
                read.add(tag)
    return wanted, read


def _with(fields: list[tuple[int, str]], tag: int, value: str) -> list[tuple[int, str]]:
    """The fields with one more, or with one changed."""
    if any(t == tag for t, _ in fields):
        return [(t, value if t == tag else v) for t, v in fields]
    return [*fields, (tag, value)]


def _meant(parser: Parser, number: str, fields: list[tuple[int, str]]) -> Any:
    begin = {"4.2": "FIX.4.2", "4.4": "FIX.4.4", "5.0SP2": "FIXT.1.1"}[number]
    body = SOH.join(f"{tag}={value}" for tag, value in fields)
    meant: Any = parser.parse(f"8={begin}{SOH}{body}{SOH}")
    if isinstance(meant, Malformed):
        return structs.astuple(meant)[1:]
    inner = getattr(meant, "order", meant)
    bare = structs.replace(inner, head=structs.replace(inner.head, digest=""))
    return bare if inner is meant else structs.replace(meant, order=bare)


# -- what is said ------------------------------------------------------------------------------


@cache
def said() -> dict[str, dict[str, set[int]]]:
    """MsgType to version to the tags that we can say."""
    found: dict[str, dict[str, set[int]]] = {}
    for number, key in zip(NUMBERS, SESSION_OF.values(), strict=True):
        for reply in replies_of(key):
            kind, body, *_ = rendered(reply, SESSIONS[key], INSTRUMENTS)
            tags = {int(field.partition("=")[0]) for field in body.split(SOH)[:-1]}
            if kind in spoken()[number].messages:
                found.setdefault(kind, {}).setdefault(number, set()).update(tags)
    for number, kinds in streamed_tags().items():
        for kind, tags in kinds.items():
            found.setdefault(kind, {})[number] = tags
    return found


# -- the page ----------------------------------------------------------------------------------


def _examples(page: str) -> dict[tuple[str, str], str]:
    """(who, MsgType) to the first line of the page's conversations with such a message."""
    found: dict[tuple[str, str], str] = {}
    talks = re.findall(r"```talk (\w+)\n(.*?)```", page, re.DOTALL)
    for key, script in sorted(talks, key=lambda talk: SESSIONS[talk[0]].dialect is not None):
        for line in script.splitlines():
            who, _, what = line.partition(" ")
            kind = re.search(r"(?:^|\|)35=(\w+)", what)
            if who in "CD" and kind:
                version = SESSIONS[key].version.removeprefix("FIX.")
                found.setdefault((who, kind[1]), f"{who} {what}`, in {version}")
    return found


def words_for(words: dict[str, str], kind: str, tag: int) -> str:
    """What is said of a tag, in this message or in all. Errors: LookupError without any."""
    found = words.get(f"{kind}.{tag}", words.get(str(tag)))
    if found is None:
        raise LookupError(f"tests/support/engagement_words.txt has no words for {tag} in 35={kind}")
    return found


def _mark(number: str, tag: int, reads: dict[str, Read], kind: str) -> str:
    if number not in reads:
        return ""
    one = reads[number]
    if tag in one.required:
        return "must"
    if tag in one.wanted:
        return "if" if f"{kind}.{tag}" in CONDITIONS else "desk"
    return "may" if tag in one.read else ""


def _ranges(tags: list[int]) -> str:
    """1 2 3 5 as `1-3 5`."""
    found: list[list[int]] = []
    for tag in tags:
        if found and found[-1][-1] == tag - 1:
            found[-1].append(tag)
        else:
            found.append([tag])
    short = [f"{run[0]}-{run[-1]}" if len(run) > 2 else " ".join(map(str, run)) for run in found]
    return " ".join(short)


def _row(tag: int, marks: list[str], words: str) -> str:
    return f"| {tag} | {name_of(tag)} | {' | '.join(marks)} | {words} |"


def _inbound(kind: str, example: str) -> Iterator[str]:
    reads = {n: reading(kind, n) for n in NUMBERS if kind in spoken()[n].messages}
    yield f"#### {kind} {_title(kind)}\n"
    yield f"{WORDS['about'][kind]} Refused by {WORDS['refused'][kind]}.\n"
    yield f"`{example}\n"
    yield "| Tag | Name | 4.2 | 4.4 | 5.0SP2 | What we make of it |"
    yield "|---|---|---|---|---|---|"
    tags = sorted(set().union(*({*r.required, *r.wanted, *r.read} for r in reads.values())) - {35})
    for tag in tags:
        marks = [_mark(number, tag, reads, kind) for number in NUMBERS]
        yield _row(tag, marks, words_for(IN, kind, tag))
    yield ""
    over = {number: _ranges(sorted(one.over)) for number, one in reads.items()}
    listed = "; ".join(f"{n}: {tags}" for n, tags in over.items() if tags)
    if listed:
        yield f"Taken and passed over: {listed}.\n"


def _outbound(kind: str, example: str) -> Iterator[str]:
    yield f"#### {kind} {_title(kind)}\n"
    yield f"{WORDS['we'][kind]}\n"
    yield f"`{example}\n"
    yield "| Tag | Name | 4.2 | 4.4 | 5.0SP2 | What it says |"
    yield "|---|---|---|---|---|---|"
    versions = said()[kind]
    for tag in sorted(set().union(*versions.values())):
        marks = []
        for number in NUMBERS:
            has = tag in versions.get(number, ())
            stock = spoken()[number].messages.get(kind, {}).get(tag, False)
            marks.append(("always" if stock else "may") if has else "")
        yield _row(tag, marks, words_for(OUT, kind, tag))
    yield ""


def _session(kind: str) -> Iterator[str]:
    yield f"#### {kind} {_title(kind)}\n"
    yield f"{WORDS['about'][kind]}\n"
    yield f"`{WORDS['example'][kind]}`\n"
    tags = sorted(int(key.partition(".")[2]) for key in IN if key.startswith(f"{kind}."))
    if not tags:
        return
    yield "| Tag | Name | 4.2 | 4.4 | 5.0SP2 | What we make of it |"
    yield "|---|---|---|---|---|---|"
    for tag in tags:
        marks = []
        for number in NUMBERS:
            needed = spoken()[number].messages[kind].get(tag)
            marks.append("" if needed is None else "must" if needed else "may")
        yield _row(tag, marks, words_for(IN, kind, tag))
    yield ""


def _title(kind: str) -> str:
    for path in ("fix44", "fix50sp2", "fixt11", "fix42"):
        made = build(Path(tempfile.gettempdir(), "otcfix-test-dictionaries"))
        for message in ET.parse(getattr(made, path)).getroot().iterfind("messages/message"):
            if message.attrib["msgtype"] == kind:
                return message.attrib["name"]
    raise LookupError(kind)


def generated(page: str) -> str:
    """The part of the page that is made."""
    examples = _examples(page)
    lines = ["### Session messages\n"]
    for kind in ORDER_SESSION.split():
        lines += _session(kind)
    lines.append("### What you may send, message by message\n")
    for kind in ORDER_IN.split():
        lines += _inbound(kind, examples["C", kind])
    lines.append("### What we say, message by message\n")
    for kind in ORDER_OUT.split():
        lines += _outbound(kind, examples["D", kind])
    text = "\n".join(lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def missing() -> list[str]:
    """Messages that the parser reads or render writes and that no list of the words names."""
    readers = set(Parser(SESSIONS["A44"], INSTRUMENTS)._readers)
    session = set(SESSION.split()) - {"3"}
    return sorted(
        (readers ^ set(ORDER_IN.split()))
        | (set(said()) ^ set(ORDER_OUT.split()))
        | (session ^ set(ORDER_SESSION.split()) - {"3"})
    )


def renewed(page: str) -> str:
    """The page with its made part made anew."""
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return f"{head}{BEGIN}\n\n{generated(page)}\n\n{END}{tail}"


def run(write: bool) -> int:
    """0 when the page was, or is now, up to date."""
    page = PAGE.read_text("utf-8")
    new = renewed(page)
    if new == page:
        return 0
    if write:
        PAGE.write_text(new, "utf-8")
        return 0
    print(f"{PAGE}: out of date; scripts/rules --write", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(run("--write" in sys.argv[1:]))
