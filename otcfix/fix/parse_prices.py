"""MarketDataRequest(35=V) from its fields: what is asked for, and of what."""

from otcfix.fix.fields import Fields, Values
from otcfix.fix.pieces import Pieces
from otcfix.fix.wire import read_id, read_int
from otcfix.model.messages import Head, MarketDataRequest
from otcfix.model.stream import FULL


class PriceReader(Pieces):
    """Reads what asks for streams."""

    def _market_data_request(self, head: Head, values: Values, fields: Fields) -> MarketDataRequest:
        """Groups 267 and 146 hold one field each that counts, so order and nesting do not matter.

        MDUpdateType(265) is full where it was left out. Values are judged by the gate, which
        answers 35=Y.
        """
        names = self._session.symbols
        sent = [read_id(55, value) for tag, value in fields if tag == 55]
        entry_types = tuple(value for tag, value in fields if tag == 269)
        missing = [tag for tag in (262, 263, 264) if not values.get(tag)]
        if not entry_types:
            missing.append(267)
        if not sent:
            missing.append(146)
        return MarketDataRequest(
            head,
            self._id(values, 262),
            values.get(263, ""),
            read_int(264, values.get(264, "0")),
            values.get(265) or FULL,
            entry_types,
            tuple((names.get(symbol, symbol), symbol) for symbol in sent),
            tuple(missing),
        )
