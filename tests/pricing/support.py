"""Markets and cases for the tests of pricing."""

from decimal import Decimal
from typing import Any

from otcfix.model.party import Tier
from otcfix.model.pricing import Parameters, Rule, Sources, SourceTerms
from otcfix.model.rates import Level, Rates, SourceBook
from otcfix.pricing.client_price import Case
from otcfix.pricing.composite import Composite, compose
from otcfix.pricing.rules import settings_of
from tests.support.house_desk import CLIENTS, INSTRUMENTS

BTC = INSTRUMENTS["BTC/USD"]
ALPHA = CLIENTS["ALPHA"]
TIER = Tier("t", Decimal(5), Decimal(0))
NOW = 1_000_000_000
NOTHING = Parameters("BTC/USD")


def d(text: str) -> Decimal:
    return Decimal(text)


def side(*levels: str) -> tuple[Level, ...]:
    """Levels from "price x quantity"."""
    pairs = (level.split("x") for level in levels)
    return tuple((Decimal(px), Decimal(quantity)) for px, quantity in pairs)


def book(
    source: str, bids: tuple[Level, ...], offers: tuple[Level, ...], age_ms: int = 0
) -> SourceBook:
    return SourceBook(source, 1, NOW - age_ms * 1000, bids, offers)


def around(source: str, mid: str, half: str = "1", age_ms: int = 0, size: str = "5") -> SourceBook:
    """One level a side, *half* around *mid*."""
    return book(
        source,
        ((d(mid) - d(half), d(size)),),
        ((d(mid) + d(half), d(size)),),
        age_ms,
    )


def composed(
    *books: SourceBook,
    sources: Sources | None = None,
    fees: dict[str, str] | None = None,
    weights: dict[str, str] | None = None,
    parameters: Parameters = NOTHING,
    missing: tuple[tuple[str, str], ...] = (),
) -> Composite:
    fees, weights = fees or {}, weights or {}
    terms = {
        name: SourceTerms(name, d(fees.get(name, "0")), d(weights.get(name, "1")))
        for name in {*fees, *weights}
    }
    rates = Rates("BTC/USD", books, missing)
    return compose(rates, BTC, sources, terms, parameters, NOW)


def case(composite: Composite, *rules: Rule, **changes: Any) -> Case:
    """ALPHA on BTC/USD under *rules*."""
    known: dict[str, Any] = {
        "instrument": BTC,
        "client_id": "ALPHA",
        "tier": TIER,
        "at": NOW,
        "composite": composite,
        "settings": settings_of(rules, BTC, ALPHA),
        "parameters": NOTHING,
    }
    return Case(**(known | changes))
