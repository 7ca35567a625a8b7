"""How a client's price is made: the rules, what is known of the market, and the explanation.

Every Decimal here has its unit in its name: _bps are basis points of the mid, _per_day and _days
count days of 86,400 s, quantities are base. Source: config/pricing.toml; R5, R11, R12, R19.
"""

from decimal import Decimal

from msgspec import Struct

from otcfix.model.messages import Side
from otcfix.model.time import Instant

NO_LOOK = "none"
SYMMETRIC = "tolerance"
LAST_LOOKS = (NO_LOOK, SYMMETRIC)

FIXED = "fixed"
VOL_SCALED = "vol_scaled"
AVELLANEDA_STOIKOV = "avellaneda_stoikov"
GLFT = "glft"
FX_DEALER = "fx_dealer"
STRATEGIES = (FIXED, VOL_SCALED, AVELLANEDA_STOIKOV, GLFT, FX_DEALER)


class Match(Struct, frozen=True, omit_defaults=True):
    """When a rule holds. An empty tuple or None binds nothing; all that is named must agree.

    side is the client's. size_min <= quantity < size_max, in base. windows: minutes from Monday
    00:00 in *zone*, as of hours; a window may wrap the week's end.
    """

    asset_classes: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    clients: tuple[str, ...] = ()
    side: Side | None = None
    size_min: Decimal | None = None
    size_max: Decimal | None = None
    zone: str = "UTC"
    windows: tuple[tuple[int, int], ...] = ()


class Spread(Struct, frozen=True, omit_defaults=True):
    """The base half-spread. vol_scaled: times (volatility / reference)^exponent, within bounds."""

    half_spread_bps: Decimal
    scaled: bool = False
    reference_bps_day: Decimal = Decimal(100)
    exponent: Decimal = Decimal(1)
    half_spread_min_bps: Decimal = Decimal(0)
    half_spread_max_bps: Decimal | None = None


class Strategy(Struct, frozen=True, omit_defaults=True):
    """A model that sets half-spread and skew from the inventory; `kind` is one of STRATEGIES.

    fixed and vol_scaled are the base spread alone. unit: base quantity that counts as one.
    avellaneda_stoikov, glft: gamma per bps and unit, k per bps, arrivals_per_day (A),
    horizon_days (T). fx_dealer: gamma per (bps x unit), tiers of (alpha, beta_per_bps), of which
    *tier* is this client's; requests_per_day per size (units). volatility comes from Parameters,
    unless volatility_bps_day fixes it.
    """

    kind: str
    unit: Decimal = Decimal(1)
    gamma: Decimal = Decimal(0)
    k: Decimal = Decimal(0)
    arrivals_per_day: Decimal = Decimal(0)
    horizon_days: Decimal = Decimal(0)
    tiers: tuple[tuple[Decimal, Decimal], ...] = ()
    tier: int = 0
    requests_per_day: tuple[tuple[Decimal, Decimal], ...] = ()
    volatility_bps_day: Decimal | None = None


class Skew(Struct, frozen=True, omit_defaults=True):
    """Linear skew against the inventory: -max_bps x inventory / full, never beyond max_bps."""

    max_bps: Decimal
    full: Decimal


class Toxicity(Struct, frozen=True, omit_defaults=True):
    """How much of the client's adverse markout is charged: factor x markout, at most max_bps."""

    factor: Decimal
    max_bps: Decimal


class HedgeFloor(Struct, frozen=True, omit_defaults=True):
    """Never better than the cover (the sweep with fees) by more than loss_max_bps, unless the
    deal reduces the inventory and reducing_free is set."""

    loss_max_bps: Decimal = Decimal(0)
    reducing_free: bool = True


class Guard(Struct, frozen=True, omit_defaults=True):
    """The last word: never through the mid by more than through_max_bps; what a fast market does.

    fast: "widen" multiplies every spread by fast_factor, "pause" refuses (MARKET_UNSTABLE).
    inventory_max: the desk passes (PASS) on what would take its own position, in base, further
    away from zero than this; None for no end.
    """

    through_max_bps: Decimal = Decimal(0)
    fast: str = "widen"
    fast_factor: Decimal = Decimal(2)
    inventory_max: Decimal | None = None


