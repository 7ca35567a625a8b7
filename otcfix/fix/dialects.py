"""A dialect at work: compiled once a session into tables, then one pass over a message's fields.

translation = Translation(dialect, session.symbols)
fields = translation.inbound("D", split(text))     # the client's words -> ours
fields = translation.outbound("8", split(body))    # ours -> the client's
"""

import re
from collections.abc import Mapping

from otcfix.fix.dialect_contracts import Mark, count_contracts
from otcfix.fix.dialect_groups import (
    PARTY_COUNT,
    into_entries,
    made_party,
    parties_read,
    with_parties,
)
from otcfix.fix.dialect_tables import (
    DROP,
    ENTRY,
    FRONT,
    GROUPED,
    HEADER,
    INTO,
    MEMBER,
    NAMED,
    OUT,
    PARTIES_OF,
    PARTY,
    TAKEN,
    Act,
    Table,
    compiled,
)
from otcfix.fix.fields import Fields, split
from otcfix.fix.wire import (
    SOH,
    VALUE_IS_INCORRECT,
    WireError,
    field_of,
)
from otcfix.model.dialect import Contract, Dialect
from otcfix.model.party import Session

TAG_APPEARS_TWICE = 13

_NAMED = re.compile(r"\btag=(\d+)")


class Translation:
    """One dialect, both ways. symbols: the client's names of ours, for what counts by symbol."""

    def __init__(self, dialect: Dialect, symbols: Mapping[str, str] | None = None) -> None:
        self.dialect = dialect
        self._symbols = dict(dialect.symbols) | dict(symbols or {})
        self._in: dict[str, Table] = {}
        self._out: dict[str, Table] = {}
        self._names: dict[tuple[str, ...], dict[int, int]] = {}

    # -- tables --------------------------------------------------------------------------------

    def table_in(self, kind: str) -> Table:
        """What is done to a message of the client."""
        found = self._in.get(kind)
        if found is None:
            counted = bool(self.dialect.contracts)
            steps = self.dialect.inbound
            found = compiled(kind, steps, inward=True, counted=counted, names={})
            self._in[kind] = found
        return found

    def table_out(self, kind: str) -> Table:
        """What is done to a message of ours."""
        found = self._out.get(kind)
        if found is None:
            counted = bool(self.dialect.contracts)
            names = self.names(ANSWERS.get(kind, ASKED))
            steps = self.dialect.outbound
            found = compiled(kind, steps, inward=False, counted=counted, names=names)
            self._out[kind] = found
        return found

    def names(self, asked: tuple[str, ...]) -> dict[int, int]:
        """Our tags in the client's words, in messages of these types; the first one decides."""
        found = self._names.get(asked)
        if found is None:
            found = {}
            for kind in asked:
                table = self.table_in(kind)
                renamed = {one.to: tag for tag, one in table.acts.items() if one.to != tag}
                renamed |= dict.fromkeys(table.read.values(), PARTY_COUNT)
                if table.entry is not None:
                    renamed.setdefault(table.entry[0], table.entry[1][0])
                found = renamed | found
            self._names[asked] = found
        return found

    def name_out(self, kind: str, tag: int) -> int:
        """What one of our tags is called in a message that we send."""
        one = self.table_out(kind).acts.get(tag)
        return tag if one is None else one.to

    def routed(self, kind: str, deliver_to: str, deliver_to_sub: str) -> Fields:
        """For whom a message is, 128 and 129, in the client's words."""
        fields: Fields = []
        acts = self.table_out(kind).acts
        for tag, value in ((128, deliver_to), (129, deliver_to_sub)):
            if not value:
                continue
            one = acts.get(tag)
            if one is None:
                fields.append((tag, value))
            elif one.then != DROP:
                fields.append((one.to, (one.values or {}).get(value, value)))
        return fields

    def _base(self, symbol: str) -> str:
        """What a quantity without a Currency(15) counts (R6); "" where nothing says so."""
        base, slash, _ = self._symbols.get(symbol, symbol).partition("/")
        return base if slash else ""

    def _contract(self, symbol: str) -> Contract | None:
        ours = self._symbols.get(symbol, symbol)
        for contract in self.dialect.contracts:
            if not contract.symbols or ours in contract.symbols:
                return contract
        return None

    # -- the two ways --------------------------------------------------------------------------

    def inbound(self, kind: str, fields: Fields) -> Fields:
        """A message of the client in our words.

        Errors: WireError in our words, as the parser's are: the answer to it is translated.
        """
        return self._translated(self.table_in(kind), fields)

    def outbound(self, kind: str, fields: Fields) -> Fields:
        """A message of ours in the client's words."""
        return self._translated(self.table_out(kind), fields)

    def in_our_words(self, text: str) -> str:
        """What a client sent, as a text of our fields; as he sent it where it cannot be read."""
        try:
            fields = self.inbound(field_of(SOH + text, 35), split(text))
        except WireError:
            return SOH + text
        return SOH + "".join([f"{tag}={value}{SOH}" for tag, value in fields])

    def said(self, kind: str, body: str) -> str:
        """`outbound` of a body: `tag=value` fields with SOH behind each."""
        table = self.table_out(kind)
        if not table.works:
            return body
        fields = self._translated(table, split(body))
        return "".join([f"{tag}={value}{SOH}" for tag, value in fields])

    def _translated(self, table: Table, fields: Fields) -> Fields:
        acts = table.acts
        if not table.works:
            return fields
        out: Fields = []
        aside = _Aside()
        for field in fields:
            act = acts.get(field[0])
            if act is None:
                out.append(field)
                continue
            then, value = act.then, field[1]
            if act.values is not None:
                value = _mapped(act, field)
            if then in (OUT, MEMBER, ENTRY):
                if then == MEMBER and _again(act.to, aside, table):
                    continue
                where = aside.entry if then == ENTRY and not aside.grouped else out
                if act.mark:
                    aside.marks.append((act.mark, where, len(where)))
                where.append((act.to, value))
                if act.to != field[0]:
                    aside.renamed.add(act.to)
            elif then != DROP:
                aside.take(act, field, value, out)
        return self._finished(table, out, aside, fields)

    def _finished(self, table: Table, out: Fields, aside: "_Aside", fields: Fields) -> Fields:
        """What stood aside is put where it belongs."""
        if aside.taken:
            _settle(table, out, aside)
        if aside.marks:
            said = table.acts.get(15)
            count_contracts(
                self._contract,
                self._base,
                aside.marks,
                inward=table.inward,
                currency=15 if said is None else 0 if said.then == DROP else said.to,
            )
        if aside.front:
            out[:0] = aside.front
        if table.defaults or table.fixed:
            _filled(table, out, aside)
        if table.read or table.made:
            kept = parties_read(table.read, aside.parties, out)
            with_parties(out, kept + made_party(table.made, aside.party))
        if table.into:
            into_entries(table.into, aside.into, out)
        if table.entry is not None and aside.entry:
            count, members = table.entry
            if aside.grouped:  # he sent the group after all: what stands in front of it is no entry
                out[:0] = aside.entry
            else:
                entry = sorted(aside.entry, key=lambda field: field[0] != members[0])
                out += [(count, "1"), *entry]
        if aside.named:
            self._name(table, out, aside.named, fields)
        if table.to_front:
            out.sort(key=lambda field: field[0] not in HEADER)
        return out

    def _name(self, table: Table, out: Fields, named: list[int], fields: Fields) -> None:
        """371 and `tag=38` of Text(58) name what the client called it."""
        said = dict(fields)
        about = said.get(372)
        names = self.names((about,) if about else ANSWERS.get(table.kind, ASKED))
        ref = said.get(371, "")
        named_as = str(names.get(int(ref), ref)) if ref.isdecimal() else ref
        for place in named:
            tag, value = out[place]
            if tag == 371:
                value = named_as
            elif ref and value.startswith(f"{ref} "):
                value = named_as + value.removeprefix(ref)  # 58 of a Reject begins with the tag
            else:
                value = _NAMED.sub(lambda m: f"tag={names.get(int(m[1]), m[1])}", value)
            out[place] = (tag, value)


