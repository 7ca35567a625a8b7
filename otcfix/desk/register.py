"""The configuration as decide wants it: looked up by key. Rebuilt when the Desk changes.

What is kept here besides could be made anew at any time, and would come out the same.
"""

from msgspec import Struct

from otcfix.desk.rates_of_messages import Rates as MessageRates
from otcfix.desk.rates_of_messages import rates_of
from otcfix.model.hedge import HedgeRule
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side
from otcfix.model.money import Asset
from otcfix.model.party import Client, Desk, Session, Tier
from otcfix.model.policy import PolicyAnswer
from otcfix.model.pricing import Parameters, SourceTerms
from otcfix.model.rates import Rates
from otcfix.model.time import Instant
from otcfix.pricing.composite import Composite
from otcfix.pricing.rules import Settings, settings_of


class Kept(Struct, frozen=True, gc=False):
    """A composite, the rates and parameters that it was made of, and until when it holds."""

    of: Rates | None
    by: Parameters
    until: Instant
    composite: Composite


class Register:
    """Indexes over one Desk; empty before the first Boot."""

    def __init__(self, desk: Desk | None = None, clients: dict[str, Client] | None = None) -> None:
        """clients: the clientele's own dict, which commands change."""
        self.desk = desk
        self.assets: dict[str, Asset] = {a.code: a for a in desk.assets} if desk else {}
        self.instruments: dict[str, Instrument] = (
            {i.symbol: i for i in desk.instruments} if desk else {}
        )
        self.tiers: dict[str, Tier] = {t.name: t for t in desk.tiers} if desk else {}
        self.clients: dict[str, Client] = {} if clients is None else clients
        self.sessions: dict[str, Session] = {s.key: s for s in desk.sessions} if desk else {}
        self.drop_copies: dict[str, tuple[str, ...]] = {
            client_id: tuple(s.key for s in self.sessions.values() if client_id in s.drop_copy_of)
            for client_id in sorted({c for s in self.sessions.values() for c in s.drop_copy_of})
        }
        self.hedging: dict[str, HedgeRule] = {r.symbol: r for r in desk.hedging} if desk else {}
        self.hedge_venues = frozenset(
            venue for rule in self.hedging.values() for venue in rule.venues
        )
        self.sources: dict[str, SourceTerms] = {s.name: s for s in desk.sources} if desk else {}
        self.rates: MessageRates = rates_of(desk) if desk else {}
        self.composites: dict[tuple[str, str], Kept] = {}
        self._settings: dict[tuple[str, str], Settings] = {}

    def client_changed(self, client_id: str) -> None:
        """A command changed a client: what was kept for him is made anew."""
        for key in [key for key in self._settings if key[1] == client_id]:
            del self._settings[key]

    def policy_answer(
        self, client: Client, instrument: Instrument, side: Side | None, day: str
    ) -> PolicyAnswer | None:
        """What the rules of jurisdiction say to *client* in *instrument*; side None: both."""
        return None

    def house_settings(self, instrument: Instrument) -> Settings:
        """The pricing rules of *instrument* that name no client and no tier."""
        key = (instrument.symbol, "")
        known = self._settings.get(key)
        if known is None:
            rules = self.desk.pricing if self.desk else ()
            known = self._settings[key] = settings_of(rules, instrument, None)
        return known

    def settings(self, instrument: Instrument, client: Client) -> Settings:
        """The pricing rules that can match *client* on *instrument*."""
        key = (instrument.symbol, client.client_id)
        known = self._settings.get(key)
        if known is None:
            rules = self.desk.pricing if self.desk else ()
            known = self._settings[key] = settings_of(rules, instrument, client)
        return known