class Sources(Struct, frozen=True, omit_defaults=True):
    """Which sources may be used, and when one is refused.

    names: only these (a source is named as its book is); empty: all. age_max_ms: None takes the
    instrument's. mad_max: a mid further than so many median absolute deviations from the median
    of the mids is an outlier (needs three sources), deviations below mad_floor_bps count as that.
    wide_max: a spread wider than so many times its usual one is refused; usual ones below
    wide_floor_bps count as that (a market of one tick). fresh_min: how many must survive.
    """

    names: tuple[str, ...] = ()
    age_max_ms: int | None = None
    mad_max: Decimal = Decimal(6)
    mad_floor_bps: Decimal = Decimal(2)
    wide_max: Decimal = Decimal(5)
    wide_floor_bps: Decimal = Decimal(1)
    fresh_min: int = 1


class Life(Struct, frozen=True, omit_defaults=True):
    """How firm a quote is. None takes the instrument's word.

    last_look: "none" fills at the quoted price always (R19); "tolerance" refuses only what moved
    against the desk by more than tolerance_bps. improvement: what moved in the client's favour by
    more goes to him. hold_ms is told to clients; the desk decides at once, so it must be 0.
    """

    quote_life_ms: int | None = None
    cancel_band_bps: Decimal | None = None
    last_look: str = NO_LOOK
    tolerance_bps: Decimal = Decimal(0)
    improvement: bool = False


class Rule(Struct, frozen=True, omit_defaults=True):
    """One rule of pricing.toml. For each slot the first rule that matches and fills it wins."""

    rule_id: str
    match: Match = Match()
    spread: Spread | None = None
    session_factor: Decimal | None = None
    ladder: tuple[tuple[Decimal, Decimal], ...] | None = None
    strategy: Strategy | None = None
    skew: Skew | None = None
    toxicity: Toxicity | None = None
    hedge_floor: HedgeFloor | None = None
    guard: Guard | None = None
    sources: Sources | None = None
    life: Life | None = None


SLOTS = (
    "spread",
    "session_factor",
    "ladder",
    "strategy",
    "skew",
    "toxicity",
    "hedge_floor",
    "guard",
    "sources",
    "life",
)


class SourceTerms(Struct, frozen=True):
    """What dealing with a source costs, and how much its mid weighs in the composite.

    shifted: a perpetual that contributes by its basis, which must never stand alone (R11) but on
    the instrument that is named for it, reference_of.
    """

    name: str
    fee_bps: Decimal = Decimal(0)
    weight: Decimal = Decimal(1)
    shifted: bool = False
    reference_of: str = ""


class Parameters(Struct, frozen=True, omit_defaults=True):
    """What was measured of one instrument, outside, as Decimals (R12).

    volatility_bps_day: None before there is any history. usual_bps: per source, its usual
    (median) full spread. fast: the market moved too far too quickly a moment ago.
    """

    symbol: str
    volatility_bps_day: Decimal | None = None
    usual_bps: tuple[tuple[str, Decimal], ...] = ()
    fast: bool = False


class StreamTerms(Struct, frozen=True, omit_defaults=True):
    """How prices are streamed. interval_ms: at least between two updates of a symbol to one
    subscriber; rung_grace_ms: how long a replaced rung can still be dealt on; sizes_max: rungs of
    a ladder; rfq_*: the same of a request that is answered as a stream. sizes: per symbol, in base,
    ascending; a symbol that is not named has qty_min x 1, 10, 100 and so on."""

    interval_ms: int = 200
    rung_grace_ms: int = 500
    sizes_max: int = 5
    rfq_interval_ms: int = 500
    rfq_life_max_ms: int = 60_000
    sizes: tuple[tuple[str, tuple[Decimal, ...]], ...] = ()


class Component(Struct, frozen=True, gc=False, array_like=True):
    """One part of a price: *amount* in terms per base, signed as it moves the price; *bps* of the
    mid, signed against the client (positive: worse for him). rule names where it comes from."""

    name: str
    rule: str
    amount: Decimal
    bps: Decimal


class SideExplained(Struct, frozen=True, gc=False, array_like=True):
    """How one side came about: mid + the sum of the components' amounts is exactly *price*."""

    side: Side
    price: Decimal
    quantity: Decimal
    components: tuple[Component, ...]


class Explanation(Struct, frozen=True, gc=False, array_like=True):
    """Why a price is what it is. ref_id: the QuoteID(117), or the ExecID(17) of a deal that had
    none. used: source, its mid and age in ms; refused: source and why; knowledge: named numbers
    that went in (volatility, inventory, toxicity)."""

    ref_id: str
    symbol: str
    client_id: str
    at: Instant
    mid: Decimal
    used: tuple[tuple[str, Decimal, int], ...]
    refused: tuple[tuple[str, str], ...]
    knowledge: tuple[tuple[str, Decimal], ...]
    sides: tuple[SideExplained, ...]
