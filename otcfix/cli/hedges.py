"""otcfix hedges: the desk's own orders at venues, how well they are served, covering by hand."""

from decimal import Decimal
from typing import Annotated, Any

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
    read_amount,
    whoami,
)
from otcfix.cli.outcome import NO, Failed, usage_error
from otcfix.cli.show import clock, print_json, print_table, since_of
from otcfix.model.time import iso

app = typer.Typer(
    help="Hedges: the desk's own orders at venues, and covering by hand.", no_args_is_help=True
)

VenueOption = Annotated[str, typer.Option("--venue", metavar="NAME", help="Only this venue.")]
SymbolOption = Annotated[str, typer.Option("--symbol", metavar="PAIR", help="Only this pair.")]
SinceOption = Annotated[
    str, typer.Option("--since", metavar="TIME", help="From then on: a date, a time, 15m, 2d.")
]
HedgeArgument = Annotated[str, typer.Argument(metavar="ID", help="The order's id (ClOrdID).")]


@app.command("list")
def list_hedges(
    venue: VenueOption = "",
    symbol: SymbolOption = "",
    since: SinceOption = "",
    open_only: Annotated[bool, typer.Option("--open", help="Only those not ended.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="The newest N of them.")
    ] = 100,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show hedge orders as they stand, oldest first.

    Examples:
      otcfix hedges list
      otcfix hedges list --open --venue LPX
      otcfix hedges list --symbol BTC/USD --since 1d --json
    """
    quiet()
    first = since_of(since)
    store = open_database(database)
    try:
        found = store.hedges(
            venue=venue, symbol=symbol, since=first, open_only=open_only, limit=limit
        )
    finally:
        store.close()
    if as_json:
        print_json({"hedges": [document(order) for order in found]})
    elif not found:
        print("No hedges.")
    else:
        _show_orders(found)


def _show_orders(found: list[Any]) -> None:
    print_table(
        ("time (UTC)", "id", "venue", "symbol", "side", "quantity", "limit", "filled", "average",
         "state", "attempt", "cause", "said"),
        [
            (
                clock(o.sent_at), o.hedge_id, o.venue, o.symbol, _side(o), f"{o.quantity:f}",
                f"{o.price:f}", f"{o.cum_qty:f}", _average(o) or "", o.status, o.attempt, o.cause,
                o.text,
            )
            for o in found
        ],
        right=("quantity", "limit", "filled", "average", "attempt"),
    )  # fmt: skip


def _side(what: Any) -> str:
    return "buy" if what.side.name == "BUY" else "sell"


def _average(order: Any) -> str | None:
    if not order.cum_qty:
        return None
    return f"{(order.cum_value / order.cum_qty).quantize(Decimal('1E-8')).normalize():f}"


def document(order: Any) -> dict[str, Any]:
    """One hedge order for JSON; amounts are exact text."""
    return {
        "hedge_id": order.hedge_id, "venue": order.venue, "symbol": order.symbol,
        "side": _side(order), "quantity": order.quantity, "limit": order.price,
        "status": order.status, "cause": order.cause, "attempt": order.attempt, "mid": order.mid,
        "sent_at": iso(order.sent_at), "filled": order.cum_qty, "average": _average(order),
        "order_id": order.order_id, "text": order.text, "sends": order.sends, "asks": order.asks,
    }  # fmt: skip


@app.command()
def show(
    hedge_id: HedgeArgument, database: DatabaseOption = DATABASE, as_json: JsonOption = False
) -> None:
    """Show one hedge order with every fill, and with what was taken back.

    Examples:
      otcfix hedges show HK3M8Q0ZR4T1a
      otcfix hedges show HK3M8Q0ZR4T1a --json
    """
    quiet()
    store = open_database(database)
    try:
        found = store.hedges(hedge_id=hedge_id)
        rows = store.hedge_fills([hedge_id])
    finally:
        store.close()
    if not found:
        raise Failed(NO, f"no hedge {hedge_id}")
    if as_json:
        print_json({**document(found[0]), "fills": [_fill(row) for row in rows]})
        return
    _show_orders(found)
    if rows:
        print()
        print_table(
            ("time (UTC)", "event", "ExecID", "side", "quantity", "price", "amount", "status"),
            [
                (
                    clock(row.fill.at), row.seq, row.fill.exec_id, _side(row.fill),
                    f"{row.fill.base_amount:f}", f"{row.fill.price:f}",
                    f"{row.fill.terms_amount:f}", row.fill.status,
                )
                for row in rows
            ],
            right=("event", "quantity", "price", "amount"),
        )  # fmt: skip


def _fill(row: Any) -> dict[str, Any]:
    fill = row.fill
    return {
        "event": row.seq, "at": iso(fill.at), "exec_id": fill.exec_id, "side": _side(fill),
        "quantity": fill.base_amount, "amount": fill.terms_amount, "price": fill.price,
        "mid": fill.mid, "status": fill.status,
    }  # fmt: skip


@app.command()
def scorecard(
    venue: VenueOption = "",
    symbol: SymbolOption = "",
    since: SinceOption = "",
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="Of the newest N orders.")
    ] = 1_000,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show how each venue serves the desk: fills, rejects, hold time, slippage, markouts.

    Slippage is what fills cost against the middle at decision. A markout is positive when the
    market went the desk's way after the fill; it is read from the rates in the journal.

    Examples:
      otcfix hedges scorecard
      otcfix hedges scorecard --symbol BTC/USD --since 7d --json
    """
    quiet()
    from otcfix.store.scorecard import scorecards  # noqa: PLC0415

    first = since_of(since)
    store = open_database(database)
    try:
        orders = store.hedges(venue=venue, symbol=symbol, since=first, limit=limit)
        rows = store.hedge_fills([order.hedge_id for order in orders])
        cards = scorecards(orders, rows, store.journal)
    finally:
        store.close()
    if as_json:
        print_json({"scorecards": [_card(card) for card in cards]})
        return
    if not cards:
        print("No hedges.")
        return
    horizons = [f"+{m.seconds} s bps" for m in cards[0].markouts]
    numbers = ("orders", "open", "fills", "busted", "fill ratio", "reject ratio", "hold p50 ms",
               "hold p99 ms", "slippage bps", *horizons)  # fmt: skip
    print_table(
        ("venue", *numbers),
        [
            (
                c.venue, c.orders, c.open, c.fills, c.busted, *map(_or_dash, (
                    c.fill_ratio, c.reject_ratio, c.hold_p50_ms, c.hold_p99_ms, c.slippage_bps,
                )), *(_markout(m, c.fills) for m in c.markouts),
            )
            for c in cards
        ],
        right=numbers,
    )  # fmt: skip


def _or_dash(value: Any) -> str:
    return "-" if value is None else f"{value:f}"


def _markout(markout: Any, fills: int) -> str:
    if markout.bps is None:
        return "not measured" if fills else "-"
    part = "" if markout.measured == fills else f" ({markout.measured} of {fills})"
    return f"{markout.bps:f}{part}"


def _card(card: Any) -> dict[str, Any]:
    import msgspec  # noqa: PLC0415

    return {
        **msgspec.structs.asdict(card),
        "markouts": [msgspec.structs.asdict(markout) for markout in card.markouts],
    }


@app.command()
def now(
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="Such as BTC/USD.")],
    side: Annotated[str, typer.Argument(metavar="buy|sell", help="The desk's side.")],
    quantity: Annotated[str, typer.Argument(metavar="QTY", help="In base.")],
    why: WhyOption,
    venue: Annotated[
        str, typer.Option("--venue", metavar="NAME", help="There; else the rule's first.")
    ] = "",
    price: Annotated[
        str, typer.Option("--price", metavar="PRICE", help="The limit; else by the rule.")
    ] = "",
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Cover by hand: one limit IOC to a venue that is connected. Nothing is retried by itself.

    Examples:
      otcfix hedges now BTC/USD buy 0.5 --why "long week-end"
      otcfix hedges now EUR/USD sell 250000 --venue LPX --price 1.0812 --why "flat before NFP"
    """
    quiet("error")
    from otcfix.model.hedge import Hedge  # noqa: PLC0415
    from otcfix.model.messages import Side  # noqa: PLC0415

    sides = {"buy": Side.BUY, "sell": Side.SELL}
    if side not in sides:
        raise usage_error(f"SIDE: {side!r} is neither buy nor sell")
    by = by or whoami()
    command = Hedge(
        symbol, sides[side], read_amount(quantity, "QTY"), by, why, venue,
        read_amount(price, "--price") if price else None,
    )  # fmt: skip
    _tell(config, database, command, by, as_json, f"Told to {side} {quantity} {symbol}")


@app.command()
def settle(
    hedge_id: HedgeArgument,
    why: WhyOption,
    filled: Annotated[
        str, typer.Option("--filled", metavar="QTY", help="Filled in all, in base; 0 for nothing.")
    ],
    price: Annotated[
        str, typer.Option("--price", metavar="PRICE", help="The average price of all of it.")
    ] = "",
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Say how a hedge ended, as the venue told you: for one that it does not answer for.

    What is missing is booked, and covering of the instrument goes on.

    Examples:
      otcfix hedges settle HK3M8Q0ZR4T1a --filled 0 --why "LPX: never arrived, by phone"
      otcfix hedges settle HK3M8Q0ZR4T1a --filled 0.5 --price 100102.5 --why "LPX, by phone"
    """
    quiet("error")
    from otcfix.model.hedge import SettleHedge  # noqa: PLC0415

    by = by or whoami()
    nothing = filled.strip("0.") == "" and filled.replace(".", "", 1).isdigit()
    cum = Decimal(0) if nothing else read_amount(filled, "--filled")
    average = read_amount(price, "--price") if price else None
    command = SettleHedge(hedge_id, cum, average, by, why)
    _tell(config, database, command, by, as_json, f"{hedge_id} is settled")


def _tell(config: Any, database: str, command: Any, by: str, as_json: bool, what: str) -> None:
    done = send(load_config(config), database, command, by)
    if as_json:
        print_json({"ok": True, "event": done.seq, "offline": done.offline})
    else:
        late = " No desk runs: it holds from the next start on." if done.offline else ""
        print(f"{what}: event {done.seq}.{late}")
