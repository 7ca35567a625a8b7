"""Asking a provider for a quote: 35=R out, 35=S back, or the time runs out."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from threading import Lock

from msgspec import Struct

from otcfix.fix.fields import Values
from otcfix.fix.provider_market import Words
from otcfix.fix.wire import WireError, plain, read_decimal, read_timestamp
from otcfix.model.messages import Side
from otcfix.model.time import Instant

KEPT_MAX = 1_000
"""Requests whose later quotes still count; the oldest goes first."""


class ProviderAnswer(Struct, frozen=True):
    """What came of a request. why: "" for a quote, else why there is none.

    bid and offer are the provider's, quote per base; sizes in base; received_at by our clock.
    """

    venue: str
    quote_req_id: str
    symbol: str
    received_at: Instant
    quote_id: str = ""
    bid: Decimal | None = None
    offer: Decimal | None = None
    bid_size: Decimal | None = None
    offer_size: Decimal | None = None
    valid_until: Instant | None = None
    why: str = ""


OnAnswer = Callable[[ProviderAnswer], None]


class _Ask(Struct):
    symbol: str
    until: Instant
    answered: bool = False


class Asks:
    """The requests of one provider that wait for a quote."""

    def __init__(self, venue: str, run: str, on_answer: OnAnswer) -> None:
        self._venue = venue
        self._run = run
        self._on_answer = on_answer
        self._lock = Lock()
        self._count = 0
        self._asks: dict[str, _Ask] = {}

    def words(
        self, symbol: str, sent: str, side: Side | None, quantity: Decimal, until: Instant
    ) -> tuple[str, Words]:
        """A new request, its id first. sent: the symbol in the provider's words."""
        with self._lock:
            self._count += 1
            request_id = f"{self._run}-Q{self._count}"
            self._asks[request_id] = _Ask(symbol, until)
            while len(self._asks) > KEPT_MAX:
                del self._asks[next(iter(self._asks))]
        entry = ((55, sent), (54, "" if side is None else str(int(side))), (38, plain(quantity)))
        return request_id, Words("R", ((131, request_id),), ((146, (entry,)),))

    def quote(self, values: Values, now: Instant) -> None:
        """A Quote(35=S) came; one on no request of ours is nobody's."""
        found = self._found(values)
        if found is None:
            return
        request_id, ask = found
        try:
            numbers = [_number(values, tag) for tag in (132, 133, 134, 135)]
            until = read_timestamp(62, values[62]) if 62 in values else None
        except WireError as error:
            self._end(request_id, ask, f"its quote cannot be read: {error.text}", now)
            return
        bid, offer, bid_size, offer_size = numbers
        bid, offer = (bid if bid_size else None), (offer if offer_size else None)
        why = ""
        if values.get(537) == "0" or (bid is None and offer is None):
            why = "its quote is not to be dealt on"
        elif bid is not None and offer is not None and bid >= offer:
            why = f"its quote is crossed: bid {bid}, offer {offer}"
        elif until is not None and until < now:
            why = "its quote is over"
        if why:
            self._end(request_id, ask, why, now)
            return
        ask.answered = True
        self._on_answer(
            ProviderAnswer(
                *(self._venue, request_id, ask.symbol, now, values.get(117, "")),
                *(bid, offer, bid_size, offer_size, until),
            )
        )

    def refused(self, values: Values, why: str, now: Instant) -> bool:
        """AG, b, or j came about a request; whether it was one of ours."""
        found = self._found(values)
        if found is not None:
            self._end(*found, f"refused: {why}", now)
        return found is not None

    def due(self, now: Instant) -> None:
        """Tell whose time has run out."""
        with self._lock:
            late = [(i, a) for i, a in self._asks.items() if not a.answered and a.until <= now]
        for request_id, ask in late:
            self._end(request_id, ask, "no answer in time", now)

    def end_all(self, why: str, now: Instant) -> None:
        """The session went: nobody will answer."""
        with self._lock:
            waiting = [(i, a) for i, a in self._asks.items() if not a.answered]
        for request_id, ask in waiting:
            self._end(request_id, ask, why, now)

    def _found(self, values: Mapping[int, str]) -> tuple[str, _Ask] | None:
        request_id = values.get(131) or values.get(379, "")
        ask = self._asks.get(request_id)
        return None if ask is None else (request_id, ask)

    def _end(self, request_id: str, ask: _Ask, why: str, now: Instant) -> None:
        with self._lock:
            if self._asks.pop(request_id, None) is None:
                return  # two threads found the same end
        self._on_answer(ProviderAnswer(self._venue, request_id, ask.symbol, now, why=why))


def _number(values: Values, tag: int) -> Decimal | None:
    if tag not in values:
        return None
    value = read_decimal(tag, values[tag])
    if value < 0:
        raise WireError(5, tag, f"{tag} is below zero")
    return value or None
