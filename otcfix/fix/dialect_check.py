"""What a dialect loses: which MsgType loses which tag, and whether a deal needs it."""

from typing import NamedTuple

from otcfix.fix.dialect_tables import DROP, TAKEN, Table
from otcfix.fix.dialects import Translation
from otcfix.fix.dictionaries import MESSAGES
from otcfix.model.dialect import Dialect, Rename, Values

READ: dict[str, tuple[int, ...]] = {
    "R": (131, 146, 55, 38),
    "D": (11, 55, 54, 38, 40, 60),
    "F": (11, 41, 54),
    "G": (11, 41, 54, 38, 40, 60),
    "H": (11,),
    "q": (11, 530),
    "AF": (584, 585),
    "AJ": (693, 694, 117),
    "Z": (117,),
    "a": (117,),
    "V": (262, 263, 264, 55, 269),
}
"""Tags without which we cannot do what a client asks for."""

NEEDED: dict[str, tuple[int, ...]] = {
    "S": (117, 131, 55, 132, 133, 134, 135, 62),
    "8": (37, 17, 11, 150, 39, 55, 54, 38, 14, 151, 6, 31, 32),
    "9": (37, 11, 41, 39, 434),
    "b": (131, 297),
    "AG": (131, 658),
    "AI": (117, 297),
    "Z": (117, 131),
    "j": (372, 380),
    "3": (45,),
    "r": (11, 531),
    "W": (55, 262, 268, 269, 270, 271),
    "X": (262, 268, 279, 269, 55, 270, 271),
    "Y": (262,),
}
"""Tags without which a client cannot know what we said."""

SAID: dict[str, tuple[int, ...]] = {
    "S": (*NEEDED["S"], 15, 64, 60, 537, 54, 1, 38, 152),
    "8": (
        *NEEDED["8"],
        *(20, 41, 1, 152, 40, 44, 59, 15, 126, 432, 110, 60, 381, 119, 120, 75, 64, 12, 13, 479),
        *(103, 378, 58, 693, 797, 584, 911, 912),
    ),
    "9": (*NEEDED["9"], 1, 102, 60, 58),
    "b": (*NEEDED["b"], 117, 300, 301, 58),
    "AG": (*NEEDED["AG"], 146, 55, 54, 38, 152, 15, 58),
    "AI": (*NEEDED["AI"], 649, 693, 131, 55, 58),
    "Z": (*NEEDED["Z"], 298, 295, 55),
    "j": (*NEEDED["j"], 45, 379, 58),
    "3": (*NEEDED["3"], 371, 372, 373, 58),
    "r": (*NEEDED["r"], 37, 1369, 530, 532, 533, 534, 41, 1824, 535, 55, 60, 58),
    "W": (*NEEDED["W"], 299, 779),
    "X": (*NEEDED["X"], 299, 290),
    "Y": (*NEEDED["Y"], 281, 58),
}
"""Every tag that we say, by message."""

SEVERAL = {"r": (534,), "W": (268,), "X": (268,)}
"""Groups of which we say several entries."""


class Loss(NamedTuple):
    """Something that a dialect loses. way: "in" or "out"; needed: a deal cannot be done without."""

    way: str
    message: str
    tag: int
    why: str
    needed: bool

    def __str__(self) -> str:
        word = "LOST" if self.needed else "lossy"
        return f"{self.way:<3} {self.message:<2} {self.tag}: {word}: {self.why}"


def losses(dialect: Dialect, version: str) -> list[Loss]:
    """Everything that *dialect* loses in *version*, needed tags first."""
    translation = Translation(dialect)
    found: list[Loss] = []
    spoken = {*MESSAGES[version].split(), "3"}
    for kind in sorted(READ.keys() & spoken):
        found += _lost_in(kind, translation.table_in(kind))
    for kind in sorted(SAID.keys() & spoken):
        found += _lost_out(kind, translation.table_out(kind))
    found += _nowhere(dialect, spoken)
    return sorted(dict.fromkeys(found), key=lambda one: not one.needed)


