"""otcfix decision: why an event was answered as it was. The only place that tells all of it."""

from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from otcfix.cli.assets import Scales
from otcfix.cli.decision_hits import CHECK, hits_behind
from otcfix.cli.options import (
    CONFIG_DEFAULT,
    DATABASE,
    ConfigOption,
    DatabaseOption,
    JsonOption,
    load_config,
    open_database,
    quiet,
)
from otcfix.cli.outcome import usage_error
from otcfix.cli.show import console, piped, print_json, print_table, since_of
from otcfix.log import redacted
from otcfix.model.errors import ConfigError
from otcfix.model.time import iso

app = typer.Typer(
    help="Decisions: every check with what it measured, what was said and what moved.",
    no_args_is_help=True,
)

KIND_LETTERS = "QOEMW"
"""What ids of ours begin with: quotes, orders, executions, streams, proposals."""


@app.command()
def show(
    event: Annotated[
        str,
        typer.Argument(
            metavar="SEQ", help="An event's number, or an id that it made (117, 37, 17)."
        ),
    ],
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show one event whole: its text, each check in order of precedence, rates, replies, transfers.

    The check that was told is marked; the client heard no more than its code. Policy and list
    versions are those that the event was judged by.

    Examples:
      otcfix decision show 17
      otcfix decision show Q7Z3K9M2X4P0 --json
    """
    quiet()
    store = open_database(database)
    try:
        seq = _seq(event, config, store)
        found = document(store, seq)
        scales = Scales(config, store)
    finally:
        store.close()
    for one in found["transfers"]:
        one["amount"] = scales.major(one["minor"], one["asset"])
    if as_json:
        print_json(found)
    else:
        _show(found)


def _seq(text: str, folder: Path, store: Any) -> int:
    """The event that *text* names. Errors: BadParameter for none."""
    from otcfix.config import load  # noqa: PLC0415
    from otcfix.desk.ids import seq_of  # noqa: PLC0415

    head = store.head().seq
    if text.isdecimal():
        seq: int | None = int(text)
    else:
        try:
            key = load(folder).id_key
        except ConfigError:
            raise usage_error(f"SEQ: {text}: its event is found with the id key alone") from None
        seq = seq_of(text, text[:1], key) if text[:1] in KIND_LETTERS else None
    if seq is None or not 1 <= seq <= head:
        raise usage_error(f"SEQ: no event {text}; the journal ends at event {head}")
    return seq


def document(store: Any, seq: int) -> dict[str, Any]:
    """All that the store knows of event *seq*."""
    import msgspec  # noqa: PLC0415

    from otcfix.store.decisions import said_in, transfers_in  # noqa: PLC0415

    row = next(iter(store.journal(seq - 1, seq)))
    facts = msgspec.json.decode(row.facts)
    verdicts = [_verdict(one) for one in verdicts_of(row.verdicts)]
    named = (f["measured"] for v in verdicts for f in v["findings"]
             if f["check"] == CHECK and not f["passed"])  # fmt: skip
    return {
        "seq": row.seq, "at": iso(row.at), "received_at": iso(row.received_at), "kind": row.kind,
        "session": row.session, "epoch": row.epoch, "msg_seq_num": row.msg_seq_num,
        "text": redacted(piped(row.text)), "digest": row.digest.hex(),
        "verdicts": verdicts,
        "policy_version": policy_version(store, seq),
        "list_version": next((v["list_version"] for v in verdicts if v["list_version"]), ""),
        "hits": next((hits_behind(store, seq, row.session, m) for m in named), []),
        "rates": _rates(facts, row.at), "conversions": _conversions(facts, row.at),
        "replies": [
            {
                "session": said.session, "msg_type": said.msg_type, "exec_id": said.exec_id,
                "text": piped(said.text), "msg_seq_num": number,
            }
            for said, number in said_in(store, seq)
        ],
        "transfers": [
            {
                "code": moved.code, "debit": moved.debit, "credit": moved.credit,
                "asset": moved.asset, "minor": moved.amount,
            }
            for moved in transfers_in(store, seq)
        ],
    }  # fmt: skip


def verdicts_of(packed: bytes) -> tuple[Any, ...]:
    """The verdicts of a journal row."""
    import msgspec  # noqa: PLC0415

    from otcfix.model.verdict import Verdict  # noqa: PLC0415

    return msgspec.msgpack.decode(packed, type=tuple[Verdict, ...]) if packed else ()


def _verdict(verdict: Any) -> dict[str, Any]:
    told = verdict.failed.check if verdict.failed is not None else ""
    refusal = verdict.refusal
    screened = next((f.measured for f in verdict.findings if f.check == "screened"), "")
    parts = [part for part in screened.split("; ") if part.startswith("lists ")]
    return {
        "passed": refusal is None,
        "told": told,
        "refusal": refusal.name if refusal is not None else None,
        "list_version": parts[0].removeprefix("lists ") if parts else "",
        "findings": [
            {
                "check": f.check, "passed": f.refusal is None,
                "refusal": f.refusal.name if f.refusal is not None else None,
                "measured": f.measured, "limit": f.limit, "detail": f.detail,
                "told": f.check == told,
            }
            for f in verdict.findings
        ],
    }  # fmt: skip


def policy_version(store: Any, seq: int) -> str:
    """The version of the jurisdiction rules that event *seq* was judged by; "" for none."""
    import msgspec  # noqa: PLC0415

    from otcfix.store.decisions import told_before  # noqa: PLC0415

    for row in told_before(store, ("Boot", "SetPolicy"), seq - 1 if seq > 1 else seq):
        body = msgspec.json.decode(row.text)
        holder = body.get("desk") if row.kind == "Boot" else body
        if holder:
            return str(holder.get("policy", {}).get("version", ""))
    return ""


def _rates(facts: dict[str, Any], at: int) -> list[dict[str, Any]]:
    """The best of each source as it was stamped, with its age in milliseconds (cut off)."""
    rows = []
    for symbol, rates in sorted(facts.get("rates", {}).items()):
        for book in rates.get("books", ()):
            best = {
                side: book.get(side)[0] if book.get(side) else None for side in ("bids", "offers")
            }
            rows.append({
                "symbol": symbol, "source": book.get("source", ""), "bid": best["bids"],
                "offer": best["offers"], "age_ms": (at - book.get("changed_at", at)) // 1_000,
            })  # fmt: skip
    return rows


def _conversions(facts: dict[str, Any], at: int) -> list[dict[str, Any]]:
    return [
        {"asset": asset, "rate": one["rate"], "age_ms": (at - one["changed_at"]) // 1_000}
        for asset, one in sorted(facts.get("conversions", {}).items())
    ]


def _show(found: dict[str, Any]) -> None:
    out = console()
    number = (
        f" {found['session']} {found['epoch']}:{found['msg_seq_num']}" if found["session"] else ""
    )
    print(f"Event {found['seq']}: {found['kind']}{number}, {found['at']}")
    out.print(f"  {found['text']}", soft_wrap=True)
    for verdict in found["verdicts"]:
        _show_verdict(verdict)
    if not found["verdicts"]:
        print("\nNothing was judged.")
    print(f"\nPolicy version: {found['policy_version'] or 'none'}")
    print(f"List version:   {found['list_version'] or 'none'}")
    print_table(
        ("hit", "event", "party", "matched", "score", "pieces"),
        [(h["entry"], h["event"], h["party"], h["matched"], h["score"], h["pieces"])
         for h in found["hits"]],
        right=("event", "score"),
    )  # fmt: skip
    print_table(
        ("rates", "source", "bid", "offer", "age (ms)"),
        [(r["symbol"], r["source"], _level(r["bid"]), _level(r["offer"]), r["age_ms"])
         for r in found["rates"]],
        right=("age (ms)",),
    )  # fmt: skip
    print_table(
        ("conversion of", "rate", "age (ms)"),
        [(r["asset"], r["rate"], r["age_ms"]) for r in found["conversions"]],
        right=("rate", "age (ms)"),
    )
    for reply in found["replies"]:
        sent = f"{reply['msg_seq_num']}" if reply["msg_seq_num"] else "not sent"
        out.print(f"Said to {reply['session']} ({sent}): 35={reply['msg_type']}|{reply['text']}",
                  soft_wrap=True)  # fmt: skip
    print_table(
        ("transfer", "from", "to", "asset", "amount"),
        [(t["code"], t["debit"], t["credit"], t["asset"], t["amount"]) for t in found["transfers"]],
        right=("amount",),
    )


def _level(level: Any) -> str:
    return " x ".join(str(part) for part in level[:2]) if level else "-"


def _show_verdict(verdict: dict[str, Any]) -> None:
    print(
        f"\nRefused: {verdict['refusal']}, by {verdict['told']}" if verdict["told"] else "\nPassed"
    )
    print_table(
        ("", "check", "found", "measured", "limit", "detail"),
        [
            (">" if f["told"] else "", f["check"], f["refusal"] or "ok", f["measured"], f["limit"],
             f["detail"])
            for f in verdict["findings"]
        ],
    )  # fmt: skip


@app.command("list")
def list_decisions(
    refused: Annotated[bool, typer.Option("--refused", help="Only what was refused.")] = False,
    client: Annotated[
        str, typer.Option("--client", metavar="ID", help="Only of his sessions.")
    ] = "",
    session: Annotated[
        str, typer.Option("--session", metavar="KEY", help="Only of this one.")
    ] = "",
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="From then on: a date, a time, 15m, 2d.")
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="The newest N of them.")
    ] = 50,
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show what was judged, oldest first: event, request, and which check told.

    Examples:
      otcfix decision list --refused --since 1h
      otcfix decision list --client ALPHA --json
    """
    quiet()
    first = since_of(since)
    sessions = _sessions(client, session, config)
    translations = _translations(config)
    from otcfix.store.decisions import judged_back  # noqa: PLC0415

    store = open_database(database)
    try:
        rows = (
            _line(row, verdict, translations.get(row.session))
            for row in judged_back(store, sessions=sessions, since=first)
            for verdict in verdicts_of(row.verdicts)
            if verdict.failed is not None or not refused
        )
        found = list(islice(rows, limit))[::-1]
    finally:
        store.close()
    if as_json:
        print_json({"decisions": found})
    elif not found:
        print("No decisions.")
    else:
        print_table(
            ("time (UTC)", "event", "kind", "session", "id", "symbol", "answer", "check",
             "measured", "limit"),
            [
                (r["at"][:23].replace("T", " "), str(r["seq"]), r["kind"], r["session"], r["id"],
                 r["symbol"], r["refusal"] or "passed", r["check"], r["measured"], r["limit"])
                for r in found
            ],
            right=("event",),
        )  # fmt: skip


def _sessions(client: str, session: str, config: Path) -> list[str] | None:
    """Keys of the sessions asked for; None for all. Errors: BadParameter for an unknown client."""
    if not client:
        return [session] if session else None
    known = [(one.key, one.client) for one in load_config(config).sessions.session]
    mine = [key for key, whose in known if whose == client and session in ("", key)]
    if not mine:
        clients = ", ".join(sorted({whose for _, whose in known if whose}))
        raise usage_error(f"--client: no session of {client}; there are sessions of {clients}")
    return mine


def _translations(config: Path) -> dict[str, Any]:
    """What sessions with a dialect call our tags, by key; none where no configuration is."""
    if not config.is_dir():
        return {}
    from otcfix.fix.dialects import translation_of  # noqa: PLC0415

    made = {one.key: translation_of(one) for one in load_config(config).to_desk().sessions}
    return {key: found for key, found in made.items() if found is not None}


def _line(row: Any, verdict: Any, translation: Any = None) -> dict[str, Any]:
    from otcfix.fix.wire import SOH, field_of  # noqa: PLC0415

    text = SOH + row.text
    if translation is not None:
        text = translation.in_our_words(row.text)
    failed = verdict.failed
    ids = (field_of(text, tag) for tag in (11, 131, 262, 117))
    return {
        "seq": row.seq, "at": iso(row.at), "kind": row.kind, "session": row.session,
        "id": next((found for found in ids if found), ""), "symbol": field_of(text, 55),
        "refusal": failed.refusal.name if failed is not None else None,
        "check": failed.check if failed is not None else "",
        "measured": failed.measured if failed is not None else "",
        "limit": failed.limit if failed is not None else "",
    }  # fmt: skip
