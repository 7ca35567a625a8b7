"""config/dialects/*.toml: one file a dialect, inheriting from another by `base`."""

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, field_validator, model_validator

from otcfix.config.models import Closed, Id, Positive
from otcfix.config.reading import read
from otcfix.model.dialect import (
    BODY,
    STAYS,
    AnyStep,
    Contract,
    Default,
    Dialect,
    Drop,
    Fixed,
    Flat,
    Grouped,
    PartyMade,
    PartyRead,
    Rename,
    Values,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from otcfix.config import Config
    from otcfix.config.models import SessionConfig

    Problem = Callable[[str, str, str], None]

FOLDER = "dialects"

SESSION_TAGS = frozenset((8, 9, 10, 34, 35, 36, 43, 49, 52, 56, 90, 91, 97, 98, 122, 369, 1128))
"""The session's own: who speaks, in what order, and how the message is framed."""

SECRET_TAGS = frozenset((95, 96, 553, 554, 925, 1400, 1401, 1402, 1403, 1404))
"""Of Logon and UserRequest: looked at, and blanked, before anything is translated (R13). Under
another name a secret would be journaled."""

PARTY_TAGS = frozenset((447, 448, 452, 453))

Tag = Annotated[int, Field(ge=1, le=99_999)]
Value = Annotated[str, Field(min_length=1, max_length=240, pattern=r"^[ -~]+$")]
Ways = Literal["both", "in", "out"]


def _translatable(tag: int) -> int:
    if tag in SESSION_TAGS:
        raise ValueError(f"{tag} belongs to the session and cannot be translated")
    if tag in SECRET_TAGS:
        raise ValueError(f"{tag} is for secrets and cannot be translated")
    return tag


class _Rule(Closed):
    """messages: `"D G"`; absent for every business message."""

    messages: str = ""
    way: Ways = "both"

    @field_validator("messages")
    @classmethod
    def _types(cls, value: str) -> str:
        for kind in value.split():
            if kind in "0 1 2 3 4 5 A".split() and kind != "3":
                raise ValueError(f"35={kind} is a session message and is not translated")
            if kind == "BE":
                raise ValueError("35=BE holds secrets and is not translated")
            if not (kind.isalnum() and len(kind) <= 3):
                raise ValueError(f'expected MsgTypes(35) such as "D G", got {kind!r}')
        return value

    @property
    def kinds(self) -> tuple[str, ...]:
        """The MsgTypes, each once."""
        return tuple(dict.fromkeys(self.messages.split()))


class TagRule(_Rule):
    """[[tag]]: the client's tag for one of ours; client_in, desk_in: the group it stands in."""

    client: Tag
    desk: Tag
    client_in: Annotated[int, Field(ge=-1, le=99_999)] = STAYS
    desk_in: Annotated[int, Field(ge=-1, le=99_999)] = STAYS

    @model_validator(mode="after")
    def _moves_both_ways(self) -> "TagRule":
        if (self.client_in == STAYS) != (self.desk_in == STAYS):
            raise ValueError("client_in, desk_in: expected both (0 is the body) or neither")
        return self

    @field_validator("client", "desk")
    @classmethod
    def _free(cls, value: int) -> int:
        return _translatable(value)


class ValueRule(_Rule):
    """[[value]]: the client's values of one of our tags, `map = {"BUY" = "1"}`."""

    tag: Tag
    map: dict[str, Value]
    other: Literal["keep", "refuse"] = "keep"

    @field_validator("tag")
    @classmethod
    def _free(cls, value: int) -> int:
        if value == 55:
            raise ValueError(
                "symbols stand in [symbols]: there the client's own spelling comes back"
            )
        return _translatable(value)


class _Said(_Rule):
    """A tag and a value in the words of whoever reads."""

    way: Literal["in", "out"]
    tag: Tag
    value: Value

    @field_validator("tag")
    @classmethod
    def _free(cls, value: int) -> int:
        return _translatable(value)


class DefaultRule(_Said):
    """[[default]]: what an absent tag means."""


class AddRule(_Said):
    """[[add]]: a tag with a fixed value, whatever was sent."""


class DropRule(_Rule):
    """[[drop]]: tags that are left out, in the words of whoever sends."""

    tags: tuple[Tag, ...]

    @field_validator("tags")
    @classmethod
    def _free(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(_translatable(tag) for tag in value)


class GroupRule(_Rule):
    """[[group]]: a group that the client has flat and we do not, or the other way round."""

    count: Tag
    members: Annotated[tuple[Tag, ...], Field(min_length=1)]
    client: Literal["flat", "grouped"]

    @field_validator("count", "members")
    @classmethod
    def _free(cls, value: int | tuple[int, ...]) -> int | tuple[int, ...]:
        for tag in (value,) if isinstance(value, int) else value:
            _translatable(tag)
        return value


class PartyRule(_Rule):
    """[[party]]: a field of one side that is an entry of 453 with the other.

    has: who has the entry: the client (the tag is ours) or the desk (the tag is the client's).
    """

    tag: Tag
    role: Annotated[int, Field(ge=1, le=999)]
    source: Value = "D"
    has: Literal["client", "desk"] = "client"

    @field_validator("tag")
    @classmethod
    def _free(cls, value: int) -> int:
        return _translatable(value)


class QuantityRule(Closed):
    """[[quantity]]: the client counts in contracts, and does not say of what: 15 is implied."""

    symbols: tuple[Id, ...] = ()
    contract: Positive = Decimal(1)
    currency: str

    @field_validator("contract")
    @classmethod
    def _exact(cls, value: Decimal) -> Decimal:
        digits = int("".join(map(str, value.as_tuple().digits)))
        for factor in (2, 5):
            while digits % factor == 0:
                digits //= factor
        if digits != 1:
            raise ValueError(
                "expected a size whose inverse is a finite decimal, such as 0.01 or 25"
            )
        return value


class DialectConfig(Closed):
    """One file of dialects/: what it inherits comes first, its own rules win."""

    base: str = ""
    about: str = ""
    version: Literal["", "FIX.4.2", "FIX.4.4", "FIX.5.0SP2"] = ""
    dictionary: str = ""
    symbols: dict[str, Id] = Field(default_factory=dict)
    tag: tuple[TagRule, ...] = ()
    value: tuple[ValueRule, ...] = ()
    default: tuple[DefaultRule, ...] = ()
    add: tuple[AddRule, ...] = ()
    drop: tuple[DropRule, ...] = ()
    group: tuple[GroupRule, ...] = ()
    party: tuple[PartyRule, ...] = ()
    quantity: tuple[QuantityRule, ...] = ()


Files = dict[str, DialectConfig]


def read_dialects(folder: Path, problems: list[str]) -> Files:
    """Every dialect below *folder* (config/dialects), by name; *problems* tells what is wrong.

    A base that is not there and bases that go in a circle are problems, with file and key.
    """
    found: Files = {}
    broken: set[str] = set()
    for path in sorted((folder / FOLDER).glob("*.toml")):
        read_one = read(path, DialectConfig, problems)
        if read_one is None:
            broken.add(path.stem)
        else:
            found[path.stem] = read_one
    for name, one in found.items():
        where = f"{folder / FOLDER / name}.toml: base"
        if one.base and one.base not in found and one.base not in broken:
            problems.append(f"{where}: no dialect {one.base}; expected one of {_names(found)}")
        circle = _circle(name, found)
        if circle:
            problems.append(f"{where}: a circle: {' -> '.join(circle)}")
    return found


def _names(found: Files) -> str:
    return ", ".join(sorted(found)) or "none: there are no dialects"


def _circle(name: str, found: Files) -> list[str]:
    seen = [name]
    while (base := found[seen[-1]].base if seen[-1] in found else "") and base not in seen[1:]:
        seen.append(base)
        if base == name:
            return seen
    return []


def line_of(name: str, found: Files) -> list[str]:
    """*name* and what it inherits from, the eldest first."""
    line: list[str] = []
    while name and name in found and name not in line:
        line.insert(0, name)
        name = found[name].base
    return line


def dialect_of(name: str, found: Files) -> Dialect:
    """The dialect *name* with all that it inherits."""
    line = [found[one] for one in line_of(name, found)]
    inbound: list[AnyStep] = []
    outbound: list[AnyStep] = []
    for one in line:
        inbound += _inbound(one)
        outbound += _outbound(one)
    symbols = {sent: ours for one in line for sent, ours in one.symbols.items()}
    last = {key: getattr(one, key) for one in line for key in ("version", "dictionary")
            if getattr(one, key)}  # fmt: skip
    contracts = [rule for one in reversed(line) for rule in one.quantity]
    return Dialect(
        name,
        last.get("version", ""),
        dict(sorted(symbols.items())),
        tuple(inbound),
        tuple(outbound),
        tuple(Contract(rule.symbols, rule.contract, rule.currency) for rule in contracts),
        last.get("dictionary", ""),
    )


def _inbound(one: DialectConfig) -> list[AnyStep]:
    steps: list[AnyStep] = [
        Rename(tag.kinds, tag.client, tag.desk, tag.desk_in, tag.client_in)
        for tag in one.tag
        if tag.way != "out"
    ]
    for value in one.value:
        if value.way != "out":
            closed = value.other == "refuse"
            steps.append(Values(value.kinds, value.tag, tuple(value.map.items()), closed))
    for group in one.group:
        if group.way != "out":
            made = Grouped if group.client == "flat" else Flat
            steps.append(made(group.kinds, group.count, group.members))
    steps += [_party(party, party.has == "client") for party in one.party if party.way != "out"]
    return steps + _said(one, "in")


def _outbound(one: DialectConfig) -> list[AnyStep]:
    steps: list[AnyStep] = [
        Rename(tag.kinds, tag.desk, tag.client, tag.client_in, tag.desk_in)
        for tag in one.tag
        if tag.way != "in"
    ]
    for value in one.value:
        if value.way != "in":
            # Of several words for one of ours the first one listed is said.
            back: dict[str, str] = {}
            for theirs, ours in value.map.items():
                back.setdefault(ours, theirs)
            steps.append(Values(value.kinds, value.tag, tuple(back.items())))
    for group in one.group:
        if group.way != "in":
            made = Flat if group.client == "flat" else Grouped
            steps.append(made(group.kinds, group.count, group.members))
    steps += [_party(party, party.has == "desk") for party in one.party if party.way != "in"]
    return steps + _said(one, "out")


def _party(rule: PartyRule, read_from_group: bool) -> AnyStep:
    if read_from_group:
        return PartyRead(rule.kinds, rule.tag, str(rule.role))
    return PartyMade(rule.kinds, rule.tag, str(rule.role), rule.source)


def _said(one: DialectConfig, way: str) -> list[AnyStep]:
    steps: list[AnyStep] = [Default(r.kinds, r.tag, r.value) for r in one.default if r.way == way]
    steps += [Fixed(rule.kinds, rule.tag, rule.value) for rule in one.add if rule.way == way]
    steps += [Drop(rule.kinds, rule.tags) for rule in one.drop if rule.way in (way, "both")]
    return steps


def session_dialect(
    session: "SessionConfig", found: "Mapping[str, DialectConfig]"
) -> Dialect | None:
    """The dialect of a session; None where it has none."""
    return dialect_of(session.dialect, dict(found)) if session.dialect else None


def check_dialects(config: "Config", problem: "Problem") -> None:
    """What one file cannot know: symbols, assets, dictionaries, and who speaks what."""
    folder, found = config.folder, config.dialects
    symbols = {one.symbol for one in config.desk.instrument}
    assets = {one.code for one in config.desk.asset}
    used = {name for s in config.sessions.session for name in line_of(s.dialect, found)}
    for name in sorted(used):
        one = found[name]
        file = f"{FOLDER}/{name}.toml"
        for sent, ours in one.symbols.items():
            if ours not in symbols:
                problem(file, f"symbols.{sent}", f"unknown symbol {ours}")
        for number, rule in enumerate(one.quantity):
            for symbol in sorted(set(rule.symbols) - symbols):
                problem(file, f"quantity[{number}].symbols", f"unknown symbol {symbol}")
            if rule.currency and rule.currency not in assets:
                problem(file, f"quantity[{number}].currency", f"unknown asset {rule.currency}")
        if one.dictionary and not (folder / one.dictionary).is_file():
            problem(file, "dictionary", f"no file {one.dictionary}")
    for session in config.sessions.session:
        key = f"session {session.key}.dialect"
        if not session.dialect:
            continue
        if session.dialect not in found:
            expected = f"no dialect {session.dialect}; expected one of {_names(found)}"
            problem("sessions.toml", key, expected)
            continue
        dialect = dialect_of(session.dialect, found)
        if dialect.version not in ("", session.version):
            problem("sessions.toml", key, f"{session.dialect} is for {dialect.version} only")


__all__ = ["BODY", "DialectConfig", "Files", "check_dialects", "dialect_of", "read_dialects"]