ANSWERS: dict[str, tuple[str, ...]] = {
    "8": ("D", "G", "H", "F"),
    "9": ("F", "G"),
    "b": ("R", "a", "Z"),
    "AG": ("R",),
    "AI": ("a", "Z", "AJ"),
    "r": ("q",),
    "Y": ("V",),
}
"""What an answer is about, where it does not say by RefMsgType(372)."""

ASKED = ("D", "G", "F", "R", "H", "Z", "V", "a", "AJ", "q", "AF")


def translation_of(session: Session) -> Translation | None:
    """The dialect of a session at work; None for one that speaks as we do."""
    if session.dialect is None or not session.dialect.speaks:
        return None
    return Translation(session.dialect, session.symbols)


class _Aside:
    """Fields that do not stay where they stood, and what must be known of others."""

    __slots__ = (
        *("entry", "front", "grouped", "into", "marks", "members", "named", "parties", "party"),
        *("renamed", "taken"),
    )

    def __init__(self) -> None:
        self.entry: Fields = []
        self.front: Fields = []
        self.grouped = False
        self.into: list[tuple[int, int, str]] = []
        self.marks: list[Mark] = []
        self.members: set[int] = set()
        self.named: list[int] = []
        self.parties: Fields = []
        self.party: Fields = []
        self.renamed: set[int] = set()
        self.taken: list[tuple[int, str]] = []

    def take(self, act: Act, field: tuple[int, str], value: str, out: Fields) -> None:
        """Put a field where its act says."""
        then = act.then
        if then == TAKEN:
            self.taken.append(field)
            out.append((act.to, value))
            return
        if then == GROUPED:
            self.grouped = True
            out.append(field)
        elif then == NAMED:
            self.named.append(len(out))
            out.append(field)
        elif then == PARTIES_OF:
            self.parties.append(field)
        elif then == PARTY:
            self.party.append((act.to, value))
        elif then == FRONT:
            self.front.append((act.to, value))
        elif then == INTO:
            # A body stands in the order of its tags, so behind the count a lower one is an entry's.
            if field[0] < act.group and any(tag == act.group for tag, _ in out):
                out.append((act.to, value))
            else:
                self.into.append((act.group, act.to, value))
        if act.to != field[0]:
            self.renamed.add(act.to)


