"""The rules of jurisdiction: which of them decides whether a client may deal in an instrument.

A rule speaks of five dimensions: jurisdiction, asset, client class, product, side. Each that it
names counts, by how narrow it is, and the sum is its specificity:

    jurisdiction   * 0, region 1, country 2, subdivision 3
    asset          * 0, class:... 1, asset of either leg 2, symbol 3
    client class, product, side      * 0, named 1

Of the rules that match on the day, those of the highest specificity decide; of these, DENY goes
before REVIEW, REVIEW before LIMIT, LIMIT before ALLOW. So `DENY XMR` (2) is not beaten by
`ALLOW US` (2). Rules that are still equal hold together: every licence that one of them requires
must be there, and of each limit the smallest counts. No rule: denied.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal

import msgspec
from msgspec import Struct, structs

from otcfix.model.decision import sha256_of
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side
from otcfix.model.party import Client
from otcfix.model.policy import (
    ALLOW,
    ANY,
    BUY,
    CLASS_PREFIX,
    DENY,
    LIMIT,
    REVIEW,
    SELL,
    Licence,
    Policy,
    PolicyAnswer,
    PolicyRule,
)
from otcfix.model.profile import RETAIL
from otcfix.model.refusal import Refusal
from otcfix.model.time import DAY, Instant, utc_day
from otcfix.model.verdict import Finding

RANK = {ALLOW: 0, LIMIT: 1, REVIEW: 2, DENY: 3}
"""Which effect wins among equally specific rules: the highest."""

LETS_PASS = (ALLOW, LIMIT)
REGION, COUNTRY, SUBDIVISION = 1, 2, 3
ASSET_CLASS, LEG, SYMBOL = 1, 2, 3
SIDES = {Side.BUY: BUY, Side.SELL: SELL}

NO_RULE = "no rule"

Limits = tuple[tuple[str, Decimal], ...]

_EPOCH = date(1970, 1, 1)
_LAST_DAY = "9999-12-31"
_encode = msgspec.msgpack.Encoder().encode


def canonical(policy: Policy) -> Policy:
    """The same rules in one order, with their version: equal content, equal Policy."""
    sorted_one = Policy(
        "",
        {name: tuple(sorted(set(members))) for name, members in sorted(policy.regions.items())},
        tuple(
            structs.replace(rule, limits=tuple(sorted(rule.limits)))
            for rule in sorted(policy.rules, key=lambda one: one.rule_id)
        ),
        tuple(sorted(policy.licences, key=lambda one: one.licence_id)),
    )
    return structs.replace(sorted_one, version=version_of(sorted_one))


def version_of(policy: Policy) -> str:
    """SHA-256 (hex) of the content of a policy, whatever version it bears."""
    return sha256_of(_encode((policy.regions, policy.rules, policy.licences))).hex()


class Question(Struct, frozen=True):
    """May a client of this jurisdiction and class deal in this, on this side, on this day?

    legs: base and terms asset; side: buy or sell; day: ISO date, UTC.
    """

    jurisdiction: str
    client_class: str
    symbol: str
    legs: tuple[str, ...]
    asset_class: str
    product: str
    side: str
    day: str


def question_of(client: Client, instrument: Instrument, side: Side, day: str) -> Question:
    """What is to be asked of the rules for *client* in *instrument*."""
    return Question(
        client.profile.jurisdiction,
        client.profile.client_class,
        instrument.symbol,
        (instrument.base.code, instrument.terms.code),
        instrument.asset_class,
        instrument.product,
        SIDES[side],
        day,
    )


class Candidate(Struct, frozen=True):
    """A rule that matches a question but for its dates, which `holds` says."""

    rule: PolicyRule
    specificity: int
    holds: bool

    @property
    def strength(self) -> tuple[int, int]:
        """The stronger one decides."""
        return self.specificity, RANK[self.rule.effect]


_Entry = tuple[int, PolicyRule]
_Bucket = dict[tuple[str, str, str], list[_Entry]]


class Rulebook:
    """One Policy, compiled: rules by jurisdiction and asset, then by the other three."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.label = f"policy {policy.version[:8]}"
        self._regions_of: dict[str, list[str]] = {}
        for region, members in policy.regions.items():
            for member in members:
                self._regions_of.setdefault(member, []).append(region)
        self._licences: dict[str, list[Licence]] = {}
        for licence in policy.licences:
            self._licences.setdefault(licence.kind, []).append(licence)
        self._index: dict[str, dict[str, _Bucket]] = {}
        for rule in policy.rules:
            rest = (rule.client_class, rule.product, rule.side)
            bucket = self._index.setdefault(rule.jurisdiction, {}).setdefault(rule.asset, {})
            named = sum(name != ANY for name in rest)
            bucket.setdefault(rest, []).append((named, rule))
        self._places: dict[str, tuple[tuple[str, int], ...]] = {}

    def places(self, jurisdiction: str) -> tuple[tuple[str, int], ...]:
        """What a rule or a licence may call it, with how narrow that is: itself, its country, the
        regions of either, and everywhere."""
        known = self._places.get(jurisdiction)
        if known is not None:
            return known
        country, is_part, _ = jurisdiction.partition("-")
        found = {jurisdiction: SUBDIVISION if is_part else COUNTRY, country: COUNTRY}
        for name in (jurisdiction, country):
            found.update(dict.fromkeys(self._regions_of.get(name, ()), REGION))
        found[ANY] = 0
        made = self._places[jurisdiction] = tuple(found.items())
        return made

    def _matching(self, asked: Question) -> Iterator[tuple[int, PolicyRule]]:
        assets = {ANY: 0}
        if asked.asset_class:
            assets[CLASS_PREFIX + asked.asset_class] = ASSET_CLASS
        assets.update(dict.fromkeys(asked.legs, LEG))
        assets[asked.symbol] = SYMBOL
        rests = [
            (client_class, product, side)
            for client_class in (asked.client_class, ANY)
            for product in (asked.product, ANY)
            for side in (asked.side, ANY)
        ]
        is_retail = asked.client_class == RETAIL
        for place, narrow in self.places(asked.jurisdiction):
            of_place = self._index.get(place)
            if of_place is None:
                continue
            for asset, narrow_too in assets.items():
                bucket = of_place.get(asset)
                if bucket is None:
                    continue
                for rest in rests:
                    for named, rule in bucket.get(rest, ()):
                        if is_retail and rest[0] == ANY and rule.effect in LETS_PASS:
                            continue  # retail must be named to be let in
                        yield narrow + narrow_too + named, rule

    def candidates(self, asked: Question) -> list[Candidate]:
        """Every rule that matches but for its dates, the strongest first."""
        found = [
            Candidate(rule, specificity, holds_on(rule.valid_from, rule.valid_to, asked.day))
            for specificity, rule in self._matching(asked)
        ]
        found.sort(key=lambda one: one.rule.rule_id)
        found.sort(key=lambda one: (one.holds, one.strength), reverse=True)
        return found

    def answer(self, asked: Question) -> PolicyAnswer:
        """What the rules say; closed unless one of them opens."""
        for name, what in (("jurisdiction", asked.jurisdiction), ("class", asked.client_class)):
            if not what:
                why = f"the client has no {name}"
                return self._refused(DENY, "", why, f"{NO_RULE}: {why}")
        best = (-1, -1)
        winners: list[PolicyRule] = []
        for specificity, rule in self._matching(asked):
            strength = (specificity, RANK[rule.effect])
            if strength < best or not holds_on(rule.valid_from, rule.valid_to, asked.day):
                continue
            if strength > best:
                best, winners = strength, []
            winners.append(rule)
        if not winners:
            return self._refused(DENY, "", "no rule matches", NO_RULE)
        winners.sort(key=lambda one: one.rule_id)
        return self._decided(asked, winners)

    def _decided(self, asked: Question, winners: Sequence[PolicyRule]) -> PolicyAnswer:
        first = winners[0]
        if first.effect == DENY:
            return self._refused(DENY, first.rule_id, "the rule denies", first.rule_id)
        if first.effect == REVIEW:
            why = "the rule wants a person to look at it"
            return self._refused(REVIEW, first.rule_id, why, f"{first.rule_id}: review")
        for rule in winners:
            if rule.licence and self.licence_for(rule.licence, asked) is None:
                why = f"no active licence {rule.licence} for {asked.jurisdiction}"
                return self._refused(DENY, rule.rule_id, why, f"{rule.rule_id}: {why}")
        limits = smallest(rule.limits for rule in winners)
        why = f"the rule {'limits' if limits else 'allows'}"
        return PolicyAnswer(True, first.effect, first.rule_id, why, limits, self._found(first))

    def licence_for(self, kind: str, asked: Question) -> Licence | None:
        """An active licence of the desk of that kind, on that day, for the client's jurisdiction;
        None when there is none."""
        covered = dict(self.places(asked.jurisdiction))
        for licence in self._licences.get(kind, ()):
            covers = licence.active and licence.jurisdiction in covered
            if covers and holds_on(licence.valid_from, licence.valid_to, asked.day):
                return licence
        return None

    def _found(self, rule: PolicyRule) -> Finding:
        return Finding("jurisdiction", None, rule.rule_id, self.label)

    def _refused(self, effect: str, rule_id: str, why: str, measured: str) -> PolicyAnswer:
        finding = Finding("jurisdiction", Refusal.NOT_AUTHORISED, measured, self.label)
        return PolicyAnswer(False, effect, rule_id, why, (), finding)

    def both(self, buy: PolicyAnswer, sell: PolicyAnswer) -> PolicyAnswer:
        """Of two sides: what is allowed on both, with the smaller limits; else why it is not."""
        refused = [one for one in (buy, sell) if not one.allowed]
        if refused:
            return max(refused, key=lambda one: RANK[one.effect])
        if buy.rule_id == sell.rule_id and buy.limits == sell.limits:
            return buy
        limits = smallest((buy.limits, sell.limits))
        rule_id = " and ".join(dict.fromkeys((buy.rule_id, sell.rule_id)))
        finding = Finding("jurisdiction", None, rule_id, self.label)
        effect, why = max(buy.effect, sell.effect, key=RANK.__getitem__), "both sides are allowed"
        return PolicyAnswer(True, effect, rule_id, why, limits, finding)

    def for_side(
        self, client: Client, instrument: Instrument, side: Side | None, day: str
    ) -> PolicyAnswer:
        """What the rules say to *client* in *instrument*; side None: on both sides."""
        if side is not None:
            return self.answer(question_of(client, instrument, side, day))
        buy, sell = (self.answer(question_of(client, instrument, one, day)) for one in Side)
        return self.both(buy, sell)


