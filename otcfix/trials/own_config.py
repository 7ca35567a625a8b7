"""What a desk of our own is tried with: the user's configuration, prices that stand still, and one
client and session of the trial's own for each role and version."""

import subprocess
from collections.abc import Mapping
from decimal import ROUND_UP, Decimal
from pathlib import Path
from typing import Any

from msgspec import Struct

from otcfix.config import Config, SessionConfig, hash_secret
from otcfix.config.clients import ClientConfig
from otcfix.config.models import InstrumentConfig
from otcfix.config.venue_models import SimulatedConfig, SourceConfig
from otcfix.model.errors import ConfigError
from otcfix.trials.line import Tls, Who
from otcfix.trials.parties import Lane
from otcfix.trials.values import plain

HOST = "127.0.0.1"
DESK = "OTCFIX"
SECRET = "trial-of-our-own"
LONG_SECRET = "A secret of 32 characters or more"
VERSIONS = {"42": "FIX.4.2", "44": "FIX.4.4", "50": "FIX.5.0SP2"}
COD_TAG = 9001
"""The tag of the Logon that scenarios of the role cod_tag use."""

ROLES: dict[str, dict[str, Any]] = {
    "quote_only": {"kind": "quote"},
    "trade_only": {"kind": "trade"},
    "reset": {"allow_reset": True},
    "slow": {"messages_per_second": 2},
    "broker": {"broker": True, "account": ""},
    "flat": {"dialect": "flat42"},
    "cod": {"cancel_on_disconnect": True},
    "cod_tag": {"cancel_on_disconnect_tag": COD_TAG},
    "drop_copy": {"kind": "drop_copy"},
    "next": {"next_expected": True},
    "rotating": {},
    "tls": {"tls": "required"},
}
"""The sessions beside `main`, and what they have of their own."""

COPIED = ("cod", "cod_tag", "broker")
"""Roles whose clients' executions the drop copy session copies."""

AGE_MAX_MS = 10_000
"""A machine that stands still for a moment makes no request too old; 20 seconds do."""

RICH = Decimal(10_000_000)
WIDE = {"position_max": Decimal(10**18), "open_orders_max": 1_000, "open_quotes_max": 1_000,
        "slippage_default_bps": Decimal(500)}  # fmt: skip
"""Limits that scenarios do not try; the spread doubles when they move the market."""
END_CLIENTS = ("END1", "END2")


class Tried(Struct):
    """A configuration to be tried. funded: the clients that are to be given money."""

    config: Config
    lanes: list[Lane]
    funded: list[str]


class Ports(Struct, frozen=True):
    """Where the trial's desk listens. certificate: "" where it does without TLS."""

    plain: int
    tls: int
    certificate: str
    private_key: str


def certificate(folder: Path) -> tuple[str, str]:
    """A certificate of 127.0.0.1 and its key, made by openssl; two "" where there is none."""
    key, made = folder / "desk.key", folder / "desk.pem"
    command = [
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", str(key), "-out", str(made), "-days", "2", "-subj", "/CN=otcfix trial",
        "-addext", f"subjectAltName=IP:{HOST}",
    ]  # fmt: skip
    try:
        subprocess.run(command, check=True, capture_output=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError):
        return "", ""
    return str(made), str(key)


def tried(config: Config, prices: Mapping[str, Decimal], mains: int, ports: Ports) -> Tried:
    """*config* with the trial's own clients, sessions and prices.

    Errors: ConfigError when it has nobody to be like.
    """
    return _Making(config, prices, ports).made(mains)


