"""AQ and AE in the words of 4.4 and 5.0SP2 (R7): what one trade was, from the client's side."""

from collections.abc import Callable, Mapping

from otcfix.fix.pieces import printable
from otcfix.fix.render_enquiries import V44, Words, line_of, name_of, party_of
from otcfix.model.answers import TradeCaptureAcked, TradeCaptured
from otcfix.model.instrument import Instrument
from otcfix.model.party import Session
from otcfix.model.time import utc_timestamp

Instruments = Mapping[str, Instrument]


def acked(reply: TradeCaptureAcked, session: Session, instruments: Instruments) -> Words:
    """TradeCaptureReportRequestAck(35=AQ). 4.4 wants a Symbol(55): NONE without one."""
    subscription = reply.subscription_type if reply.subscription_type in ("0", "1", "2") else ""
    kind = reply.request_type if reply.request_type in ("0", "1", "2", "3", "4") else "0"
    symbol = reply.symbol_sent or ("NONE" if session.version == V44 else "")
    return "AQ", line_of(
        (568, reply.request_id),
        (569, kind),
        (263, subscription),
        (748, reply.total),
        (749, reply.result),
        (750, reply.status),
        (55, printable(symbol)),
        (58, printable(reply.text)),
    )


def captured(
    reply: TradeCaptured, session: Session, instruments: Instruments
) -> tuple[str, str, str]:
    """TradeCaptureReport(35=AE). 571 is the trade's for ever: the same one has the same.

    32 and 54 are of the base asset; 381 and 119 the terms, 120 their currency; fees in 12.
    One that is pushed is a report like the fill's: its ExecID has it said again (R10, R21).
    """
    trade = reply.trade
    instrument = instruments[trade.symbol]
    base, terms = instrument.base.code, instrument.terms.code
    in_44 = session.version == V44
    body = line_of(
        (571, trade.exec_id),
        (1003, "" if in_44 else trade.exec_id),
        (487, 1 if reply.cancels else 2 if reply.undoes else 0),
        (856, 0),
        (572, reply.undoes),
        (568, reply.request_id),
        (150, "H" if reply.cancels else "G" if reply.undoes else "F"),
        (748, reply.total),
        (912, "" if reply.pushed else "Y" if reply.last else "N"),
        (325, "Y" if reply.pushed else "N"),
        (17, trade.exec_id),
        (570, "N" if reply.pushed else "Y"),
        (55, name_of(session, trade.symbol)),
        (32, trade.base_amount),
        (31, trade.price),
        (15, "" if in_44 else base),
        (381, "" if in_44 else trade.terms_amount),
        (120, "" if in_44 else terms),
        (75, trade.trade_date),
        (60, utc_timestamp(trade.at)),
        (64, trade.settl_date),
        (552, 1),
    )
    again = trade.exec_id if reply.pushed else ""
    return "AE", body + _side(reply, session, instrument), again


def _side(reply: TradeCaptured, session: Session, instrument: Instrument) -> str:
    """The group of sides, in the order in which the version's dictionary has it."""
    trade = reply.trade
    base, terms = instrument.base.code, instrument.terms.code
    party = party_of(trade.end_client or trade.client_id)
    order = line_of((37, trade.order_id), (11, printable(trade.cl_ord_id)))
    account = line_of((1, printable(trade.account)))
    fee = ""
    if trade.fee:
        fee = line_of((12, trade.fee), (13, 3), (479, terms))
    if session.version == V44:
        amounts = line_of((381, trade.terms_amount), (119, trade.terms_amount), (120, terms))
        side = line_of((54, int(trade.side)))
        return f"{side}{order}{party}{account}{line_of((15, base))}{fee}{amounts}"
    amounts = line_of((119, trade.terms_amount), (1072, trade.terms_amount))
    return f"{line_of((54, int(trade.side)))}{party}{account}{fee}{amounts}{order}"


WRITERS: dict[type, Callable[..., tuple[str, ...]]] = {
    TradeCaptureAcked: acked,
    TradeCaptured: captured,
}
