"""What a client sends, in its version: fields for `fix.client.Client.send`."""

import time
from dataclasses import dataclass

from otcfix.fix.client import Entry, Field
from otcfix.fix.dialect_groups import PARTY_COUNT
from otcfix.fix.dialects import Translation
from otcfix.model.time import utc_timestamp

V42 = "FIX.4.2"
SIDE = {"buy": "1", "sell": "2"}
TIF = {"day": "0", "gtc": "1", "ioc": "3", "fok": "4", "gtd": "6"}
LIMIT, MARKET, QUOTED = "2", "1", "D"


@dataclass(frozen=True, slots=True)
class Request:
    """One message to send."""

    msg_type: str
    fields: list[Field]
    group: tuple[int, list[Entry]] | None = None
    second: tuple[int, list[Entry]] | None = None


def in_dialect(request: Request, translation: Translation) -> Request:
    """The same request as a client who speaks a dialect says it. translation: of his end."""
    fields = list(request.fields)
    for count, entries in filter(None, (request.group, request.second)):
        fields += [(count, str(len(entries))), *(field for entry in entries for field in entry)]
    body: list[Field] = []
    groups: list[tuple[int, list[Entry]]] = []
    counts = {one[0] for one in (request.group, request.second) if one is not None} | {PARTY_COUNT}
    for tag, value in translation.outbound(request.msg_type, fields):
        if tag in counts:
            groups.append((tag, []))
        elif not groups:
            body.append((tag, value))
        else:
            entries = groups[-1][1]
            if not entries or entries[0][0][0] == tag:
                entries.append([])
            entries[-1] = [*entries[-1], (tag, value)]
    return Request(request.msg_type, body, *groups[:2])


def new_id(prefix: str) -> str:
    """An id that no earlier run of ours can have used."""
    return f"{prefix}-{time.time_ns():x}"


def now_text() -> str:
    """TransactTime(60) for now."""
    return utc_timestamp(time.time_ns() // 1_000)


def quote_request(
    version: str,
    quote_req_id: str,
    symbol: str,
    quantity: str,
    side: str = "",
    currency: str = "",
) -> Request:
    """A QuoteRequest(R) for a firm quote; two-way without a side."""
    line: list[Field] = [(55, symbol)]
    if version != V42:
        line.append((537, "1"))
    if side:
        line.append((54, SIDE[side]))
    line.append((38, quantity))
    if currency:
        line.append((15, currency))
    return Request("R", [(131, quote_req_id)], (146, [line]))


def new_order(
    version: str,
    cl_ord_id: str,
    symbol: str,
    side: str,
    quantity: str,
    ord_type: str,
    *,
    price: str = "",
    tif: str = "",
    expire: str = "",
    quote_id: str = "",
    currency: str = "",
) -> Request:
    """A NewOrderSingle(D). side and tif in words, expire as FIX timestamp."""
    fields: list[Field] = [(11, cl_ord_id), (55, symbol), (54, SIDE[side]), (38, quantity)]
    fields += [(40, ord_type), (60, now_text())]
    if version == V42:
        fields.append((21, "1"))
    for tag, value in (
        (44, price),
        (59, TIF[tif] if tif else ""),
        (126, expire),
        (117, quote_id),
        (15, currency),
    ):
        if value:
            fields.append((tag, value))
    return Request("D", fields)


def market_data(md_req_id: str, symbol: str, *, ends: bool = False) -> Request:
    """A MarketDataRequest(V) for whole books, again and again; or the end of that one."""
    fields: list[Field] = [(262, md_req_id), (263, "2" if ends else "1"), (264, "0")]
    if not ends:
        fields.append((265, "0"))
    return Request("V", fields, (267, [[(269, "0")], [(269, "1")]]), (146, [[(55, symbol)]]))


def cancel(cl_ord_id: str, orig: str, symbol: str, side: str, quantity: str) -> Request:
    """An OrderCancelRequest(F)."""
    fields: list[Field] = [(11, cl_ord_id), (41, orig), (55, symbol), (54, SIDE[side])]
    if quantity:
        fields.append((38, quantity))
    return Request("F", [*fields, (60, now_text())])
