"""The stamped market of one instrument, as one client is priced on it."""

from decimal import Decimal

from otcfix.desk.draft import Draft
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side, Unit
from otcfix.model.party import Client
from otcfix.model.refusal import Refusal
from otcfix.pricing import Priced, Reference, client_side, price, reference


class Market:
    """Prices for one client on one instrument, this event's own deals included.

    refusal: why there is no price at all (NO_PRICE, MARKET_UNSTABLE), else None. mid: terms per
    base before any spread, None with a refusal.
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

    def price(self, side: Side, quantity: Decimal, unit: Unit = Unit.BASE) -> Priced | Refusal:
        """The client's price for *quantity*; side is his. Refusals as of `pricing.price`."""
        rates = self._draft.rates(self.instrument.symbol)
        if self._ref is None or rates is None:
            return self.refusal or Refusal.NO_PRICE
        levels = client_side(
            rates, self.instrument, side, self._draft.event.at, self._draft.taken_depth()
        )
        return price(levels, self._ref, self.instrument, self.tier, side, quantity, unit)


def group_of(draft: Draft, client: Client, symbol: str) -> str:
    """Name what the client's price of *symbol* depends on: clients of one group are priced alike
    by one event, so a stream prices a group once."""
    return client.tier
