"""The stamped market of one instrument, as one client is priced on it."""

from decimal import Decimal

from otcfix.desk.draft import Draft
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side, Unit
from otcfix.model.party import Client
from otcfix.model.pricing import Life
from otcfix.model.refusal import Refusal
from otcfix.pricing import Priced, Reference, client_side, largest, price, reference, shown
from otcfix.pricing.sweep import Depth, sweep


class Market:
    """Prices for one client on one instrument, this event's own deals included.

    refusal: why there is no price at all (NO_PRICE, MARKET_UNSTABLE), else None. mid, bid and
    offer are the composite's before any spread, terms per base; None with a refusal.
    """

    __slots__ = ("_draft", "_ref", "client", "instrument", "refusal", "tier")

    def __init__(self, draft: Draft, instrument: Instrument, client: Client) -> None:
        self._draft = draft
        self.instrument = instrument
        self.client = client
        self.tier = draft.register.tiers[client.tier]
        found = reference(draft.rates(instrument.symbol), instrument, draft.event.at)
        self._ref = found if isinstance(found, Reference) else None
        self.refusal = found if isinstance(found, Refusal) else None

    @property
    def mid(self) -> Decimal | None:
        """The reference before any spread."""
        return self._ref.mid if self._ref else None

    def best(self, side: Side) -> Decimal | None:
        """The composite's best price that a client on *side* deals against (R5)."""
        if self._ref is None:
            return None
        return self._ref.offer if side is Side.BUY else self._ref.bid

    def levels(self, side: Side) -> Depth:
        """The depth that a client on *side* deals against, less what was taken (R16)."""
        rates = self._draft.rates(self.instrument.symbol)
        if rates is None or self.refusal is Refusal.NO_PRICE:
            return []
        at = self._draft.event.at
        return client_side(rates, self.instrument, side, at, self._draft.taken_depth())

    def price(self, side: Side, quantity: Decimal, unit: Unit = Unit.BASE) -> Priced | Refusal:
        """The client's price for *quantity*; side is his. Refusals as of `pricing.price`."""
        if self._ref is None:
            return self.refusal or Refusal.NO_PRICE
        levels = self.levels(side)
        return price(levels, self._ref, self.instrument, self.tier, side, quantity, unit)

    def largest(self, side: Side, quantity: Decimal, worst: Decimal) -> Decimal:
        """q* of R16 in base, up to *quantity*, at no worse than *worst*; zero without a price."""
        if self._ref is None:
            return Decimal(0)
        levels = self.levels(side)
        return largest(levels, self._ref, self.instrument, self.tier, side, quantity, worst)

    def life(self, side: Side | None, quantity: Decimal | None) -> Life:
        """How firm a quote of *quantity* is; every None filled from the instrument."""
        instrument = self.instrument
        return Life(instrument.quote_life_ms, instrument.cancel_band_bps)

    def shown(self, side: Side) -> Decimal:
        """All the base that the sources show to a client on *side*."""
        return shown(self.levels(side))

    def is_short(self, side: Side, quantity: Decimal, unit: Unit) -> bool:
        """Whether the sources show less than *quantity*."""
        return sweep(self.levels(side), quantity, unit is not Unit.BASE) is None


def group_of(draft: Draft, client: Client, symbol: str) -> str:
    """Name what the client's price of *symbol* depends on: clients of one group are priced alike
    by one event, so a stream prices a group once."""
    return client.tier
