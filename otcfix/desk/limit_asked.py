"""What a message asks for, as its limits are measured: made once, and looked at by every row."""

from decimal import Decimal

from msgspec import Struct

from otcfix.desk.desk_book import ONE
from otcfix.desk.draft import Draft
from otcfix.desk.hedging import inventory
from otcfix.desk.usage import EVERYTHING, ZERO
from otcfix.gate.case import Common
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side
from otcfix.model.money import Asset
from otcfix.model.party import Client
from otcfix.model.time import MS
from otcfix.settlement.calendar import trading_day

ALL = (EVERYTHING,)


class Asked(Struct, gc=False):
    """What is measured. side None: a two-way quote. size: the whole order or quote, in base; base:
    what it adds to the position, in base. value: what it adds to turnover, notional: what it is
    worth, before and after: the position in the base asset; these four in units of 1E-8.
    """

    draft: Draft
    case: Common
    client: Client
    instrument: Instrument
    side: Side | None
    size: Decimal
    base: Decimal = ZERO
    rate: Decimal = ZERO
    notional: int | None = None
    value: int = 0
    eases: bool = False
    before: int = 0
    after: int = 0
    desk_eases: bool | None = None
    marks: dict[str, Decimal | None] = {}
    gross: dict[str, int | None] = {}
    worst: dict[str, int | None] = {}
    _booked: bool | None = None
    shifts: dict[str, int] | None = None
    _day: int = 0

    def __post_init__(self) -> None:
        self.base = self.size

    @property
    def day(self) -> int:
        """The trading day, as an ordinal (A8)."""
        if not self._day:
            self._day = trading_day(self.instrument, self.draft.event.at)[0].toordinal()
        return self._day

    def mark(self, asset: Asset) -> Decimal | None:
        """What one of *asset* is worth: stamped, else at its mark; None when missing or old."""
        try:
            return self.marks[asset.code]
        except KeyError:
            found = self.marks[asset.code] = self._mark(asset)
            return found

    @property
    def is_booked(self) -> bool:
        """Whether the desk's book says how it stands: it holds, but for the stamped rates, unless
        this event has dealt already, or a mark is missing or old."""
        if self._booked is None:
            draft, limits = self.draft, self.draft.state.limits
            self._booked = False
            if not (draft.trades or draft.hedge_fills):
                state = draft.state
                limits.book.catch_up(state.register, state.cover, limits.usage, limits.marks)
                since = draft.event.at - self.case.desk.price_age_max_ms * MS
                self._booked = limits.book.is_valued(since)
        return self._booked

    def stamped(self) -> dict[str, None]:
        """The symbols whose base asset has a stamped rate, and the one that is asked for."""
        found: dict[str, None] = {self.instrument.symbol: None}
        by_base = self.draft.register.symbols_of_base
        for code in self.draft.event.facts.conversions:
            for symbol in by_base.get(code, ()):
                found[symbol] = None
        return found

    def inventory(self, symbol: str) -> Decimal:
        """What the desk holds by itself, in base, this event included."""
        draft = self.draft
        if draft.trades or draft.hedge_fills:
            return inventory(draft, symbol)
        return draft.state.inventory(symbol)

    def _mark(self, asset: Asset) -> Decimal | None:
        draft, desk = self.draft, self.case.desk
        if asset.code == desk.limit_currency:
            return ONE
        stamped = draft.conversion(asset.code)
        if stamped is not None:
            return stamped
        rate, changed_at = draft.state.limits.marks.get(asset.code, NO_MARK)
        if changed_at < draft.event.at - desk.price_age_max_ms * MS:
            return None
        return rate if rate.is_finite() and rate > 0 else None


NO_MARK = (ZERO, 0)
