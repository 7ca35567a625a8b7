"""A dialect as tables: for each type of message, one way, what is done to each of its tags."""

from collections.abc import Mapping

from otcfix.fix.dialect_groups import PARTIES
from otcfix.model.dialect import (
    BODY,
    STAYS,
    AnyStep,
    Default,
    Drop,
    Fixed,
    Flat,
    Grouped,
    PartyMade,
    PartyRead,
    Rename,
    Values,
)

QUANTITIES = frozenset((14, 32, 38, 53, 80, 84, 110, 111, 134, 135, 151, 271, 1138))
"""What is counted in contracts where a dialect has them."""

HEADER = frozenset((50, 57, 97, 115, 116, 128, 129, 142, 143, 144, 145))
"""Tags of the header that a dialect may say: they stand in front of the body."""

NAMES_TAGS = ("3", "j", "8", "9", "b", "AG", "AI", "r", "Y", "AR", "AQ", "AO", "BB")
"""Messages whose Text(58) or RefTagID(371) names a tag of what the client sent."""

# What becomes of a field.
OUT, DROP, FRONT, INTO, ENTRY, PARTY, FLAT, MEMBER, PARTIES_OF, TAKEN, NAMED, GROUPED = range(12)
NO_MARK, SYMBOL, CURRENCY, QUANTITY = range(4)


class Act:
    """What is done to one tag of one message."""

    __slots__ = ("back", "closed", "group", "mark", "then", "to", "values")

    def __init__(self, tag: int) -> None:
        self.to = tag
        self.then = OUT
        self.values: dict[str, str] | None = None
        self.closed = False
        self.group = 0
        self.back = STAYS
        self.mark = NO_MARK


class Table:
    """Everything that is done to one type of message, one way."""

    __slots__ = (
        "acts",
        "defaults",
        "drops",
        "entry",
        "fixed",
        "groups",
        "into",
        "inward",
        "kind",
        "made",
        "read",
        "to_front",
    )

    def __init__(self, kind: str, *, inward: bool) -> None:
        self.kind = kind
        self.inward = inward
        self.acts: dict[int, Act] = {}
        self.defaults: dict[int, str] = {}
        self.fixed: dict[int, str] = {}
        self.entry: tuple[int, tuple[int, ...]] | None = None
        self.into: tuple[int, ...] = ()
        self.made: dict[int, tuple[str, str]] = {}
        self.read: dict[str, int] = {}
        self.groups: dict[int, tuple[int, ...]] = {}
        self.drops: set[int] = set()
        self.to_front = False

    @property
    def works(self) -> bool:
        """Whether anything is done to such a message."""
        return bool(self.acts or self.defaults or self.fixed)

    def act(self, tag: int) -> Act:
        """What is done to a tag: to begin with, nothing."""
        return self.acts.setdefault(tag, Act(tag))


def compiled(
    kind: str, steps: tuple[AnyStep, ...], *, inward: bool, counted: bool, names: Mapping[int, int]
) -> Table:
    """The table of one MsgType. counted: quantities are in contracts; names: our tags in his words,
    for what an outbound message says of them."""
    table = Table(kind, inward=inward)
    mine = [step for step in steps if not step.messages or kind in step.messages]
    renamed = {step.tag: step for step in mine if isinstance(step, Rename)}
    for tag, rename in renamed.items():
        if rename.tag == rename.to and rename.place == STAYS:
            continue  # says that an inherited rename does not hold
        one = table.act(tag)
        one.to, one.back = rename.to, rename.back
        if rename.place != STAYS:
            one.then = FRONT if rename.place == BODY else INTO
            one.group = max(rename.place, 0)
    for step in mine:
        _put(table, step, renamed)
    _groups(table, renamed)
    for tag in {step.to for step in renamed.values()} - table.acts.keys():
        table.act(tag).then = TAKEN
    if counted:
        _marks(table, renamed)
    if not inward and names and kind in NAMES_TAGS:
        for tag in (58, 371):
            table.act(tag).then = NAMED
    said = [one.to for one in table.acts.values()]
    said += [*table.defaults, *table.fixed]
    table.to_front = not inward and not HEADER.isdisjoint(said)
    return table


def _put(table: Table, step: AnyStep, renamed: Mapping[int, Rename]) -> None:
    """One step into its table; a later one on the same tag wins."""
    match step:
        case Values(_, tag, pairs, closed):
            theirs = [t for t, rename in renamed.items() if rename.to == tag]
            for source in (theirs if table.inward else []) or [tag]:
                table.act(source).values = dict(pairs)
                table.act(source).closed = closed and table.inward
        case Drop(_, tags):
            for tag in tags:
                table.act(tag).then = DROP
            table.drops.update(tags)
        case Flat(_, count, members):
            table.act(count).then = FLAT
            table.groups[count] = members
        case Grouped(_, count, members):
            table.entry = (count, members)
            table.act(count).then = GROUPED
        case Default(_, tag, value):
            table.defaults[tag] = value
        case Fixed(_, tag, value):
            table.fixed[tag] = value
        case PartyRead(_, tag, role):
            table.read[role] = tag
        case PartyMade(_, tag, role, source):
            table.made[tag] = (role, source)
        case Rename():
            pass


def _groups(table: Table, renamed: Mapping[int, Rename]) -> None:
    """The acts of fields that go into groups, or come out of them."""
    acts = table.acts
    to = {tag: step.to for tag, step in renamed.items()}
    if table.entry is not None:
        for member in table.entry[1]:
            for tag in [t for t, made in to.items() if made == member] or [member]:
                one = table.act(tag)
                if one.then == OUT:
                    one.then = ENTRY
    for members in table.groups.values():
        for member in members:
            one = table.act(member)
            if one.then == OUT:
                one.then = MEMBER
    if table.read or table.made:
        for tag in PARTIES:
            table.act(tag).then = PARTIES_OF
    for made in table.made:
        for tag in [t for t, name in to.items() if name == made] or [made]:
            one = table.act(tag)
            one.to, one.then = made, PARTY
    table.into = tuple(dict.fromkeys(one.group for one in acts.values() if one.then == INTO))


def _marks(table: Table, renamed: Mapping[int, Rename]) -> None:
    """Where the symbol, the currency and quantities stand: by our tags, however he calls them."""
    for tag in (55, 15, *QUANTITIES):
        sources = [tag]
        if table.inward:
            sources = [t for t, step in renamed.items() if step.to == tag] or [tag]
        for source in sources:
            one = table.act(source)
            one.mark = {55: SYMBOL, 15: CURRENCY}.get(tag, QUANTITY)
