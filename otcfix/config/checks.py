"""What no single table can know: whether the names in one file stand in another."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

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
    _venues(config, problem)
    return found


def _names(config: "Config", problem: Problem) -> None:
    desk = config.desk
    _unique([a.code for a in desk.asset], "asset.code", "desk.toml", problem)
    _unique([i.symbol for i in desk.instrument], "instrument.symbol", "desk.toml", problem)
    _unique([c.id for c in config.clients.client], "client.id", "clients.toml", problem)
    _unique([s.key for s in config.sessions.session], "session.key", "sessions.toml", problem)
    pairs = [f"{s.version} {s.sender_comp_id} {s.target_comp_id}" for s in config.sessions.session]
    _unique(pairs, "session CompIDs", "sessions.toml", problem)


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
        for code in (set(c.settlement_limits) | set(c.prefund)) - assets:
            problem("clients.toml", f"client {c.id}", f"unknown asset {code}")


def _sessions(config: "Config", problem: Problem) -> None:
    symbols = {i.symbol for i in config.desk.instrument}
    clients = {c.id: c for c in config.clients.client}
    for s in config.sessions.session:
        where = f"session {s.key}"
        if s.kind not in ("provider", "drop_copy") and s.client not in clients:
            problem("sessions.toml", f"{where}.client", f"expected one of {sorted(clients)}")
        known = clients.get(s.client)
        if s.account and known and s.account not in known.accounts:
            problem("sessions.toml", f"{where}.account", f"not an account of {s.client}")
        for client in set(s.drop_copy_of) - set(clients):
            problem("sessions.toml", f"{where}.drop_copy_of", f"unknown client {client}")
        for symbol in set(s.symbols.values()) - symbols:
            problem("sessions.toml", f"{where}.symbols", f"unknown symbol {symbol}")
        if s.flat_quote_request and s.version != "FIX.4.2":
            problem("sessions.toml", f"{where}.flat_quote_request", "expected only in FIX.4.2")
        if s.dictionary and not (config.folder / s.dictionary).is_file():
            problem("sessions.toml", f"{where}.dictionary", f"no file {s.dictionary}")
        if s.reset_on_logon and s.kind in ("trade", "both", "drop_copy"):
            expected = "expected false: a trade or drop copy session must not lose its numbers"
            problem("sessions.toml", f"{where}.reset_on_logon", expected)
        if s.heartbeat_min > s.heartbeat_max:
            problem("sessions.toml", f"{where}.heartbeat_min", "expected at most heartbeat_max")


def _venues(config: "Config", problem: Problem) -> None:
    for source in config.venues.source:
        given = [source.simulated, source.recorded, source.exchange, source.session or None]
        if sum(one is not None for one in given) != 1:
            problem(
                "venues.toml",
                f"source {source.name}",
                "expected one of simulated, recorded, exchange or session",
            )


def _unique(names: list[str], key: str, file: str, problem: Problem) -> None:
    for name in sorted({n for n in names if names.count(n) > 1}):
        problem(file, key, f"{name} stands there more than once")
