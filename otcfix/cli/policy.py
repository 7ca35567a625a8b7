"""otcfix policy: the rules of jurisdiction, what they say of a client, new ones for the desk."""

import time
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otcfix.cli.mailbox import send
from otcfix.cli.options import (
    CONFIG_DEFAULT,
    DATABASE,
    ByOption,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    WhyOption,
    load_config,
    open_database,
    quiet,
    whoami,
)
from otcfix.cli.outcome import Failed, usage_error
from otcfix.cli.policy_words import answer_of, licence_of, said_of, show_side
from otcfix.cli.show import print_json, print_table

if TYPE_CHECKING:
    from otcfix.config import Config
    from otcfix.desk.register import Register
    from otcfix.model.policy import Policy

app = typer.Typer(
    help="Jurisdictions: the rules, which of them decides, new ones for the desk.",
    no_args_is_help=True,
)

StateOption = Annotated[
    str,
    typer.Option(
        "--database",
        metavar="URL",
        help="Ask the rules and clients that the desk has, instead of those of the configuration.",
    ),
]


@app.command()
def explain(
    client: Annotated[str, typer.Option("--client", metavar="ID", help="The client's id.")],
    instrument: Annotated[str, typer.Option("--instrument", metavar="SYMBOL")],
    side: Annotated[str, typer.Option("--side", help="buy or sell, the client's; both.")] = "",
    day: Annotated[str, typer.Option("--date", metavar="DATE", help="ISO; today (UTC).")] = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: StateOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show which rule decides whether a client may deal in an instrument, and why.

    Every rule that matches is listed, the strongest first, with its specificity, and the licence
    that was looked at.

    Examples:
      otcfix policy explain --client ALPHA --instrument BTC/USD
      otcfix policy explain --client ALPHA --instrument BTC/USD --side buy --date 2027-01-01
      otcfix policy explain --client ALPHA --instrument BTC/USD --database sqlite:///state/otcfix.db
    """
    quiet("error")
    if side not in ("", "buy", "sell"):
        raise usage_error(f"--side: expected buy or sell, got {side!r}")
    when = _day(day)
    loaded = load_config(config)
    register = _register(loaded, database)
    found = register.clients.get(client)
    if found is None:
        there = ", ".join(sorted(register.clients)[:20])
        raise usage_error(f"--client: no client {client!r}; there are {there}")
    wanted = register.instruments.get(instrument)
    if wanted is None:
        there = ", ".join(register.instruments)
        raise usage_error(f"--instrument: no instrument {instrument!r}; there are {there}")
    sides = [answer_of(register, found, wanted, one, when) for one in _sides(side)]
    document = {
        "client": client,
        "jurisdiction": found.profile.jurisdiction,
        "client_class": found.profile.client_class,
        "instrument": instrument,
        "product": wanted.product,
        "date": when,
        "policy": register.policy.version,
        "of": "database" if database else "configuration",
        "allowed": all(one["allowed"] for one in sides),
        "sides": sides,
    }
    if as_json:
        print_json(document)
        return
    who = found.profile.jurisdiction or "no jurisdiction"
    print(f"{client} ({who}, {found.profile.client_class or 'no class'}) in {instrument} "
          f"({wanted.product}) on {when}, policy {register.policy.version[:8]}")  # fmt: skip
    if instrument not in found.instruments and "*" not in found.instruments:
        print(f"(not among the instruments of {client}: refused before any rule is asked)")
    for one in _once(sides):
        show_side(one)


def _sides(side: str) -> "list[Any]":
    from otcfix.model.messages import Side  # noqa: PLC0415

    return [one for one in Side if side in ("", one.name.lower())]


def _once(sides: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Both sides as one where the same is said of them."""
    if len(sides) == 2 and said_of(sides[0]) == said_of(sides[1]):
        return [{**sides[0], "side": "buy and sell"}]
    return sides


def _day(text: str) -> str:
    from otcfix.model.time import utc_day  # noqa: PLC0415

    if not text:
        return utc_day(time.time_ns() // 1_000)
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise usage_error(f"--date: {text!r} is no date; write 2027-01-31") from None


def _register(config: "Config", database: str) -> "Register":
    """Rules and clients: of the configuration, or of the desk's State with what commands set."""
    from otcfix.desk.register import Register  # noqa: PLC0415

    if not database:
        desk = config.to_desk()
        return Register(desk, {one.client_id: one for one in desk.clients})
    from otcfix.cli.state_now import state_now  # noqa: PLC0415

    store = open_database(database)
    try:
        return state_now(store, config).register
    finally:
        store.close()


@app.command()
def show(
    config: ConfigOption = CONFIG_DEFAULT,
    database: StateOption = "",
    as_json: JsonOption = False,
) -> None:
    """Show the version of the rules, the rules, and the desk's licences.

    Examples:
      otcfix policy show
      otcfix policy show --database sqlite:///state/otcfix.db --json
    """
    quiet("error")
    policy = _policy_of(load_config(config), database)
    today = _day("")
    counts: dict[str, int] = {}
    for rule in policy.rules:
        counts[rule.effect] = counts.get(rule.effect, 0) + 1
    licences = [licence_of(one, today) for one in policy.licences]
    rules = [_row(rule) for rule in policy.rules]
    if as_json:
        document = {
            "policy": policy.version, "of": "database" if database else "configuration",
            "rules": len(policy.rules), "effects": dict(sorted(counts.items())),
            "regions": policy.regions, "licences": licences, "rule": rules,
        }  # fmt: skip
        print_json(document)
        return
    said = ", ".join(f"{count} {effect}" for effect, count in sorted(counts.items()))
    print(f"policy {policy.version}: {len(policy.rules)} rules ({said or 'nothing is allowed'}), "
          f"{len(policy.regions)} regions, {len(licences)} licences\n")  # fmt: skip
    columns = ("rule", "effect", "jurisdiction", "asset", "class", "product", "side", "licence",
               "from", "to")  # fmt: skip
    print_table(columns, [tuple(row.values())[:10] for row in rules])
    print()
    print_table(
        ("licence", "kind", "jurisdiction", "entity", "from", "to", "now"),
        [
            (one["licence"], one["kind"], one["jurisdiction"], one["entity"], one["valid_from"],
             one["valid_to"], one["now"])
            for one in licences
        ],
    )  # fmt: skip


def _row(rule: Any) -> dict[str, Any]:
    return {
        "rule": rule.rule_id, "effect": rule.effect, "jurisdiction": rule.jurisdiction,
        "asset": rule.asset, "client_class": rule.client_class, "product": rule.product,
        "side": rule.side, "licence": rule.licence, "valid_from": rule.valid_from,
        "valid_to": rule.valid_to, "limits": dict(rule.limits),
        "legal_reference": rule.legal_reference,
    }  # fmt: skip


def _policy_of(config: "Config", database: str) -> "Policy":
    from otcfix.model.policy import Policy  # noqa: PLC0415

    if not database:
        return config.jurisdictions.made()
    return _held(database) or Policy()


def _held(database: str) -> "Policy | None":
    """The rules that the desk has; None when no desk has run yet."""
    from otcfix.cli.now import policy_now  # noqa: PLC0415

    store = open_database(database)
    try:
        held: Policy | None = policy_now(store)
        return held
    finally:
        store.close()


@app.command()
def reload(
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Give the rules of jurisdictions.toml to the desk; what they forbid is withdrawn and told.

    The whole configuration is read first: with anything wrong in it nothing is sent. Only rules,
    regions and licences are taken; where addresses lie ([geofence]) is read when the desk starts.

    Examples:
      otcfix policy reload --why "licence for New York granted"
    """
    quiet("error")
    from otcfix.cli.check import policy_warnings  # noqa: PLC0415
    from otcfix.model.policy import SetPolicy  # noqa: PLC0415

    loaded = load_config(config)
    policy, warnings = loaded.jurisdictions.made(), policy_warnings(loaded)
    try:
        held = _held(database)
    except Failed:
        held = None  # no desk has run yet
    before = held.version if held is not None else ""
    changed, seq, offline = before != policy.version, None, False
    if changed:
        by = by or whoami()
        done = send(loaded, database, SetPolicy(policy, by, why), by)
        seq, offline = done.seq, done.offline
    if as_json:
        print_json({"ok": True, "changed": changed, "policy": policy.version, "before": before,
                    "event": seq, "offline": offline, "warnings": warnings})  # fmt: skip
        return
    for line in warnings:
        print(f"warning  {line}")
    if not changed:
        print(f"Unchanged: policy {policy.version[:8]} holds already")
        return
    late = " No desk runs: it holds from the next start on." if offline else ""
    instead = f"instead of {before[:8]}" if before else "from now on"
    print(f"Policy {policy.version[:8]} holds {instead}: event {seq}.{late}")
