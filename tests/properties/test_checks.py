"""Whatever combination of faults a message has, the client is told of the first in the table.

Each check of the gate has at least one fault here that it alone refuses; hypothesis puts them
together, and the verdict must name the topmost, whatever else was found.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct, structs

from otcfix.gate import (
    CANCEL_CHECKS,
    ORDER_CHECKS,
    QUOTE_CHECKS,
    CancelCase,
    OrderCase,
    QuoteCase,
    judge,
)
from otcfix.gate.authority import Authority
from otcfix.gate.case import Use
from otcfix.model.messages import Head, NewOrderSingle, QuoteRequest, QuoteRequestLine, Side, Unit
from otcfix.model.order import CANCELED, NEW, Order
from otcfix.model.policy import ALLOW, PolicyAnswer
from otcfix.model.profile import Profile
from otcfix.model.quote import DEALT, INDICATIVE, LIVE, Quote
from otcfix.model.refusal import Refusal
from otcfix.model.screening import CLEAR, Screened
from otcfix.model.time import SECOND
from otcfix.model.verdict import Finding
from tests.support.house_desk import CLIENTS, INSTRUMENTS, SESSIONS, house_desk

AT = 1_800_000_000 * SECOND
DESK = house_desk()
SESSION, CLIENT, BTC = SESSIONS["A44"], CLIENTS["ALPHA"], INSTRUMENTS["BTC/USD"]
ONE, PRICE = Decimal(1), Decimal(100_000)

NOBODY_APPROVED = structs.replace(CLIENT, profile=Profile())
AUTHORITY = Authority(
    CLIENT,
    True,
    AT,
    "2027-01-15",
    BTC,
    screened=Screened("ALPHA", CLEAR, "lists-1", AT, "digest"),
    subject_digest="digest",
    verdict_age_max_days=30,
    policy=PolicyAnswer(True, ALLOW, "everything", ""),
    reduces=False,
)


COMMON: dict[str, Any] = {
    "session": SESSION,
    "client": CLIENT,
    "client_id": "ALPHA",
    "received_at": AT,
    "authority": AUTHORITY,
    "desk": DESK,
    "halted": False,
    "throttled": False,
    "account": "ALPHA-1",
    "end_client": "",
    "instrument": BTC,
    "instrument_state": "OPEN",
    "settl_date": date(2027, 1, 13),
    "conversion": PRICE,
    "base_quantity": ONE,
    "notional": PRICE,
    "position_before": Decimal(0),
    "position_after": PRICE,
    "need": 1,
    "free": 1,
    "need_asset": "USD",
    "uses": {
        "position": [Use(0, 10, 10, "10 client:ALPHA")],
        "turnover_day": [Use(11, 12, 10, "10 client:ALPHA", eases=True)],
    },
}
LINE = QuoteRequestLine("BTC/USD", "BTC/USD", None, "", ONE, Unit.BASE, "", None, "", "", "")
REQUEST = QuoteRequest(Head("A44", "R", 1, AT), "R1", (LINE,), "", None, None)
QUOTED = Quote(
    "Q1",
    "R1",
    0,
    "ALPHA",
    "",
    "ALPHA-1",
    "A44",
    "BTC/USD",
    "BTC/USD",
    None,
    "",
    ONE,
    Unit.BASE,
    "",
    PRICE,
    PRICE + 100,
    PRICE + 50,
    AT,
    AT + 3 * SECOND,
    "20270113",
    LIVE,
    True,
)
ORDER = NewOrderSingle(
    Head("A44", "D", 1, AT),
    "C1",
    "ALPHA-1",
    "",
    "BTC/USD",
    "BTC/USD",
    Side.BUY,
    "1",
    ONE,
    Unit.BASE,
    "",
    "2",
    PRICE,
    "0",
    None,
    None,
    None,
    "",
    AT,
    None,
    "",
    "",
    "",
    "",
)
OPEN_ORDER = Order(
    "O1",
    "ALPHA",
    "ALPHA",
    "",
    "ALPHA-1",
    "A44",
    "C1",
    "BTC/USD",
    "BTC/USD",
    Side.BUY,
    "1",
    ONE,
    Unit.BASE,
    "",
    None,
    "2",
    PRICE,
    "0",
    None,
    None,
    "",
    None,
    "",
    "",
    NEW,
    1,
    AT,
)


def good_request() -> QuoteCase:
    """A request that every check lets pass."""
    return QuoteCase(head=REQUEST.head, request=REQUEST, line=LINE, repeated_line=False, **COMMON)


def good_order() -> OrderCase:
    """A limit order that every check lets pass."""
    return OrderCase(head=ORDER.head, order=ORDER, price=PRICE, mid=PRICE, **COMMON)


def good_hit() -> OrderCase:
    """The hit of a live quote that every check lets pass."""
    hit = structs.replace(ORDER, ord_type="D", price=None, time_in_force="", quote_id="Q1")
    quoted: dict[str, Any] = {"quote": QUOTED, "quote_state": LIVE, "quoted_price": PRICE + 100}
    return OrderCase(head=hit.head, order=hit, **quoted, **COMMON)


def good_cancel() -> CancelCase:
    """A cancel that every check lets pass."""
    return CancelCase(SESSION, (), "C2", "C1", "O1", "", OPEN_ORDER)


Fault = Callable[[Any], None]


def put(**values: Any) -> Fault:
    """Set fields of the case."""

    def change(case: Struct) -> None:
        for name, value in values.items():
            setattr(case, name, value)

    return change


def within(part: str, **values: Any) -> Fault:
    """Set fields of one of the case's parts."""

    def change(case: Any) -> None:
        setattr(case, part, structs.replace(getattr(case, part), **values))

    return change


