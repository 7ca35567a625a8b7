"""Prices of liquidity providers that connect to us: kept, pulled, voided."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import structs

from otcfix.model.messages import ProviderMassQuote, ProviderQuote, ProviderQuoteCancel
from otcfix.model.party import Session
from otcfix.model.time import MS, Instant
from otcfix.venues.intake import VenueClock
from otcfix.venues.ratebook import RateBook

ALL = "4"


class Contributions:
    """What each provider's session shows in the rate book; one thread calls it.

    A price is as old as its SendingTime(52) says, on our clock: what a line held up, or a resend
    brought back, is not new.
    """

    def __init__(self, rate_book: RateBook, skew_max_ms: Mapping[str, int] | None = None) -> None:
        """skew_max_ms: by session, how far its clock may lie behind ours."""
        self._rate_book = rate_book
        self._skew_max = {key: value * MS for key, value in (skew_max_ms or {}).items()}
        self._clocks: dict[str, VenueClock] = {}
        self._standing: dict[str, dict[str, str]] = {}

    def know(self, sessions: Iterable[Session]) -> None:
        """These are the sessions from now on; of providers their clocks are known."""
        self._skew_max = {
            one.key: one.clock_skew_max_ms * MS for one in sessions if one.kind == "provider"
        }

    def take(
        self, body: ProviderQuote | ProviderMassQuote | ProviderQuoteCancel, received_at: Instant
    ) -> tuple[str, ...]:
        """Take what a provider said; why what of it was not used, one text a symbol."""
        if isinstance(body, ProviderQuoteCancel):
            self._pull(body)
            return ()
        stepped = self._stepped(body, received_at)
        at = received_at if stepped else self._said_at(body, received_at)
        if isinstance(body, ProviderQuote):
            quotes = [body]
        else:
            quotes = [
                ProviderQuote(
                    *(body.head, body.quote_id, one.symbol, one.bid, one.offer),
                    *(one.bid_size, one.offer_size, one.valid_until, body.indicative),
                )
                for one in body.entries
            ]
        if stepped:
            return tuple(f"{symbol}: {stepped}" for symbol in self._distrust(quotes, stepped))
        found = [self._quote(quote, received_at, at) for quote in quotes]
        return tuple(why for why in found if why)

    def _stepped(self, body: ProviderQuote | ProviderMassQuote, received_at: Instant) -> str:
        """How the provider's clock was set since its last quote; "" when it was not."""
        head = body.head
        clock = self._clocks.get(head.session)
        if clock is None or not head.sending_time or head.poss_dup:
            return ""
        return clock.stepped(head.sending_time, received_at)

    def _distrust(self, quotes: Sequence[ProviderQuote], why: str) -> list[str]:
        """A clock that was set says nothing of the age of these: they are pulled, and what comes
        next starts anew. Kept, one wrong time would make every later price old."""
        session = quotes[0].head.session if quotes else ""
        self._clocks.pop(session, None)
        sources = self._rate_book.sources_of(session)
        symbols = list(dict.fromkeys(quote.symbol for quote in quotes))
        for symbol in symbols:
            self._standing.get(session, {}).pop(symbol, None)
            if symbol in sources:
                self._rate_book.clear(sources[symbol], why)
        return symbols

    def void(self, session: str, why: str) -> None:
        """Let *session* show nothing: it logged on anew, or went."""
        self._clocks.pop(session, None)
        self._standing.pop(session, None)
        for source in self._rate_book.sources_of(session).values():
            self._rate_book.clear(source, why)

    def _quote(self, quote: ProviderQuote, received_at: Instant, at: Instant) -> str:
        session = quote.head.session
        standing = self._standing.setdefault(session, {})
        standing.pop(quote.symbol, None)
        shown = structs.replace(
            quote,
            bid=_side(quote.bid, quote.bid_size),
            offer=_side(quote.offer, quote.offer_size),
        )
        nothing = shown.bid is None and shown.offer is None
        sized = quote.bid_size is not None or quote.offer_size is not None
        if quote.indicative or (nothing and sized):
            source = self._rate_book.sources_of(session).get(quote.symbol)
            if source is not None:
                self._rate_book.clear(source, f"quote {quote.quote_id} pulled the price")
            return ""
        why = self._rate_book.on_provider_quote(shown, received_at, at)
        if not why:
            standing[quote.symbol] = quote.quote_id
        return f"{quote.symbol}: {why}" if why else ""

    def _pull(self, body: ProviderQuoteCancel) -> None:
        session = body.head.session
        sources = self._rate_book.sources_of(session)
        standing = self._standing.get(session, {})
        if body.quote_cancel_type == ALL:
            symbols = list(sources)
        elif body.symbols:
            symbols = list(body.symbols)
        elif body.quote_id:
            symbols = [symbol for symbol, named in standing.items() if named == body.quote_id]
        else:
            symbols = list(sources)  # in doubt no price
        for symbol in symbols:
            standing.pop(symbol, None)
            if symbol in sources:
                self._rate_book.clear(sources[symbol], "the provider pulled its price")

    def _said_at(self, body: ProviderQuote | ProviderMassQuote, received_at: Instant) -> Instant:
        head = body.head
        said_at = head.orig_sending_time or head.sending_time
        if not said_at:
            return received_at
        skew_max = self._skew_max.get(head.session, 0)
        received_at = min(received_at, said_at + skew_max)
        clock = self._clocks.setdefault(head.session, VenueClock())
        return clock.translate(said_at, received_at)


def _side(px: Decimal | None, size: Decimal | None) -> Decimal | None:
    """The price of a side, None where a size of zero pulls it."""
    return None if size is not None and not size else px
