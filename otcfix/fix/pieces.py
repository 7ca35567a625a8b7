"""The pieces that several messages share: symbol, size and unit, side, parties (R6, R23)."""

from collections.abc import Mapping
from decimal import Decimal

from otcfix.fix.fields import Fields, Values
from otcfix.fix.wire import (
    VALUE_IS_INCORRECT,
    WireError,
    read_decimal,
    read_id,
    read_timestamp,
)
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side, Unit
from otcfix.model.party import Session
from otcfix.model.time import Instant

TEXT_MAX = 240


def printable(value: str) -> str:
    """*value* as it may stand in a text: printable ASCII, 240 characters at most."""
    if value.isascii() and value.isprintable() and len(value) <= TEXT_MAX:
        return value
    return "".join(c if " " <= c <= "~" else "?" for c in value[:TEXT_MAX])


def legible(value: str) -> str:
    """*value* for staff to read: 240 printable characters at most, of any script."""
    if value.isprintable() and len(value) <= TEXT_MAX:
        return value
    return "".join(c if c.isprintable() else "?" for c in value[:TEXT_MAX])


class Pieces:
    """What a reader of one session's messages needs to know of the session."""

    def __init__(self, session: Session, instruments: Mapping[str, Instrument]) -> None:
        self._session = session
        self._instruments = instruments

    def _symbol(self, values: Values) -> tuple[str, str]:
        sent = values.get(55, "")
        return self._session.symbols.get(sent, sent), sent

    def _decimal(self, values: Values, tag: int) -> Decimal | None:
        value = values.get(tag)
        return None if value is None else read_decimal(tag, value)

    def _time(self, values: Values, tag: int) -> Instant | None:
        value = values.get(tag)
        return None if value is None else read_timestamp(tag, value)

    def _id(self, values: Values, tag: int) -> str:
        value = values.get(tag)
        return "" if value is None else read_id(tag, value)

    def _end_client(self, values: Values, fields: Fields) -> str:
        """R23: a broker's end client is 453 with role 3, else 109, else 1, else 115."""
        if not self._session.broker:
            return ""
        party = ""
        for tag, value in fields:
            if tag == 448:
                party = value
            elif tag == 452 and value == "3" and party:
                return read_id(448, party)
        return self._id(values, 109) or values.get(1) or self._id(values, 115)

    def _one_end_client(self, values: Values, fields: Fields) -> str:
        """A broker's request is for one end client: each line may name him again, no other.

        Errors: WireError.
        """
        named: set[str] = set()
        party = ""
        for tag, value in fields:
            if tag == 448:
                party = value
            elif tag == 452 and value == "3":
                named.add(party)
        if self._session.broker and len(named) > 1:
            raise WireError(VALUE_IS_INCORRECT, 448, "one request is for one end client")
        return self._end_client(values, fields)

    def _size(self, values: Values, symbol: str) -> tuple[Decimal | None, Unit]:
        """Quantity and what it counts (R6)."""
        cash, quantity = self._decimal(values, 152), self._decimal(values, 38)
        if cash is not None and quantity is not None:
            return quantity, Unit.BOTH
        currency = values.get(15)
        instrument = self._instruments.get(symbol)
        if cash is not None:
            fits = currency is None or instrument is None or currency == instrument.terms.code
            return cash, Unit.CASH if fits else Unit.UNKNOWN
        if currency is None or instrument is None or currency == instrument.base.code:
            return quantity, Unit.BASE
        return quantity, Unit.TERMS if currency == instrument.terms.code else Unit.UNKNOWN

    def _side(self, wire_side: str, unit: Unit) -> Side:
        """The side of the base: buying terms is selling base (R6)."""
        buys = wire_side == "1"
        if unit is Unit.TERMS and self._session.side_of != "base":
            buys = not buys
        return Side.BUY if buys else Side.SELL
