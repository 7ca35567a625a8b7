"""The configuration as decide wants it: looked up by key. Rebuilt when the Desk changes.

What is kept here besides could be made anew at any time, and would come out the same.
"""

from msgspec import Struct, msgpack, structs

from otcfix.desk.rates_of_messages import Rates as MessageRates
from otcfix.desk.rates_of_messages import rates_of
from otcfix.gate.policy import Rulebook
from otcfix.model.decision import sha256_of
from otcfix.model.hedge import HedgeRule
from otcfix.model.instrument import Instrument
from otcfix.model.messages import Side
from otcfix.model.money import Asset
from otcfix.model.party import Client, Desk, Session, Tier
from otcfix.model.policy import Policy, PolicyAnswer
from otcfix.model.pricing import Parameters, SourceTerms
from otcfix.model.rates import Rates
from otcfix.model.time import Instant
from otcfix.pricing.composite import Composite
from otcfix.pricing.rules import Settings, settings_of

_NO_RULES = Policy()


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
        by_base: dict[str, tuple[str, ...]] = {}
        for one in self.instruments.values():
            by_base[one.base.code] = (*by_base.get(one.base.code, ()), one.symbol)
        self.symbols_of_base = by_base
        self.symbols_of_class: dict[str, tuple[str, ...]] = {}
        self.bases_of_class: dict[str, dict[str, Instrument]] = {}
        for one in self.instruments.values():
            name = one.asset_class
            self.symbols_of_class[name] = (*self.symbols_of_class.get(name, ()), one.symbol)
            self.bases_of_class.setdefault(name, {}).setdefault(one.base.code, one)
        self.among_class = {
            name: dict.fromkeys(symbols) for name, symbols in self.symbols_of_class.items()
        }
        self.tiers: dict[str, Tier] = {t.name: t for t in desk.tiers} if desk else {}
        self.clients: dict[str, Client] = {} if clients is None else clients
        self.sessions: dict[str, Session] = (
            {s.key: self._with_account(s) for s in desk.sessions} if desk else {}
        )
        self.drop_copies: dict[str, tuple[str, ...]] = {
            client_id: tuple(s.key for s in self.sessions.values() if client_id in s.drop_copy_of)
            for client_id in sorted({c for s in self.sessions.values() for c in s.drop_copy_of})
        }
        self.brokers: dict[str, str] = {
            s.key: s.client_id for s in self.sessions.values() if s.broker
        }
        """The brokers' sessions, and whose they are."""
        self.hedging: dict[str, HedgeRule] = {r.symbol: r for r in desk.hedging} if desk else {}
        self.hedge_venues = frozenset(
            venue for rule in self.hedging.values() for venue in rule.venues
        )
        self.sources: dict[str, SourceTerms] = {s.name: s for s in desk.sources} if desk else {}
        self.rates: MessageRates = rates_of(desk) if desk else {}
        self.composites: dict[tuple[str, str], Kept] = {}
        self._settings: dict[tuple[str, str], Settings] = {}
        self._rulebook: Rulebook | None = None
        self._policy_day = ""
        self._policy_answers: dict[tuple[str, str, str, Side | None], PolicyAnswer] = {}

    def _with_account(self, session: Session) -> Session:
        """A session that names no account has its client's first one, as soon as there is one."""
        client = self.clients.get(session.client_id)
        if session.account or client is None or not client.accounts:
            return session
        return structs.replace(session, account=client.accounts[0])

    def booked_on(self, client_id: str, account: str, end_client: str) -> str:
        """The account that a deal is on: an end client's first one, where his broker named him by
        Account(1) itself."""
        client = self.clients.get(client_id)
        if not end_client or account != end_client or client is None or account in client.accounts:
            return account
        return client.accounts[0] if client.accounts else account

    def client_changed(self, client_id: str) -> None:
        """A command changed a client: what was kept for him is made anew."""
        for session in self.desk.sessions if self.desk else ():
            if session.client_id == client_id:
                self.sessions[session.key] = self._with_account(session)
        for key in [key for key in self._settings if key[1] == client_id]:
            del self._settings[key]

    def policy_answer(
        self, client: Client, instrument: Instrument, side: Side | None, day: str
    ) -> PolicyAnswer:
        """What the rules of jurisdiction say to *client* in *instrument*; side None: both.

        Kept until the day changes: there are as many answers as jurisdictions, classes, symbols and
        sides, however many clients.
        """
        if day != self._policy_day:
            self._policy_answers.clear()
            self._policy_day = day
        known = client.profile
        key = (known.jurisdiction, known.client_class, instrument.symbol, side)
        found = self._policy_answers.get(key)
        if found is None:
            made = self.rulebook().for_side(client, instrument, side, day)
            found = self._policy_answers[key] = made
        return found

    def rulebook(self) -> Rulebook:
        """The rules of jurisdiction, compiled when they are first asked."""
        if self._rulebook is None:
            self._rulebook = Rulebook(self.policy)
        return self._rulebook

    @property
    def policy(self) -> Policy:
        """The rules of jurisdiction; before the first Boot none, which allow nothing."""
        return self.desk.policy if self.desk else _NO_RULES

    def desk_hash(self) -> str:
        """SHA-256 (hex) of the Desk, as a Boot names it."""
        return sha256_of(msgpack.encode(self.desk)).hex()

    def with_policy(self, policy: Policy) -> "Register":
        """The same configuration with other rules of jurisdiction. It shares the clients."""
        assert self.desk is not None
        return Register(structs.replace(self.desk, policy=policy), self.clients)

    def with_sessions(self, sessions: tuple[Session, ...]) -> "Register":
        """The same configuration with other sessions. It shares the clients."""
        assert self.desk is not None
        return Register(structs.replace(self.desk, sessions=sessions), self.clients)

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
