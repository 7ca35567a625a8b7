"""How fast the market comes in: one book change, and a recorded file from its bytes to a price.

No desk, no database, no network: what the feeds' threads and the look at a price cost.
"""

import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from otcfix.bench.children import Answer
from otcfix.bench.measure import percentile, rounded
from otcfix.model.feed import BookDelta, BookSnapshot
from otcfix.model.instrument import Hours, Instrument
from otcfix.model.money import Asset
from otcfix.model.rates import Level
from otcfix.model.time import MS, Instant
from otcfix.venues.intake import Intake
from otcfix.venues.ratebook import RateBook
from otcfix.venues.recorded import guess, read
from otcfix.venues.source import EWMA, NO_BASIS, PERPETUAL, SPOT, SourceSpec

SYMBOL = "BTC/USDT"
BEGAN: Instant = 1_700_000_000_000_000
CONFLATE = 50 * MS
"""How often the recorded market is looked at by somebody who takes only the latest."""

_MID = 6_000_000  # ticks
_TICK = Decimal("0.01")
_LOT = Decimal("0.00001")


def composite_update(
    *, changes: int = 20_000, sources: int = 3, levels: int = 20, perpetual: bool = False
) -> Answer:
    """From one changed level of one source to fresh Rates, in microseconds.

    update: RateBook.update with the source's new book, then rates. untrimmed: the same with levels
    that may be padded as venues do, all to be trimmed. intake: the venue's delta through the
    source's book first. perpetual: the last source is one, shifted by its basis. The same seeded
    changes in every run.
    """
    books, rate_book, intakes = _market(sources, levels, perpetual=perpetual)
    random = Random(7)  # noqa: S311 - a market, not a secret
    now = BEGAN + 1_000 * MS
    direct: list[float] = []
    padded: list[float] = []
    whole: list[float] = []
    for n in range(changes):
        intake = intakes[n % sources]
        now += MS
        delta = _change(random, intake.spec.name, books, now, n)
        began = time.perf_counter_ns()
        intake.take(delta)
        rate_book.rates(SYMBOL, now)
        whole.append((time.perf_counter_ns() - began) / 1_000)
        bids, offers = intake.book.top()
        now += MS
        began = time.perf_counter_ns()
        rate_book.update(intake.spec.name, bids, offers, now, trim=False)
        rates = rate_book.rates(SYMBOL, now)
        direct.append((time.perf_counter_ns() - began) / 1_000)
        now += MS
        began = time.perf_counter_ns()
        rate_book.update(intake.spec.name, bids, offers, now)
        rates = rate_book.rates(SYMBOL, now)
        padded.append((time.perf_counter_ns() - began) / 1_000)
    if len(rates.books) != sources or len(rates.books[0].bids) != levels:
        raise RuntimeError(f"the market is not the one to measure: {rates}")
    return {"update": _figures(direct), "untrimmed": _figures(padded), "intake": _figures(whole)}


def recorded_file(path: Path | None = None, *, conflate: Instant = CONFLATE) -> Answer:
    """A recorded file through parse, book, composite and conflation, as fast as one core can.

    Every book change composes the price anew; what is awaited is taken every *conflate* of the
    file's own time. Without a *path*: a seeded recording, written for the purpose.
    Errors: FeedBroken for a file that cannot be read.
    """
    if path is None:
        with TemporaryDirectory() as folder:
            made = Path(folder) / "seeded.txt"
            write_recording(made)
            return recorded_file(made, conflate=conflate)
    told = guess(path)
    spec = told.spec()
    rate_book = RateBook([_instrument(told.symbol)], [spec], "USD")
    intake = Intake(spec, rate_book)
    first: Instant | None = None
    due = last = 0
    counts: Counter[str] = Counter()
    skipped: Counter[str] = Counter()
    began = time.perf_counter()
    for message in read(path, skipped):
        last = message.received_at
        if first is None:
            first, due = last, last
        counts["messages"] += 1
        if intake.take(message):
            rate_book.rates(told.symbol, last)
            counts["composed"] += 1
        if last >= due:
            due = last + conflate
            counts["looks"] += 1
            for symbol in rate_book.moved():
                counts["conflated"] += bool(rate_book.rates(symbol, last).books)
    took = time.perf_counter() - began
    span = (last - (first or last)) / 1_000_000
    return {
        "messages": counts["messages"] + skipped.total(),
        "composed": counts["composed"],
        "conflated": counts["conflated"],
        "seconds_recorded": rounded(span),
        "seconds": rounded(took),
        "times_real": rounded(span / took),
        "messages_per_s": rounded((counts["messages"] + skipped.total()) / took),
    }


