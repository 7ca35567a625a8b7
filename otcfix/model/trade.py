"""What was agreed, exactly once."""

from decimal import Decimal

from msgspec import Struct

from otcfix.model.messages import Side
from otcfix.model.time import Instant


class Trade(Struct, frozen=True, gc=False, array_like=True):
    """One fill. base_amount and terms_amount are exact major units as posted (R20).

    spread is the desk's, in terms (negative: the desk gave it away); fee is the client's, in
    terms. trade_date and settl_date are YYYYMMDD. last_look is what came of R19: NONE (none is
    held), WITHIN, IMPROVED or KEPT.
    """

    exec_id: str
    order_id: str
    cl_ord_id: str
    client_id: str
    end_client: str
    account: str
    session: str
    symbol: str
    side: Side
    base_amount: Decimal
    terms_amount: Decimal
    price: Decimal
    mid: Decimal
    spread: Decimal
    fee: Decimal
    quote_id: str
    at: Instant
    trade_date: str
    settl_date: str
    last_look: str = "NONE"