def uses(measure: str, **use: Any) -> Fault:
    """Have one more limit of 10, of which so much is used."""

    def change(case: Any) -> None:
        fails = Use(amount=10, limit="10 client:ALPHA", **use)
        case.uses = {**case.uses, measure: [*case.uses.get(measure, ()), fails]}

    return change


SHARED: Mapping[str, tuple[Refusal, Fault]] = {
    "id_is_new": (Refusal.DUPLICATE, put(duplicate="used")),
    "throttle": (Refusal.THROTTLED, put(throttled=True)),
    "desk_open": (Refusal.HALTED, put(halted=True)),
    "client_enabled": (
        Refusal.NOT_AUTHORISED,
        within("authority", session_enabled=False),
    ),
    "client_state": (Refusal.NOT_AUTHORISED, within("authority", client_state="HALTED")),
    "kyc": (Refusal.NOT_AUTHORISED, within("authority", client=NOBODY_APPROVED)),
    "screened": (Refusal.NOT_AUTHORISED, within("authority", screened=None)),
    "jurisdiction": (Refusal.NOT_AUTHORISED, within("authority", policy=None)),
    "account_known": (Refusal.UNKNOWN_ACCOUNT, put(account="NOBODY")),
    "instrument_open": (Refusal.CLOSED, put(instrument_state="PAUSED")),
    "fresh_price": (Refusal.NO_PRICE, put(conversion=None)),
    "order_size": (Refusal.TOO_LARGE, uses("order_size", before=0, after=11)),
    "position": (Refusal.LIMIT, uses("position", before=0, after=11)),
    "turnover_day": (Refusal.LIMIT, uses("turnover_day", before=10, after=11, eases=True)),
    "turnover_30d": (Refusal.LIMIT, uses("turnover_30d", before=11, after=12)),
    "loss": (Refusal.LIMIT, uses("loss", before=None, after=None)),
    "funds": (Refusal.FUNDS, put(need=2)),
}
OF_A_REQUEST = {
    **SHARED,
    "fields": (Refusal.MISSING_FIELD, within("request", missing=(38,))),
    "session_kind": (Refusal.WRONG_SESSION, within("session", kind="trade")),
    "not_too_old": (Refusal.TOO_OLD, put(received_at=AT + 2 * SECOND + 1)),
    "symbol_known": (Refusal.UNKNOWN_SYMBOL, put(instrument=None)),
    "instrument_allowed": (
        Refusal.NOT_AUTHORISED,
        within("authority", instrument=INSTRUMENTS["LTC/USD"]),
    ),
    "supported": (Refusal.UNSUPPORTED, put(repeated_line=True)),
    "quantity_valid": (Refusal.BAD_QUANTITY, within("line", quantity=Decimal(0))),
    "quantity_max": (Refusal.TOO_LARGE, put(base_quantity=Decimal(101))),
    "open_quotes": (Refusal.TOO_LARGE, uses("open_quotes", before=10, after=11)),
    "quote_notional": (Refusal.TOO_LARGE, uses("quote_notional", before=0, after=11)),
    "settlement": (Refusal.LIMIT, uses("settlement", before=11, after=12)),
    "depth": (Refusal.NO_DEPTH, put(pricing_refusal=Refusal.NO_DEPTH)),
    "market_stable": (Refusal.MARKET_UNSTABLE, put(pricing_refusal=Refusal.MARKET_UNSTABLE)),
    "desk_quotes": (Refusal.PASS, put(pricing_refusal=Refusal.PASS)),
}
OF_AN_ORDER = {
    **SHARED,
    "fields": (Refusal.MISSING_FIELD, within("order", missing=(38,))),
    "session_kind": (Refusal.WRONG_SESSION, within("session", kind="quote")),
    "not_too_old": (Refusal.TOO_OLD, put(received_at=AT + 5 * SECOND + 1)),
    "supported": (Refusal.UNSUPPORTED, within("order", handl_inst="3")),
    "expiry": (Refusal.EXPIRES_PAST, put(expire_at=AT)),
    "quantity_valid": (Refusal.BAD_QUANTITY, within("order", quantity=Decimal(0))),
    "quantity_max": (Refusal.TOO_LARGE, put(base_quantity=Decimal(101))),
    "depth": (Refusal.NO_DEPTH, put(depth_short=True)),
    "price_in_tolerance": (Refusal.PRICE_MOVED, put(price_moved=True)),
    "order_notional": (Refusal.NOTIONAL, uses("order_notional", before=0, after=11)),
    "median_multiple": (Refusal.NOTIONAL, uses("median_multiple", before=0, after=11)),
    "open_orders": (Refusal.LIMIT, uses("open_orders", before=10, after=11)),
    "settlement": (Refusal.FUNDS, uses("settlement", before=10, after=11, eases=True)),
}
OF_A_LIMIT = {
    **OF_AN_ORDER,
    "symbol_known": (Refusal.UNKNOWN_SYMBOL, put(instrument=None)),
    "instrument_allowed": (
        Refusal.NOT_AUTHORISED,
        within("authority", instrument=INSTRUMENTS["LTC/USD"]),
    ),
    "price_valid": (Refusal.BAD_PRICE, within("order", price=Decimal("100000.001"))),
    "collar": (Refusal.COLLAR, put(mid=Decimal(95_000))),
}
OF_A_HIT = {
    **OF_AN_ORDER,
    "quote_known": (Refusal.UNKNOWN_QUOTE, put(quote=None)),
    "quote_firm": (Refusal.INDICATIVE, put(quote_state=INDICATIVE)),
    "quote_live": (Refusal.QUOTE_GONE, put(quote_state=DEALT)),
    "quote_agrees": (Refusal.QUOTE_DIFFERS, put(quoted_price=None)),
}
OF_A_CANCEL = {
    "fields": (Refusal.MISSING_FIELD, put(missing=(41,))),
    "session_kind": (Refusal.WRONG_SESSION, put(session=SESSIONS["ASK44"])),
    "id_is_new": (Refusal.DUPLICATE, put(duplicate="used")),
    "order_known": (Refusal.UNKNOWN_ORDER, put(order=None)),
    "orig_is_current": (Refusal.NOT_CURRENT, put(orig_cl_ord_id="C0")),
    "order_open": (Refusal.TOO_LATE, put(order=structs.replace(OPEN_ORDER, status=CANCELED))),
    "changes_allowed": (Refusal.IMMUTABLE, put(changed_tag=54)),
    "gate_agrees": (
        Refusal.REPLACE_REFUSED,
        put(gate_refusal=Finding("funds", Refusal.REPLACE_REFUSED)),
    ),
}
HIDES = {
    ("symbol_known", "instrument_allowed"),
    ("quote_known", "quote_firm"),
    ("quote_known", "quote_live"),
    ("quote_known", "quote_agrees"),
    ("quote_firm", "quote_live"),
    ("order_known", "orig_is_current"),
    ("order_known", "order_open"),
    ("depth", "market_stable"),
    ("depth", "desk_quotes"),
    ("market_stable", "desk_quotes"),
}
"""Faults of which there is only one at a time: the same field carries both."""

