"""Who deals with us: clients, tiers, sessions; and the desk's own facts that decide reads."""

from decimal import Decimal

from msgspec import Struct

from otcfix.model.hedge import HedgeRule
from otcfix.model.instrument import Instrument
from otcfix.model.limit import Limit
from otcfix.model.money import Asset
from otcfix.model.policy import Policy
from otcfix.model.pricing import Rule, SourceTerms, StreamTerms
from otcfix.model.profile import ACTIVE, Profile
from otcfix.model.screening import ScreeningPolicy
from otcfix.model.throttle import HitRatio, LoadTerms, Throttle


class Tier(Struct, frozen=True):
    """What a class of clients pays: half of the spread, and a fee, both in basis points."""

    name: str
    half_spread_bps: Decimal
    fee_bps: Decimal


class Client(Struct, frozen=True):
    """A legal counterparty. Limits are in the desk's limit currency unless said otherwise.

    settlement_limits: per asset code, how far below zero available may go, in minor units.
    no_skew: he reads the desk's inventory from its skew, so his prices carry none.
    instruments: symbols that the client may deal in. status: how he stands with the desk. changed:
    the fields that a command has set, which clients.toml does not reach any more.
    """

    client_id: str
    name: str
    enabled: bool
    tier: str
    accounts: tuple[str, ...]
    instruments: tuple[str, ...]
    quote_notional_max: Decimal
    order_notional_max: Decimal
    position_max: Decimal
    open_orders_max: int
    open_quotes_max: int
    slippage_default_bps: Decimal
    settlement_limits: dict[str, int]
    no_skew: bool = False
    profile: Profile = Profile()
    status: str = ACTIVE
    changed: tuple[str, ...] = ()


class Session(Struct, frozen=True):
    """What a decision must know of one FIX session. Key is the session's name in the config.

    kind: quote, trade, both, drop_copy or provider; version: FIX.4.2, FIX.4.4 or FIX.5.0SP2.
    stream_interval_ms: between two updates of a stream, where it is longer than the desk's.
    broker: the session bridges others: end_clients are their names on it, and whose they are.
    drop_copy_accounts: of the clients copied only these accounts; empty: all. drop_copy_delay_ms:
    how long after it happened an execution is copied.
    """

    key: str
    version: str
    kind: str
    client_id: str
    account: str
    broker: bool
    end_clients: dict[str, str]
    drop_copy_of: tuple[str, ...]
    side_of: str
    flat_quote_request: bool
    quote_type_default: int
    indicative_42: str
    tell_expiry: bool
    age_by_transact_time: bool
    order_age_max_ms: int
    quote_request_age_max_ms: int
    clock_skew_max_ms: int
    cancel_on_disconnect: bool
    cancel_grace_ms: int
    allow_reset: bool
    unknown_tags: str
    symbols: dict[str, str]
    messages_per_second: int
    enabled: bool
    stream_interval_ms: int = 0
    drop_copy_accounts: tuple[str, ...] = ()
    drop_copy_delay_ms: int = 0

    @property
    def may_quote(self) -> bool:
        """Whether QuoteRequest(35=R) belongs on this session."""
        return self.kind in ("quote", "both")

    def copies(self, account: str) -> bool:
        """Whether a drop copy takes in executions of *account*."""
        return not self.drop_copy_accounts or account in self.drop_copy_accounts

    @property
    def may_trade(self) -> bool:
        """Whether orders belong on this session."""
        return self.kind in ("trade", "both")


class Desk(Struct, frozen=True):
    """Everything of the configuration that can change a decision; journaled whole when it changes.

    settings_hash names the keys (id key, secrets) that stay outside the journal. reduce_when: how
    the KYC may stand of a client who may still reduce what he has (EXPIRED, UNDER_REVIEW).
    """

    name: str
    limit_currency: str
    assets: tuple[Asset, ...]
    instruments: tuple[Instrument, ...]
    tiers: tuple[Tier, ...]
    clients: tuple[Client, ...]
    sessions: tuple[Session, ...]
    price_age_max_ms: int
    quote_request_lines_max: int
    refused_hits_max: int
    indicative_life_ms: int
    venues: tuple[str, ...]
    id_key_hash: str
    shard: str = ""
    pricing: tuple[Rule, ...] = ()
    hedging: tuple[HedgeRule, ...] = ()
    sources: tuple[SourceTerms, ...] = ()
    stream: StreamTerms = StreamTerms()
    policy: Policy = Policy()
    limits: tuple[Limit, ...] = ()
    throttles: tuple[Throttle, ...] = ()
    load: LoadTerms = LoadTerms()
    hit_ratio: HitRatio = HitRatio()
    screening: ScreeningPolicy = ScreeningPolicy()
    reduce_when: tuple[str, ...] = ()
