"""The stamped market of one instrument, as one client is priced on it.

What clients share is made once an event: the composite of a set of sources, and each side's depth.
"""

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from otcfix.desk.cover import traded
from otcfix.desk.draft import Draft
from otcfix.desk.register import Kept
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side, Unit
from otcfix.model.party import Client
from otcfix.model.pricing import Explanation, Life, Sources
from otcfix.model.refusal import Refusal
from otcfix.model.time import MS
from otcfix.pricing import Priced
from otcfix.pricing.client_price import Case, explain, largest, price
from otcfix.pricing.composite import Composite, age_max_ms, compose
from otcfix.pricing.ladder import Ladder, ladder
from otcfix.pricing.rules import Found, Settings, group_key

NO_LIFE = Life()


class Market:
    """Prices for one client on one instrument, this event's own deals included.

    refusal: why there is no price at all (NO_PRICE, MARKET_UNSTABLE), else None.
    """

    __slots__ = (
        "_case",
        "_draft",
        "_settings",
        "_sources",
        "client",
        "instrument",
        "refusal",
        "tier",
    )

    def __init__(self, draft: Draft, instrument: Instrument, client: Client) -> None:
        self._draft = draft
        self.instrument = instrument
        self.client = client
        self.tier = draft.register.tiers[client.tier]
        self._settings = draft.register.settings(instrument, client)
        found = _sources(draft, self._settings)
        self._sources = found[0] if found else ""
        symbol = instrument.symbol
        knowledge = draft.state.knowledge
        self._case = Case(
            instrument,
            client.client_id,
            self.tier,
            draft.event.at,
            _composite(draft, instrument, found),
            self._settings,
            knowledge.of(symbol),
            inventory(draft, symbol),
            knowledge.toxicity_of(client.client_id),
            client.no_skew,
        )
        self.refusal = self._case.composite.refusal

    @property
    def mid(self) -> Decimal | None:
        """The reference before any spread, terms per base; None with a refusal."""
        return None if self.refusal else self._case.composite.mid

    def best(self, side: Side) -> Decimal | None:
        """The composite's best price that a client on *side* deals against (R5)."""
        if self.refusal:
            return None
        composite = self._case.composite
        return composite.offer if side is Side.BUY else composite.bid

    def levels(self, side: Side) -> Ladder:
        """The depth that a client on *side* deals against, less what was taken (R16)."""
        draft, composite = self._draft, self._case.composite
        key = ("ladder", composite.symbol, self._sources, side, draft.takes)
        known = draft.memo.get(key)
        if known is None:
            known = draft.memo[key] = ladder(composite, side, draft.taken_depth())
        found: Ladder = known
        return found

    def price(self, side: Side, quantity: Decimal, unit: Unit = Unit.BASE) -> Priced | Refusal:
        """The client's price for *quantity*; side is his. Refusals as of `client_price.price`."""
        return price(self._case, self.levels(side), side, quantity, unit)

    def largest(self, side: Side, quantity: Decimal, worst: Decimal) -> Decimal:
        """q* of R16 in base, up to *quantity*, at no worse than *worst*; zero without a price."""
        return largest(self._case, self.levels(side), side, quantity, worst)

    def life(self, side: Side | None, quantity: Decimal | None) -> Life:
        """How firm a quote of *quantity* (base) is; what the rule leaves open, the instrument says.

        A rule bound to a side or to sizes does not match where that is None.
        """
        found = self._settings.slot("life", side, quantity, self._draft.event.at)
        said: Life = found[1] if found else NO_LIFE
        instrument = self.instrument
        return Life(
            instrument.quote_life_ms if said.quote_life_ms is None else said.quote_life_ms,
            instrument.cancel_band_bps if said.cancel_band_bps is None else said.cancel_band_bps,
            said.last_look,
            said.tolerance_bps,
            said.improvement,
        )

    def explain(self, ref_id: str, sides: Iterable[tuple[Side, Priced]]) -> Explanation:
        """Why these prices are what they are; ref_id: a QuoteID(117), or an ExecID(17)."""
        return explain(self._case, ref_id, sides)

    def shown(self, side: Side) -> Decimal:
        """All the base that the sources show to a client on *side*."""
        return self.levels(side).total()[0]

    def is_short(self, side: Side, quantity: Decimal, unit: Unit) -> bool:
        """Whether the sources show less than *quantity*."""
        return self.levels(side).sweep(quantity, unit is not Unit.BASE) is None


def _composite(draft: Draft, instrument: Instrument, found: Found | None) -> Composite:
    """The composite by the rule on sources; the one made last while nothing in it has changed.

    It depends on the time only by the age of its books: none of them turns stale before `until`.
    """
    symbol, at = instrument.symbol, draft.event.at
    key = (symbol, found[0] if found else "")
    rates, parameters = draft.rates(symbol), draft.state.knowledge.of(symbol)
    kept = draft.register.composites.get(key)
    if kept is not None and kept.of is rates and kept.by is parameters and at <= kept.until:
        return kept.composite
    sources: Sources | None = found[1] if found else None
    made = compose(rates, instrument, sources, draft.register.sources, parameters, at)
    books = rates.books if rates else ()
    oldest = min([book.changed_at for book in books], default=0)
    until = oldest + age_max_ms(instrument, sources) * MS
    draft.register.composites[key] = Kept(rates, parameters, until, made)
    return made


def mid_for(draft: Draft, instrument: Instrument, client: Client) -> Decimal | None:
    """The mid of *client*'s market, as `Market.mid`; made once for all clients of one rule."""
    settings = draft.register.settings(instrument, client)
    composite = _composite(draft, instrument, _sources(draft, settings))
    return None if composite.refusal else composite.mid


def _sources(draft: Draft, settings: Settings) -> Found | None:
    """The rule on sources; they are chosen before side and size."""
    return settings.slot("sources", None, None, draft.event.at)


class Reference(Struct, frozen=True, gc=False):
    """The composite before any spread, terms per base."""

    bid: Decimal
    offer: Decimal
    mid: Decimal


def reference(draft: Draft, instrument: Instrument) -> Reference | None:
    """The market as the desk itself deals in it: the rules on sources that name no client and no
    tier. None without a fresh, stable one."""
    found = _sources(draft, draft.register.house_settings(instrument))
    composite = _composite(draft, instrument, found)
    if composite.refusal is not None:
        return None
    return Reference(composite.bid, composite.offer, composite.mid)


def inventory(draft: Draft, symbol: str) -> Decimal:
    """The desk's own position of *symbol* in base, this event's deals included."""
    held = draft.state.inventory(symbol)
    for trade in draft.trades:
        if trade.symbol == symbol:
            held += traded(trade)
    return held


def group_of(draft: Draft, client: Client, instrument: Instrument) -> str:
    """Name what the client's price of *instrument* depends on: clients of one group are priced
    alike by one event, so a stream prices a group once."""
    settings = draft.register.settings(instrument, client)
    return group_key(settings, client, draft.state.knowledge.toxicity_of(client.client_id))