def smallest(limits: Iterable[Limits]) -> Limits:
    """Of each measure the smallest amount, in the order of the measures' names."""
    least: dict[str, Decimal] = {}
    for one in limits:
        for measure, amount in one:
            least[measure] = min(amount, least.get(measure, amount))
    return tuple(sorted(least.items()))


def holds_on(valid_from: str, valid_to: str, day: str) -> bool:
    """Whether *day* lies between two ISO dates, both included; "" is open."""
    return (not valid_from or valid_from <= day) and (not valid_to or day <= valid_to)


def next_boundary(policy: Policy, at: Instant) -> Instant | None:
    """The next midnight (UTC) after *at* at which a rule or a licence begins or ends to hold."""
    today = utc_day(at)
    dues: set[Instant] = set()
    spans = [(rule.valid_from, rule.valid_to) for rule in policy.rules]
    spans += [(licence.valid_from, licence.valid_to) for licence in policy.licences]
    for valid_from, valid_to in spans:
        if valid_from > today:
            dues.add(_midnight(valid_from))
        if valid_to and today <= valid_to < _LAST_DAY:
            dues.add(_midnight(valid_to) + DAY)
    return min(dues, default=None)


def _midnight(day: str) -> Instant:
    return (date.fromisoformat(day) - _EPOCH).days * DAY
