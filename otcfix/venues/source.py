"""SourceSpec: what a source is. Sources are not interchangeable (R11)."""

from dataclasses import dataclass

from otcfix.model.errors import ConfigError

SPOT = "spot"
PERPETUAL = "perpetual"
KINDS = (SPOT, PERPETUAL)

NO_BASIS = "none"
EWMA = "ewma"
BASES = (NO_BASIS, EWMA)


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """One book of one venue.

    name: unique in the desk; the source of its levels in every price explanation.
    venue: binance, hyperliquid, simulated, or a liquidity provider (key of his session or line).
    kind: spot or perpetual. base, quote: asset codes of its price and quantity.
    selector: the book in the venue's words (stream symbol, coin, or a provider's symbol).
    basis: "ewma" lets a perpetual contribute, shifted by the moving difference of spot and
        perpetual (half_life_s), and only after warm_up_s of it (R11).
    depth: levels of a side that are shown.
    silence_max_ms: no news for longer makes the book unusable until its next snapshot; 0: it only
        ages. A heartbeat, a deal and the same book again are no news.
    reference_of: the one instrument that is priced on this perpetual as it stands, unshifted and
        alone, because it is named for it (BTC/USD-PERP). Nothing else contributes to that one.
    """

    name: str
    venue: str
    kind: str
    base: str
    quote: str
    selector: str = ""
    basis: str = NO_BASIS
    half_life_s: int = 60
    warm_up_s: int = 120
    depth: int = 10
    reference_of: str = ""
    silence_max_ms: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be priced. Errors: ConfigError naming the source and the key."""
        faults = [
            (not self.name, "name: must not be empty"),
            (self.kind not in KINDS, f"kind: {self.kind!r} is not one of {', '.join(KINDS)}"),
            (self.basis not in BASES, f"basis: {self.basis!r} is not one of {', '.join(BASES)}"),
            (self.base == self.quote, f"base and quote: both are {self.base!r}"),
            (self.basis == EWMA and self.kind != PERPETUAL, "basis: only a perpetual has one"),
            (
                bool(self.reference_of) and self.kind != PERPETUAL,
                "reference_of: spot contributes to its pair anyway; it is for a perpetual",
            ),
            (self.half_life_s <= 0, "half_life_s: must be above 0"),
            (self.warm_up_s <= 0, "warm_up_s: must be above 0"),
            (self.depth < 1, "depth: must be at least 1"),
            (self.silence_max_ms < 0, "silence_max_ms: must not be below 0"),
        ]
        for wrong, what in faults:
            if wrong:
                raise ConfigError(f"source {self.name!r}: {what}")


def silence_of(spec: SourceSpec) -> str:
    """Why a source shows nothing that has been silent for too long."""
    return f"silence: no news for more than {spec.silence_max_ms} ms"
