"""What was measured outside and told by ParametersMoved: a part of State (R12)."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from otcfix.model.event import ParametersMoved
from otcfix.model.pricing import Parameters

ZERO = Decimal(0)


class Knowledge:
    """The last word on each instrument and each client."""

    def __init__(
        self, parameters: Iterable[Parameters] = (), toxicity: Mapping[str, Decimal] | None = None
    ) -> None:
        self.parameters = {known.symbol: known for known in parameters}
        self.toxicity = dict(toxicity or {})
        self._unknown: dict[str, Parameters] = {}

    def take(self, moved: ParametersMoved) -> None:
        """Replace what *moved* names."""
        for known in moved.instruments:
            self.parameters[known.symbol] = known
        self.toxicity.update(moved.toxicity)

    def of(self, symbol: str) -> Parameters:
        """What is known of *symbol*; nothing, before anything was measured."""
        known = self.parameters.get(symbol) or self._unknown.get(symbol)
        if known is None:
            known = self._unknown[symbol] = Parameters(symbol)
        return known

    def toxicity_of(self, client_id: str) -> Decimal:
        """The client's adverse markout in bps; zero when unknown."""
        return self.toxicity.get(client_id, ZERO)
