"""otcfix price: why a price was what it was, what one would be, and which rules make it."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otcfix.cli.options import (
    CONFIG_DEFAULT,
    DATABASE,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    load_config,
    open_database,
    quiet,
    read_amount,
)
from otcfix.cli.outcome import NO, Failed, usage_error
from otcfix.cli.price_words import document, show_disclosure, show_explanation, show_rules
from otcfix.cli.show import clock, print_json, when
from otcfix.model.errors import ConfigError
from otcfix.model.time import iso

if TYPE_CHECKING:
    from otcfix.config import Config
    from otcfix.model.instrument import Instrument
    from otcfix.model.party import Client, Desk

app = typer.Typer(
    help="Prices: why one was what it was, what one would be, which rules make it.",
    no_args_is_help=True,
)

ClientOption = Annotated[str, typer.Option("--client", metavar="ID", help="Who asks.")]
SymbolOption = Annotated[str, typer.Option("--symbol", metavar="PAIR", help="For what.")]
QuantityOption = Annotated[str, typer.Option("--quantity", metavar="BASE", help="How much.")]


@app.command()
def explain(
    ref_id: Annotated[
        str,
        typer.Argument(
            metavar="QUOTEID", help="QuoteID(117), or the ExecID(17) of a deal without a quote."
        ),
    ],
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show why a quote had its prices: sources used and left out, every part with its rule.

    The parts of a side sum exactly to its price. Exit code 1 when there is no explanation. The id
    key of the configuration says where to look; without it the whole table is read.

    Examples:
      otcfix price explain Q7Z3K9M2X4P0
      otcfix price explain Q7Z3K9M2X4P0 --json
    """
    quiet()
    store = open_database(database)
    try:
        found = store.explanation(ref_id, _event_of(ref_id, config))
        if found is None:
            raise Failed(NO, _unexplained(store, ref_id))
    finally:
        store.close()
    seq, why = found
    if as_json:
        print_json({"event": seq, **document(why)})
        return
    print(f"{ref_id}: {why.symbol} for {why.client_id}, event {seq}, {clock(why.at)}")
    show_explanation(why)


def _event_of(ref_id: str, folder: Path) -> int | None:
    """The event that made an id, by the id key (R22); None without the key, or for another id."""
    from otcfix.config import load  # noqa: PLC0415
    from otcfix.desk.ids import seq_of  # noqa: PLC0415

    try:
        key = load(folder).id_key
    except ConfigError:
        return None
    return seq_of(ref_id, ref_id[:1], key)


def _unexplained(store: Any, ref_id: str) -> str:
    """What is known of an id that has no explanation."""
    quote = store.quote(ref_id)
    if quote is not None:
        return (
            f"{ref_id}: a quote of {quote.symbol} to {quote.client_id}, {quote.state.lower()}, "
            f"made {clock(quote.made_at)}, but without an explanation"
        )
    for row in store.trades(exec_id=ref_id):
        if row.trade.quote_id:
            return f"{ref_id}: a deal on a quote: otcfix price explain {row.trade.quote_id}"
        return f"{ref_id}: a deal in event {row.seq}, but its price was not explained"
    return f"{ref_id}: no quote and no deal of that id; see otcfix trades --json, or tag 117 of it"


