"""What is answered to a liquidity provider."""

from collections.abc import Mapping

from otcfix.fix.wire import SOH
from otcfix.model.instrument import Instrument
from otcfix.model.party import Session
from otcfix.model.replies import MassQuoteAcknowledged

ACCEPTED, REJECTED = "0", "5"


def mass_quote_acknowledged(
    reply: MassQuoteAcknowledged, _session: Session, _instruments: Mapping[str, Instrument]
) -> tuple[str, str]:
    """QuoteAcknowledgement(35=b), from 4.4 on MassQuoteAcknowledgement: MsgType and body."""
    fields = [
        (131, reply.quote_req_id),
        (117, reply.quote_id),
        (297, REJECTED if reply.reason else ACCEPTED),
        (300, str(reply.reason or "")),
        (301, str(reply.response_level)),
        (58, reply.text),
    ]
    return "b", "".join(f"{tag}={value}{SOH}" for tag, value in fields if value)
