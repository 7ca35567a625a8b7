"""What one price costs: composite, ladder, rules, components and explanation, per strategy.

No desk around it. Three sources of twenty levels with fees, seven rules beside the strategy; the
inventory is another one at each request, so that nothing is remembered from the one before.
"""

import time
from collections.abc import Sequence
from decimal import Decimal

from otcfix.bench.children import Answer
from otcfix.bench.measure import percentile, rounded
from otcfix.model.instrument import Hours, Instrument
from otcfix.model.messages import Side, Unit
from otcfix.model.money import Asset
from otcfix.model.party import Client, Tier
from otcfix.model.pricing import (
    AVELLANEDA_STOIKOV,
    FX_DEALER,
    GLFT,
    Guard,
    HedgeFloor,
    Match,
    Parameters,
    Rule,
    Skew,
    Sources,
    SourceTerms,
    Spread,
    Strategy,
    Toxicity,
)
from otcfix.model.rates import Rates, SourceBook
from otcfix.pricing.client_price import Case, Priced, explain, price
from otcfix.pricing.composite import compose
from otcfix.pricing.ladder import ladder
from otcfix.pricing.rules import settings_of

SYMBOL = "BTC/USD"
AT = 1_700_000_000_000_000
REQUESTS = 2_000

_d = Decimal
_NAMES = ("one", "two", "three")
_INSTRUMENT = Instrument(
    SYMBOL,
    Asset("BTC", 8),
    Asset("USD", 2),
    tick=_d("0.01"),
    lot=_d("0.001"),
    qty_min=_d("0.001"),
    qty_max=_d(1000),
    price_age_max_ms=2_000,
    quote_life_ms=3_000,
    collar_bps=_d(500),
    cancel_band_bps=_d(0),
    partial_min=_d("0.01"),
    settl_days=0,
    trading_day_zone="UTC",
    trading_day_end=0,
    hours=Hours("UTC"),
)
_TIER = Tier("gold", _d(5), _d(0))
_CLIENT = Client(
    "C1", "C1", True, "gold", ("C1",), (SYMBOL,), _d(1), _d(1), _d(1), 1, 1, _d(1), {}
)  # fmt: skip
_PARAMETERS = Parameters(SYMBOL, _d(150), tuple((name, _d(1)) for name in _NAMES))
_AROUND = (
    Rule("sources", sources=Sources()),
    Rule("toxicity", toxicity=Toxicity(_d("0.5"), _d(3))),
    Rule("floor", hedge_floor=HedgeFloor()),
    Rule("guard", guard=Guard()),
    Rule("skew", skew=Skew(_d(3), _d(10))),
    Rule("ladder", ladder=((_d(1), _d(0)), (_d(5), _d(1)), (_d(10), _d(2)))),
    Rule("evening", Match(windows=((0, 1_000), (2_000, 10_080))), session_factor=_d("1.5")),
)
_TIERS = ((_d("-1.9"), _d(11)), (_d("-0.3"), _d("3.5")))
_SIZES = ((_d(1), _d(900)), (_d(5), _d(540)))

STRATEGIES: dict[str, Rule] = {
    "fixed": Rule("s", spread=Spread(_d(4))),
    "vol_scaled": Rule("s", spread=Spread(_d(4), scaled=True, exponent=_d("0.5"))),
    "avellaneda_stoikov": Rule(
        "s",
        strategy=Strategy(
            AVELLANEDA_STOIKOV, gamma=_d("0.01"), k=_d("0.3"), horizon_days=_d("0.01")
        ),
    ),
    "glft": Rule(
        "s", strategy=Strategy(GLFT, gamma=_d("0.01"), k=_d("0.3"), arrivals_per_day=_d(1000))
    ),
    "fx_dealer": Rule(
        "s",
        strategy=Strategy(FX_DEALER, gamma=_d("0.002"), tiers=_TIERS, requests_per_day=_SIZES),
    ),
}


def measure(requests: int = REQUESTS) -> Answer:
    """Microseconds of one price with its explanation: p50 and p99 of each strategy."""
    return {name: _one(rule, requests) for name, rule in STRATEGIES.items()}


def _one(rule: Rule, requests: int) -> Answer:
    settings = settings_of((rule, *_AROUND), _INSTRUMENT, _CLIENT)
    terms = {name: SourceTerms(name, _d("0.5")) for name in _NAMES}
    rates = Rates(SYMBOL, tuple(_book(name, n) for n, name in enumerate(_NAMES)))
    took: list[float] = []
    for n in range(requests):
        inventory = _d(n) / 100
        side = Side.BUY if n % 2 else Side.SELL
        began = time.perf_counter_ns()
        sources = settings.slot("sources", None, None, AT)
        composite = compose(
            rates, _INSTRUMENT, sources[1] if sources else None, terms, _PARAMETERS, AT
        )
        case = Case(
            *(_INSTRUMENT, "C1", _TIER, AT, composite, settings),
            *(_PARAMETERS, inventory, _d("1.5")),
        )
        made = price(case, ladder(composite, side, {}), side, _d("2.5"), Unit.BASE)
        if not isinstance(made, Priced):
            raise RuntimeError(f"{rule}: {made}")
        explain(case, "Q1", ((side, made),))
        took.append((time.perf_counter_ns() - began) / 1_000)
    ordered: Sequence[float] = sorted(took)
    return {
        "p50_us": rounded(percentile(ordered, 0.5)),
        "p99_us": rounded(percentile(ordered, 0.99)),
    }


def _book(name: str, place: int) -> SourceBook:
    off = _d(place) / 100
    return SourceBook(
        name,
        1,
        AT - 1_000 * place,
        tuple([(_d(100_000) + off - _d(n) / 4, _d("0.5")) for n in range(20)]),
        tuple([(_d("100000.31") + off + _d(n) / 4, _d("0.5")) for n in range(20)]),
    )
