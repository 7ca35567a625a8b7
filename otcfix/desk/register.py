"""The configuration as decide wants it: looked up by key. Rebuilt when the Desk changes."""

from otcfix.model.hedge import HedgeRule
from otcfix.model.instrument import Instrument
from otcfix.model.money import Asset
from otcfix.model.party import Client, Desk, Session, Tier
from otcfix.model.pricing import SourceTerms
from otcfix.pricing.rules import Settings, settings_of


class Register:
    """Indexes over one Desk; empty before the first Boot."""

    def __init__(self, desk: Desk | None = None) -> None:
        self.desk = desk
        self.assets: dict[str, Asset] = {a.code: a for a in desk.assets} if desk else {}
        self.instruments: dict[str, Instrument] = (
            {i.symbol: i for i in desk.instruments} if desk else {}
        )
        self.tiers: dict[str, Tier] = {t.name: t for t in desk.tiers} if desk else {}
        self.clients: dict[str, Client] = {c.client_id: c for c in desk.clients} if desk else {}
        self.sessions: dict[str, Session] = {s.key: s for s in desk.sessions} if desk else {}
        self.drop_copies: dict[str, tuple[str, ...]] = {
            client_id: tuple(s.key for s in self.sessions.values() if client_id in s.drop_copy_of)
            for client_id in self.clients
        }
        self.hedging: dict[str, HedgeRule] = {r.symbol: r for r in desk.hedging} if desk else {}
        self.hedge_venues = frozenset(
            venue for rule in self.hedging.values() for venue in rule.venues
        )
        self.sources: dict[str, SourceTerms] = {s.name: s for s in desk.sources} if desk else {}
        self._settings: dict[tuple[str, str], Settings] = {}

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