@app.command("what-if")
def what_if(
    client: ClientOption,
    symbol: SymbolOption,
    side: Annotated[str, typer.Option("--side", metavar="SIDE", help="The client's: buy or sell.")],
    quantity: QuantityOption,
    age_ms: Annotated[
        int | None,
        typer.Option(
            "--age", min=0, max=600_000, metavar="MS",
            help="Take every source as so old; 0: as fresh. Else as old as they were then.",
        ),
    ] = None,
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:  # fmt: skip
    """Price a client by the configuration in DIR, without dealing and without asking the gate.

    Inventory and measures are those of the database; rates are the newest that its journal holds
    for the pair, judged as of their own time. Exit code 1 when there would be no price.

    Examples:
      otcfix price what-if --client ALPHA --symbol BTC/USD --side buy --quantity 2
      otcfix price what-if --client ALPHA --symbol BTC/USD --side sell --quantity 2 --config new
    """
    quiet("error")
    from otcfix.cli.price_case import hypothetical  # noqa: PLC0415
    from otcfix.model.messages import Side  # noqa: PLC0415

    sides = {"buy": Side.BUY, "sell": Side.SELL}
    if side.lower() not in sides:
        raise usage_error(f"--side: {side!r} is neither buy nor sell")
    size = read_amount(quantity, "--quantity")
    loaded = load_config(config)
    desk = loaded.to_desk()
    who, what = _client(desk, client, loaded), _instrument(desk, symbol, loaded)
    store = open_database(database)
    try:
        case = hypothetical(store, loaded, who, what, sides[side.lower()], size, age_ms)
    finally:
        store.close()
    age_s = max(time.time_ns() // 1_000 - case.at, 0) // 1_000_000
    if as_json:
        head = {
            "client": client, "symbol": symbol, "side": side.lower(), "quantity": size,
            "rates_of_event": case.seq, "rates_at": iso(case.at), "rates_age_s": age_s,
        }  # fmt: skip
        print_json({**head, "refused": case.refused, **(document(case.why) if case.why else {})})
    else:
        told = "" if age_ms is None else f", each source taken as {age_ms} ms old"
        print(f"Rates of event {case.seq}, {clock(case.at)}, {_span(age_s)} ago{told}.")
        if case.why is not None:
            show_explanation(case.why)
        else:
            print(f"{client} would be refused: {case.refused}")
    if case.why is None:
        raise typer.Exit(NO)


@app.command()
def rules(
    client: ClientOption,
    symbol: SymbolOption,
    quantity: QuantityOption,
    at: Annotated[
        str, typer.Option("--at", metavar="TIME", help="When: a time (UTC), or an age such as 2d.")
    ] = "",
    config: ConfigOption = CONFIG_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Show which rule of pricing.toml fills each slot, and why each other rule does not.

    Examples:
      otcfix price rules --client ALPHA --symbol BTC/USD --quantity 10
      otcfix price rules --client ALPHA --symbol BTC/USD --quantity 10 --at 2026-01-31T12:00
    """
    quiet()
    from otcfix.cli.price_case import slots_of, traced  # noqa: PLC0415

    now = time.time_ns() // 1_000
    moment = when(at, "--at", now) if at else now
    size = read_amount(quantity, "--quantity")
    loaded = load_config(config)
    desk = loaded.to_desk()
    who, what = _client(desk, client, loaded), _instrument(desk, symbol, loaded)
    slots = slots_of(desk.pricing, what, who, size, moment)
    trace = traced(desk.pricing, what, who, size, moment)
    if as_json:
        print_json({
            "client": client, "symbol": symbol, "quantity": size, "at": iso(moment),
            "slots": slots, "rules": trace,
        })  # fmt: skip
        return
    print(f"{client} ({who.tier}), {size:f} {what.base.code} of {symbol}, {clock(moment)}")
    show_rules(slots, trace)


@app.command()
def disclosure(
    client: ClientOption,
    config: ConfigOption = CONFIG_DEFAULT,
    as_json: JsonOption = False,
) -> None:
    """Print what a client must be told of last look: its tolerance, hold time, and both ways.

    Part of his rules of engagement. A hit is never held back, so hold_ms is 0; what moved in the
    client's favour never refuses, and is his where favourable_moves_count says so.

    Examples:
      otcfix price disclosure --client ALPHA
      otcfix price disclosure --client ALPHA --json
    """
    quiet()
    from otcfix.cli.price_case import disclosed  # noqa: PLC0415

    loaded = load_config(config)
    desk = loaded.to_desk()
    told = disclosed(desk.pricing, desk.instruments, _client(desk, client, loaded))
    if as_json:
        print_json({"client": client, "last_look": told})
        return
    print(f"Last look for {client}, per instrument; the first line that holds decides.")
    show_disclosure(told)


def _client(desk: "Desk", name: str, config: "Config") -> "Client":
    for client in desk.clients:
        if client.client_id == name:
            return client
    known = ", ".join(c.client_id for c in desk.clients)
    raise usage_error(
        f"--client: no client {name!r} in {config.folder}/clients.toml; it has {known}"
    )


def _instrument(desk: "Desk", symbol: str, config: "Config") -> "Instrument":
    for instrument in desk.instruments:
        if instrument.symbol == symbol:
            return instrument
    known = ", ".join(i.symbol for i in desk.instruments)
    raise usage_error(f"--symbol: no {symbol!r} in {config.folder}/desk.toml; it has {known}")


def _span(seconds: int) -> str:
    """How long, in the largest unit that leaves two digits or more."""
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
