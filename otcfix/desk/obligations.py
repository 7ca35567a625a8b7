"""What clients are owed and owe on later value dates: a part of State."""

from collections.abc import Mapping

from otcfix.model.ledger import Obligation


class Obligations(dict[str, int]):
    """By `client|asset|YYYYMMDD`: minor units, negative when he owes. Only `owe` changes it.

    dates: how many obligations there are of each value date, of whomever.
    """

    def __init__(self, known: Mapping[str, int] | None = None) -> None:
        super().__init__(known or {})
        self.dates: dict[str, int] = {}
        for key in self:
            self._count(key, 1)

    def owe(self, owed: Obligation) -> None:
        """Add to what is owed; what is settled is forgotten."""
        key = f"{owed.client_id}|{owed.asset}|{owed.value_date}"
        before = self.get(key)
        amount = (before or 0) + owed.amount
        if amount:
            self[key] = amount
            if before is None:
                self._count(key, 1)
        elif before is not None:
            del self[key]
            self._count(key, -1)

    def _count(self, key: str, step: int) -> None:
        date = key.rpartition("|")[2]
        count = self.dates.get(date, 0) + step
        if count:
            self.dates[date] = count
        else:
            del self.dates[date]
