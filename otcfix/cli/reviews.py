"""otcfix sanctions reviews, release: hits that people decide on, two of them."""

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
from otcfix.cli.sanctions import app
from otcfix.cli.show import print_json, print_table
from otcfix.model.time import iso

if TYPE_CHECKING:
    from otcfix.desk.state import State

CLIENT_HELP = "Id of the client."


@app.command()
def reviews(
    everybody: Annotated[
        bool, typer.Option("--all", help="Released hits too, and clients without a verdict.")
    ] = False,
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Show the hits that keep clients from dealing, and which release waits for a second person.

    Examples:
      otcfix sanctions reviews
      otcfix sanctions reviews --all --json
    """
    quiet("error")
    from otcfix.cli.state_now import state_now  # noqa: PLC0415

    store = open_database(database)
    try:
        state = state_now(store, load_config(config))
    finally:
        store.close()
    found = open_hits(state, everybody=everybody)
    shut = state.clientele.unscreened() if everybody else []
    if as_json:
        print_json({"event": state.seq, "hits": found, "unscreened": shut})
        return
    _show(found)
    for client_id in shut:
        print(f"{client_id} has no verdict as he is now: he does not deal before there is one.")
    if not found and not shut:
        print("Nothing waits for a review.")


def open_hits(state: "State", *, everybody: bool = False) -> list[dict[str, Any]]:
    """Each hit with its client, worst first; released ones only with *everybody*."""
    from otcfix.model.screening import CLEAR  # noqa: PLC0415

    waiting = _proposed(state)
    rows = []
    for client_id, screened in sorted(state.clientele.screened.items()):
        if screened.outcome == CLEAR and not everybody:
            continue
        for hit in screened.hits:
            good = state.clientele.good_guys.get((client_id, hit.entry_id))
            released = good is not None and good.covers(hit)
            if released and not everybody:
                continue
            rows.append(
                {
                    "client": client_id, "outcome": screened.outcome, "party": hit.party,
                    "entry": hit.entry_id, "list": hit.list_name, "matched": hit.matched,
                    "score": hit.score, "pieces": hit.pieces, "entry_digest": hit.entry_digest,
                    "list_version": screened.list_version, "screened_at": iso(screened.at),
                    "proposal": waiting.get((client_id, hit.entry_id), {}),
                    "released_by": [good.made_by, good.checked_by] if good and released else [],
                    "released_at": iso(good.at) if good and released else None,
                }
            )  # fmt: skip
    return sorted(rows, key=lambda row: (-row["score"], row["client"], row["entry"]))


def _proposed(state: "State") -> dict[tuple[str, str], dict[str, Any]]:
    """The releases that wait for a second person, by client and entry."""
    import msgspec  # noqa: PLC0415

    from otcfix.model.screening import ReleaseHit  # noqa: PLC0415

    found = {}
    for one in state.approvals.waiting.values():
        if one.kind == ReleaseHit.__name__:
            command = msgspec.json.decode(one.command, type=ReleaseHit)
            found[command.client_id, command.entry_id] = {
                "id": one.proposal_id, "by": one.by, "at": iso(one.at), "why": command.why,
            }  # fmt: skip
    return found


def _show(rows: list[dict[str, Any]]) -> None:
    print_table(
        ("client", "stands", "party", "entry", "listed as", "score", "list version", "screened",
         "released"),
        [
            (r["client"], r["outcome"], r["party"], r["entry"], r["matched"], r["score"],
             r["list_version"], r["screened_at"][:19], _released(r))
            for r in rows
        ],
        right=("score",),
    )  # fmt: skip
    for row in rows:
        print(f"\n{row['client']} ~ {row['entry']}: {row['pieces']}")
        if not row["released_by"] and not row["proposal"]:
            print(f"  otcfix sanctions release {row['client']} {row['entry']} --why TEXT")


def _released(row: dict[str, Any]) -> str:
    if row["released_by"]:
        return f"by {' and '.join(row['released_by'])}"
    waits = row["proposal"]
    return f"{waits['id']} of {waits['by']} waits for a second person" if waits else "no"


@app.command()
def release(
    client: Annotated[str, typer.Argument(metavar="CLIENT", help=CLIENT_HELP)],
    entry: Annotated[str, typer.Argument(metavar="ENTRY", help="Id of the listed entry.")],
    why: WhyOption,
    by: ByOption = "",
    config: ConfigOption = CONFIG_DEFAULT,
    database: DatabaseOption = DATABASE,
    as_json: JsonOption = False,
) -> None:
    """Say that a client is not the listed entry. A second person confirms before it counts.

    It holds for the parties that were hit and for the entry as it stands: an entry that changes
    comes back into review.

    Examples:
      otcfix sanctions release ALPHA OWN:2 --why "another birth, passport seen" --by kim
      otcfix approvals confirm W7Z3K9M2X4P0 --why "agreed" --by lee
    """
    quiet("error")
    from otcfix.model.screening import ReleaseHit  # noqa: PLC0415

    by = by or whoami()
    done = send(load_config(config), database, ReleaseHit(client, entry, by, why), by)
    _tell(done, as_json)


def _tell(done: Any, as_json: bool) -> None:
    waits = done.result.startswith("waits")
    if as_json:
        print_json({"ok": True, "waits": waits, "result": done.result, "event": done.seq,
                    "offline": done.offline})  # fmt: skip
    else:
        print(f"{done.result[:1].upper()}{done.result[1:]}: event {done.seq}.")