def write_recording(path: Path, *, deltas: int = 5_000, seed: int = 7) -> None:
    """Write a seeded market as a Binance spot recording: a delta every 50 ms, a best price with
    it, and a snapshot in front."""
    random = Random(seed)  # noqa: S311 - a market, not a secret
    sides = {"b": (_MID, -1), "a": (_MID + 1, 1)}
    at = BEGAN * 1_000
    with path.open("w", encoding="utf-8") as file:
        whole = {
            side: [f'["{_px(best + step * k)}","{1 + k}.00000"]' for k in range(200)]
            for side, (best, step) in sides.items()
        }
        bids, asks = (",".join(whole[side]) for side in "ba")
        file.write(f'{at} {{"lastUpdateId":1,"bids":[{bids}],"asks":[{asks}]}}\n')
        for n in range(2, deltas + 2):
            at += 50_000_000
            changed = {
                side: ",".join(
                    f'["{_px(best + step * random.randrange(60))}","{random.randrange(1, 90)}.50"]'
                    for _ in range(20)
                )
                for side, (best, step) in sides.items()
            }
            file.write(
                f'{at} {{"stream":"btcusdt@depth@100ms","data":{{"E":{at // 1_000_000},"U":{n},'
                f'"u":{n},"b":[{changed["b"]}],"a":[{changed["a"]}]}}}}\n'
            )
            file.write(
                f'{at + 1_000} {{"stream":"btcusdt@bookTicker","data":{{"u":{n + 1},'
                f'"b":"{_px(_MID)}","B":"{random.randrange(1, 9)}.00","a":"{_px(_MID + 1)}",'
                f'"A":"{random.randrange(1, 9)}.00"}}}}\n'
            )


def _px(ticks: int) -> str:
    return f"{ticks // 100}.{ticks % 100:02}000000"


def _figures(samples: list[float]) -> Answer:
    ordered = sorted(samples)
    return {f"p{p}_us": rounded(percentile(ordered, p / 100)) for p in (50, 90, 99)}


Ladders = dict[str, list[int]]


def _market(
    sources: int, levels: int, *, perpetual: bool
) -> tuple[Ladders, RateBook, list[Intake]]:
    """Books of *levels* and a few more, one a source, already warm."""
    names = [f"venue{n}" for n in range(sources)]
    specs = []
    for name in names:
        moving = perpetual and name == names[-1]
        specs.append(
            SourceSpec(
                *(name, "simulated", PERPETUAL if moving else SPOT, "BTC", "USDT", name),
                basis=EWMA if moving else NO_BASIS,
                half_life_s=1,
                warm_up_s=1,
                depth=levels,
            )
        )
    rate_book = RateBook([_instrument(SYMBOL)], specs, "USD")
    intakes = [Intake(spec, rate_book) for spec in specs]
    books = {name: list(range(levels + 5)) for name in names}
    for at in (BEGAN, BEGAN + 600 * MS, BEGAN + 1_000 * MS):
        for intake in intakes:
            bids: tuple[Level, ...] = tuple(
                (_TICK * (_MID - k), _LOT * 100_000 * (k + 1)) for k in range(levels + 5)
            )
            offers: tuple[Level, ...] = tuple(
                (_TICK * (_MID + 1 + k), _LOT * 100_000 * (k + 1)) for k in range(levels + 5)
            )
            # The quantity of the worst level tells one snapshot from the next.
            offers = (*offers[:-1], (offers[-1][0], _LOT * (at - BEGAN + 1)))
            intake.take(BookSnapshot("", at, bids, offers))
    return books, rate_book, intakes


def _change(random: Random, name: str, books: Ladders, now: Instant, n: int) -> BookDelta:
    """A new quantity of one shown level: padded with zeros, as venues write."""
    k = random.randrange(len(books[name]) - 5)
    qty = Decimal(f"{random.randrange(1, 900)}.{n % 99_999:05}000")
    bid = n % 2 == 0
    changed = ((_TICK * (_MID - k if bid else _MID + 1 + k), qty),)
    return BookDelta(
        *("", now, changed if bid else (), () if bid else changed), first_id=n, last_id=n
    )


def _instrument(symbol: str) -> Instrument:
    base, _, terms = symbol.removesuffix("-PERP").partition("/")
    return Instrument(
        symbol=symbol,
        base=Asset(base, 8),
        terms=Asset(terms, 6),
        tick=_TICK,
        lot=_LOT,
        qty_min=_LOT,
        qty_max=Decimal(100),
        price_age_max_ms=2_000,
        quote_life_ms=3_000,
        collar_bps=Decimal(500),
        cancel_band_bps=Decimal(0),
        partial_min=_LOT,
        settl_days=0,
        trading_day_zone="UTC",
        trading_day_end=0,
        hours=Hours("UTC"),
    )
