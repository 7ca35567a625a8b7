"""otcfix journal streams: the W and X that were streamed, said again by the journal."""

from collections.abc import Iterator
from itertools import islice
from typing import Annotated, Any

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
)
from otcfix.cli.outcome import NO
from otcfix.cli.show import piped, print_json

SOH = "\x01"


def streams(
    session: Annotated[str, typer.Option("--session", metavar="KEY", help="To a session.")] = "",
    md_req_id: Annotated[
        str, typer.Option("--md-req-id", metavar="ID", help="Of one MDReqID(262).")
    ] = "",
    first: Annotated[int, typer.Option("--from", min=0, metavar="SEQ", help="From there.")] = 0,
    last: Annotated[int, typer.Option("--to", min=0, metavar="SEQ", help="Up to there.")] = 0,
    limit: Annotated[
        int, typer.Option("--limit", min=1, metavar="N", help="At most N messages.")
    ] = 1_000,
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Say again what was streamed: every W and X, byte for byte, without header and trailer.

    Prices are in no table: the journal is decided again from its first event, which takes its
    time. What was made for a session that had just gone is shown as well. Exit code 1 when the
    journal and the decisions differ.

    Examples:
      otcfix journal streams --session ALPHA44 --md-req-id M1
      otcfix journal streams --from 1000 --to 2000 --json
    """
    from otcfix.model.errors import ReplayDiffers  # noqa: PLC0415

    quiet("error")
    id_key = load_config(config).id_key
    store = open_database(database)
    try:
        chosen = (
            one
            for one in said_again(store, id_key, last)
            if one["seq"] >= first
            and session in ("", one["session"])
            and (not md_req_id or f"{SOH}262={md_req_id}{SOH}" in f"{SOH}{one['body']}")
        )
        found = islice(chosen, limit)
        if as_json:
            print_json({"messages": list(found)})
        else:
            for one in found:
                print(f"{one['seq']:>7}  {one['session']}  {one['msg_type']}  {piped(one['body'])}")
    except ReplayDiffers as error:
        print(f"DIFFERENT: {error}")
        raise typer.Exit(NO) from None
    finally:
        store.close()


def said_again(store: Any, id_key: bytes, last: int = 0) -> Iterator[dict[str, Any]]:
    """What the journal of *store* streamed, up to event *last* (0: all), for JSON.

    Errors: ReplayDiffers.
    """
    from otcfix.desk.state import State  # noqa: PLC0415
    from otcfix.fix.words import Words  # noqa: PLC0415
    from otcfix.sequencer.streamed import streamed  # noqa: PLC0415

    def words(state: State) -> Any:
        made = Words(state)
        return made.parse, made.render, made.render_streams

    head = store.head().seq
    rows = store.journal(0, min(last or head, head))
    for seq, row in streamed(rows, State(id_key), words):
        yield {
            "seq": seq,
            "session": row.session,
            "msg_type": row.msg_type,
            "deliver_to": row.deliver_to,
            "deliver_to_sub": row.deliver_to_sub,
            "body": row.text,
        }
