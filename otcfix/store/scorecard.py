"""How well each hedge venue serves the desk: fills, rejects, hold time, slippage, markouts.

    cards = scorecards(store.hedges(), store.hedge_fills(ids), store.journal)

Markouts need the market some seconds after a fill. The journal has the rates that were stamped on
the events of that time: the first event at least that much later that shows the symbol counts.
Where the journal shows no market soon enough, a fill is left out, and the count says so.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal

import msgspec
from msgspec import Struct

from otcfix.model.event import Facts
from otcfix.model.hedge import BUSTED, REJECTED, HedgeFill, HedgeOrder
from otcfix.model.messages import Side
from otcfix.model.rates import Rates
from otcfix.model.record import JournalRow
from otcfix.model.time import MS, SECOND, Instant
from otcfix.store.hedges import HedgeFillRow

HORIZONS = (1, 5, 30)
"""Seconds after a fill at which the market is looked at."""

LATE_MAX = 30 * SECOND
"""How much later than its horizon a market may have been stamped and still count."""

AGE_MAX = 5 * SECOND
"""How old a stamped book may be."""

BPS = Decimal(10_000)
RATIO = Decimal("0.0001")
BP = Decimal("0.01")
ZERO = Decimal(0)

Journal = Callable[[int], Iterable[JournalRow]]
"""The journal's rows after an event."""

_facts = msgspec.json.Decoder(Facts).decode


class Markout(Struct, frozen=True):
    """The market *seconds* after the fills, against their price, from the desk's side.

    bps is weighted by quantity and positive when the market moved the desk's way (the venue lost);
    None when none of the fills could be measured. measured: how many could.
    """

    seconds: int
    bps: Decimal | None
    measured: int


class Scorecard(Struct, frozen=True):
    """One venue. Ratios are fractions, bps are of the middle at decision time.

    fill_ratio: filled of ordered quantity in base, instruments weighted alike by order;
    reject_ratio: rejected of all orders. hold times: from our decision to the first fill, in ms.
    slippage_bps: what the fills cost against the middle at decision, weighted by quantity;
    negative when they were better. busted: fills that the venue took back.
    """

    venue: str
    orders: int
    open: int
    fills: int
    busted: int
    fill_ratio: Decimal | None
    reject_ratio: Decimal | None
    hold_p50_ms: Decimal | None
    hold_p99_ms: Decimal | None
    slippage_bps: Decimal | None
    markouts: tuple[Markout, ...]


def scorecards(
    orders: Sequence[HedgeOrder], rows: Sequence[HedgeFillRow], journal: Journal
) -> list[Scorecard]:
    """Return a card for each venue of *orders*, by name; rows are the fills of these orders."""
    standing = _standing(rows)
    mids = _later_mids(standing, journal)
    busted: dict[str, int] = {}
    for row in rows:
        if row.fill.status == BUSTED:
            busted[row.fill.venue] = busted.get(row.fill.venue, 0) + 1
    cards = []
    for venue in sorted({order.venue for order in orders}):
        mine = [order for order in orders if order.venue == venue]
        fills = [row.fill for row in standing if row.fill.venue == venue]
        cards.append(_card(venue, mine, fills, busted.get(venue, 0), mids))
    return cards


def _standing(rows: Sequence[HedgeFillRow]) -> list[HedgeFillRow]:
    """The fills that were not taken back."""
    gone = {
        (row.fill.venue, row.fill.exec_id.removeprefix("R:"))
        for row in rows
        if row.fill.status == BUSTED
    }
    return [
        row
        for row in rows
        if row.fill.status != BUSTED and (row.fill.venue, row.fill.exec_id) not in gone
    ]


def _card(
    venue: str,
    orders: list[HedgeOrder],
    fills: list[HedgeFill],
    busted: int,
    mids: dict[tuple[str, int], Decimal],
) -> Scorecard:
    over = [order for order in orders if not order.is_open]
    shares = [min(order.cum_qty / order.quantity, Decimal(1)) for order in over]
    rejected = sum(order.status == REJECTED for order in over)
    holds = _holds(orders, fills)
    return Scorecard(
        venue,
        len(orders),
        len(orders) - len(over),
        len(fills),
        busted,
        _mean(shares, RATIO),
        (Decimal(rejected) / len(over)).quantize(RATIO) if over else None,
        _percentile(holds, 50),
        _percentile(holds, 99),
        _weighted([(fill.base_amount, -_gain(fill, fill.mid, fill.mid)) for fill in fills]),
        tuple(_markout(fills, mids, seconds) for seconds in HORIZONS),
    )


