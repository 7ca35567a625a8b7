"""Each row of the check tables is a check, in the table's order; what each one looks at."""

from decimal import Decimal

import pytest

from otcfix.desk.limit_rows import own_measures
from otcfix.gate import CANCEL_CHECKS, ORDER_CHECKS, QUOTE_CHECKS
from otcfix.model.limit import MEASURES, Limit
from tests.conftest import OpenDesk
from tests.support import tables

QUOTE_ROWS = [
    ("fields", "MISSING_FIELD"),
    ("session_kind", "WRONG_SESSION"),
    ("id_is_new", "DUPLICATE"),
    ("not_too_old", "TOO_OLD"),
    ("throttle", "THROTTLED"),
    ("desk_open", "HALTED"),
    ("client_enabled", "NOT_AUTHORISED"),
    ("client_state", "NOT_AUTHORISED"),
    ("kyc", "NOT_AUTHORISED"),
    ("screened", "NOT_AUTHORISED"),
    ("account_known", "UNKNOWN_ACCOUNT"),
    ("symbol_known", "UNKNOWN_SYMBOL"),
    ("instrument_allowed", "NOT_AUTHORISED"),
    ("jurisdiction", "NOT_AUTHORISED"),
    ("instrument_open", "CLOSED"),
    ("supported", "UNSUPPORTED"),
    ("quantity_valid", "BAD_QUANTITY"),
    ("open_quotes", "TOO_LARGE"),
    ("quantity_max", "TOO_LARGE"),
    ("order_size", "TOO_LARGE"),
    ("quote_notional", "TOO_LARGE"),
    ("fresh_price", "NO_PRICE"),
    ("depth", "NO_DEPTH"),
    ("market_stable", "MARKET_UNSTABLE"),
    ("position", "LIMIT"),
    ("turnover_day", "LIMIT"),
    ("turnover_30d", "LIMIT"),
    ("loss", "LIMIT"),
    ("settlement", "LIMIT"),
    ("funds", "FUNDS"),
    ("desk_quotes", "PASS"),
]

ORDER_ROWS = [
    *QUOTE_ROWS[:16],
    ("expiry", "EXPIRES_PAST"),
    ("quote_known", "UNKNOWN_QUOTE"),
    ("quote_firm", "INDICATIVE"),
    ("quote_live", "QUOTE_GONE"),
    ("quote_agrees", "QUOTE_DIFFERS"),
    ("quantity_valid", "BAD_QUANTITY"),
    ("quantity_max", "TOO_LARGE"),
    ("order_size", "TOO_LARGE"),
    ("price_valid", "BAD_PRICE"),
    ("fresh_price", "NO_PRICE"),
    ("collar", "COLLAR"),
    ("order_notional", "NOTIONAL"),
    ("median_multiple", "NOTIONAL"),
    ("open_orders", "LIMIT"),
    ("position", "LIMIT"),
    ("turnover_day", "LIMIT"),
    ("turnover_30d", "LIMIT"),
    ("loss", "LIMIT"),
    ("settlement", "FUNDS"),
    ("funds", "FUNDS"),
    ("depth", "NO_DEPTH"),
    ("price_in_tolerance", "PRICE_MOVED"),
]
"""Row 14, 18, 23, 24 and 25 are a check for each measure."""

CANCEL_ROWS = [
    ("fields", "MISSING_FIELD"),
    ("session_kind", "WRONG_SESSION"),
    ("id_is_new", "DUPLICATE"),
    ("order_known", "UNKNOWN_ORDER"),
    ("orig_is_current", "NOT_CURRENT"),
    ("order_open", "TOO_LATE"),
    ("changes_allowed", "IMMUTABLE"),
    ("gate_agrees", "REPLACE_REFUSED"),
]
"""BAD_PRICE, the table's last row, is the gate's word for a tick."""


@pytest.mark.parametrize(
    ("checks", "rows", "table"),
    [
        (QUOTE_CHECKS, QUOTE_ROWS, tables.QUOTE),
        (ORDER_CHECKS, ORDER_ROWS, tables.ORDER),
        (CANCEL_CHECKS, CANCEL_ROWS, tables.CANCEL),
    ],
    ids=["quotes", "orders", "cancels"],
)
def test_checks_stand_in_the_order_of_their_table(
    checks: tuple, rows: list[tuple[str, str]], table: str
) -> None:
    """Precedence is the order of the tuple; every row of the table has its check."""
    assert [check.__name__ for check in checks] == [name for name, _ in rows]
    told = [refusal for place, (_, refusal) in enumerate(rows) if rows[place - 1][1] != refusal]
    assert told == [name for name, _ in tables.rows(table)][: len(told)]


ALPHA, BTC = "client:ALPHA", "instrument:BTC/USD"
EVERY_LIMIT = tuple(
    Limit(ALPHA, BTC if measure == "order_size" else "", measure, Decimal(100_000_000))
    for measure in MEASURES
    if measure not in own_measures()
)


@pytest.mark.parametrize(
    ("line", "rows"),
    [
        ("35=R|131=R1|146=1|55=BTC/USD|38=1", QUOTE_ROWS),
        ("35=D|11=A1|55=BTC/USD|54=1|38=1|40=1", ORDER_ROWS),
        ("35=F|11=F1|41=LIVE", CANCEL_ROWS),
    ],
)
def test_a_message_that_passes_was_looked_at_by_every_check(
    open_desk: OpenDesk, line: str, rows: list[tuple[str, str]]
) -> None:
    """All checks that can run ran, and their findings are kept (audit trail)."""
    desk = open_desk(limits=EVERY_LIMIT)
    desk.prices("BTC/USD", bid="100000", offer="100100")
    client = desk.client("A44")
    client.C("35=D|11=LIVE|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1")
    client.C(line)
    (verdict,) = desk.decided.verdicts
    assert verdict.refusal is None
    found = [finding.check for finding in verdict.findings]
    cannot_run = {
        "quote_known", "quote_firm", "quote_live", "quote_agrees",  # 40=D alone
        "price_valid", "collar", "open_orders",  # limit orders alone
        "gate_agrees",  # replaces alone
    }  # fmt: skip
    assert found == [name for name, _ in rows if name not in cannot_run]
