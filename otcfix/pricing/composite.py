"""One market of several sources: who may be used, who may not and why, and the mid of the rest.

Only the best level of each book is looked at. rules.md R11, R12; sources as of pricing.toml.
"""

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal

from msgspec import Struct

from otcfix.model.instrument import Instrument
from otcfix.model.pricing import Parameters, Sources, SourceTerms
from otcfix.model.rates import Rates, SourceBook
from otcfix.model.refusal import Refusal
from otcfix.model.time import MS, Instant

BPS = Decimal(10_000)
ZERO = Decimal(0)
ONE = Decimal(1)

Refused = list[tuple[str, str]]


class Composite(Struct, frozen=True, gc=False):
    """What a client's price is made from.

    books: the sources that may be dealt with, in the order of the stamp; fees: what each of them
    costs, a fraction. bid and offer: the best of them before fees; mid: between them. All three
    are zero when there is a refusal: NO_PRICE, or MARKET_UNSTABLE, which still shows its books.
    used: source, its mid, its age in ms. refused: source and why.
    """

    symbol: str
    books: tuple[SourceBook, ...]
    fees: tuple[Decimal, ...]
    bid: Decimal
    offer: Decimal
    mid: Decimal
    used: tuple[tuple[str, Decimal, int], ...]
    refused: tuple[tuple[str, str], ...]
    refusal: Refusal | None = None


class _Top(Struct, gc=False):
    """The best of one book that is in the running."""

    book: SourceBook
    bid: Decimal
    offer: Decimal
    mid: Decimal
    fee: Decimal
    weight: Decimal


def age_max_ms(instrument: Instrument, sources: Sources | None) -> int:
    """How old a book may be, in ms: the rule's word on it, else the instrument's."""
    if sources is None or sources.age_max_ms is None:
        return instrument.price_age_max_ms
    return sources.age_max_ms


def compose(
    rates: Rates | None,
    instrument: Instrument,
    sources: Sources | None,
    terms: Mapping[str, SourceTerms],
    parameters: Parameters,
    at: Instant,
) -> Composite:
    """Choose the usable books of *rates* and make one market of them.

    sources None: no rule says anything. Then every fresh two-sided book counts, the mid is the
    middle of the best bid and offer, and a market crossed between sources is MARKET_UNSTABLE.
    terms: fee and weight by source; a cross "a*b" pays both fees and weighs as its first leg.
    Refusals: NO_PRICE when fewer than fresh_min sources survive.
    Rounds: a weighted mid half-even to a ten-thousandth of a tick.
    """
    refused: Refused = list(rates.missing) if rates else []
    names = sources.names if sources is not None else ()
    tops = []
    oldest = at - age_max_ms(instrument, sources) * MS
    for book in rates.books if rates else ():
        name = book.source
        if names and name not in names:
            refused.append((name, "not in the rule"))
        elif book.changed_at < oldest:
            refused.append((name, f"stale {(at - book.changed_at) // MS} ms"))
        elif not (book.bids and book.offers):
            refused.append((name, "one-sided"))
        elif why := _broken(book):
            refused.append((name, why))
        else:
            tops.append(_top(book, terms))
    if sources is None:
        return _plain(
            instrument, _beside_spot(tops, terms, instrument.symbol, refused), refused, at
        )
    tops = _not_self_crossed(tops, refused)
    tops = _without_outliers(tops, sources, refused)
    tops = _without_wide(tops, sources, parameters, refused)
    tops = _beside_spot(_uncrossed(tops, refused), terms, instrument.symbol, refused)
    if len(tops) < max(1, sources.fresh_min):
        return _none(instrument.symbol, refused)
    return _made(instrument, tops, refused, at, weighted=True)


def _broken(book: SourceBook) -> str:
    """Why the best level of *book* cannot be a price; "" when it can."""
    bid, bid_quantity = book.bids[0]
    offer, offer_quantity = book.offers[0]
    if not (
        bid.is_finite()
        and offer.is_finite()
        and bid_quantity.is_finite()
        and offer_quantity.is_finite()
    ):
        return "not a number"
    if bid <= 0 or offer <= 0 or bid_quantity <= 0 or offer_quantity <= 0:
        return "not positive"
    return ""


def _top(book: SourceBook, terms: Mapping[str, SourceTerms]) -> _Top:
    bid, offer = book.bids[0][0], book.offers[0][0]
    first, _, second = book.source.partition("*")
    known = terms.get(first)
    other = terms.get(second) if second else None
    fee = known.fee_bps / BPS if known is not None and known.fee_bps else ZERO
    if other is not None and other.fee_bps:
        more = other.fee_bps / BPS
        fee += more + fee * more  # (1 + a)(1 + b) - 1; for a bid a trace more than it costs
    return _Top(book, bid, offer, (bid + offer) / 2, fee, known.weight if known else ONE)


def _plain(instrument: Instrument, tops: list[_Top], refused: Refused, at: Instant) -> Composite:
    """The market when no rule speaks of sources."""
    if not tops:
        return _none(instrument.symbol, refused)
    if max(top.bid for top in tops) > min(top.offer for top in tops):
        return Composite(
            instrument.symbol,
            tuple([top.book for top in tops]),
            tuple([top.fee for top in tops]),
            ZERO,
            ZERO,
            ZERO,
            (),
            tuple(refused),
            Refusal.MARKET_UNSTABLE,
        )
    return _made(instrument, tops, refused, at, weighted=False)


