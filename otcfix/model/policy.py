"""Jurisdiction rules and the desk's licences, as decide reads them."""

from decimal import Decimal

from msgspec import Struct

from otcfix.model.verdict import Finding

ALLOW, DENY, LIMIT, REVIEW = "ALLOW", "DENY", "LIMIT", "REVIEW"
ANY = "*"
BUY, SELL = "buy", "sell"
CLASS_PREFIX = "class:"


class PolicyRule(Struct, frozen=True):
    """One rule. Each of jurisdiction .. side is a name or "*".

    jurisdiction: `US`, `US-NY` or a region; asset: a symbol, an asset, or `class:crypto`.
    client_class "*" is every class but retail in a rule that allows. side: buy or sell, the
    client's, of the base. valid_from and valid_to: ISO dates (UTC), both included, "" for open.
    limits: measure to amount (of LIMIT). licence: the kind that the desk must hold.
    """

    rule_id: str
    effect: str
    jurisdiction: str = ANY
    asset: str = ANY
    client_class: str = ANY
    product: str = ANY
    side: str = ANY
    limits: tuple[tuple[str, Decimal], ...] = ()
    licence: str = ""
    legal_reference: str = ""
    valid_from: str = ""
    valid_to: str = ""


class Licence(Struct, frozen=True):
    """What the desk may do, and where. jurisdiction: a country, a subdivision or a region."""

    licence_id: str
    kind: str
    jurisdiction: str
    entity: str = ""
    scope: str = ""
    active: bool = True
    valid_from: str = ""
    valid_to: str = ""


class Policy(Struct, frozen=True):
    """One version of the rules; version is the SHA-256 (hex) of their content (gate/policy.py).
    regions: name to countries and subdivisions. No rule: nothing is allowed."""

    version: str = ""
    regions: dict[str, tuple[str, ...]] = {}
    rules: tuple[PolicyRule, ...] = ()
    licences: tuple[Licence, ...] = ()


class PolicyAnswer(Struct, frozen=True):
    """What the rules say of one question. allowed: ALLOW, or LIMIT with its limits. why: in words,
    never for the wire. rule_id "": no rule. finding: the same for the record."""

    allowed: bool
    effect: str
    rule_id: str
    why: str
    limits: tuple[tuple[str, Decimal], ...] = ()
    finding: Finding | None = None


class SetPolicy(Struct, frozen=True, tag=True):
    """A new version of the rules holds from now on."""

    policy: Policy
    by: str
    why: str
