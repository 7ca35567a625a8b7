"""What no single table can know: whether the names in one file stand in another."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from otcfix.config.dialects import check_dialects
from otcfix.config.limits import check_limits
from otcfix.config.policy_checks import check_policy
from otcfix.config.price_checks import check_prices
from otcfix.config.session_checks import check_sessions
from otcfix.config.throttles import check_throttles

if TYPE_CHECKING:
    from otcfix.config import Config

Problem = Callable[[str, str, str], None]
"""(file, key, what was expected)."""


def cross_check(config: "Config") -> list[str]:
    """Every problem between the files, one line each."""
    found: list[str] = []

    def problem(file: str, key: str, expected: str) -> None:
        found.append(f"{config.folder / file}: {key}: {expected}")

    _names(config, problem)
    _desk(config, problem)
    _clients(config, problem)
    _sessions(config, problem)
    check_dialects(config, problem)
    check_sessions(config, problem)
    _venues(config, problem)
    check_prices(config, problem)
    check_policy(config, problem)
    check_limits(config, problem)
    check_throttles(config, problem)
    return found


def _names(config: "Config", problem: Problem) -> None:
    desk = config.desk
    _unique([a.code for a in desk.asset], "asset.code", "desk.toml", problem)
    _unique([i.symbol for i in desk.instrument], "instrument.symbol", "desk.toml", problem)
    _unique([c.id for c in config.clients.client], "client.id", "clients.toml", problem)
    _unique([s.key for s in config.sessions.session], "session.key", "sessions.toml", problem)
    pairs = [f"{s.version} {s.sender_comp_id} {s.target_comp_id}" for s in config.sessions.session]
    _unique(pairs, "session CompIDs", "sessions.toml", problem)
    _unique([r.id for r in config.pricing.rule], "rule.id", "pricing.toml", problem)
    _unique([h.symbol for h in config.hedging.hedge], "hedge.symbol", "hedging.toml", problem)


def _desk(config: "Config", problem: Problem) -> None:
    desk = config.desk
    assets = {a.code for a in desk.asset}
    if desk.limit_currency not in assets:
        problem("desk.toml", "limit_currency", f"expected one of {sorted(assets)}")
    if not (os.environ.get("OTCFIX_ID_KEY") or desk.id_key):
        problem("desk.toml", "id_key", "expected 32 to 64 hex digits, here or in OTCFIX_ID_KEY")
    for i in desk.instrument:
        for leg in (i.base, i.terms):
            if leg not in assets:
                problem("desk.toml", f"instrument {i.symbol}", f"asset {leg} is not listed")
        if i.hours and i.hours not in desk.hours:
            problem("desk.toml", f"instrument {i.symbol}.hours", f"no [hours.{i.hours}]")
        if i.qty_min > i.qty_max:
            problem("desk.toml", f"instrument {i.symbol}.qty_min", "expected at most qty_max")


def _clients(config: "Config", problem: Problem) -> None:
    desk = config.desk
    assets = {a.code for a in desk.asset}
    symbols = {i.symbol for i in desk.instrument}
    tiers = {t.name for t in desk.tier}
    for c in config.clients.client:
        if c.tier not in tiers:
            problem("clients.toml", f"client {c.id}.tier", f"expected one of {sorted(tiers)}")
        for symbol in set(c.instruments) - symbols - {"*"}:
            problem("clients.toml", f"client {c.id}.instruments", f"unknown symbol {symbol}")
        wallets = {wallet.asset for wallet in c.profile.wallets} if c.profile else set()
        for code in sorted((set(c.settlement_limits) | set(c.prefund) | wallets) - assets):
            problem("clients.toml", f"client {c.id}", f"unknown asset {code}")


def _sessions(config: "Config", problem: Problem) -> None:
    symbols = {i.symbol for i in config.desk.instrument}
    clients = {c.id: c for c in config.clients.client}
    for s in config.sessions.session:
        where = f"session {s.key}"
        if s.kind not in ("provider", "drop_copy") and not s.client:
            problem("sessions.toml", f"{where}.client", f"expected one of {sorted(clients)}")
        known = clients.get(s.client)
        if s.account and known and s.account not in known.accounts:
            problem("sessions.toml", f"{where}.account", f"not an account of {s.client}")
        for symbol in set(s.symbols.values()) - symbols:
            problem("sessions.toml", f"{where}.symbols", f"unknown symbol {symbol}")
        if s.dictionary and not (config.folder / s.dictionary).is_file():
            problem("sessions.toml", f"{where}.dictionary", f"no file {s.dictionary}")
        if s.reset_on_logon and s.kind in ("trade", "both", "drop_copy"):
            expected = "expected false: a trade or drop copy session must not lose its numbers"
            problem("sessions.toml", f"{where}.reset_on_logon", expected)
        if s.heartbeat_min > s.heartbeat_max:
            problem("sessions.toml", f"{where}.heartbeat_min", "expected at most heartbeat_max")


def _venues(config: "Config", problem: Problem) -> None:
    file = "venues.toml"
    providers = {p.key for p in config.venues.provider}
    sessions = {s.key for s in config.sessions.session if s.kind == "provider"}
    for source in config.venues.source:
        where = f"source {source.name}"
        ways = (
            *(source.simulated, source.recorded, source.exchange),
            *(source.session, source.provider),
        )
        if sum(bool(way) for way in ways) != 1:
            problem(file, where, "expected one of simulated, recorded, exchange, session, provider")
        if source.session and source.session not in sessions:
            expected = f"expected a session of kind provider: one of {sorted(sessions)}"
            problem(file, f"{where}.session", expected)
        if source.provider and source.provider not in providers:
            problem(file, f"{where}.provider", f"expected one of {sorted(providers)}")
        if source.provider and not source.selector:
            expected = f"expected the symbol in the words of {source.provider}"
            problem(file, f"{where}.selector", expected)
    _follows(config, problem)
    _providers(config, problem)


def _follows(config: "Config", problem: Problem) -> None:
    """Every follower comes, over others or not, to a walk of its own base."""
    simulated = {s.name: s for s in config.venues.source if s.simulated is not None}
    leaders = {name: s.simulated.follows for name, s in simulated.items() if s.simulated}
    for name, leader in leaders.items():
        key = f"source {name}.simulated.follows"
        if not leader:
            continue
        if leader not in simulated:
            problem("venues.toml", key, f"expected a simulated source, got {leader}")
        elif simulated[leader].base != simulated[name].base:
            problem("venues.toml", key, f"{leader} is in {simulated[leader].base}")
        else:
            seen = [name]
            while leaders.get(seen[-1]) and seen[-1] not in seen[:-1]:
                seen.append(leaders[seen[-1]])
            if seen[-1] == name:
                problem("venues.toml", key, f"a circle: {' -> '.join(seen)}")


def _providers(config: "Config", problem: Problem) -> None:
    file, lines = "venues.toml", config.venues.provider
    symbols = {i.symbol for i in config.desk.instrument}
    _unique([p.key for p in lines], "provider.key", file, problem)
    pairs = [f"{p.version} {p.sender_comp_id} {p.target_comp_id}" for p in lines]
    own = {f"{s.version} {s.sender_comp_id} {s.target_comp_id}" for s in config.sessions.session}
    _unique(pairs, "provider CompIDs", file, problem)
    books = [f"{s.provider} {s.selector}" for s in config.venues.source if s.provider]
    _unique(books, "source provider and selector", file, problem)
    for p, pair in zip(lines, pairs, strict=True):
        where = f"provider {p.key}"
        if pair in own:
            problem(file, where, "the CompIDs are those of a session in sessions.toml")
        if p.key in {s.key for s in config.sessions.session}:
            problem(file, f"{where}.key", "a session in sessions.toml has this key")
        if p.secret and p.secret_env:
            problem(file, f"{where}.secret", "expected secret or secret_env, not both")
        if p.secret_env and not os.environ.get(p.secret_env):
            problem(file, f"{where}.secret_env", f"{p.secret_env} is not in the environment")
        for symbol in sorted(set(p.symbols) - symbols):
            problem(file, f"{where}.symbols", f"unknown symbol {symbol}")
        if not (p.stream or p.rfq or p.hedge):
            problem(file, where, "expected at least one of stream, rfq, hedge")


def _unique(names: list[str], key: str, file: str, problem: Problem) -> None:
    for name in sorted({n for n in names if names.count(n) > 1}):
        problem(file, key, f"{name} stands there more than once")