class _Making:
    def __init__(self, config: Config, prices: Mapping[str, Decimal], ports: Ports) -> None:
        self.config = config
        self.prices = prices
        self.ports = ports
        self.template = _template(config)
        self.values = _values(config, prices)
        self.lanes: list[Lane] = []
        self.clients: list[ClientConfig] = []
        self.sessions: list[SessionConfig] = []
        self.funded: list[str] = []

    def made(self, mains: int) -> Tried:
        for number in VERSIONS:
            for n in range(mains):
                self._party(number, "main", f"TRY{number}-{n}")
            for role in ROLES:
                if self._there(role, number):
                    self._party(number, role, key_of(number, role))
        config = self.config
        tls = {}
        if self.ports.certificate:
            tls = {"tls_port": self.ports.tls, "certificate": self.ports.certificate,
                   "private_key": self.ports.private_key}  # fmt: skip
        acceptor = config.sessions.acceptor.model_copy(
            update={"port": self.ports.plain, "allow_from": (HOST,), "tls_port": None, **tls}
        )
        logon = config.throttles.logon.model_copy(
            update={
                "failures": 10_000, "session_failures": 1_000_000, "logon_burst": 10_000,
                "logons_per_second": Decimal(10_000),
            }
        )  # fmt: skip
        wide = tuple(t for t in config.throttles.throttle if t.session == "*")
        sessions = {"acceptor": acceptor, "session": tuple(self.sessions)}
        sources = {"source": _sources(config, self.prices), "provider": ()}
        changed = config.model_copy(
            update={
                "sessions": config.sessions.model_copy(update=sessions),
                "clients": config.clients.model_copy(update={"client": tuple(self.clients)}),
                "venues": config.venues.model_copy(update=sources),
                "hedging": type(config.hedging)(),
                "limits": type(config.limits)(),
                "throttles": config.throttles.model_copy(update={"logon": logon, "throttle": wide}),
            }
        )
        return Tried(changed, self.lanes, self.funded)

    def _there(self, role: str, number: str) -> bool:
        if role == "flat":
            return number == "42" and ROLES["flat"]["dialect"] in self.config.dialects
        return role != "tls" or bool(self.ports.certificate)

    def _party(self, number: str, role: str, key: str) -> None:
        """A client, his session, and how a trial sees it."""
        version = VERSIONS[number]
        clients = [f"{key}-{name}" for name in END_CLIENTS] if role == "broker" else []
        if role != "drop_copy":
            clients = [key, *clients]
        self.funded += clients
        self.clients += [self._client(one) for one in clients]
        self.sessions.append(self._session(key, role, version))
        own = {"account": f"{key}-A", "account2": f"{key}-B", "client": key}
        own |= self._values_of(role)
        secret = LONG_SECRET if role == "rotating" else SECRET
        who = Who(HOST, self.ports.plain, version, key, DESK, key, secret)
        if role == "tls":
            tls = Tls(ca=self.ports.certificate)
            secure = Who(HOST, self.ports.tls, version, key, DESK, key, secret, tls=tls)
            self.lanes.append(Lane(f"{key}-PLAIN", "tls_plain", who, {**self.values, **own}))
            who = secure
        lane = Lane(key, role, who, {**self.values, **own})
        self.lanes.append(lane)
        if role == "cod_tag":
            self.lanes.append(lane.as_role("copied"))

    def _values_of(self, role: str) -> dict[str, str]:
        if role == "flat":
            names = _dialect_names(self.config, ROLES["flat"]["dialect"])
            other = names.get(self.values["symbol"], "")
            return {"alias": other} if other else {}
        return {}

    def _client(self, key: str) -> ClientConfig:
        notional = Decimal(self.values["notional_max"])
        return self.template.model_copy(
            update={
                "id": key, "name": f"Trial {key}", "enabled": True, "instruments": ("*",),
                "accounts": (f"{key}-A", f"{key}-B"), "settlement_limits": {}, "prefund": {},
                "quote_notional_max": notional, "order_notional_max": notional, **WIDE,
            }
        )  # fmt: skip

    @staticmethod
    def _session(key: str, role: str, version: str) -> SessionConfig:
        number = next(n for n, v in VERSIONS.items() if v == version)
        copied = [key_of(number, one) for one in COPIED]
        ends = {n: f"{key}-{n}" for n in END_CLIENTS}
        copied += [f"{key_of(number, 'broker')}-{name}" for name in END_CLIENTS]
        secret = LONG_SECRET if role == "rotating" else SECRET
        given: dict[str, Any] = {
            "key": key, "version": version, "sender_comp_id": DESK, "target_comp_id": key,
            "client": key, "account": f"{key}-A", "username": key,
            "password_hash": hash_secret(secret, "7a" * 16),
            "quote_request_age_max_ms": AGE_MAX_MS, "order_age_max_ms": AGE_MAX_MS,
        } | ROLES.get(role, {})  # fmt: skip
        if role == "broker":
            given["end_clients"] = ends
        if role == "drop_copy":
            given |= {"client": copied[0], "account": "", "drop_copy_of": tuple(copied)}
        return SessionConfig(**given)


