"""Answers to enquiries in the words of each version (R7): y, d, h, AO, AP, BG, BA, BF, B.

Amounts and quantities are in plain digits. Fields of a group stand in the stock dictionary's order.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from otcfix.fix.pieces import printable
from otcfix.fix.wire import SOH
from otcfix.model.answers import (
    CollateralAcked,
    CollateralReported,
    NewsSaid,
    PositionReported,
    PositionsAcked,
    SecurityDefined,
    SecurityListed,
    SessionStatusTold,
    UserAnswered,
)
from otcfix.model.instrument import Instrument
from otcfix.model.party import Session
from otcfix.model.time import utc_timestamp

Instruments = Mapping[str, Instrument]
Words = tuple[str, str]
"""MsgType(35) and the body."""

V42, V44, V50 = "FIX.4.2", "FIX.4.4", "FIX.5.0SP2"

CUSTOMER = 1
DAY = 1
"""TradingSessionID(336) of 5.0SP2."""


def line_of(*fields: tuple[int, str | int | Decimal | None]) -> str:
    """Fields as text; absent values (None, "") are left out."""
    return "".join(
        f"{tag}={value:f}{SOH}" if isinstance(value, Decimal) else f"{tag}={value}{SOH}"
        for tag, value in fields
        if value is not None and value != ""
    )


def name_of(session: Session, symbol: str) -> str:
    """The session's own name of a symbol of ours; ours where it has none."""
    return next((name for name, ours in session.symbols.items() if ours == symbol), symbol)


def party_of(party: str) -> str:
    """453 with one party: the client, or a broker's end client (452=3)."""
    return f"453=1{SOH}448={printable(party)}{SOH}447=D{SOH}452=3{SOH}"


# -- instruments ---------------------------------------------------------------------------------


def _listed(reply: SecurityListed, session: Session, instruments: Instruments) -> Words:
    body = line_of((320, reply.request_id), (322, reply.response_id), (560, reply.result))
    if not reply.symbols:
        return "y", body + _reason(reply)
    entries = [_entry(instruments[symbol], session) for symbol in reply.symbols]
    more = line_of((393, reply.total), (893, "Y" if reply.last else "N"), (146, len(entries)))
    return "y", body + more + "".join(entries)


def _reason(reply: SecurityListed) -> str:
    """Stock has no 58 outside the group of y: the words stand in an entry of 55=NONE."""
    if not reply.text:
        return ""
    return line_of((146, 1), (55, "NONE"), (58, printable(reply.text)))


def _entry(one: Instrument, session: Session) -> str:
    """One entry of 146: quantities are in base, 969 is the tick; 4.4 says 969 and 1140 in 58."""
    symbol, base = name_of(session, one.symbol), one.base.code
    if session.version == V50:
        return line_of(
            (55, symbol), (231, 1), (969, one.tick), (562, one.qty_min), (1140, one.qty_max),
            (561, one.lot), (15, base),
        )  # fmt: skip
    words = f"MinPriceIncrement={one.tick:f} MaxTradeVol={one.qty_max:f}"
    return line_of(
        (55, symbol), (231, 1), (15, base), (561, one.lot), (562, one.qty_min), (58, words)
    )


def _defined(reply: SecurityDefined, session: Session, instruments: Instruments) -> Words:
    one = instruments.get(reply.symbol)
    name = name_of(session, one.symbol) if one is not None else reply.symbol_sent
    fields: list[tuple[int, str | int | Decimal | None]] = [
        (320, reply.request_id),
        (322, reply.response_id),
        (323, reply.response_type),
        (55, name),
    ]
    if session.version == V42:
        fields.append((393, reply.total))
    text = printable(reply.text)
    if one is not None:
        fields += [(231, 1), (15, one.base.code)]
        if session.version == V44:
            fields += [(561, one.lot), (562, one.qty_min)]
            text = f"MinPriceIncrement={one.tick:f} MaxTradeVol={one.qty_max:f}"
        elif session.version == V50:
            fields.append((969, one.tick))
            text = f"RoundLot={one.lot:f} MinTradeVol={one.qty_min:f} MaxTradeVol={one.qty_max:f}"
        else:
            text = (
                f"RoundLot={one.lot:f} MinTradeVol={one.qty_min:f} MaxTradeVol={one.qty_max:f} "
                f"MinPriceIncrement={one.tick:f}"
            )
    return "d", line_of(*fields, (58, text))


