"""A day at the desk in rows: batches as the sequencer would commit them, sizes as in real life."""

import hashlib
import itertools
from collections.abc import Iterable
from decimal import Decimal

import msgspec
import sqlalchemy as sa

from otcfix.ledger import chart
from otcfix.model.decision import Decision, Disputed
from otcfix.model.event import Event, IdUse
from otcfix.model.hedge import FILLED as HEDGED
from otcfix.model.hedge import HedgeFill, HedgeOrder
from otcfix.model.ledger import Obligation, Transfer
from otcfix.model.messages import Side, Unit
from otcfix.model.order import FILLED, PREVIOUSLY_QUOTED, Order
from otcfix.model.pricing import Component, Explanation, SideExplained
from otcfix.model.quote import DEALT, Quote
from otcfix.model.record import Batch, JournalRow, OutboxRow, SentMark
from otcfix.model.trade import Trade
from otcfix.store import Store
from otcfix.store.journal import GENESIS, chained
from otcfix.store.tables import metadata

NOON = 1_790_000_000_000_000
"""An instant to start from, in microseconds."""

RATES_JSON = (
    '{"rates":{"BTC/USD":{"symbol":"BTC/USD","books":['
    + ",".join(
        f'{{"source":"{source}","snapshot":{n},"changed_at":{NOON},"bids":'
        '[["99990.00","1.5"],["99980.00","2.5"],["99970.00","5"]],"offers":'
        '[["100010.00","1.5"],["100020.00","2.5"],["100030.00","5"]]}'
        for n, source in enumerate(("alpha", "bravo", "charlie"), 1000)
    )
    + ']}},"conversions":{"BTC":{"asset":"BTC","rate":"100000.00","changed_at":1790000000000000}}}'
)


def fix_text(msg_type: str, seq: int, *fields: str) -> str:
    """A FIX message of about the usual size."""
    head = ("8=FIX.4.4", "9=214", f"35={msg_type}", f"34={seq}", "49=ACME", "56=OTCFIX")
    return "\x01".join((*head, "52=20260921-12:00:00.123", *fields, "10=128", ""))


def an_order(name: str, client: str = "acme", **changes: object) -> Order:
    """An order of *client*, filled unless said otherwise."""
    order = Order(
        order_id=f"O{name}", client_id=client, scope=client, end_client="", account="main",
        session=f"{client}-trade", cl_ord_id=f"c-{name}", symbol="BTC/USD", symbol_sent="BTC/USD",
        side=Side.BUY, wire_side="1", quantity=Decimal("1.5"), unit=Unit.BASE, currency="BTC",
        cash_order_qty=None, ord_type=PREVIOUSLY_QUOTED, price=Decimal("100100.00"),
        time_in_force="4", expire_at=None, expire_time=None, expire_date="", min_qty=None,
        quote_id=f"Q{name}", quote_resp_id="", status=FILLED, accepted_seq=1, accepted_at=NOON,
        chain=((f"c-{name}", "ab" * 16),), cum_qty=Decimal("1.5"),
        cum_value=Decimal("150150.000"),
    )  # fmt: skip
    return msgspec.structs.replace(order, **changes)


def a_quote(name: str, client: str = "acme", **changes: object) -> Quote:
    """A quote to *client* that was dealt on, unless said otherwise."""
    quote = Quote(
        quote_id=f"Q{name}", quote_req_id=f"r-{name}", line=0, client_id=client, end_client="",
        account="main", session=f"{client}-trade", symbol="BTC/USD", symbol_sent="BTC/USD",
        side=None, wire_side="", quantity=Decimal("1.5"), unit=Unit.BASE, currency="BTC",
        bid=Decimal("100000.00"), offer=Decimal("100100.00"), mid=Decimal("100050.00"),
        made_at=NOON, valid_until=NOON + 3_000_000, settl_date="20260921", state=DEALT, firm=True,
    )  # fmt: skip
    return msgspec.structs.replace(quote, **changes)


def a_trade(name: str, client: str = "acme", **changes: object) -> Trade:
    """The fill of `an_order` of the same name."""
    trade = Trade(
        exec_id=f"E{name}", order_id=f"O{name}", cl_ord_id=f"c-{name}", client_id=client,
        end_client="", account="main", session=f"{client}-trade", symbol="BTC/USD", side=Side.BUY,
        base_amount=Decimal("1.50000000"), terms_amount=Decimal("150150.00"),
        price=Decimal("100100.00"), mid=Decimal("100050.00"), spread=Decimal("75.00"),
        fee=Decimal("0.00"), quote_id=f"Q{name}", at=NOON, trade_date="20260921",
        settl_date="20260921",
    )  # fmt: skip
    return msgspec.structs.replace(trade, **changes)


