"""A composite that is kept across events is the one that would be made anew."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from otcfix.desk.draft import Draft
from otcfix.desk.market import Market, mid_for
from otcfix.desk.state import State
from otcfix.model.event import Event, Facts, ParametersMoved
from otcfix.model.messages import Side
from otcfix.model.pricing import Match, Parameters, Rule, Sources
from otcfix.model.rates import Rates, SourceBook
from otcfix.model.time import MINUTE, MS
from otcfix.pricing import Priced
from tests.support.house_desk import house_desk

SYMBOL = "BTC/USD"
START = 26_000_000 * MINUTE
RULES = (
    Rule("odd", Match(windows=((0, 4000), (6000, 9000))), sources=Sources(("a", "b"), 3_000)),
    Rule("all", sources=Sources(age_max_ms=700, mad_floor_bps=Decimal(1))),
)

PRICES = st.integers(9_980, 10_020).map(Decimal)
SIZES = st.sampled_from([Decimal(0), Decimal(1), Decimal(5)])


Book = tuple[str, int, Decimal, int, Decimal, bool]
"""Source, how old (negative: from the future), bid, spread, size, whether one-sided."""


@st.composite
def books(draw: st.DrawFn) -> tuple[Book, ...]:
    """The books of up to three sources."""
    return tuple(
        (
            name,
            draw(st.sampled_from([-900, -1, 0, 1, 699, 700, 701, 2_999, 3_001])),
            draw(PRICES),
            draw(st.sampled_from([-1, 0, 2, 6, 60])),
            draw(SIZES),
            draw(st.booleans()) and draw(st.booleans()),
        )
        for name in draw(st.sampled_from(["", "a", "b", "ab", "abc", "cab"]))
    )


def rates_of(made: tuple[Book, ...], at: int) -> Rates:
    """Stamped rates, with a missing source besides."""
    return Rates(
        SYMBOL,
        tuple(
            SourceBook(
                name, 1, at - age * MS, () if lame else ((mid, size),), ((mid + wide, size),)
            )
            for name, age, mid, wide, size, lame in made
        ),
        (("z", "gap"),),
    )


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["new", "same", "decoded", "parameters", "boot", "load"]),
        st.sampled_from([0, 1, 500, 701, 3_000, 50 * 60_000]),
        books(),
    ),
    min_size=2,
    max_size=12,
)


def seen(state: State, at: int, rates: Rates) -> list[object]:
    """All that a client can be told of the market, by whatever rule holds for him."""
    event = Event(state.seq + 1, at, "R", None, at, facts=Facts(rates={SYMBOL: rates}))
    draft = Draft(state, event)
    instrument, client = draft.register.instruments[SYMBOL], draft.register.clients["ALPHA"]
    market = Market(draft, instrument, client)
    made = [(side, market.price(side, Decimal(1))) for side in (Side.BUY, Side.SELL)]
    told = [(side, one) for side, one in made if isinstance(one, Priced)]
    why = market.explain("Q1", told) if told else None
    return [
        structs.replace(market._case.composite, used=()),
        made,
        why,
        mid_for(draft, instrument, client),
    ]


@settings(max_examples=150, deadline=None)
@given(steps=STEPS, rules=st.sampled_from([(), RULES, RULES[1:]]))
def test_what_is_kept_says_what_a_new_one_would(
    steps: list[tuple[str, int, tuple[Book, ...]]],
    rules: tuple[Rule, ...],
) -> None:
    """Books from the future, at the edge of their age, windows, parameters, Boot, a snapshot."""
    desk = structs.replace(house_desk(), pricing=rules)
    state = State(b"k" * 32)
    state.set_desk(desk, "h")
    at = START
    rates = rates_of((("a", -9_000, Decimal(10_000), 6, Decimal(5), False),), at)
    for what, wait_ms, made in steps:
        at += wait_ms * MS
        if what == "new":
            rates = rates_of(made, at)
        elif what == "decoded":
            rates = structs.replace(rates)
        elif what == "parameters":
            usual = (("a", Decimal("0.2") if wait_ms else Decimal(50)), ("b", Decimal(wait_ms)))
            state.knowledge.take(ParametersMoved((Parameters(SYMBOL, usual_bps=usual),)))
        elif what == "boot":
            rules = rules[::-1] if len(rules) > 1 else rules
            desk = structs.replace(desk, pricing=rules)
            state.set_desk(desk, "h")
        elif what == "load":
            state = State.load(state.dump(), b"k" * 32)
        fresh = State(b"k" * 32)
        fresh.set_desk(desk, "h")
        fresh.knowledge = state.knowledge
        assert seen(state, at, rates) == seen(fresh, at, rates)
