"""Streams as properties: X onto W, conflation, and what is kept of them."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otcfix.desk.ids import Ids, permute, seq_of, unpermuted
from otcfix.desk.ladders import sizes_of
from otcfix.desk.state import State
from otcfix.model.event import ParametersMoved, StreamHeld
from otcfix.model.pricing import Rule, StreamTerms, Toxicity
from otcfix.sequencer.streamed import streamed
from tests.conversation import Conversation
from tests.support.house_desk import ID_KEY, INSTRUMENTS, house_desk, instrument
from tests.support.laws import body_of
from tests.support.memory_store import MemoryStore
from tests.support.world import Heard

Entry = dict[int, str]
Book = dict[tuple[str, int], Entry]

SHAPES = ("267=2|269=0|269=1", "267=1|269=0", "267=1|269=1")


def entries(heard: Heard, first: int) -> list[Entry]:
    """The entries of the 268 group."""
    found: list[Entry] = []
    for tag, value in heard.fields:
        if tag == first:
            found.append({})
        if found and tag in (279, 269, 55, 270, 271, 299, 290):
            found[-1][tag] = value
    return found


def of_full(heard: Heard) -> Book:
    """What a W says: by side and place."""
    book: Book = {}
    for entry in entries(heard, 269):
        place = 1 + sum(side == entry[269] for side, _ in book)
        book[entry[269], place] = {tag: entry[tag] for tag in (270, 271, 299)}
    return book


def applied(book: Book, heard: Heard) -> Book:
    """*book* after an X; every instruction must fit what is there."""
    after = dict(book)
    for entry in entries(heard, 279):
        key = (entry[269], int(entry[290]))
        assert (key in after) == (entry[279] != "0"), f"{entry} does not fit {book}"
        if entry[279] == "2":
            behind = (entry[269], int(entry[290]) + 1)
            assert behind not in after, "a place behind it would move up"
            del after[key]
        else:
            after[key] = {tag: entry[tag] for tag in (270, 271, 299)}
    return after


def conversation() -> Conversation:
    """A desk with ladders of 1, 3 and 9 BTC."""
    terms = StreamTerms(sizes=(("BTC/USD", tuple(map(Decimal, (1, 3, 9)))),))
    return Conversation(house_desk(stream=terms), MemoryStore())


MOVES = st.lists(
    st.one_of(
        st.tuples(
            st.just("price"), st.integers(-300, 300), st.integers(1, 400), st.integers(1, 12)
        ),
        st.tuples(st.just("time"), st.sampled_from((1, 50, 200, 450))),
        st.tuples(st.sampled_from(("stale", "kill", "open", "hit", "held", "reads"))),
    ),
    max_size=14,
)


def plays(desk: Conversation, moves: list[Any]) -> None:
    """Let all that happen."""
    client = desk.client("T44")
    for number, move in enumerate(moves):
        what, *numbers = move
        if what == "price":
            mid, half, depth = 100_050 + numbers[0], numbers[1], str(numbers[2])
            desk.sees("BTC/USD", str(mid - half), str(mid + half), depth)
        elif what == "time":
            desk.at(f"+{numbers[0]}ms")
        elif what == "stale":
            desk.feed_stops("BTC/USD")
            desk.at("+2200ms")
        elif what == "kill":
            desk.kills()
        elif what == "open":
            desk.unkills()
        elif what in ("held", "reads"):
            desk.tell(StreamHeld("A44", what == "held"))
        else:
            rungs = [h for h in client.line.heard if h.kind == "W" and h.get(268) != "0"]
            if rungs:
                rung = rungs[-1].values(299)[0]
                client.C(f"35=D|11=H{number}|117={rung}|55=BTC/USD|54=2|38=1|40=D")


@given(MOVES, st.sampled_from(SHAPES), st.integers(0, 2))
@settings(max_examples=40, deadline=None)
def test_increments_give_the_same_book_as_full_refreshes(
    moves: list[Any], shape: str, depth: int
) -> None:
    """Who applies every X to his W holds at any instant what a subscriber of W is shown."""
    desk = conversation()
    both = desk.client("A44")
    desk.moves_funds("TREASURY", "BTC", "100")
    ask = f"263=1|264={depth}|{shape}|146=1|55=BTC/USD"
    both.C(f"35=V|262=W|{ask}|265=0")
    both.C(f"35=V|262=X|{ask}|265=1")
    desk.client("T44").C(f"35=V|262=T|{ask}")
    plays(desk, moves)
    books: dict[str, Book] = {}
    for heard in both.line.heard:
        name = heard.get(262)
        if heard.kind == "W":
            books[name] = of_full(heard)
        else:
            books[name] = applied(books[name], heard)
    assert books["X"] == books["W"]
    desk.finish()


@given(MOVES)
@settings(max_examples=25, deadline=None)
def test_what_was_streamed_is_said_again_by_the_journal(moves: list[Any]) -> None:
    """Body by body, in the same order; updates keep their distance unless they empty or refill."""
    desk = conversation()
    desk.moves_funds("TREASURY", "BTC", "100")
    ask = "263=1|264=0|267=2|269=0|269=1|146=1|55=BTC/USD"
    for key, more in (("A44", ""), ("B42", "|265=1"), ("T44", ""), ("P50", "|265=1|115=END1")):
        desk.client(key).C(f"35=V|262={key}|{ask}{more}")
    plays(desk, moves)
    desk.finish()
    again: dict[str, list[str]] = {}
    for _, row in streamed(desk.store.journal(), State(ID_KEY), desk.words_of):
        again.setdefault(row.session, []).append(row.text)
    for key in ("A44", "B42", "T44", "P50"):
        line = desk.wire.lines[key]
        heard = [one for one in line.heard if one.kind in "WX"]
        assert [body_of(one) for one in heard] == again[key]


@given(
    st.lists(st.tuples(st.integers(1, 99), st.integers(100_100, 100_104)), min_size=1, max_size=40)
)
@settings(max_examples=25, deadline=None)
def test_conflation(steps: list[tuple[int, int]]) -> None:
    """However the market jumps: an interval lies between two updates, each differs from the one
    before, and in the end the client knows the last price."""
    desk = conversation()
    client = desk.client("A44")
    client.C("35=V|262=M|263=1|264=1|267=1|269=1|146=1|55=BTC/USD")
    shown = "100100.00"
    for wait, offer in steps:
        shown = f"{offer}.00"
        desk.prices("BTC/USD", "99900.00", shown)
        desk.at(f"+{wait}ms")
    desk.at("+200ms")
    heard = client.hears_all()
    prices = [one.get(270) for one in heard]
    assert all(a != b for a, b in pairwise(prices))
    times = [desk.instant_of(f"{one.get(52)[9:]}") for one in heard]
    assert all(b - a >= 200_000 for a, b in pairwise(times))
    assert prices[-1] == shown
    desk.finish()


@given(st.integers(1, (1 << 48) - 1), st.binary(min_size=16, max_size=32))
def test_a_permuted_number_comes_back(seq: int, key: bytes) -> None:
    """Whoever holds the key reads the event's number from an id; nobody else does."""
    assert unpermuted(permute(seq, key), key) == seq
    assert seq_of(Ids(seq, key, "S").next("P") + "0", "P", key, "S") == seq


