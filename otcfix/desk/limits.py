"""Limits that staff set, and how much of them is used: a part of State."""

from decimal import Decimal

from msgspec import Struct

from otcfix.desk.desk_book import DeskBook
from otcfix.desk.limit_rows import (
    Compiled,
    Row,
    applies,
    compiled,
    needs_marks,
    own_limits,
    policy_rows,
    row_of,
)
from otcfix.desk.purses import Purses
from otcfix.desk.register import Register
from otcfix.desk.usage import KeptUsage, Usage
from otcfix.model.decision import Decision
from otcfix.model.event import Event
from otcfix.model.instrument import Instrument
from otcfix.model.limit import CLIENT, DESK, MEDIAN_MULTIPLE, TIER, Limit, SetLimit
from otcfix.model.party import Client
from otcfix.model.policy import PolicyAnswer
from otcfix.model.time import Instant

Key = tuple[str, str, str]

Marks = dict[str, tuple[Decimal, Instant]]


class KeptLimits(Struct, array_like=True):
    """Limits and their use, as they stand in a snapshot."""

    said: list[tuple[SetLimit, Instant]]
    marks: Marks
    usage: KeptUsage


class Limits:
    """What commands set (it wins over limits.toml and clients.toml), and what is used.

    Only `take` and `seed` change it. Rows are compiled once for each client and instrument, and
    dropped when anything that they are made of changes.
    """

    def __init__(self) -> None:
        self.said: dict[Key, tuple[SetLimit, Instant]] = {}
        self.marks: Marks = {}
        self.usage = Usage()
        self.book = DeskBook()
        self.purses = Purses()
        self.marked = False
        self.remembers = False
        self._seeds: tuple[Limit, ...] = ()
        self._policy_marked = False
        self._by_who: dict[str, list[Limit]] = {}
        self._made: dict[tuple[str, str, str, str], Row] = {}
        self._compiled: dict[tuple[str, str], Compiled] = {}
        self._of_policy: dict[tuple[str, str, PolicyAnswer], Compiled] = {}

    # -- reading -----------------------------------------------------------------------------

    def rows(self, seeds: tuple[Limit, ...]) -> list[Limit]:
        """Every limit that holds, those of the file first."""
        rows = {one.key: one for one in seeds}
        for key, (said, _) in self.said.items():
            if said.amount is None:
                rows.pop(key, None)
            else:
                rows[key] = Limit(*key, said.amount)
        return list(rows.values())

    def holding(self, key: Key, register: Register) -> Limit | None:
        """The limit of *key* as it holds now; None when there is none."""
        who, what, measure = key
        said = self.said.get(key)
        if said is not None:
            amount = said[0].amount
            return None if amount is None else Limit(who, what, measure, amount)
        found = {one.key: one for one in self._seeds}.get(key)
        client = register.clients.get(who.removeprefix(CLIENT)) if who.startswith(CLIENT) else None
        if found is None and client is not None:
            found = {one.key: one for one in own_limits(client)}.get(key)
        return found

    def overrules(self, key: Key) -> bool:
        """Whether a command or limits.toml speaks of *key*, so that clients.toml does not."""
        return key in self.said or any(one.key == key for one in self._seeds)

    def compiled(self, register: Register, client: Client, instrument: Instrument) -> Compiled:
        """The rows of *client* in *instrument*."""
        key = (client.client_id, instrument.symbol)
        found = self._compiled.get(key)
        if found is None:
            found = self._compiled[key] = compiled(self._rows_of(register, client, instrument))
        return found

    def with_policy(
        self, register: Register, client: Client, instrument: Instrument, answer: PolicyAnswer
    ) -> Compiled:
        """The same, with the limits that a rule of jurisdiction adds."""
        key = (client.client_id, instrument.symbol, answer)
        found = self._of_policy.get(key)
        if found is None:
            if len(self._of_policy) > POLICY_ROWS_KEPT:
                self._of_policy.clear()
            rows = self._rows_of(register, client, instrument)
            rows += policy_rows(register, client, instrument, answer)
            found = self._of_policy[key] = compiled(rows)
        return found

    def _rows_of(self, register: Register, client: Client, instrument: Instrument) -> list[Row]:
        """A row is made once, whichever instruments and clients it is for."""
        rows, client_id = [], client.client_id
        for limit in self._of(client, instrument):
            key = (limit.who, limit.what, limit.measure, "" if limit.who == DESK else client_id)
            row = self._made.get(key)
            if row is None:
                row = self._made[key] = row_of(register, limit, client_id)
            rows.append(row)
        return rows

    def _of(self, client: Client, instrument: Instrument) -> list[Limit]:
        own = f"{CLIENT}{client.client_id}"
        listed = {limit.key: limit for limit in own_limits(client) if limit.key not in self.said}
        for who in (own, f"{TIER}{client.tier}", DESK):
            listed |= {limit.key: limit for limit in self._by_who.get(who, ())}
        return [limit for limit in listed.values() if applies(limit, client, instrument)]

    # -- writing -----------------------------------------------------------------------------

    def seed(self, register: Register) -> None:
        """Take the limits of a new configuration."""
        desk = register.desk
        self._seeds = desk.limits if desk else ()
        self._policy_marked = needs_marks((), desk)
        self._changed()

    def _changed(self) -> None:
        limits = self.rows(self._seeds)
        self._by_who = {}
        for limit in limits:
            self._by_who.setdefault(limit.who, []).append(limit)
        self.marked = self._policy_marked or needs_marks(limits, None)
        self.remembers = any(limit.measure == MEDIAN_MULTIPLE for limit in limits)
        if not self.remembers:
            self.usage.forget_history()
        self.forget_rows()

    def forget_rows(self) -> None:
        """Something that rows are made of has changed."""
        self._made.clear()
        self._compiled.clear()
        self._of_policy.clear()

    def take(self, event: Event, decision: Decision, register: Register) -> None:
        """What *decision* sets and uses."""
        for said in decision.limits:
            self.said[said.key] = (said, event.at)
        if decision.policy is not None:
            self.seed(register)  # its rules may limit what is valued at marks
        elif decision.limits:
            self._changed()
        elif decision.clients:
            self.forget_rows()
        if event.kind == "MarksMoved":
            self.marks = event.body.marks
        self.usage.take(event, decision, register, remember=self.remembers)

    # -- keeping -----------------------------------------------------------------------------

    def keep(self) -> KeptLimits:
        """For a snapshot."""
        return KeptLimits(list(self.said.values()), self.marks, self.usage.keep())

    @classmethod
    def load(cls, kept: KeptLimits, register: Register) -> "Limits":
        """From a snapshot; State puts orders and quotes behind it."""
        made = cls()
        made.said = {said.key: (said, at) for said, at in kept.said}
        made.marks = kept.marks
        made.usage = Usage.load(kept.usage)
        made.seed(register)
        return made


POLICY_ROWS_KEPT = 50_000
"""Compiled rows of policy answers that are kept: clients times instruments times their rules."""
