"""Every reply that the desk has, with every field that it can carry."""

from collections.abc import Iterator
from decimal import Decimal

from msgspec import structs

from otcfix.fix.dictionaries import VERSIONS
from otcfix.fix.render_prices import stream_rows
from otcfix.model.answers import (
    CollateralAcked,
    CollateralReported,
    NewsSaid,
    PositionReported,
    PositionsAcked,
    SecurityDefined,
    SecurityListed,
    SessionStatusTold,
    TradeCaptureAcked,
    TradeCaptured,
    UserAnswered,
)
from otcfix.model.decision import Decision
from otcfix.model.messages import Side, Unit
from otcfix.model.order import Order
from otcfix.model.post_trade import AllocatedTo, Allocation
from otcfix.model.pricing import Explanation
from otcfix.model.quote import Quote
from otcfix.model.refusal import Refusal
from otcfix.model.replies import (
    AllocationAnswered,
    BusinessRejected,
    Confirmed,
    ExecutionReport,
    MarketDataRefused,
    MassCancelReported,
    MassQuoteAcknowledged,
    OrderCancelRejected,
    QuoteMade,
    QuoteRefused,
    QuoteStatusReport,
    QuoteWithdrawn,
    Reply,
    SessionRejected,
)
from otcfix.model.stream import Rung, StreamImage, StreamSaid, Subscription
from otcfix.model.trade import Trade
from tests.support.world import SOH

SESSION_OF = dict(zip(VERSIONS, ("A42", "A44", "A50"), strict=True))
"""A session of the house desk that speaks each version."""


def replies_of(session: str) -> Iterator[Reply]:
    """Every reply there is, with every field that it can have."""
    one, at = Decimal(1), 1_800_000_000_000_000
    base = Quote(
        quote_id="Q", quote_req_id="R", line=0, client_id="ALPHA", end_client="", account="X",
        session=session, symbol="BTC/USD", symbol_sent="BTC/USD", side=None, wire_side="1",
        quantity=one, unit=Unit.BASE, currency="BTC", bid=one, offer=one, mid=one, made_at=at,
        valid_until=at, settl_date="20270113", state="LIVE", firm=True,
    )  # fmt: skip
    order = Order(
        order_id="O", client_id="ALPHA", scope="ALPHA", end_client="END", account="X",
        session=session, cl_ord_id="A", symbol="BTC/USD", symbol_sent="BTC/USD", side=Side.BUY,
        wire_side="1", quantity=one, unit=Unit.BASE, currency="BTC", cash_order_qty=one,
        ord_type="2", price=one, time_in_force="6", expire_at=at, expire_time=at,
        expire_date="20270113", min_qty=one, quote_id="", quote_resp_id="N", status="1",
        accepted_seq=1, accepted_at=at,
    )  # fmt: skip
    yield QuoteMade(session, base)
    yield QuoteMade(session, structs.replace(base, unit=Unit.CASH))
    yield QuoteRefused(session, "R", "BTC/USD", "1", one, Refusal.NO_PRICE, "x")
    yield QuoteWithdrawn(session, base, "x")
    yield QuoteStatusReport(session, "UNKNOWN", "Q", "R", "BTC/USD", "s", "N", "x")
    yield ExecutionReport(
        session, "TRADE", "E", order, "A", at, "B", one, one, one, one, "USD", one, "USD",
        "20270113", "20270113", Refusal.NO_PRICE, "x", "DESK", "N", "A44", "m", 1, True,
        exec_ref_id="E0",
    )  # fmt: skip
    yield OrderCancelRejected(session, "O", "A", "B", "1", "1", Refusal.TOO_LATE, "x", "X", at)
    yield MassCancelReported(session, "M", "A", "7", "7", (("A", "O"),), "BTC/USD", "0", "x", at)
    yield MassQuoteAcknowledged(session, "Q", "R", 7, 2, "x")
    yield BusinessRejected(session, 1, "D", "A", Refusal.INTERNAL, "x")
    yield SessionRejected(session, 1, "D", 38, 5, "x")
    yield MarketDataRefused(session, "M", "8", "x")
    yield AllocationAnswered(session, "L", "20270113", at, Refusal.BAD_PRICE, "x")
    part = AllocatedTo("X", one, "K", one, one, one)
    allocation = Allocation(
        "ALPHA", "L", session, ("O",), "BTC/USD", "BTC/USD", "1", "BTC", one, one, "20270113",
        "20270113", (part,), at,
    )  # fmt: skip
    yield Confirmed(session, "K", allocation, part, at, "K0")
    trade = Trade(
        "E", "O", "A", "ALPHA", "", "X", session, "BTC/USD", Side.BUY, one, one, one, one, one,
        one, "", at, "20270113", "20270113",
    )  # fmt: skip
    if session != SESSION_OF["FIX.4.2"]:
        yield TradeCaptureAcked(session, "T", "0", "1", 1, 0, 0, "BTC/USD", "x")
        yield TradeCaptured(session, trade, "T", 1, last=True)
        yield TradeCaptured(session, trade, "T", pushed=True, undoes="E")
        yield SecurityListed(session, "L", "L", 0, ("BTC/USD",), 1)
        yield PositionsAcked(session, "P", "P", 1, 0, 0, "X", "1", "ALPHA", "x")
        yield PositionReported(
            session, "P", "P", 1, "X", "1", "ALPHA", "BTC", one, -one, one, one, "20270113"
        )
        yield CollateralAcked(session, "C", 1, 0, 0, "X", "ALPHA", "x")
        yield CollateralReported(
            session, "C", "C", 1, True, "X", "ALPHA", "BTC", one, one, one, "x"
        )
        yield UserAnswered(session, "U", "X", 6, "x")
    yield SecurityDefined(session, "L", "L", 1, "BTC/USD", "BTC/USD", 1)
    yield SessionStatusTold(session, "S", "BTC/USD", 2, "", True, at, at, 1, "x")
    yield NewsSaid(session, "x", ("x",), False, at)


def streamed_tags() -> dict[str, dict[str, set[int]]]:
    """The tags of W and X, by version (4.2, 4.4, 5.0SP2) and MsgType."""
    rung = Rung("P0", Decimal(1), Decimal(1))
    why = Explanation("P", "BTC/USD", "", 0, Decimal(1), (), (), (), ())
    two = StreamImage("P", "BTC/USD", "plain", (rung, rung), (rung,), Decimal(1), 0, why)
    one = structs.replace(two, image_id="P1", bids=(), offers=(rung, rung))
    found: dict[str, dict[str, set[int]]] = {}
    for number, (version, key) in enumerate(SESSION_OF.items()):
        known = {
            number: Subscription(
                number, key, "ALPHA", "M", version, (("BTC/USD", "B"),), 0, True, ("0", "1"), 0
            )
        }
        for said in (
            StreamSaid("W", "BTC/USD", "P", "", (number,)),
            StreamSaid("X", "BTC/USD", "P1", "P", (number,)),
        ):
            for row in stream_rows(Decision(streams=(said,)), known, {"P": two, "P1": one}, 0):
                tags = {int(field.partition("=")[0]) for field in row.text.split(SOH)[:-1]}
                told = found.setdefault(version.removeprefix("FIX."), {})
                told.setdefault(row.msg_type, set()).update(tags)
    return found
