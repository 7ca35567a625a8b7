"""The precedence of a MarketDataRequest(35=V): each check alone, and before those behind it."""

from typing import Any

import pytest
from msgspec import structs

from otcfix.gate import STREAM_CHECKS, StreamCase, judge
from otcfix.gate.authority import Authority
from otcfix.model.messages import Head, MarketDataRequest
from otcfix.model.party import Client
from otcfix.model.policy import ALLOW, PolicyAnswer
from otcfix.model.profile import SUSPENDED, Profile
from otcfix.model.refusal import Refusal
from otcfix.model.screening import CLEAR, Screened
from tests.support.house_desk import client, instrument, session

REQUEST = MarketDataRequest(
    Head("A44", "V", 1, 0), "M1", "1", 0, "0", ("0", "1"), (("BTC/USD", "BTC/USD"),)
)
KNOWN = Authority(
    client("ALPHA"),
    True,
    0,
    "2027-01-13",
    screened=Screened("ALPHA", CLEAR, "lists-1", 0, "digest"),
    subject_digest="digest",
    verdict_age_max_days=30,
)
GOOD: dict[str, Any] = {
    "request": REQUEST,
    "session": session("A44", "ALPHA", "FIX.4.4"),
    "authority": KNOWN,
    "wanted": (
        structs.replace(
            KNOWN,
            instrument=instrument("BTC/USD"),
            policy=PolicyAnswer(True, ALLOW, "everything", ""),
        ),
    ),
    "throttled": False,
    "duplicate": False,
    "unknown": (),
    "listed": 500,
    "listed_max": 500,
}
NOBODY_APPROVED = client("ALPHA", profile=Profile())
NO_RULES = (Authority(client("ALPHA"), True, 0, "2027-01-13", instrument("BTC/USD"), policy=None),)
NOWHERE = (
    Authority(client("ALPHA", instruments=()), True, 0, "2027-01-13", instrument("BTC/USD")),
)
FAULTS: list[tuple[str, dict[str, Any], Refusal, int | None]] = [
    ("fields", {"request": {"missing": (146,)}}, Refusal.MISSING_FIELD, 146),
    ("session_kind", {"session": {"kind": "trade"}}, Refusal.WRONG_SESSION, None),
    ("id_is_new", {"duplicate": True}, Refusal.DUPLICATE, 262),
    ("throttle", {"throttled": True}, Refusal.THROTTLED, None),
    ("client_enabled", {"authority": {"session_enabled": False}}, Refusal.NOT_AUTHORISED, None),
    ("client_state", {"authority": {"client_state": "HALTED"}}, Refusal.NOT_AUTHORISED, None),
    ("kyc", {"authority": {"client": NOBODY_APPROVED}}, Refusal.NOT_AUTHORISED, None),
    ("screened", {"authority": {"screened": None}}, Refusal.NOT_AUTHORISED, None),
    ("symbol_known", {"unknown": ("NO/PE",)}, Refusal.UNKNOWN_SYMBOL, 55),
    ("instrument_allowed", {"wanted": NOWHERE}, Refusal.NOT_AUTHORISED, None),
    ("jurisdiction", {"wanted": NO_RULES}, Refusal.NOT_AUTHORISED, None),
    ("supported", {"request": {"depth": -1}}, Refusal.UNSUPPORTED, 264),
    ("room", {"listed": 501}, Refusal.OVERLOADED, None),
]


def case(*faults: dict[str, Any]) -> StreamCase:
    """A good request with these faults."""
    values = dict(GOOD)
    for fault in reversed(faults):
        for name, value in fault.items():
            is_part = isinstance(value, dict)
            values[name] = structs.replace(values[name], **value) if is_part else value
    return StreamCase(**values)


def test_the_table_is_whole() -> None:
    """Every check has its row, in the order in which they run."""
    assert [check.__name__ for check in STREAM_CHECKS] == [name for name, *_ in FAULTS]
    assert judge(STREAM_CHECKS, case()).failed is None


@pytest.mark.parametrize("place", range(len(FAULTS)))
def test_precedence(place: int) -> None:
    """A fault is told before all those whose checks stand behind it."""
    name, _, refusal, tag = FAULTS[place]
    failed = judge(STREAM_CHECKS, case(*(fault for _, fault, *_ in FAULTS[place:]))).failed
    assert failed is not None
    assert (failed.check, failed.refusal, failed.tag) == (name, refusal, tag)


@pytest.mark.parametrize(
    "off",
    [client("ALPHA", enabled=False), client("ALPHA", status=SUSPENDED), None],
    ids=["off", "suspended", "gone"],
)
def test_a_client_who_is_off_or_gone(off: Client | None) -> None:
    """One word for every reason."""
    failed = judge(STREAM_CHECKS, case({"authority": {"client": off}})).failed
    assert failed is not None
    assert failed.refusal is Refusal.NOT_AUTHORISED
