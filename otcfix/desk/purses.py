"""Which assets each client has accounts in: most clients have few of all that there are.

Read off the balances, which only ever gain accounts: what is new stands at their end. It is never
kept in a snapshot.
"""

from itertools import islice

from otcfix.ledger.chart import AVAILABLE, CLIENT_PREFIX


class Purse:
    """A client's accounts in one asset, those that there are. available: "" when it is not."""

    __slots__ = ("available", "names")

    def __init__(self) -> None:
        self.available = ""
        self.names: tuple[str, ...] = ()

    def holds(self, balances: dict[str, int]) -> int:
        """All that he has or is owed, less what he owes. Minor units."""
        total = 0
        for name in self.names:
            total += balances[name]
        return total


NO_PURSES: dict[str, Purse] = {}


class Purses:
    """By client, by asset."""

    def __init__(self) -> None:
        self._read = 0
        self._of: dict[str, dict[str, Purse]] = {}

    def of(self, client_id: str, balances: dict[str, int]) -> dict[str, Purse]:
        """The client's, by asset, in the order in which he came to have them."""
        more = len(balances) - self._read
        if more:
            for name in reversed(list(islice(reversed(balances), more))):
                self._add(name)
            self._read = len(balances)
        return self._of.get(client_id, NO_PURSES)

    def _add(self, name: str) -> None:
        if not name.startswith(CLIENT_PREFIX):
            return
        owner, kind, asset = name.rsplit(":", 2)
        mine = self._of.setdefault(owner[len(CLIENT_PREFIX) :], {})
        purse = mine.get(asset)
        if purse is None:
            purse = mine[asset] = Purse()
        purse.names = (*purse.names, name)
        if kind == AVAILABLE:
            purse.available = name