def _mean(values: list[Decimal], step: Decimal) -> Decimal | None:
    return (sum(values, ZERO) / len(values)).quantize(step) if values else None


def _holds(orders: list[HedgeOrder], fills: list[HedgeFill]) -> list[Decimal]:
    sent = {order.hedge_id: order.sent_at for order in orders}
    first: dict[str, Instant] = {}
    for fill in fills:
        if fill.hedge_id in sent:
            first[fill.hedge_id] = min(first.get(fill.hedge_id, fill.at), fill.at)
    return sorted(Decimal(at - sent[key]) / MS for key, at in first.items())


def _percentile(ordered: list[Decimal], percent: int) -> Decimal | None:
    """The nearest rank: a value that was really measured."""
    if not ordered:
        return None
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(rank, 1) - 1].quantize(Decimal("0.1"))


def _gain(fill: HedgeFill, market: Decimal, of: Decimal) -> Decimal:
    """How much better *market* is than the fill's price for the desk, in bps of *of*."""
    away = market - fill.price if fill.side is Side.BUY else fill.price - market
    return away * BPS / of if of else ZERO


def _weighted(values: list[tuple[Decimal, Decimal]]) -> Decimal | None:
    total = sum((weight for weight, _ in values), ZERO)
    if not total:
        return None
    return (sum((weight * value for weight, value in values), ZERO) / total).quantize(BP)


def _markout(fills: list[HedgeFill], mids: dict[tuple[str, int], Decimal], seconds: int) -> Markout:
    seen = [
        (fill.base_amount, _gain(fill, mids[key], fill.price))
        for fill in fills
        if (key := (f"{fill.venue}|{fill.exec_id}", seconds)) in mids
    ]
    return Markout(seconds, _weighted(seen), len(seen))


def _later_mids(rows: Sequence[HedgeFillRow], journal: Journal) -> dict[tuple[str, int], Decimal]:
    """The middle of the market for each fill and horizon.

    Walks the journal behind the fills only: where nothing waits to be measured it is skipped.
    """
    found: dict[tuple[str, int], Decimal] = {}
    coming = sorted(rows, key=lambda row: row.seq)
    place = 0
    while place < len(coming):
        waiting: dict[str, list[_Moment]] = {}
        for row in journal(coming[place].seq):
            while place < len(coming) and coming[place].seq < row.seq:
                _wait(waiting, coming[place].fill)
                place += 1
            _look(waiting, row, found)
            if not waiting:
                break
        else:
            break
    return found


_Moment = tuple[Instant, str, int]
"""When to look, for which fill, at which horizon."""


def _wait(waiting: dict[str, list[_Moment]], fill: HedgeFill) -> None:
    for seconds in HORIZONS:
        moment = (fill.at + seconds * SECOND, f"{fill.venue}|{fill.exec_id}", seconds)
        insort(waiting.setdefault(fill.symbol, []), moment)


def _look(
    waiting: dict[str, list[_Moment]], row: JournalRow, found: dict[tuple[str, int], Decimal]
) -> None:
    """Measure by one event what is due at it; what waits for too long is given up."""
    for symbol in list(waiting):
        moments = waiting[symbol]
        due = bisect_left(moments, (row.at + 1, "", 0))
        if not due:
            continue
        # A look at the text first: most events say nothing of the symbol.
        rates = _facts(row.facts).rates.get(symbol) if f'"{symbol}"' in row.facts else None
        mid = _mid(rates, row.at) if rates is not None else None
        kept = []
        for moment, fill, seconds in moments[:due]:
            if row.at - moment > LATE_MAX:
                continue
            if mid is None:
                kept.append((moment, fill, seconds))
            else:
                found[fill, seconds] = mid
        moments[:due] = kept
        if not moments:
            del waiting[symbol]


def _mid(rates: Rates, at: Instant) -> Decimal | None:
    """The middle of the young books; None when there is none or they cross."""
    books = [b for b in rates.books if b.bids and b.offers and at - b.changed_at <= AGE_MAX]
    if not books:
        return None
    bid = max(book.bids[0][0] for book in books)
    offer = min(book.offers[0][0] for book in books)
    return (bid + offer) / 2 if bid <= offer else None
