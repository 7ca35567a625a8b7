"""otcfix trades: what was dealt, and what became of it."""

from typing import Annotated, Any

import typer

from otcfix.cli.options import DATABASE, DatabaseOption, JsonOption, open_database, quiet
from otcfix.cli.show import clock, print_json, print_table, since_of
from otcfix.model.time import iso

COLUMNS = (
    "time (UTC)", "event", "ClOrdID", "OrderID", "ExecID", "client", "session", "symbol", "side",
    "quantity", "price", "amount", "fee", "settles", "status", "disputed",
)  # fmt: skip


app = typer.Typer(invoke_without_command=True)
"""`otcfix trades` by itself lists; `busts` adds what changes a trade."""


@app.callback()
def trades(
    context: typer.Context,
    client: Annotated[str, typer.Option("--client", metavar="ID", help="Only this client.")] = "",
    symbol: Annotated[str, typer.Option("--symbol", metavar="PAIR", help="Only this pair.")] = "",
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="From then on: a date, a time, 15m, 2d.")
    ] = "",
    disputed: Annotated[bool, typer.Option("--disputed", help="Only disputed ones.")] = False,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="The newest N of them.")
    ] = 100,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show what was dealt, oldest first: ids, sides and exact amounts of both legs.

    Status: good, busted, or corrected (the right one has an ExecID of its own).

    Examples:
      otcfix trades
      otcfix trades --client ALPHA --symbol BTC/USD --since 1d
      otcfix trades --disputed --json
    """
    if context.invoked_subcommand:
        return
    quiet()
    first = since_of(since)
    store = open_database(database)
    try:
        found = store.trades(
            client_id=client, symbol=symbol, since=first, disputed=disputed, limit=limit
        )
    finally:
        store.close()
    if as_json:
        print_json({"trades": [document(row) for row in found]})
    elif not found:
        print("No trades.")
    else:
        show_trades(found)


def show_trades(found: list[Any]) -> None:
    """Print trades as a table; columns that say nothing are left out."""
    rows = []
    for row in found:
        t = row.trade
        base, _, terms = t.symbol.partition("/")
        rows.append(
            (
                clock(t.at), str(row.seq), t.cl_ord_id, t.order_id, t.exec_id, t.client_id,
                t.session, t.symbol, side_of(t), f"{t.base_amount:f} {base}", f"{t.price:f}",
                f"{t.terms_amount:f} {terms.removesuffix('-PERP')}",
                f"{t.fee:f}" if t.fee else "", t.settl_date,
                row.status if any(one.change for one in found) else "", row.disputed,
            )
        )  # fmt: skip
    used = [i for i, name in enumerate(COLUMNS) if any(row[i] for row in rows) or name == "price"]
    print_table(
        [COLUMNS[i] for i in used],
        [[row[i] for i in used] for row in rows],
        right=("event", "quantity", "price", "amount", "fee"),
    )


def changed(change: Any) -> dict[str, Any] | None:
    """Who took a trade back or put it right, and what stands instead; None for a good one."""
    if change is None:
        return None
    return {
        "at": iso(change.at), "exec_id": change.exec_id, "by": change.by,
        "checked_by": change.checked_by, "why": change.why,
        "replaced_by": change.now.exec_id if change.now is not None else None,
    }  # fmt: skip


def side_of(trade: Any) -> str:
    """The client's side of the base, in a word."""
    return "buy" if trade.side.name == "BUY" else "sell"


def document(row: Any) -> dict[str, Any]:
    """One trade for JSON; amounts are exact text."""
    t = row.trade
    return {
        "event": row.seq, "at": iso(t.at), "cl_ord_id": t.cl_ord_id, "order_id": t.order_id,
        "exec_id": t.exec_id, "client": t.client_id, "end_client": t.end_client,
        "account": t.account, "session": t.session, "symbol": t.symbol, "side": side_of(t),
        "quantity": t.base_amount, "price": t.price, "amount": t.terms_amount, "mid": t.mid,
        "spread": t.spread, "fee": t.fee, "quote_id": t.quote_id, "trade_date": t.trade_date,
        "settl_date": t.settl_date, "last_look": t.last_look, "disputed": row.disputed,
        "status": row.status, "changed": changed(row.change),
    }  # fmt: skip