def a_hedge(name: str, **changes: object) -> HedgeOrder:
    """The desk's order that covers `a_trade` of the same name, filled unless said otherwise."""
    order = HedgeOrder(
        hedge_id=f"H{name}a", venue="LPX", symbol="BTC/USD", side=Side.BUY,
        quantity=Decimal("1.5"), price=Decimal("100160.00"), status=HEDGED, cause=f"E{name}",
        attempt=1, mid=Decimal("100050.00"), sent_at=NOON, cum_qty=Decimal("1.5"),
        cum_value=Decimal("150082.5"), order_id="L1", sends=1,
    )  # fmt: skip
    return msgspec.structs.replace(order, **changes)


def a_hedge_fill(name: str, **changes: object) -> HedgeFill:
    """The one fill of `a_hedge` of the same name."""
    fill = HedgeFill(
        exec_id=f"X{name}", venue="LPX", hedge_id=f"H{name}a", symbol="BTC/USD", side=Side.BUY,
        base_amount=Decimal("1.50000000"), terms_amount=Decimal("150082.50"),
        price=Decimal(100055), mid=Decimal("100050.00"), at=NOON + 7_000,
    )  # fmt: skip
    return msgspec.structs.replace(fill, **changes)


def a_use(name: str, client: str = "acme", **changes: object) -> IdUse:
    """That `an_order` of the same name used up its ClOrdID(11)."""
    use = IdUse(client, f"c-{name}", "D", f"O{name}", "ab" * 16, accepted=True)
    return msgspec.structs.replace(use, **changes)


def an_explanation(name: str, client: str = "acme", **changes: object) -> Explanation:
    """Why `a_quote` of the same name has its prices."""
    sides = tuple(
        SideExplained(
            side, Decimal(100_050 + step), Decimal("1.5"),
            (Component("sweep", "", Decimal(step) - sign, Decimal("4.8975")),
             Component("spread", "gold", Decimal(sign), Decimal("0.1"))),
        )
        for side, step, sign in ((Side.BUY, 50, 1), (Side.SELL, -50, -1))
    )  # fmt: skip
    why = Explanation(
        ref_id=f"Q{name}", symbol="BTC/USD", client_id=client, at=NOON, mid=Decimal("100050.00"),
        used=(("alpha", Decimal("100050.00"), 12),), refused=(("bravo", "5000 ms old"),),
        knowledge=(("volatility_bps_day", Decimal(280)),), sides=sides,
    )  # fmt: skip
    return msgspec.structs.replace(why, **changes)


def legs(client: str = "acme") -> tuple[Transfer, ...]:
    """The transfers of `a_trade`: two legs and the spread, settled the same day."""
    position = chart.desk_account(chart.POSITION, "USD")
    return (
        Transfer(chart.client_account(client, chart.AVAILABLE, "USD"), position,
                 "USD", 15_015_000, "terms_leg"),
        Transfer(chart.desk_account(chart.POSITION, "BTC"),
                 chart.client_account(client, chart.AVAILABLE, "BTC"),
                 "BTC", 150_000_000, "base_leg"),
        Transfer(position, chart.desk_account(chart.PNL, "USD"), "USD", 7_500, "spread"),
    )  # fmt: skip


def deposit(client: str = "acme", asset: str = "USD", amount: int = 10**15) -> Transfer:
    """Money that arrives at the bank for *client*; amount in minor units."""
    available = chart.client_account(client, chart.AVAILABLE, asset)
    return Transfer(chart.venue_account("bank", asset), available, asset, amount, "deposit")


