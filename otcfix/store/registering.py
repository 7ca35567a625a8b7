"""The register as rows: what a decision says of clients, and the floors that follow from it."""

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import NamedTuple

import msgspec

from otcfix.ledger import chart
from otcfix.model.decision import Decision
from otcfix.model.event import Event
from otcfix.model.limit import DESK
from otcfix.model.record import Batch

Floors = Mapping[tuple[str, str], int]
"""Per (client_id, asset code): minor units that available may go below zero (R20)."""

FloorRow = tuple[str, int, int]
"""An account, the lowest floor that it has during the batch, and the one behind it."""

RegisterRow = tuple[str, str, int, bytes]
"""kind, key, the event that said so, and the noun as JSON."""

CLIENT, SCREENED, GOOD_GUY, LIMIT, PROPOSAL, STATE = (
    *("client", "screened", "good_guy"),
    *("limit", "proposal", "state"),
)
TRADE_CHANGE, BREAK, ALLOCATION, CONFIRMATION = (
    "trade_change",
    "break",
    "allocation",
    "confirmation",
)
"""Kinds of rows. client: as a command left him, with the fields that it set in `changed`. screened,
good_guy, limit (SetLimit) and proposal: the newest of each key. state: a trading state, by its
scope, as a JSON text; "" is ACTIVE. trade_change: by the ExecID that does not stand any more.
break: by its id; allocation and confirmation: by client and AllocID or ConfirmID."""

_json = msgspec.json.Encoder().encode


def register_rows(event: Event, decision: Decision) -> dict[tuple[str, str], RegisterRow]:
    """What of a decision goes into the register, by kind and key; nearly none has anything."""
    of_clients = decision.clients or decision.screened or decision.good_guys
    of_trades = (
        decision.changes or decision.breaks or decision.allocations or decision.confirmations
    )
    if not (decision.moved or of_clients or decision.limits or decision.proposals or of_trades):
        return {}
    rows = chain(_rows(event.seq, decision), _of_trades(event.seq, decision))
    return {(row[0], row[1]): row for row in rows}


def _rows(seq: int, decision: Decision) -> Iterable[RegisterRow]:
    for client in decision.clients:
        yield CLIENT, client.client_id, seq, _json(client)
    for screened in decision.screened:
        yield SCREENED, screened.client_id, seq, _json(screened)
    for good in decision.good_guys:
        yield GOOD_GUY, f"{good.client_id}|{good.entry_id}", seq, _json(good)
    for limit in decision.limits:
        yield LIMIT, f"{limit.who}|{limit.what}|{limit.measure}", seq, _json(limit)
    for proposal in decision.proposals:
        yield PROPOSAL, proposal.proposal_id, seq, _json(proposal)
    for moved in decision.moved:
        if moved.what == "state":
            yield STATE, moved.key, seq, _json(moved.value)
        elif moved.what == DESK and moved.key == "state":
            yield STATE, DESK, seq, _json(moved.value)


def _of_trades(seq: int, decision: Decision) -> Iterable[RegisterRow]:
    for change in decision.changes:
        yield TRADE_CHANGE, change.trade.exec_id, seq, _json(change)
    for found in decision.breaks:
        yield BREAK, found.break_id, seq, _json(found)
    for made in decision.allocations:
        yield ALLOCATION, f"{made.client_id}|{made.alloc_id}", seq, _json(made)
    for said in decision.confirmations:
        yield CONFIRMATION, f"{said.client_id}|{said.confirm_id}", seq, _json(said)


class MovedFloors(NamedTuple):
    """floors: as they stand behind a batch; opening: of accounts that the batch opens; rows: of
    accounts whose limit it changes."""

    floors: Floors
    opening: Floors
    rows: list[FloorRow]


def moved_floors(batch: Batch, floors: Floors) -> MovedFloors:
    """The settlement limits behind *batch*, and the floors of accounts that change with it.

    Within a batch a limit may be used and then lowered: the database checks each row as it is
    written, so the lowest floor comes first and the last one behind everything.
    """
    after: dict[tuple[str, str], int] | None = None
    most: dict[tuple[str, str], int] = {}
    for _, decision in batch.decided:
        for client in decision.clients:
            after = dict(floors) if after is None else after
            mine = {asset for owner, asset in after if owner == client.client_id}
            for asset in sorted(mine | client.settlement_limits.keys()):
                key = (client.client_id, asset)
                before, limit = after.get(key, 0), client.settlement_limits.get(asset, 0)
                if before != limit:
                    most[key] = max(most.get(key, before), limit)
                    after[key] = limit
    if after is None:
        return MovedFloors(floors, floors, [])
    rows = [
        (chart.client_account(owner, chart.AVAILABLE, asset), -limit, -after[owner, asset])
        for (owner, asset), limit in sorted(most.items())
    ]
    return MovedFloors(after, after | most, rows)