def test_what_is_no_id_has_no_number() -> None:
    """Another kind, too short, not our letters, more than 48 bits."""
    for name in ("Q1234567890", "P123", "P12345ILOU00", "P" + "Z" * 10, ""):
        assert seq_of(name, "P", ID_KEY) is None


def test_sizes_of_a_ladder() -> None:
    """Powers of ten from the smallest quantity, on the lot and within the largest."""
    desk = house_desk()
    sizes = sizes_of(desk, INSTRUMENTS["EUR/USD"])
    assert sizes == tuple(map(Decimal, (1000, 10_000, 100_000, 1_000_000, 10_000_000)))
    small = instrument("BTC/USD", qty_min=Decimal(5), qty_max=Decimal(49))
    assert sizes_of(desk, small) == (Decimal(5),)
    three = tuple(map(Decimal, (1, 2, 3)))
    named = house_desk(stream=StreamTerms(sizes_max=2, sizes=(("BTC/USD", three),)))
    assert sizes_of(named, INSTRUMENTS["BTC/USD"]) == three[:2]


def test_memory_is_flat_under_a_long_stream() -> None:
    """What was replaced and is out of its grace is forgotten."""
    desk = conversation()
    for key in ("A44", "B44"):
        desk.client(key).C("35=V|262=M|263=1|264=0|267=2|269=0|269=1|146=1|55=BTC/USD")
    sizes = []
    for turn in range(200):
        desk.sees("BTC/USD", str(100_000 + turn), str(100_010 + turn))
        desk.at("+200ms")
        sizes.append(len(desk.state.dump()))
    streams = desk.state.streams
    assert len(streams.images) <= 16
    assert len(streams.rungs) == sum(len(i.bids + i.offers) for i in streams.images.values())
    assert max(sizes[100:]) <= max(sizes[:100]) + 200
    for key in ("A44", "B44"):
        desk.client(key).drops()
    desk.at("+3s")
    desk.kills()
    kept = streams.dump()
    assert not any((kept.subscriptions, kept.images, kept.replaced, kept.current))
    assert not any((streams.rungs, streams._told_to, streams._standing, streams._references))


@pytest.mark.parametrize("depth", [0, 1])
def test_memory_is_flat_when_what_is_measured_of_a_client_moves(depth: int) -> None:
    """Each toxicity is a group of its own: one that nobody is priced in any more is forgotten."""
    rule = Rule("toxic", toxicity=Toxicity(Decimal(1), Decimal(50)))
    terms = StreamTerms(sizes=(("BTC/USD", (Decimal(1), Decimal(3))),))
    desk = Conversation(house_desk(stream=terms, pricing=(rule,)), MemoryStore())
    for key in ("A44", "B44"):
        desk.client(key).C(f"35=V|262=M|263=1|264={depth}|267=2|269=0|269=1|146=1|55=BTC/USD")
    for turn in range(60):
        if turn % 3 == 0:
            desk.tell(ParametersMoved((), (("ALPHA", Decimal(turn + 1) / 10),)))
        desk.sees("BTC/USD", str(100_000 + turn), str(100_010 + turn))
        desk.at("+200ms")
    streams = desk.state.streams
    assert len(streams.current) <= 8  # those of the last seconds, which still have their grace
    assert len(streams.images) <= 32
    desk.finish()
