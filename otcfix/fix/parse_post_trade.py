"""AllocationInstruction(35=J) and ConfirmationAck(35=AU) from their fields."""

from otcfix.fix.fields import Fields, Values
from otcfix.fix.pieces import Pieces, legible
from otcfix.fix.wire import read_decimal, read_id
from otcfix.model.messages import AllocationInstruction, ConfirmationAck, Head

ORDERS_OF, PARTS_OF = frozenset((11, 37)), frozenset((79, 80))
"""Fields of the groups 73 and 78 that count."""


class PostTradeReader(Pieces):
    """Reads what clients say of deals that are done."""

    def _allocation(self, head: Head, values: Values, fields: Fields) -> AllocationInstruction:
        """Groups: 73 (11, 37) and 78 (79, 80), each entry beginning with its first field.

        A cancel (71=2) names nothing but what it cancels.
        """
        symbol, sent = self._symbol(values)
        orders = _entries(fields, 73, ORDERS_OF)
        parts = _entries(fields, 78, PARTS_OF)
        kind = values.get(71, "")
        required = [70, 71, 54, 55, 53, 6, 75]
        if kind in ("1", "2"):
            required.append(72)
        missing = [tag for tag in required if not values.get(tag)]
        if kind != "2":
            if not orders or not all(one.get(11) or one.get(37) for one in orders):
                missing.append(73)
            if not parts or not all(one.get(79) for one in parts):
                missing.append(78)
        return AllocationInstruction(
            head,
            self._id(values, 70),
            kind,
            values.get(626, ""),
            self._id(values, 72),
            tuple((_named(one, 11), _named(one, 37)) for one in orders),
            symbol,
            sent,
            values.get(54, ""),
            self._decimal(values, 53),
            self._decimal(values, 6),
            values.get(75, ""),
            tuple(
                (_named(one, 79), read_decimal(80, one[80]) if 80 in one else None) for one in parts
            ),
            self._end_client(values, fields),
            tuple(missing),
        )

    def _confirmation_ack(self, head: Head, values: Values, _: Fields) -> ConfirmationAck:
        return ConfirmationAck(
            head,
            self._id(values, 664),
            values.get(940, ""),
            values.get(774, ""),
            legible(values.get(58, "")),
            tuple(tag for tag in (664, 940) if not values.get(tag)),
        )


def _entries(fields: Fields, count_tag: int, members: frozenset[int]) -> list[Values]:
    """The entries of a group: from its count on, up to the count of another one of ours; a field
    that is in the entry already begins the next one."""
    entries: list[Values] = []
    inside = False
    for tag, value in fields:
        if tag in (73, 78):
            inside = tag == count_tag
        elif inside and tag in members:
            if not entries or tag in entries[-1]:
                entries.append({})
            entries[-1][tag] = value
    return entries


def _named(values: Values, tag: int) -> str:
    value = values.get(tag)
    return "" if value is None else read_id(tag, value)
