"""The ladder of executable prices of a group of clients: made once an event, however many listen.

A rung keeps its id as long as its price and size stay; new ones are for him who has dealt on it.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from decimal import Decimal

from otcfix.desk.authority import authority_of, forbidden
from otcfix.desk.draft import Draft
from otcfix.desk.ids import ALPHABET
from otcfix.desk.market import Market, group_of
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side
from otcfix.model.money import to_multiple
from otcfix.model.party import Desk
from otcfix.model.stream import EMPTY, Rung, StreamImage, Subscription
from otcfix.pricing import Priced

SIZES_MAX = 16
"""Rungs of a side that an id has letters for."""


def sizes_of(desk: Desk, instrument: Instrument) -> tuple[Decimal, ...]:
    """The sizes of a ladder, in base: as configured, else qty_min x 1, 10, 100 within qty_max."""
    most = min(desk.stream.sizes_max, SIZES_MAX)
    for symbol, sizes in desk.stream.sizes:
        if symbol == instrument.symbol:
            return sizes[:most]
    found: list[Decimal] = []
    size = to_multiple(instrument.qty_min, instrument.lot)
    while size <= instrument.qty_max and len(found) < most:
        found.append(size)
        size *= 10
    return tuple(found)


class Ladders:
    """The images of one event: each group is priced once, however many listen."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._markets: dict[tuple[str, str], Market] = {}
        self._images: dict[tuple[str, str], StreamImage | None] = {}
        self._groups: dict[tuple[str, str], str] = {}
        self._open: dict[str, bool] = {}
        self._hears: dict[tuple[str, str], bool] = {}
        self._dealers = {client_id for client_id, _ in draft.state.streams.hits}

    def open(self, symbol: str) -> bool:
        """Whether the symbol may be priced at all now."""
        state = self._draft.state
        known = self._open.get(symbol)
        if known is None:
            known = not state.halted and state.instrument_state(symbol) == "OPEN"
            self._open[symbol] = known
        return known

    def hears(self, session: str, client_id: str, symbol: str) -> bool:
        """Whether session and client may be told a price of *symbol*."""
        known = self._hears.get((session, symbol))
        if known is None:
            register = self._draft.register
            client, instrument = register.clients.get(client_id), register.instruments.get(symbol)
            known = forbidden(authority_of(self._draft, client, session, instrument)) is None
            self._hears[session, symbol] = known
        return known

    def priced(self, symbol: str, client_id: str) -> bool:
        """Whether there is a price at all for the client; much cheaper than a ladder."""
        return self._market(symbol, client_id)[1].refusal is None

    def of(self, symbol: str, subscription: Subscription) -> StreamImage | None:
        """The ladder of a subscription's group; None for an empty book."""
        told = self.hears(subscription.session, subscription.client_id, symbol)
        if not told or not self.open(symbol):
            return None
        group, market = self._market(symbol, subscription.client_id)
        key = (symbol, group)
        if key not in self._images:
            self._images[key] = None if market.refusal else self._image(symbol, group, market)
        image = self._images[key]
        if image is None or subscription.client_id not in self._dealers:
            return image
        return self._anew(image, subscription.client_id, market)

    def _anew(self, image: StreamImage, client_id: str, market: Market) -> StreamImage | None:
        """The same for a client who has dealt on *image*: what he dealt on under another id. The
        others of his group are told nothing, or they would know that somebody has dealt."""
        spent = self._spent(image, client_id)
        if not spent:
            return image
        key = (image.symbol, f"{image.group}/{client_id}")
        if key not in self._images:
            streams = self._draft.state.streams
            own = streams.image(streams.current.get(key, EMPTY))
            spent |= self._spent(own, client_id) if own else set()
            self._images[key] = self._image(*key, market, own or image, spent)
        return self._images[key]

    def _spent(self, image: StreamImage, client_id: str) -> set[str]:
        """The rungs of *image* that the client has dealt on."""
        hits = self._draft.state.streams.hits
        rungs = image.bids + image.offers
        return {rung.rung_id for rung in rungs if (client_id, rung.rung_id) in hits}

    def _market(self, symbol: str, client_id: str) -> tuple[str, Market]:
        draft = self._draft
        group = self._groups.get((symbol, client_id))
        if group is None:
            register = draft.register
            group = group_of(draft, register.clients[client_id], register.instruments[symbol])
            self._groups[symbol, client_id] = group
        market = self._markets.get((symbol, group))
        if market is None:
            register = draft.register
            instrument, client = register.instruments[symbol], register.clients[client_id]
            market = self._markets[symbol, group] = Market(draft, instrument, client)
        return group, market

    def _image(
        self,
        symbol: str,
        group: str,
        market: Market,
        before: StreamImage | None = None,
        spent: AbstractSet[str] = frozenset(),
    ) -> StreamImage | None:
        """before: whose rungs keep their ids where they stay the same; else the last of the
        group. spent: rungs that do not."""
        draft, streams = self._draft, self._draft.state.streams
        desk, mid = draft.register.desk, market.mid
        assert desk is not None
        assert mid is not None
        sizes = sizes_of(desk, market.instrument)
        sells, buys = (_prices(market, side, sizes) for side in (Side.SELL, Side.BUY))
        if not sells and not buys:
            return None
        sides = [(Side.SELL, one) for one in sells] + [(Side.BUY, one) for one in buys]
        bids, offers = _steps(sells, sizes), _steps(buys, sizes)
        before = before or streams.image(streams.current.get((symbol, group), EMPTY))
        known_bids, known_offers = (before.bids, before.offers) if before else ((), ())
        stays = before and _same(bids, known_bids) and _same(offers, known_offers)
        if stays and spent.isdisjoint(rung.rung_id for rung in known_bids + known_offers):
            return before
        image_id = draft.ids.next("P")
        made = StreamImage(
            image_id,
            symbol,
            group,
            _rungs(image_id, 0, bids, known_bids, spent),
            _rungs(image_id, SIZES_MAX, offers, known_offers, spent),
            mid,
            draft.event.at,
            market.explain(image_id, sides),
        )
        draft.images[image_id] = made
        return made


Steps = list[tuple[Decimal, Decimal]]


def _prices(market: Market, side: Side, sizes: Iterable[Decimal]) -> list[Priced]:
    """A price for each size, as deep as the market goes."""
    found: list[Priced] = []
    for size in sizes:
        priced = market.price(side, size)
        if not isinstance(priced, Priced):
            break
        found.append(priced)
    return found


def _steps(prices: list[Priced], sizes: Iterable[Decimal]) -> Steps:
    """(price, size)."""
    return [(priced.price, size) for priced, size in zip(prices, sizes, strict=False)]


def _same(steps: Steps, rungs: tuple[Rung, ...]) -> bool:
    return len(steps) == len(rungs) and all(
        price == rung.price and size == rung.size
        for (price, size), rung in zip(steps, rungs, strict=True)
    )


def _rungs(
    image_id: str, letter: int, steps: Steps, known: tuple[Rung, ...], spent: AbstractSet[str]
) -> tuple[Rung, ...]:
    """A rung that did not change keeps its id, unless its client has dealt on it."""
    made: list[Rung] = []
    for place, (price, size) in enumerate(steps):
        rung = known[place] if place < len(known) else None
        unchanged = rung is not None and rung.price == price and rung.size == size
        if rung is None or not unchanged or rung.rung_id in spent:
            rung = Rung(image_id + ALPHABET[letter + place], price, size)
        made.append(rung)
    return tuple(made)