def _mapped(act: Act, field: tuple[int, str]) -> str:
    assert act.values is not None
    value = field[1]
    found = act.values.get(value)
    if found is None:
        if act.closed:
            tag = act.to
            raise WireError(VALUE_IS_INCORRECT, tag, f"{tag} has a value that is not agreed")
        return value
    return found


def _again(tag: int, aside: _Aside, table: Table) -> bool:
    """Whether a field of a flattened group belongs to its second entry: refused, or not said."""
    if tag not in aside.members:
        aside.members.add(tag)
        return False
    if table.inward:
        count = next(iter(table.groups))
        raise WireError(VALUE_IS_INCORRECT, count, f"{count} has more than one entry")
    return True


def _settle(table: Table, out: Fields, aside: _Aside) -> None:
    """A tag came as itself, and another one is read as it."""
    for tag, value in aside.taken:
        if tag not in aside.renamed:
            continue
        if table.inward:
            sent = next(t for t, one in table.acts.items() if one.to == tag and t != tag)
            why = f"{tag} came as well as {sent}, which is read as it"
            raise WireError(TAG_APPEARS_TWICE, 0, why)
        out.remove((tag, value))


def _filled(table: Table, out: Fields, aside: _Aside) -> None:
    """Defaults for what is absent, fixed values for what must be."""
    fixed = table.fixed
    if fixed:
        out[:] = [field for field in out if field[0] not in fixed]
        aside.entry[:] = [field for field in aside.entry if field[0] not in fixed]
    there = {tag for tag, _ in out} | {tag for tag, _ in aside.entry}
    there |= {tag for tag, _ in aside.party}
    members = table.entry[1] if table.entry else ()
    for tag, value in (*table.fixed.items(), *table.defaults.items()):
        if tag not in there:
            there.add(tag)
            (aside.entry if tag in members else out).append((tag, value))