def _status(reply: SessionStatusTold, session: Session, instruments: Instruments) -> Words:
    """In 5.0SP2 TradingSessionID(336) has a list of values: what it is of stands in 1300."""
    known, in_50 = reply.scope in instruments, session.version == V50
    name = name_of(session, reply.scope) if known else (reply.scope_sent or reply.scope)
    return "h", line_of(
        (335, reply.request_id),
        (336, DAY if in_50 else name),
        (1300, name if in_50 else ""),
        (55, name if known and in_50 else ""),
        (340, reply.status),
        (325, "Y" if reply.pushed else "N"),
        (567, reply.reject_reason or None),
        (342, utc_timestamp(reply.opens_at) if reply.opens_at else ""),
        (344, utc_timestamp(reply.closes_at) if reply.closes_at else ""),
        (58, printable(reply.text)),
    )


# -- positions and balances ----------------------------------------------------------------------


def _positions_acked(reply: PositionsAcked, session: Session, instruments: Instruments) -> Words:
    return "AO", line_of(
        (721, reply.report_id),
        (710, reply.request_id),
        (727, reply.total),
        (728, reply.result),
        (729, reply.status),
        (1, printable(reply.account)),
        (581, reply.account_type),
        (58, printable(reply.text)),
    ) + party_of(reply.party)


def _position(reply: PositionReported, session: Session, instruments: Instruments) -> Words:
    """702: TOT is all of it, DLV what is still to be delivered; 704 long, 705 short."""
    mark = Decimal(0) if reply.mark is None else reply.mark
    body = line_of(
        (721, reply.report_id),
        (710, reply.request_id),
        (724, 0),
        (727, reply.total),
        (728, 0),
        (715, reply.date),
        (1, printable(reply.account)),
        (581, reply.account_type),
        (55, reply.asset),
        (15, reply.asset),
        (730, mark),
        (731, 2),
        (734, mark),
    )
    kinds = [("TOT", reply.position)]
    if reply.undelivered:
        kinds.append(("DLV", reply.undelivered))
    group = line_of((702, len(kinds)))
    for kind, amount in kinds:
        group += line_of((703, kind), (704 if amount >= 0 else 705, abs(amount)), (706, 0))
    if reply.value is not None:
        group += line_of((753, 1), (707, "FMTM"), (708, reply.value))
    return "AP", body + party_of(reply.party) + group


def _collateral_acked(reply: CollateralAcked, session: Session, instruments: Instruments) -> Words:
    return "BG", line_of(
        (909, reply.request_id),
        (945, reply.status),
        (946, reply.result),
        (911, reply.total),
        (1, printable(reply.account)),
        (581, CUSTOMER),
        (58, printable(reply.text)),
    ) + party_of(reply.party)


def _collateral(reply: CollateralReported, session: Session, instruments: Instruments) -> Words:
    return "BA", line_of(
        (908, reply.report_id),
        (909, reply.request_id),
        (910, 3),
        (911, reply.total),
        (912, "Y" if reply.last else "N"),
        (1, printable(reply.account)),
        (581, CUSTOMER),
        (15, reply.currency),
        (899, reply.room),
        (900, reply.net),
        (901, reply.cash),
        (58, printable(reply.text)),
    ) + party_of(reply.party)


# -- users and news ------------------------------------------------------------------------------


def _user(reply: UserAnswered, session: Session, instruments: Instruments) -> Words:
    return "BF", line_of(
        (923, reply.request_id),
        (553, printable(reply.username)),
        (926, reply.status),
        (927, printable(reply.text)),
    )


def _news(reply: NewsSaid, session: Session, instruments: Instruments) -> Words:
    body = line_of(
        (42, utc_timestamp(reply.at)),
        (61, 1 if reply.urgent else 0),
        (148, printable(reply.headline)),
        (33, len(reply.lines)),
    )
    return "B", body + "".join(f"58={printable(text) or ' '}{SOH}" for text in reply.lines)


WRITERS: dict[type, Callable[[Any, Session, Instruments], Words]] = {
    SecurityListed: _listed,
    SecurityDefined: _defined,
    SessionStatusTold: _status,
    PositionsAcked: _positions_acked,
    PositionReported: _position,
    CollateralAcked: _collateral_acked,
    CollateralReported: _collateral,
    UserAnswered: _user,
    NewsSaid: _news,
}