def key_of(number: str, role: str) -> str:
    """The CompID of a role's session: TRY44-QUOTE-ONLY."""
    return f"TRY{number}-{role.replace('_', '-').upper()}"


def _dialect_names(config: Config, dialect: str) -> dict[str, str]:
    """Our symbols as a dialect calls them, by ours; of several names the last."""
    return {ours: other for other, ours in config.dialects[dialect].symbols.items()}


def _template(config: Config) -> ClientConfig:
    """The client of the first session that may ask and deal: ours are known as well as he is."""
    wanted = {s.client for s in config.sessions.session if s.kind == "both" and s.enabled}
    for client in config.clients.client:
        if client.id in wanted and client.enabled:
            return client
    raise ConfigError(
        f"{config.folder / 'sessions.toml'}: session: a trial needs one client with a session of "
        'kind = "both", to be like him'
    )


def _mids(config: Config, prices: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The middle of each pair: given, simulated, or 100."""
    found: dict[str, Decimal] = {}
    for source in config.venues.source:
        if source.simulated is not None and source.simulated.mid is not None:
            found.setdefault(f"{source.base}/{source.quote}", source.simulated.mid)
    for instrument in config.desk.instrument:
        pair = f"{instrument.base}/{instrument.terms}"
        found[pair] = prices.get(instrument.symbol, found.get(pair, Decimal(100)))
    return found


def _sources(config: Config, prices: Mapping[str, Decimal]) -> tuple[SourceConfig, ...]:
    """One source for each instrument, deep, and standing still."""
    mids = _mids(config, prices)
    thin = _values(config, prices).get("symbol2", "")
    made: dict[str, SourceConfig] = {}
    for instrument in config.desk.instrument:
        pair = f"{instrument.base}/{instrument.terms}"
        mid = mids[pair]
        simulated = SimulatedConfig(
            seed=7, mid=mid, tick=instrument.tick, lot=instrument.lot, sigma_bps=Decimal(0),
            level_notional=_depth(instrument, instrument.symbol == thin) * mid,
            interval_ms=100, frozen=True,
        )  # fmt: skip
        made[pair] = SourceConfig(
            name=f"trial-{pair.replace('/', '-').lower()}", venue="trial", base=instrument.base,
            quote=instrument.terms, simulated=simulated,
        )  # fmt: skip
    return tuple(made.values())


def _depth(instrument: InstrumentConfig, thin: bool) -> Decimal:
    """What a level holds: all that can be ordered, or so little that orders fill in part."""
    return 2 * _some(instrument) if thin else instrument.qty_max


def _some(instrument: InstrumentConfig) -> Decimal:
    """A quantity of the second instrument."""
    return max(instrument.qty_min, instrument.lot * 100)


def _values(config: Config, prices: Mapping[str, Decimal]) -> dict[str, str]:
    """What scenarios read of a desk: its first instrument, and others where there are some."""
    mids = _mids(config, prices)
    open_now = [i for i in config.desk.instrument if not i.hours] or list(config.desk.instrument)
    first = open_now[0]
    mid = mids[f"{first.base}/{first.terms}"]
    qty = max(first.qty_min, (1 / (mid / 10_000) / first.lot).to_integral_value() * first.lot)
    scales = {asset.code: asset.scale for asset in config.desk.asset}
    notional = qty * mid * 50
    dear = (notional / mid / first.lot * Decimal("1.2")).to_integral_value(ROUND_UP) * first.lot
    found = {
        "symbol": first.symbol, "base": first.base, "terms": first.terms,
        "tick": plain(first.tick), "lot": plain(first.lot), "qty": plain(qty),
        "qty_max": plain(first.qty_max), "qty_min": plain(first.qty_min),
        "life": f"{first.quote_life_ms}", "notional_max": plain(notional),
        "dear_qty": plain(dear),
        "terms_unit": plain(Decimal(1).scaleb(-scales[first.terms])),
        "no_symbol": "NOPE/USD", "heartbeat_min": "5", "heartbeat_max": "60",
        "end_client": END_CLIENTS[0], "end_client2": END_CLIENTS[1],
    }  # fmt: skip
    others = [i for i in open_now[1:] if i.terms == first.terms]
    if others:
        second = others[0]
        found |= {
            "symbol2": second.symbol, "base2": second.base, "tick2": plain(second.tick),
            "qty2": plain(_some(second)), "unfunded_base": second.base,
        }  # fmt: skip
    return found
