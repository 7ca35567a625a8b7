"""The desk that conversations are held with: small, and every number chosen to read well.

Clients: ALPHA (prefunded, no fee), BETA (another one, whose ids are foreign), PRIME (a broker),
TREASURY (on credit), FEES (pays 10 bp). Sessions: a client's letter and the version, A44.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from msgspec import structs

from otcfix.desk.ids import key_hash
from otcfix.model.instrument import Hours, Instrument
from otcfix.model.money import Asset
from otcfix.model.party import Client, Desk, Session, Tier
from otcfix.model.policy import ALLOW, Policy, PolicyRule
from otcfix.model.profile import APPROVED, Kyc, Profile

ID_KEY = bytes(range(24))
VERSIONS = {"42": "FIX.4.2", "44": "FIX.4.4", "50": "FIX.5.0SP2"}
HALF_SPREAD_BPS = Decimal("4.9975")
"""The half-spread of 100000.00 / 100100.00 around a locked market of 100050."""

ASSETS = {
    code: Asset(code, scale)
    for code, scale in (
        *(("USD", 2), ("EUR", 2), ("JPY", 0), ("USDT", 6)),
        *(("BTC", 8), ("ETH", 9), ("LTC", 8)),
    )
}

MON, FRI, SUN = 0, 4 * 1440, 6 * 1440
FX = Hours("America/New_York", ((SUN + 17 * 60, FRI + 17 * 60),), (date(2027, 12, 24),))


def instrument(symbol: str, **changes: Any) -> Instrument:
    """An instrument like BTC/USD, but for *changes*."""
    base, terms = symbol.split("/")
    return structs.replace(
        Instrument(
            symbol=symbol,
            base=ASSETS[base],
            terms=ASSETS[terms],
            tick=Decimal("0.01"),
            lot=Decimal("0.001"),
            qty_min=Decimal("0.001"),
            qty_max=Decimal(100),
            price_age_max_ms=2_000,
            quote_life_ms=3_000,
            collar_bps=Decimal(500),
            cancel_band_bps=Decimal(0),
            partial_min=Decimal("0.01"),
            settl_days=0,
            trading_day_zone="America/New_York",
            trading_day_end=17 * 60,
            hours=Hours("UTC"),
        ),
        **changes,
    )


INSTRUMENTS = {
    made.symbol: made
    for made in (
        instrument("BTC/USD"),
        instrument("ETH/USD", lot=Decimal("0.01"), qty_max=Decimal(1000)),
        instrument("LTC/USD"),
        instrument("BTC/USDT"),
        instrument(
            "EUR/USD",
            tick=Decimal("0.00001"),
            lot=Decimal(1000),
            qty_min=Decimal(1000),
            qty_max=Decimal(10_000_000),
            settl_days=2,
            partial_min=Decimal(1000),
            hours=FX,
        ),
        instrument(
            "USD/JPY",
            tick=Decimal("0.001"),
            lot=Decimal("0.01"),
            qty_min=Decimal("0.01"),
            qty_max=Decimal(10_000_000),
            settl_days=2,
            hours=FX,
        ),
    )
}

TIERS = (
    Tier("plain", HALF_SPREAD_BPS, Decimal(0)),
    Tier("dear", HALF_SPREAD_BPS, Decimal(10)),
)


PROFILE = Profile(
    kind="fund",
    jurisdiction="CH",
    client_class="professional",
    kyc=Kyc(APPROVED, "2", made_by="maker", approved_by="checker"),
)
"""Of a client whom nothing speaks against."""

EVERYTHING = Policy("test", rules=(PolicyRule("everything", ALLOW),))
"""Rules that allow everything to everybody but retail clients."""


def client(client_id: str, **changes: Any) -> Client:
    """A client like ALPHA, but for *changes*. Limits in USD."""
    return structs.replace(
        Client(
            client_id=client_id,
            name=client_id.title(),
            enabled=True,
            tier="plain",
            accounts=(f"{client_id}-1", f"{client_id}-2"),
            instruments=tuple(s for s in INSTRUMENTS if s != "LTC/USD"),
            quote_notional_max=Decimal(3_000_000),
            order_notional_max=Decimal(3_000_000),
            position_max=Decimal(2_000_000),
            open_orders_max=5,
            open_quotes_max=10,
            slippage_default_bps=Decimal(20),
            settlement_limits={},
            profile=PROFILE,
        ),
        **changes,
    )


CREDIT = {"USD": 5_000_000_00, "EUR": 5_000_000_00, "JPY": 500_000_000}
CLIENTS = {
    made.client_id: made
    for made in (
        client("ALPHA"),
        client("BETA"),
        client("PRIME"),
        client("END1"),
        client("END2"),
        client("TREASURY", settlement_limits=CREDIT),
        client("FEES", tier="dear"),
    )
}

FUNDS = {
    "ALPHA": {"USD": "500000", "BTC": "5"},
    "BETA": {"USD": "500000", "BTC": "5"},
    "PRIME": {"USD": "500000", "BTC": "5"},
    "END1": {"USD": "500000", "BTC": "5"},
    "END2": {"USD": "500000", "BTC": "5"},
    "FEES": {"USD": "500000", "BTC": "5"},
}
"""What stands on a client's available accounts when a conversation begins."""


