"""How one counterparty's FIX differs from ours: what is done to a message on its way in and out.

Each way is a list of steps. A step names a tag in the words of whoever sends (inbound the client's,
outbound ours) unless it says otherwise; what it makes is in the words of whoever reads. A later
step on the same tag of the same message takes the place of an earlier one.
"""

from decimal import Decimal

from msgspec import Struct

STAYS = -1
"""A renamed field stays where it stood: in its group entry, or in the body."""

BODY = 0
"""A renamed field goes to the body."""


class Step(Struct, frozen=True, tag=True):
    """What all steps have. messages: MsgTypes(35); none means every business message."""

    messages: tuple[str, ...]


class Rename(Step, frozen=True, tag=True):
    """Tag *tag* is read as *to*. place: STAYS, BODY, or the count tag of a group: the field goes
    into each of its entries that has none. back: where it stood before."""

    tag: int
    to: int
    place: int = STAYS
    back: int = STAYS


class Values(Step, frozen=True, tag=True):
    """A value of *tag* (our word for it, either way) is read as another.

    closed: a value that is not listed is refused (373=5) rather than passed on; inbound only.
    """

    tag: int
    pairs: tuple[tuple[str, str], ...]
    closed: bool = False


class Default(Step, frozen=True, tag=True):
    """*tag* (the reader's) has this value where it is absent."""

    tag: int
    value: str


class Fixed(Step, frozen=True, tag=True):
    """*tag* (the reader's) has this value whatever was sent."""

    tag: int
    value: str


class Drop(Step, frozen=True, tag=True):
    """These tags are left out."""

    tags: tuple[int, ...]


class Flat(Step, frozen=True, tag=True):
    """A group is laid flat: its count goes, its only entry's fields stand in the body.

    Inbound a second entry is refused (373=5, the count); outbound it is not said.
    """

    count: int
    members: tuple[int, ...]


class Grouped(Step, frozen=True, tag=True):
    """Flat fields become the one entry of a group. members: the first one begins an entry."""

    count: int
    members: tuple[int, ...]


class PartyRead(Step, frozen=True, tag=True):
    """The PartyID(448) of the entry with this PartyRole(452) is read as *tag*."""

    tag: int
    role: str


class PartyMade(Step, frozen=True, tag=True):
    """*tag* becomes an entry of group 453 with this PartyRole(452) and PartyIDSource(447)."""

    tag: int
    role: str
    source: str


AnyStep = Rename | Values | Default | Fixed | Drop | Flat | Grouped | PartyRead | PartyMade


class Contract(Struct, frozen=True):
    """What a client counts quantities of *symbols* (ours; none means all) in.

    size: how much one unit of his is, 1 where he only leaves Currency(15) out; currency: of what.
    1/size is a finite decimal, so nothing is rounded either way.
    """

    symbols: tuple[str, ...]
    size: Decimal
    currency: str


class Dialect(Struct, frozen=True):
    """What one counterparty says otherwise. version: the only one it is for; "" for any.

    symbols: the client's names of our symbols; what he sent comes back on what answers it.
    dictionary: his own QuickFIX dictionary, relative to the configuration; "" for ours, extended.
    """

    name: str
    version: str = ""
    symbols: dict[str, str] = {}
    inbound: tuple[AnyStep, ...] = ()
    outbound: tuple[AnyStep, ...] = ()
    contracts: tuple[Contract, ...] = ()
    dictionary: str = ""

    @property
    def speaks(self) -> bool:
        """Whether any message is other than ours: symbols alone are read without a translation."""
        return bool(self.inbound or self.outbound or self.contracts)


def mirrored(dialect: Dialect) -> Dialect:
    """The client's end: outbound makes what he says of our words, inbound ours of what he hears.

    What a step leaves out or puts in cannot be undone: dropped tags stay away, fixed ones go.
    """
    return Dialect(
        dialect.name,
        dialect.version,
        dialect.symbols,
        _undone(dialect.outbound),
        _undone(dialect.inbound),
        dialect.contracts,
        dialect.dictionary,
    )


def _undone(steps: tuple[AnyStep, ...]) -> tuple[AnyStep, ...]:
    made: list[AnyStep] = []
    for step in steps:
        match step:
            case Rename(messages, tag, to, place, back):
                made.append(Rename(messages, to, tag, back, place))
            case Values(messages, tag, pairs):
                made.append(Values(messages, tag, tuple((b, a) for a, b in reversed(pairs))))
            case Fixed(messages, tag):
                made.append(Drop(messages, (tag,)))
            case Flat(messages, count, members):
                made.append(Grouped(messages, count, members))
            case Grouped(messages, count, members):
                made.append(Flat(messages, count, members))
            case PartyRead(messages, tag, role):
                made.append(PartyMade(messages, tag, role, "D"))
            case PartyMade(messages, tag, role):
                made.append(PartyRead(messages, tag, role))
            case Default() | Drop():
                pass
    return tuple(made)
