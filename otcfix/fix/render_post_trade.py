"""AllocationInstructionAck(35=P) and Confirmation(35=AK) in the words of each version (R7)."""

from collections.abc import Mapping

from otcfix.fix.wire import SOH
from otcfix.model.instrument import Instrument
from otcfix.model.party import Session
from otcfix.model.refusal import ALLOCATION_CODES, code_of
from otcfix.model.replies import AllocationAnswered, Confirmed
from otcfix.model.time import utc_timestamp

ACCEPTED, BLOCK_LEVEL_REJECT = "0", "1"
"""AllocStatus(87)."""

TEXT_MAX = 240

EXEC_TRANS_TYPE = {"BUST": 1, "CORRECT": 2, "STATUS": 3}
"""ExecTransType(20) of 4.2; else 0."""


def allocation_answered(
    reply: AllocationAnswered, session: Session, _instruments: Mapping[str, Instrument]
) -> tuple[str, str]:
    """AllocationInstructionAck(35=P; 4.2: Allocation ACK): MsgType and body."""
    code: int | None = None
    if reply.refusal is not None:
        code = code_of(ALLOCATION_CODES, reply.refusal, session.version)
    return "P", _body(
        (70, reply.alloc_id),
        (75, reply.trade_date),
        (60, utc_timestamp(reply.at)),
        (87, ACCEPTED if reply.refusal is None else BLOCK_LEVEL_REJECT),
        (88, "" if code is None else str(code)),
        (58, reply.text[:TEXT_MAX]),
    )


def confirmed(
    reply: Confirmed, _session: Session, _instruments: Mapping[str, Instrument]
) -> tuple[str, str]:
    """Confirmation(35=AK), from 4.4 on: MsgType and body. The desk deals as principal (528=P)."""
    of, part = reply.allocation, reply.part
    fee = f"{part.fee:f}" if part.fee else ""
    return "AK", _body(
        (664, reply.confirm_id),
        (666, "2" if reply.cancels else "0"),
        (772, reply.cancels),
        (773, "2"),
        (665, "4"),
        (70, of.alloc_id),
        (60, utc_timestamp(reply.at)),
        (75, of.trade_date),
        (64, of.settl_date),
        (55, of.symbol_sent),
        (54, of.wire_side),
        (15, of.currency),
        (79, part.account),
        (80, f"{part.quantity:f}"),
        (6, f"{of.avg_px.normalize():f}"),
        (381, f"{part.gross:f}"),
        (12, fee),
        (13, "3" if fee else ""),
        (118, f"{part.net:f}"),
        (862, "1"),
        (528, "P"),
        (863, f"{part.quantity:f}"),
    )


def _body(*fields: tuple[int, str]) -> str:
    return "".join(f"{tag}={value}{SOH}" for tag, value in fields if value)
