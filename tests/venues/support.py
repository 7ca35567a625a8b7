"""Short ways to say books, sources and instruments."""

from decimal import Decimal

from otcfix.model.feed import BestBidOffer, BookDelta, BookSnapshot
from otcfix.model.instrument import Hours, Instrument
from otcfix.model.messages import Head, ProviderQuote
from otcfix.model.money import Asset
from otcfix.model.time import SECOND, Instant
from otcfix.venues.source import SourceSpec

NOW: Instant = 1_700_000_000 * SECOND

ASSETS = {
    code: Asset(code, scale)
    for code, scale in (
        *(("BTC", 8), ("ETH", 9), ("ABC", 8)),
        *(("USD", 2), ("EUR", 2), ("USDT", 6), ("USDC", 6)),
    )
}


def dec(value: object) -> Decimal:
    return Decimal(str(value))


def levels(*pairs: tuple[object, object]) -> tuple[tuple[Decimal, Decimal], ...]:
    """Return levels from (price, quantity) pairs."""
    return tuple((dec(px), dec(qty)) for px, qty in pairs)


def instrument(symbol: str, *, tick: str = "0.01", price_age_max_ms: int = 2_000) -> Instrument:
    """Return an instrument named base/terms, or base/terms-PERP."""
    base, _, terms = symbol.removesuffix("-PERP").partition("/")
    return Instrument(
        symbol=symbol,
        base=ASSETS[base],
        terms=ASSETS[terms],
        tick=Decimal(tick),
        lot=Decimal("0.001"),
        qty_min=Decimal("0.001"),
        qty_max=Decimal(100),
        price_age_max_ms=price_age_max_ms,
        quote_life_ms=3_000,
        collar_bps=Decimal(500),
        cancel_band_bps=Decimal(10),
        partial_min=Decimal("0.001"),
        settl_days=0,
        trading_day_zone="America/New_York",
        trading_day_end=17 * 60,
        hours=Hours("UTC"),
    )


def spot(name: str, pair: str, **more: object) -> SourceSpec:
    """Return a spot source of *pair* (BTC/USDT)."""
    base, _, quote = pair.partition("/")
    given = {"venue": "simulated", "selector": pair, **more}
    return SourceSpec(name=name, kind="spot", base=base, quote=quote, **given)


def perpetual(name: str, pair: str, **more: object) -> SourceSpec:
    """Return a perpetual source of *pair*."""
    base, _, quote = pair.partition("/")
    given = {"venue": "simulated", "selector": pair, **more}
    return SourceSpec(name=name, kind="perpetual", base=base, quote=quote, **given)


def snapshot(
    bids: object = ((99, 1),),
    offers: object = ((101, 1),),
    *,
    last_id: int | None = None,
    at: Instant = NOW,
    venue_time: Instant | None = None,
) -> BookSnapshot:
    return BookSnapshot("abcusdt", at, levels(*bids), levels(*offers), venue_time, last_id)


def delta(
    first_id: int,
    last_id: int,
    bids: object = (),
    offers: object = (),
    *,
    previous_id: int | None = None,
    at: Instant = NOW,
    venue_time: Instant | None = None,
) -> BookDelta:
    return BookDelta(
        "abcusdt", at, levels(*bids), levels(*offers), first_id, last_id, previous_id, venue_time
    )


def best(update_id: int, bid: object, offer: object, *, at: Instant = NOW) -> BestBidOffer:
    """Return a best bid and offer from two (price, quantity) pairs."""
    (bid_px, bid_qty), (offer_px, offer_qty) = levels(bid, offer)
    return BestBidOffer("abcusdt", at, update_id, bid_px, bid_qty, offer_px, offer_qty)


def provider_quote(
    bid: object = 99,
    offer: object = 101,
    *,
    session: str = "LP1",
    symbol: str = "BTC/USD",
    bid_size: object = 1,
    offer_size: object = 1,
    valid_until: Instant | None = None,
) -> ProviderQuote:
    return ProviderQuote(
        head=Head(session, "S", 1, NOW),
        quote_id="L1",
        symbol=symbol,
        bid=None if bid is None else dec(bid),
        offer=None if offer is None else dec(offer),
        bid_size=None if bid_size is None else dec(bid_size),
        offer_size=None if offer_size is None else dec(offer_size),
        valid_until=valid_until,
    )
