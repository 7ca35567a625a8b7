"""Default closed: take any one input of the verdict away, and nothing is allowed any more."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from otcfix.gate import ORDER_CHECKS, QUOTE_CHECKS, STREAM_CHECKS, StreamCase, judge
from otcfix.model.messages import Head, MarketDataRequest
from otcfix.model.screening import BLOCK, REVIEW
from tests.properties.test_checks import (
    AT,
    AUTHORITY,
    CLIENT,
    NOBODY_APPROVED,
    SESSION,
    good_hit,
    good_order,
    good_request,
    put,
    within,
)

SCREENED = AUTHORITY.screened
assert SCREENED is not None


def good_stream() -> StreamCase:
    """A subscription that every check lets pass."""
    asked = (("BTC/USD", "BTC/USD"),)
    request = MarketDataRequest(Head("A44", "V", 1, AT), "M1", "1", 1, "0", ("0", "1"), asked)
    return StreamCase(request, SESSION, AUTHORITY, (AUTHORITY,), False, False, (), 1, 500)


Remove = Callable[[Any], None]
OF_AUTHORITY: dict[str, dict[str, Any]] = {
    "the client": {"client": None},
    "his being enabled": {"client": structs.replace(CLIENT, enabled=False)},
    "his standing with the desk": {"client": structs.replace(CLIENT, status="")},
    "his KYC": {"client": NOBODY_APPROVED},
    "the session": {"session_enabled": False},
    "the verdict": {"screened": None},
    "what the verdict is of": {"screened": structs.replace(SCREENED, subject_digest="")},
    "the digest of who he is now": {"subject_digest": ""},
    "both digests": {
        "screened": structs.replace(SCREENED, subject_digest=""),
        "subject_digest": "",
    },
    "its being clear": {"screened": structs.replace(SCREENED, outcome="")},
    "the end of a review": {"screened": structs.replace(SCREENED, outcome=REVIEW)},
    "freedom": {"screened": structs.replace(SCREENED, outcome=BLOCK)},
    "how long a verdict holds": {"verdict_age_max_days": 0},
    "the time of the verdict": {"screened": structs.replace(SCREENED, at=0)},
    "the rules": {"policy": None},
}
OF_THE_CASE: dict[str, Remove] = {
    "the conversion": put(conversion=None),
    "the instrument": put(instrument=None),
    "the account": put(account="NOBODY"),
    "free funds": put(free=0),
}


def without(name: str) -> Remove:
    """Take one input away, of a request or an order."""
    if name in OF_THE_CASE:
        return OF_THE_CASE[name]
    return within("authority", **OF_AUTHORITY[name])


EVERY = (*OF_AUTHORITY, *OF_THE_CASE)
CASES = {
    "request": (good_request, QUOTE_CHECKS),
    "order": (good_order, ORDER_CHECKS),
    "hit": (good_hit, ORDER_CHECKS),
}


@pytest.mark.parametrize("kind", CASES)
@pytest.mark.parametrize("name", EVERY)
def test_nothing_is_allowed_without(kind: str, name: str) -> None:
    """A quote, an order and the hit of a quote need every one of them."""
    good, checks = CASES[kind]
    assert judge(checks, good()).refusal is None
    case = good()
    without(name)(case)
    assert judge(checks, case).refusal is not None


@pytest.mark.parametrize("name", OF_AUTHORITY)
def test_no_stream_without(name: str) -> None:
    """A subscription needs every one of them."""
    assert judge(STREAM_CHECKS, good_stream()).refusal is None
    case = good_stream()
    case.authority = structs.replace(AUTHORITY, **OF_AUTHORITY[name])
    case.wanted = (case.authority,)
    assert judge(STREAM_CHECKS, case).refusal is not None


@given(names=st.sets(st.sampled_from(EVERY), min_size=1), age=st.integers(0, 10**15))
def test_no_two_holes_make_a_whole(names: set[str], age: int) -> None:
    """However many are missing, and however old the verdict is, it stays closed."""
    for good, checks in CASES.values():
        case = good()
        case.authority = structs.replace(
            case.authority, screened=structs.replace(SCREENED, at=AT - age)
        )
        for name in sorted(names):
            without(name)(case)
        assert judge(checks, case).refusal is not None