def _lost_in(kind: str, table: Table) -> list[Loss]:
    found: list[Loss] = []
    needed = READ[kind]
    sources: dict[int, list[int]] = {}
    for tag, act in table.acts.items():
        if act.then not in (DROP, TAKEN):
            sources.setdefault(act.to, []).append(tag)
        found += _two_values("in", kind, tag, act.values)
    for to, tags in sources.items():
        if len(tags) > 1:
            names = " and ".join(map(str, sorted(tags)))
            why = f"{names} are both read as {to}: one of them is lost"
            found.append(Loss("in", kind, to, why, to in needed))
    supplied = {*table.defaults, *table.fixed, *table.read.values()}
    made = {table.entry[0]} if table.entry is not None else set()
    flat = set(table.groups)
    for tag in needed:
        one = table.acts.get(tag)
        if one is None or tag in sources or tag in supplied | made | flat or one.then == TAKEN:
            continue
        why = (
            "left out, and we need it"
            if one.then == DROP
            else f"read as {one.to}, and nothing as it"
        )
        found.append(Loss("in", kind, tag, why, True))
    for tag in sorted(table.drops - set(needed)):
        found.append(Loss("in", kind, tag, "left out", False))
    for tag, value in table.fixed.items():
        why = f"always {value!r}: what the client sends is lost"
        found.append(Loss("in", kind, tag, why, False))
    return found


def _lost_out(kind: str, table: Table) -> list[Loss]:
    found: list[Loss] = []
    needed, said = NEEDED[kind], SAID[kind]
    for tag, act in table.acts.items():
        if act.then == DROP and tag in said:
            found.append(Loss("out", kind, tag, "left out", tag in needed))
        found += _two_values("out", kind, tag, act.values)
        over = table.acts.get(act.to)
        kept = over is None or (over.to == act.to and over.then != DROP)
        if act.to != tag and tag in said and act.to in said and kept:
            why = f"{tag} is said as {act.to}, which we say as well: {act.to} is lost"
            found.append(Loss("out", kind, act.to, why, act.to in needed))
    names: dict[int, list[int]] = {}
    for tag, act in table.acts.items():
        if act.to != tag and act.then != DROP and tag in said:
            names.setdefault(act.to, []).append(tag)
    for to, tags in names.items():
        if len(tags) > 1:
            why = f"{' and '.join(map(str, sorted(tags)))} are both said as {to}"
            found.append(Loss("out", kind, to, why, not set(tags).isdisjoint(needed)))
    for tag, value in table.fixed.items():
        if tag in said and tag not in table.acts:
            found.append(Loss("out", kind, tag, f"always {value!r}", tag in needed))
    for count in set(table.groups) & set(SEVERAL.get(kind, ())):
        found.append(Loss("out", kind, count, "flat: only its first entry is said", True))
    return found


def _two_values(way: str, kind: str, tag: int, values: dict[str, str] | None) -> list[Loss]:
    """Two values that become one: whoever reads cannot say which it was."""
    by_target: dict[str, list[str]] = {}
    for value, to in (values or {}).items():
        by_target.setdefault(to, []).append(value)
    return [
        Loss(way, kind, tag, f"{' and '.join(each)} are both {to}: {each[0]} comes back", False)
        for to, each in by_target.items()
        if len(each) > 1
    ]


def _nowhere(dialect: Dialect, spoken: set[str]) -> list[Loss]:
    """Rules for messages that the version does not have."""
    found: list[Loss] = []
    for way, steps in (("in", dialect.inbound), ("out", dialect.outbound)):
        for step in steps:
            if isinstance(step, Rename | Values):
                for kind in sorted(set(step.messages) - spoken):
                    why = "a rule for a message that is not spoken in this version"
                    found.append(Loss(way, kind, step.tag, why, False))
    return found