class Day:
    """Numbers events, replies and instants as the sequencer does, and chains the journal."""

    def __init__(self, seq: int = 0, outbox_id: int = 0, head: bytes = GENESIS) -> None:
        self.seq = seq
        self.outbox_id = outbox_id
        self.head = head
        self.numbers = itertools.count(1)
        self.batch = Batch([], [], [], [], {}, [])

    def event(
        self,
        decision: Decision,
        kind: str = "D",
        *,
        session: str = "acme-trade",
        epoch: int = 1,
        msg_seq_num: int | None = None,
        text: str = "",
        facts: str = "{}",
        verdicts: bytes = b"",
    ) -> int:
        """Add one decided event to the batch and return its number."""
        self.seq += 1
        number = next(self.numbers) if msg_seq_num is None else msg_seq_num
        at = NOON + self.seq * 100
        text = text or fix_text(kind, number, "11=c-1", "38=1.5", "55=BTC/USD")
        digest = hashlib.sha256(repr(self.seq).encode()).digest()
        self.head = chained(
            self.head, self.seq, at, kind, session, epoch, number, at - 40, text, facts, digest,
            verdicts,
        )  # fmt: skip
        row = JournalRow(
            self.seq, at, kind, session, epoch, number, at - 40, text, facts, digest, self.head,
            verdicts,
        )  # fmt: skip
        self.batch.rows.append(row)
        event = Event(self.seq, at, kind, None, at - 40, session, epoch, number, text)
        self.batch.decided.append((event, decision))
        return self.seq

    def say(
        self,
        msg_type: str = "8",
        *,
        session: str = "acme-trade",
        exec_id: str = "",
        text: str = "",
    ) -> int:
        """Add one reply to the last event and return its outbox id."""
        self.outbox_id += 1
        text = text or "\x01".join(
            ("37=OABCDEFGHIJK", "11=c-1", f"17={exec_id}", "150=F", "39=2", "55=BTC/USD", "54=1",
             "38=1.5", "32=1.5", "31=100100.00", "14=1.5", "151=0", "6=100100", "381=150150.00",
             "119=150150.00", "120=USD", "64=20260921", "75=20260921", "60=20260921-12:00:00.123",
             "")
        )  # fmt: skip
        self.batch.outbox.append(
            OutboxRow(
                self.outbox_id, self.seq, session, msg_type, exec_id, msg_type == "S", "", "", text
            )
        )
        return self.outbox_id

    def sent(
        self, outbox_id: int, number: int, *, session: str = "acme-trade", epoch: int = 1
    ) -> None:
        """Mark a reply as handed over with MsgSeqNum(34) *number*."""
        self.batch.sent.append(SentMark(outbox_id, session, epoch, number))

    def done(self) -> Batch:
        """The batch so far; the next one begins."""
        batch, self.batch = self.batch, Batch([], [], [], [], {}, [])
        return batch

    def quote_request(self, client: str = "acme") -> int:
        """A QuoteRequest(35=R) answered by a quote. Returns the quote's outbox id."""
        session = f"{client}-trade"
        self.event(
            Decision(), "R", session=session, facts=RATES_JSON, verdicts=b"v" * 420,
            text=fix_text("R", self.seq, f"131=r-{self.seq}", "146=1", "55=BTC/USD", "38=1.5",
                          "15=BTC", "60=20260921-12:00:00.120"),
        )  # fmt: skip
        text = "\x01".join(
            (f"131=r-{self.seq}", "117=QABCDEFGHIJK", "537=1", "55=BTC/USD", "38=1.5", "15=BTC",
             "132=100000.00", "133=100100.00", "134=1.5", "135=1.5",
             "62=20260921-12:00:03.123", "64=20260921", "60=20260921-12:00:00.123", "")
        )  # fmt: skip
        return self.say("S", session=session, text=text)

    def fill(self, name: str = "", client: str = "acme", **more: Iterable[object]) -> int:
        """A NewOrderSingle(35=D) on a quote, accepted and filled: the two reports' last id."""
        name = name or str(self.seq + 1)
        session = f"{client}-trade"
        decision = Decision(
            transfers=legs(client), trades=(a_trade(name, client),),
            orders=(an_order(name, client),), quotes=(a_quote(name, client),),
            uses=(a_use(name, client),), explanations=(an_explanation(name, client),),
            hedges=(a_hedge(name),), hedge_fills=(a_hedge_fill(name),),
        )  # fmt: skip
        decision = msgspec.structs.replace(decision, **more)
        self.event(
            decision, "D", session=session, facts=RATES_JSON, verdicts=b"v" * 600,
            text=fix_text("D", self.seq, f"11=c-{name}", f"117=Q{name}", "55=BTC/USD", "54=1",
                          "38=1.5", "15=BTC", "40=D", "44=100100", "59=4",
                          "60=20260921-12:00:00.120"),
        )  # fmt: skip
        self.say("8", session=session, exec_id=f"A{name}")
        return self.say("8", session=session, exec_id=f"E{name}")

    def funded(self, *clients: str) -> Batch:
        """One event that gives every client money to trade with, and the desk the coins."""
        money = tuple(deposit(client) for client in clients or ("acme",))
        coins = Transfer(
            chart.venue_account("bank", "BTC"), chart.desk_account(chart.POSITION, "BTC"), "BTC",
            10**15, "deposit",
        )  # fmt: skip
        self.event(Decision(transfers=(*money, coins)), "move_funds", session="", msg_seq_num=0)
        return self.done()

    def owed(self, client: str = "acme") -> Obligation:
        """A payable on a later value date."""
        return Obligation(client, "USD", -15_015_000, "20260923")

    def disputed(self, session: str, exec_id: str = "", ref_seq_num: int | None = None) -> Decision:
        """What a DontKnowTrade(35=Q) or a Reject(35=3) decides."""
        return Decision(disputed=(Disputed(session, exec_id, ref_seq_num, "cannot read it"),))


def everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table."""
    with store.reading() as connection:
        return {
            name: sorted(map(tuple, connection.execute(sa.select(table))), key=repr)
            for name, table in metadata.tables.items()
        }