def session(key: str, client_id: str, version: str, **changes: Any) -> Session:
    """A session that may ask and trade, but for *changes*."""
    return structs.replace(
        Session(
            key=key,
            version=version,
            kind="both",
            client_id=client_id,
            account=f"{client_id}-1" if client_id else "",
            broker=False,
            end_clients={},
            drop_copy_of=(),
            side_of="currency",
            flat_quote_request=False,
            quote_type_default=1,
            indicative_42="refuse",
            tell_expiry=False,
            age_by_transact_time=False,
            order_age_max_ms=5_000,
            quote_request_age_max_ms=2_000,
            clock_skew_max_ms=1_000,
            cancel_on_disconnect=False,
            cancel_grace_ms=0,
            allow_reset=False,
            unknown_tags="reject",
            symbols={},
            messages_per_second=0,
            enabled=True,
        ),
        **changes,
    )


ENDS = {"END1": "END1", "END2": "END2"}
"""The broker's end clients, by the names that he has for them."""


def _sessions() -> dict[str, Session]:
    made: list[Session] = []
    for number, version in VERSIONS.items():
        made += [
            session(f"A{number}", "ALPHA", version),
            session(f"ASK{number}", "ALPHA", version, kind="quote"),
            session(f"DEAL{number}", "ALPHA", version, kind="trade"),
            session(f"B{number}", "BETA", version),
            session(f"P{number}", "PRIME", version, broker=True, end_clients=ENDS),
            session(f"T{number}", "TREASURY", version),
            session(f"FEE{number}", "FEES", version),
        ]
    made += [
        session(
            "FLAT42",
            "ALPHA",
            "FIX.4.2",
            flat_quote_request=True,
            symbols={"BTC-USD": "BTC/USD"},
        ),
        *(session(f"LP{n}", "", v, kind="provider") for n, v in VERSIONS.items()),
    ]
    return {one.key: one for one in made}


SESSIONS = _sessions()

Changes = Mapping[str, Mapping[str, Any]]


def _changed(known: dict[str, Any], changes: Changes) -> tuple[Any, ...]:
    unknown = set(changes) - set(known)
    assert not unknown, f"the house desk has no {sorted(unknown)}"
    return tuple(_replaced(one, changes.get(key, {})) for key, one in known.items())


def _replaced(one: Any, changes: Mapping[str, Any]) -> Any:
    """*one* with *changes*; a number stands for a Decimal where there was one."""
    decimals = {k: Decimal(str(v)) for k, v in changes.items() if type(getattr(one, k)) is Decimal}
    return structs.replace(one, **{**changes, **decimals})


def house_desk(
    instruments: Changes | None = None,
    clients: Changes | None = None,
    sessions: Changes | None = None,
    drop_copies: Mapping[str, str] | None = None,
    **changes: Any,
) -> Desk:
    """The desk, with fields of its parts changed by name; drop_copies: their keys and versions."""
    copies = tuple(
        session(key, "ALPHA", version, kind="drop_copy", drop_copy_of=("ALPHA",))
        for key, version in (drop_copies or {}).items()
    )
    return structs.replace(
        Desk(
            name="house",
            limit_currency="USD",
            assets=tuple(ASSETS.values()),
            instruments=_changed(INSTRUMENTS, instruments or {}),
            tiers=TIERS,
            clients=_changed(CLIENTS, clients or {}),
            sessions=_changed(SESSIONS, sessions or {}) + copies,
            price_age_max_ms=5_000,
            quote_request_lines_max=20,
            refused_hits_max=3,
            indicative_life_ms=60_000,
            venues=("custody",),
            id_key_hash=key_hash(ID_KEY),
            policy=EVERYTHING,
        ),
        **changes,
    )
