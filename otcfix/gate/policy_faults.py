"""What is odd about rules of jurisdiction that can be read: for `otcfix check`.

Every kind of client that the rules tell apart is asked about in every instrument, on both sides, on
every day at which something changes; what a rule never does in all of that, it never does.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from otcfix.gate.policy import (
    ASSET_CLASS,
    LEG,
    LETS_PASS,
    NO_RULE,
    SYMBOL,
    Candidate,
    Question,
    Rulebook,
    next_boundary,
    question_of,
)
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side
from otcfix.model.party import Client
from otcfix.model.policy import ANY, BUY, CLASS_PREFIX, DENY, SELL, Policy, PolicyRule
from otcfix.model.profile import CLASSES
from otcfix.model.time import Instant, utc_day

ELSEWHERE = "ZZ"
"""A country that no rule names (ISO 3166 keeps this code for private use)."""

DAYS_MAX = 6
"""Days on which something changes that are looked at."""


def rule_faults(
    policy: Policy, instruments: Sequence[Instrument], not_dealt: Collection[str], at: Instant
) -> list[str]:
    """Rules that never decide, and pairs that decide otherwise than one would think.

    not_dealt: assets of no instrument that rules may deny all the same.
    """
    today, book = utc_day(at), Rulebook(policy)
    seen = _Seen()
    for asked in _questions(policy, instruments, at):
        seen.take(book, asked)
    found: list[str] = []
    for rule in policy.rules:
        where = f"rule {rule.rule_id}"
        if rule.valid_to and rule.valid_to < today:
            found.append(f"{where}: has ended: valid_to {rule.valid_to}")
        elif rule.rule_id in seen.deciding or rule.asset in not_dealt:
            continue
        elif rule.rule_id not in seen.beaten_by:
            found.append(f"{where}: never used: it matches no instrument of the desk")
        else:
            by = ", ".join(sorted(seen.beaten_by[rule.rule_id])[:3])
            found.append(f"{where}: never used: always decided by {by}")
    return found + seen.conflicts()


CONFLICTS_MAX = 100
"""Pairs of rules that are told one by one."""


class _Seen:
    """What came of the questions."""

    def __init__(self) -> None:
        self.deciding: set[str] = set()
        self.beaten_by: dict[str, set[str]] = defaultdict(set)
        self._equals: dict[tuple[str, str], str] = {}
        self._outdone: dict[tuple[str, str], str] = {}

    def take(self, book: Rulebook, asked: Question) -> None:
        """Ask one question."""
        holding = [one for one in book.candidates(asked) if one.holds]
        if not holding:
            return
        first = holding[0]
        for one in holding:
            name, winner = one.rule.rule_id, first.rule.rule_id
            if one.strength == first.strength:
                self.deciding.add(name)
                continue
            self.beaten_by[name].add(winner)
            if one.specificity == first.specificity:
                self._equals.setdefault((winner, name), _where(asked, first, one))
                continue
            lets_pass = one.rule.effect == DENY and first.rule.effect in LETS_PASS
            if lets_pass and not narrower(book, first.rule, one.rule, asked):
                self._outdone.setdefault((name, winner), _where(asked, first, one))

    def conflicts(self) -> list[str]:
        """Pairs whose winner is not plain to see."""
        equal = [
            f"rules {one} and {other}: overlap, equally specific, with different effects: {where}"
            for (one, other), where in self._equals.items()
        ]
        outdone = [
            f"rule {one}: a DENY that {other} outdoes where both match: {where}"
            for (one, other), where in self._outdone.items()
        ]
        found = sorted(equal) + sorted(outdone)
        more = len(found) - CONFLICTS_MAX
        return [*found[:CONFLICTS_MAX], f"and {more} more pairs of rules"] if more > 0 else found


def _where(asked: Question, winner: Candidate, other: Candidate) -> str:
    place = "elsewhere" if asked.jurisdiction == ELSEWHERE else asked.jurisdiction
    return (
        f"{winner.rule.effect} ({winner.specificity}) goes before {other.rule.effect} "
        f"({other.specificity}) for {asked.client_class} clients in {place} who {asked.side} "
        f"{asked.symbol} on {asked.day}"
    )


def narrower(book: Rulebook, rule: PolicyRule, other: PolicyRule, asked: Question) -> bool:
    """Whether *rule* is an exception of *other*, where both match: it reaches further in none of
    the dimensions."""
    members = book.policy.regions.get(rule.jurisdiction, (rule.jurisdiction,))
    inside = all(other.jurisdiction in dict(book.places(member)) for member in members)
    return (
        inside
        and _reach(rule.asset, asked) >= _reach(other.asset, asked)
        and other.client_class in (ANY, rule.client_class)
        and other.product in (ANY, rule.product)
        and other.side in (ANY, rule.side)
    )


def _reach(asset: str, asked: Question) -> int:
    if asset in (ANY, asked.symbol):
        return SYMBOL if asset == asked.symbol else 0
    return ASSET_CLASS if asset.startswith(CLASS_PREFIX) else LEG


def _questions(
    policy: Policy, instruments: Sequence[Instrument], at: Instant
) -> Iterator[Question]:
    places = {ELSEWHERE}
    for members in policy.regions.values():
        places.update(members)
    for rule in policy.rules:
        if rule.jurisdiction != ANY and rule.jurisdiction not in policy.regions:
            places.update((rule.jurisdiction, rule.jurisdiction.partition("-")[0]))
    days = [utc_day(at)]
    due = next_boundary(policy, at)
    while due is not None and len(days) < DAYS_MAX:
        days.append(utc_day(due))
        due = next_boundary(policy, due)
    for place in sorted(places):
        for client_class in CLASSES:
            for one in instruments:
                legs = (one.base.code, one.terms.code)
                for side in (BUY, SELL):
                    for day in days:
                        yield Question(
                            *(place, client_class, one.symbol, legs, one.asset_class),
                            *(one.product, side, day),
                        )


def gaps(
    policy: Policy, clients: Sequence[Client], instruments: Sequence[Instrument], day: str
) -> list[str]:
    """Clients to whom no rule speaks about what they may deal in by their own settings."""
    book = Rulebook(policy)
    found: list[str] = []
    for client in clients:
        known = client.profile
        missing = [
            name
            for name, value in (("jurisdiction", known.jurisdiction), ("class", known.client_class))
            if not value
        ]
        if missing:
            found.append(f"client {client.client_id}: no {' and no '.join(missing)}: denied")
            continue
        unspoken = [
            one.symbol
            for one in instruments
            if (one.symbol in client.instruments or ANY in client.instruments)
            and any(_unspoken(book, client, one, side, day) for side in Side)
        ]
        if unspoken:
            who = f"client {client.client_id} ({known.jurisdiction}, {known.client_class})"
            found.append(f"{who}: {NO_RULE} for {', '.join(unspoken)}: denied")
    return found


def _unspoken(book: Rulebook, client: Client, instrument: Instrument, side: Side, day: str) -> bool:
    return not book.answer(question_of(client, instrument, side, day)).rule_id


def licence_faults(policy: Policy, day: str) -> list[str]:
    """Licences that nobody asks for, that have expired, or that are asked for and not there."""
    required = {rule.licence: rule.rule_id for rule in policy.rules if rule.licence}
    kinds = {licence.kind for licence in policy.licences}
    found = [
        f"rule {rule_id}: requires the licence {kind}, which no [[licence]] is: it allows nothing"
        for kind, rule_id in sorted(required.items())
        if kind not in kinds
    ]
    for licence in policy.licences:
        where = f"licence {licence.licence_id}"
        if licence.kind not in required:
            found.append(f"{where}: no rule requires {licence.kind}")
        if licence.active and licence.valid_to and licence.valid_to < day:
            found.append(f"{where}: has expired: valid_to {licence.valid_to}")
    return found
