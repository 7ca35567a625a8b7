"""What of State is kept between runs."""

from decimal import Decimal

from msgspec import Struct

from otcfix.desk.approvals import KeptApprovals
from otcfix.desk.clientele import KeptClientele
from otcfix.desk.cover import KeptCover
from otcfix.desk.limits import KeptLimits
from otcfix.desk.streams import StreamsKept
from otcfix.desk.trade_breaks import KeptBreaks
from otcfix.model.decision import DepthTaken
from otcfix.model.enquiries import Asked
from otcfix.model.order import Order
from otcfix.model.party import Desk
from otcfix.model.pricing import Parameters
from otcfix.model.quote import Quote
from otcfix.model.time import Instant


class Snapshot(Struct):
    """State as it is kept between runs; what can be counted from it is not in it."""

    seq: int
    at: Instant
    desk: Desk | None
    desk_hash: str
    balances: dict[str, int]
    quotes: list[Quote]
    orders: list[Order]
    taken: list[DepthTaken]
    words: dict[str, dict[str, str | int]]
    owed_withdrawals: dict[str, list[Quote]]
    obligations: dict[str, int]
    timers: list[tuple[Instant, str, str]]
    parameters: list[Parameters]
    toxicity: dict[str, Decimal]
    cover: KeptCover
    streams: StreamsKept
    clientele: KeptClientele
    limits: KeptLimits
    approvals: KeptApprovals
    breaks: KeptBreaks
    asks: list[Asked] = []
