"""otcfix journal: what was heard and decided, and whether it is whole."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

import typer

from otcfix.cli.options import DATABASE, DatabaseOption, JsonOption, open_database, quiet
from otcfix.cli.outcome import NO, usage_error
from otcfix.cli.show import console, piped, print_json
from otcfix.cli.streams import streams
from otcfix.log import redacted
from otcfix.model.time import iso

app = typer.Typer(
    help="The journal: every event in its order, with the digest of its decision.",
    no_args_is_help=True,
)

app.command()(streams)

LAST = 20


@app.command()
def show(
    seq: Annotated[int, typer.Argument(metavar="[SEQ]", min=0, help="One event.")] = 0,
    first: Annotated[int, typer.Option("--from", min=0, metavar="SEQ", help="From there.")] = 0,
    last: Annotated[int, typer.Option("--to", min=0, metavar="SEQ", help="Up to there.")] = 0,
    kind: Annotated[
        str, typer.Option("--kind", metavar="NAME", help="Boot, NewOrderSingle, Kill, …")
    ] = "",
    session: Annotated[str, typer.Option("--session", metavar="KEY", help="Of a session.")] = "",
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="At most N events.")
    ] = 1_000,
    facts: Annotated[bool, typer.Option("--facts", help="The rates and ids it was given.")] = False,
    verdicts: Annotated[bool, typer.Option("--verdicts", help="What each check found.")] = False,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show events: without arguments the last 20, with SEQ one of them.

    Examples:
      otcfix journal show
      otcfix journal show 17 --facts --verdicts
      otcfix journal show --kind NewOrderSingle --session ALPHA44 --from 1000 --json
    """
    quiet()
    store = open_database(database)
    try:
        head = store.head().seq
        if seq:
            if seq > head:
                raise usage_error(f"SEQ: the journal ends at event {head}")
            first = last = seq
        elif not (first or last or kind or session):
            first = max(head - LAST + 1, 1)
        rows = islice(_chosen(store, first, last, kind, session), limit)
        documents = (document(row, facts=facts, verdicts=verdicts) for row in rows)
        if as_json:
            print_json({"head": head, "events": list(documents)})
        else:
            _show(documents)
    finally:
        store.close()


def _chosen(store: Any, first: int, last: int, kind: str, session: str) -> Iterator[Any]:
    for row in store.journal(max(first - 1, 0), last or None):
        if (not kind or row.kind.lower() == kind.lower()) and session in ("", row.session):
            yield row


def document(row: Any, *, facts: bool, verdicts: bool) -> dict[str, Any]:
    """One event for JSON."""
    import msgspec  # noqa: PLC0415

    out: dict[str, Any] = {
        "seq": row.seq, "at": iso(row.at), "kind": row.kind, "session": row.session,
        "epoch": row.epoch, "msg_seq_num": row.msg_seq_num, "received_at": iso(row.received_at),
        "text": redacted(piped(row.text)), "digest": row.digest.hex(), "hash": row.hash.hex(),
    }  # fmt: skip
    if facts:
        out["facts"] = msgspec.json.decode(row.facts)
    if verdicts:
        out["verdicts"] = _verdicts(row.verdicts)
    return out


def _verdicts(packed: bytes) -> list[Any]:
    import msgspec  # noqa: PLC0415

    from otcfix.model.verdict import Verdict  # noqa: PLC0415

    if not packed:
        return []
    found = msgspec.msgpack.decode(packed, type=tuple[Verdict, ...])
    return [msgspec.to_builtins(verdict) for verdict in found]


def _show(documents: Iterator[dict[str, Any]]) -> None:
    from rich.text import Text  # noqa: PLC0415

    out = console()
    for one in documents:
        head = Text(f"{one['seq']:>7}  {one['at']}  ", style="dim")
        head.append(one["kind"], style="bold")
        if one["session"]:
            head.append(f"  {one['session']} {one['epoch']}:{one['msg_seq_num']}", style="cyan")
        out.print(head, soft_wrap=True)
        out.print(Text(f"         {one['text']}"), soft_wrap=True)
        for name in ("facts", "verdicts"):
            if one.get(name):
                out.print(Text(f"         {name}: {_brief(one[name])}", style="dim"),
                          soft_wrap=True)  # fmt: skip


def _brief(value: Any) -> str:
    import msgspec  # noqa: PLC0415

    return msgspec.json.encode(value).decode()


@app.command()
def verify(database: DatabaseOption = DATABASE, as_json: JsonOption = False) -> None:
    """Check the hash chain from the first event on, and every balance against its transfers.

    Exit code 1 at the first bad event, or for a balance that is not the sum of its transfers.
    The chain shows damage and careless edits; someone who can write to the database could build
    it anew, so note the head that this prints somewhere else.

    Examples:
      otcfix journal verify
      otcfix journal verify --json
    """
    quiet()
    store = open_database(database)
    try:
        found = verified(store)
    finally:
        store.close()
    if as_json:
        print_json(found)
    else:
        _show_verified(found)
    if not found["ok"]:
        raise typer.Exit(NO)


def verified(store: Any) -> dict[str, Any]:
    """What verify found: events, head, the first bad event and every wrong balance."""
    from otcfix.store.journal import verify as verify_chain  # noqa: PLC0415

    head = store.head()
    chain = verify_chain(store.journal(0, head.seq))
    first_bad, why = chain.first_bad, chain.why
    if first_bad is None and chain.count != head.seq:
        first_bad, why = chain.count + 1, "missing, as is everything after it"
    balances = store.check_balances()
    totals = {asset: total for asset, total in store.trial_balance().items() if total}
    return {
        "ok": first_bad is None and not balances and not totals,
        "events": chain.count,
        "head": chain.head.hex(),
        "first_bad": first_bad,
        "why": why,
        "balances": balances,
        "trial_balance": totals,
    }


def _show_verified(found: dict[str, Any]) -> None:
    if found["first_bad"] is not None:
        print(f"BROKEN at event {found['first_bad']}: {found['why']}")
        print(f"The {found['events']} events before it are whole. Head: {found['head']}")
    else:
        print(f"{found['events']} events, the chain holds. Head: {found['head']}")
    for line in found["balances"]:
        print(f"WRONG: {line}")
    for asset, total in found["trial_balance"].items():
        print(f"WRONG: all accounts of {asset} sum up to {total} minor units, not to zero")
    if not found["balances"] and not found["trial_balance"]:
        print("Every balance is the sum of its transfers.")