def _none(symbol: str, refused: Refused) -> Composite:
    return Composite(symbol, (), (), ZERO, ZERO, ZERO, (), tuple(refused), Refusal.NO_PRICE)


def _median(values: list[Decimal]) -> Decimal:
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2


def _without_outliers(tops: list[_Top], sources: Sources, refused: Refused) -> list[_Top]:
    """Drop mids too many median absolute deviations from the median; needs three sources."""
    if len(tops) < 3:
        return tops
    median = _median([top.mid for top in tops])
    off = [abs(top.mid - median) for top in tops]
    most = sources.mad_max * max(_median(off), sources.mad_floor_bps * median / BPS)
    if max(off) <= most:
        return tops
    kept = []
    for top, far in zip(tops, off, strict=True):
        if far <= most:
            kept.append(top)
        else:
            refused.append((top.book.source, f"outlier {far / median * BPS:.1f} bp"))
    return kept


def _not_self_crossed(tops: list[_Top], refused: Refused) -> list[_Top]:
    kept = []
    for top in tops:
        if top.bid <= top.offer:
            kept.append(top)
        else:
            refused.append((top.book.source, "crossed in itself"))
    return kept


def _without_wide(
    tops: list[_Top], sources: Sources, parameters: Parameters, refused: Refused
) -> list[_Top]:
    """Drop spreads far above the source's usual one, where that is known."""
    if not parameters.usual_bps:
        return tops
    usual = dict(parameters.usual_bps)
    kept = []
    for top in tops:
        wont = usual.get(top.book.source)
        spread = (top.offer - top.bid) * BPS
        if not wont or spread <= sources.wide_max * max(wont, sources.wide_floor_bps) * top.mid:
            kept.append(top)
        else:
            refused.append((top.book.source, f"wide {spread / top.mid:.1f} bp"))
    return kept


def _uncrossed(tops: list[_Top], refused: Refused) -> list[_Top]:
    """While two sources cross each other after fees, the older book of the two gives way.

    Between equals the older one is meant, and then the first by name, so that the order of
    sources says nothing.
    """
    if len(tops) < 2:
        return tops
    if max(top.bid for top in tops) <= min(top.offer for top in tops):
        return tops  # then no fee can cross them
    left = sorted(tops, key=lambda top: (top.book.changed_at, top.book.source))
    while len(left) > 1:
        bidder = max(left, key=_net_bid)  # the first, that is the older, of equal ones
        seller = min(left, key=_net_offer)
        if _net_bid(bidder) <= _net_offer(seller):
            break
        older, other = (
            (bidder, seller) if left.index(bidder) < left.index(seller) else (seller, bidder)
        )
        refused.append((older.book.source, f"crossed by {other.book.source}, which is newer"))
        left.remove(older)
    return [top for top in tops if top in left]


def _beside_spot(
    tops: list[_Top], terms: Mapping[str, SourceTerms], symbol: str, refused: Refused
) -> list[_Top]:
    """R11: what survived is nothing where all of it are perpetuals shifted by their basis."""
    for top in tops:
        known = terms.get(top.book.source.partition("*")[0])
        if known is None or not known.shifted or known.reference_of == symbol:
            return tops
    refused.extend([(top.book.source, "no spot beside it") for top in tops])
    return []


def _net_bid(top: _Top) -> Decimal:
    return top.bid * (ONE - top.fee)


def _net_offer(top: _Top) -> Decimal:
    return top.offer * (ONE + top.fee)


def _made(
    instrument: Instrument, tops: list[_Top], refused: Refused, at: Instant, *, weighted: bool
) -> Composite:
    bid = tops[0].bid
    offer = tops[0].offer
    for top in tops[1:]:
        bid = max(bid, top.bid)
        offer = min(offer, top.offer)
    if weighted and len(tops) > 1:
        mid = _weighted(tops, bid, offer, instrument.tick)
    else:
        mid = (bid + offer) / 2
    return Composite(
        instrument.symbol,
        tuple([top.book for top in tops]),
        tuple([top.fee for top in tops]),
        bid,
        offer,
        mid,
        tuple(
            [(top.book.source, top.mid, max(0, (at - top.book.changed_at) // MS)) for top in tops]
        ),
        tuple(refused),
    )


def _weighted(tops: list[_Top], bid: Decimal, offer: Decimal, tick: Decimal) -> Decimal:
    """The mean of the mids by weight, kept between the best bid and offer."""
    weight = total = ZERO
    for top in tops:
        weight += top.weight
        total += top.mid * top.weight
    mean = total / weight if weight else (bid + offer) / 2
    mean = mean.quantize(tick.scaleb(-4), rounding=ROUND_HALF_EVEN)
    # Before fees the best bid may lie above the best offer: then the mean needs no bounds.
    if bid <= offer:
        mean = min(max(mean, bid), offer)
    return mean