KINDS = [
    ("request", good_request, OF_A_REQUEST, QUOTE_CHECKS),
    ("limit order", good_order, OF_A_LIMIT, ORDER_CHECKS),
    ("hit", good_hit, OF_A_HIT, ORDER_CHECKS),
    ("cancel", good_cancel, OF_A_CANCEL, CANCEL_CHECKS),
]
each_kind = pytest.mark.parametrize(
    ("good", "faults", "checks"), [kind[1:] for kind in KINDS], ids=[kind[0] for kind in KINDS]
)
Faults = Mapping[str, tuple[Refusal, Fault]]
Checks = Sequence[Callable[[Any], Finding | None]]


@each_kind
def test_what_is_right_passes(good: Callable[[], Any], faults: Faults, checks: Checks) -> None:
    """A message without a fault is refused by nobody."""
    assert judge(checks, good()).refusal is None


@each_kind
def test_each_fault_is_found_by_its_own_check(
    good: Callable[[], Any], faults: Faults, checks: Checks
) -> None:
    """One fault, one refusal, by the check that is there for it."""
    for name, (refusal, spoil) in faults.items():
        case = good()
        spoil(case)
        verdict = judge(checks, case)
        assert verdict.failed is not None, name
        assert (verdict.failed.check, verdict.failed.refusal) == (name, refusal)


@each_kind
@given(data=st.data())
def test_the_topmost_fault_is_told(
    good: Callable[[], Any], faults: Faults, checks: Checks, data: st.DataObject
) -> None:
    """Of any faults together, the client hears of the first; what was found after it is kept."""
    chosen = data.draw(st.sets(st.sampled_from(sorted(faults)), min_size=1), label="faults")
    for first, second in HIDES:
        if first in chosen:
            chosen.discard(second)
    case = good()
    order = [check.__name__ for check in checks]
    for name in sorted(chosen, key=order.index, reverse=True):
        faults[name][1](case)
    verdict = judge(checks, case)
    assert verdict.failed is not None
    assert verdict.failed.check == min(chosen, key=order.index)
    found = [finding.check for finding in verdict.findings]
    assert found == sorted(found, key=order.index), "findings stand in the order of precedence"


def test_every_check_has_a_fault() -> None:
    """No check of the tables is without one."""
    assert set(OF_A_REQUEST) == {check.__name__ for check in QUOTE_CHECKS}
    assert set(OF_A_LIMIT) | set(OF_A_HIT) == {check.__name__ for check in ORDER_CHECKS}
    assert set(OF_A_CANCEL) == {check.__name__ for check in CANCEL_CHECKS}
