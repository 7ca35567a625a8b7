"""Dealing on a stream: an order 40=D with a rung's QuoteEntryID(299) in its QuoteID(117)."""

from decimal import Decimal
from itertools import pairwise

import pytest
from msgspec import structs

from otcfix.model.event import SetInstrument, StreamHeld
from otcfix.model.messages import Side
from otcfix.model.pricing import Life, Rule
from tests.conftest import OpenDesk
from tests.conversation import Conversation
from tests.support.client import Client
from tests.support.streams import TERMS, asks
from tests.support.world import Heard

GONE = "D 35=8|11=A1|150=8|39=8|103=4|58=QUOTE_GONE:..."


@pytest.fixture
def streaming(open_desk: OpenDesk) -> Conversation:
    """The house's desk with ladders of 1 and 3 BTC."""
    return open_desk(stream=TERMS)


def ladder(client: Client) -> Heard:
    """Subscribe, and what is heard: bids of 1 and 3, offers of 1 and 3."""
    asks(client)
    return client.hears()


def hits(client: Client, rung: str, quantity: str = "1", name: str = "A1", more: str = "") -> None:
    """Buy on a rung."""
    client.C(f"35=D|11={name}|117={rung}|55=BTC/USD|54=1|38={quantity}|40=D{more}")


def test_a_rung_is_dealt_on_at_its_price(streaming: Conversation, number: str) -> None:
    """Whatever the market has done since, as long as the rung stands."""
    client = streaming.client(f"A{number}")
    offer = ladder(client).values(299)[2]
    streaming.prices("BTC/USD", "100000.00", "100500.00")
    hits(client, offer, more="|44=100100.00")
    client.talk_44("""
        D 35=8|37=O1|11=A1|17=E1|150=0|39=0
        D 35=8|37=O1|11=A1|17=E2|150=F|39=2|32=1|31=100100.00|14=1|151=0|381=100100.00
    """)
    streaming.books("ALPHA", USD="399900.00", BTC="6.00000000")


def test_a_client_sells_at_our_bid(streaming: Conversation) -> None:
    """The other side of the ladder; AJ hits as D does."""
    client = streaming.client("A44")
    bid = ladder(client).values(299)[1]
    client.C(f"35=AJ|693=N1|694=1|11=A1|117={bid}|55=BTC/USD|54=2|38=3")
    client.talk("""
        D 35=8|11=A1|693=N1|150=0
        D 35=8|11=A1|693=N1|150=F|32=3|31=100000.00
    """)


def test_less_than_the_rung_and_then_the_rest(streaming: Conversation) -> None:
    """A3: 38 up to what is left of the rung for this client; another client has it whole."""
    client, other = streaming.client("A44"), streaming.client("B44")
    offer = ladder(client).values(299)[3]
    assert ladder(other).values(299)[3] == offer
    hits(client, offer, "2")
    assert [heard.get(150) for heard in client.hears_all()] == ["0", "F"]
    hits(client, offer, "1.001", "A2")
    client.talk("""
        D 35=8|11=A2|150=8|103=13|58=BAD_QUANTITY tag=38: above what is left of the rung
    """)
    hits(client, offer, "1", "A3")
    assert [heard.get(150) for heard in client.hears_all()] == ["0", "F"]
    hits(client, offer, "0.001", "A4")
    client.talk("D 35=8|11=A4|103=13|58=BAD_QUANTITY tag=38: above what is left of the rung")
    hits(other, offer, "3", "B1")
    assert [heard.get(150) for heard in other.hears_all()] == ["0", "F"]


def test_a_rung_that_was_dealt_on_is_shown_anew(streaming: Conversation) -> None:
    """Under another id, as soon as the interval is over, though the market is silent."""
    client = streaming.client("A44")
    before = ladder(client).values(299)
    hits(client, before[2])
    client.hears_all()
    streaming.at("+200ms")
    after = client.hears().values(299)
    assert after[2] != before[2]
    assert after[0] == before[0]
    assert after[1] == before[1]
    assert after[3] != before[3]
    hits(client, after[2], name="A2")
    assert [heard.get(150) for heard in client.hears_all()] == ["0", "F"]


def test_a_deal_on_a_rung_says_why(streaming: Conversation) -> None:
    """Under its ExecID: the rung's price as it was made, though the market is elsewhere now."""
    client = streaming.client("A44")
    offer = ladder(client).values(299)[3]
    streaming.prices("BTC/USD", "100000.00", "100500.00")
    hits(client, offer, "2")
    ((trade, why),) = [(d.trades[0], d.explanations) for _, d, _ in streaming.told if d.trades]
    (told,) = why
    (side,) = told.sides
    assert (told.ref_id, told.client_id) == (trade.exec_id, "ALPHA")
    assert (side.side, side.quantity, side.price) == (Side.BUY, Decimal(3), trade.price)
    assert told.mid + sum(part.amount for part in side.components) == trade.price
    client.hears_all()
    streaming.finish()


@pytest.mark.parametrize(
    ("market", "told", "outcome"),
    [
        ("100250", "150=8|103=99|58=LAST_LOOK_PRICE: ...", ""),
        ("100100", "150=F|31=100100.00", "WITHIN"),
        ("99850", "150=F|31=99899.91", "IMPROVED"),
    ],
)
def test_a_rung_is_looked_at_as_a_quote_is(
    open_desk: OpenDesk, market: str, told: str, outcome: str
) -> None:
    """R19, by the rule for the rung's size; the outcome stands on the trade."""
    life = Life(last_look="tolerance", tolerance_bps=Decimal(10), improvement=True)
    desk = open_desk(stream=TERMS, pricing=(Rule("look", life=life),))
    client = desk.client("A44")
    offer = ladder(client).values(299)[2]
    desk.sees("BTC/USD", bid=market, offer=market)
    hits(client, offer)
    accepted = "D 35=8|150=0\n" if outcome else ""
    client.talk(f"{accepted}D 35=8|11=A1|{told}")
    trades = [trade for _, decision, _ in desk.told for trade in decision.trades]
    assert [trade.last_look for trade in trades] == ([outcome] if outcome else [])


def test_a_rung_dies_when_the_market_leaves_its_cancel_band(open_desk: OpenDesk) -> None:
    """Also of a client who hears seldom: what he was told long ago is no option of his."""
    desk = open_desk(
        stream=TERMS,
        pricing=(Rule("band", life=Life(cancel_band_bps=Decimal(20))),),
        sessions={"A44": {"stream_interval_ms": 60_000}},
    )
    client = desk.client("A44")
    offer = ladder(client).values(299)[2]
    desk.sees("BTC/USD", bid="100200", offer="100200")
    hits(client, offer, "0.5")
    assert [heard.get(39) for heard in client.hears_all()] == ["0", "2"]
    desk.sees("BTC/USD", bid="100300", offer="100300")
    hits(client, offer, "0.5", "A2")
    client.talk("D 35=8|11=A2|150=8|39=8|103=4|58=QUOTE_GONE:...")


def test_nobody_else_hears_of_a_deal(streaming: Conversation) -> None:
    """Clients of one group share a ladder and its ids, but new ids are for him who has dealt: a
    book whose prices stay as they are tells the others nothing. As the market moves, they share
    one again."""
    client, other = streaming.client("A44"), streaming.client("B44")
    shared = ladder(client).values(299)
    assert ladder(other).values(299) == shared
    again = shared
    for turn in range(3):
        hits(client, again[2], name=f"A{turn}")
        client.hears_all()
        streaming.at("+200ms")
        before, again = again, client.hears().values(299)
        assert again[:2] == shared[:2]
        assert not {*before[2:]} & {*again[2:]}
    other.says_nothing_more()
    hits(other, again[2], name="B1")
    other.talk("D 35=8|11=B1|103=99|58=UNKNOWN_QUOTE tag=117:...")
    hits(other, shared[2], name="B2")
    assert [heard.get(39) for heard in other.hears_all()][:2] == ["0", "2"]
    streaming.at("+200ms")
    streaming.prices("BTC/USD", "100001.00", "100200.00")
    streaming.at("+200ms")
    assert client.hears().values(299) == other.hears().values(299)
    assert len(streaming.state.streams.current) <= 3
    streaming.at("+4s")
    streaming.prices("BTC/USD", "100001.00", "100300.00")
    streaming.at("+1s")
    assert len(streaming.state.streams.current) == 1
    client.hears_all(), other.hears_all()
    streaming.finish()


DIFFERS = {
    "symbol": ("117={}|55=ETH/USD|54=1|38=1", "55"),
    "side": ("117={}|55=BTC/USD|54=2|38=1", "54"),
    "currency": ("117={}|55=BTC/USD|54=2|38=1000|15=USD", "15"),
    "better price": ("117={}|55=BTC/USD|54=1|38=1|44=100099.99", "44"),
    "worse price": ("117={}|55=BTC/USD|54=1|38=1|44=100200", "44"),
}


@pytest.mark.parametrize("what", DIFFERS)
def test_an_order_that_does_not_agree(streaming: Conversation, number: str, what: str) -> None:
    """QUOTE_DIFFERS names the tag; the rung stands all the same."""
    line, tag = DIFFERS[what]
    client = streaming.client(f"A{number}")
    streaming.prices("ETH/USD", "4000.00", "4010.00", "100")
    offer = ladder(client).values(299)[2]
    client.C(f"35=D|11=A1|40=D|{line.format(offer)}")
    code = "0" if number == "42" else "99"
    client.talk(f"D 35=8|11=A1|150=8|103={code}|58=QUOTE_DIFFERS tag={tag}:...")
    hits(client, offer, name="A2")
    assert [heard.get(39) for heard in client.hears_all()] == ["0", "2"]


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        ("1.001", "above what is left of the rung"),
        ("0.0005", "not a multiple of 0.001"),
        ("0", "must be positive"),
    ],
)
def test_a_quantity_that_is_not_valid(
    streaming: Conversation, number: str, quantity: str, words: str
) -> None:
    """103=13 (4.2: 0); many refusals do not end a rung."""
    client = streaming.client(f"A{number}")
    offer = ladder(client).values(299)[2]
    code = "0" if number == "42" else "13"
    for turn in range(4):
        hits(client, offer, quantity, f"X{turn}")
        client.talk(f"D 35=8|11=X{turn}|103={code}|58=BAD_QUANTITY tag=38: {words}")
    hits(client, offer)
    assert [heard.get(39) for heard in client.hears_all()] == ["0", "2"]


def test_below_the_smallest_quantity(open_desk: OpenDesk) -> None:
    """The instrument's minimum holds for a part of a rung, too."""
    desk = open_desk(stream=TERMS, instruments={"BTC/USD": {"qty_min": "0.5"}})
    client = desk.client("A44")
    hits(client, ladder(client).values(299)[2], "0.4")
    client.talk("D 35=8|103=13|58=BAD_QUANTITY tag=38: below the minimum of 0.5")


def test_a_replaced_rung_lives_for_its_grace(streaming: Conversation) -> None:
    """500 ms from the update that replaced it, by the time at which the hit was received."""
    client = streaming.client("A44")
    offer = ladder(client).values(299)[2]
    streaming.prices("BTC/USD", "100000.00", "100200.00")
    streaming.at("+5s")
    assert client.hears().values(299)[2] != offer
    streaming.at("+500ms")
    hits(client, offer, "0.5", "A0")
    assert [heard.get(39) for heard in client.hears_all()] == ["0", "2"]
    with streaming.busy():
        hits(client, offer, "0.1", "A9")
        streaming._go("+1s")
    assert [heard.get(39) for heard in client.hears_all()][:2] == ["0", "2"]


def test_a_rung_whose_grace_is_over(streaming: Conversation, number: str) -> None:
    """QUOTE_GONE, a moment later as well as when nobody remembers its price."""
    client = streaming.client(f"A{number}")
    offer = ladder(client).values(299)[2]
    streaming.prices("BTC/USD", "100000.00", "100200.00")
    streaming.at("+200ms")
    client.hears_all()
    streaming.at("+501ms")
    hits(client, offer)
    client.talk(GONE)
    streaming.at("+20s")
    streaming.prices("BTC/USD", "100000.00", "100300.00")
    streaming.at("+1s")
    assert not [one for one in streaming.state.streams.rungs if one == offer]
    client.hears_all()
    hits(client, offer, name="A2")
    client.talk("D 35=8|11=A2|103=4|58=QUOTE_GONE: withdrawn")


def test_a_rung_ends_with_its_stream(streaming: Conversation) -> None:
    """After an unsubscription or a snapshot it has its grace, and no more."""
    client = streaming.client("A44")
    offer = ladder(client).values(299)[2]
    asks(client, t263="2")
    hits(client, offer, "0.5", "A0")
    assert [heard.get(39) for heard in client.hears_all()] == ["0", "2"]
    streaming.at("+501ms")
    hits(client, offer)
    client.talk(GONE)
    asks(client, t263="0")
    once = client.hears().values(299)[2]
    streaming.at("+501ms")
    hits(client, once, name="A2")
    client.talk("D 35=8|11=A2|103=4|58=QUOTE_GONE:...")


@pytest.mark.parametrize("known", ["another client's", "invented", "somebody else's kind"])
def test_a_rung_that_was_never_told(streaming: Conversation, number: str, known: str) -> None:
    """UNKNOWN_QUOTE, whether it exists or not."""
    client = streaming.client(f"A{number}")
    rung = {"invented": "PZZZZZZZZZZ00", "somebody else's kind": "P"}.get(known, "")
    rung = rung or ladder(streaming.client("FEE44")).values(299)[2]
    hits(client, rung)
    code = "0" if number == "42" else "99"
    client.talk(f"D 35=8|11=A1|150=8|103={code}|58=UNKNOWN_QUOTE tag=117:...")


def test_no_deal_on_a_stale_price(streaming: Conversation) -> None:
    """Nor in the moment before the book is emptied."""
    client = streaming.client("A44")
    offer = ladder(client).values(299)[2]
    streaming.feed_stops("BTC/USD")
    streaming.at("+2s")
    streaming.at("+50ms")
    client.says_nothing_more()
    hits(client, offer)
    client.talk("D 35=8|11=A1|150=8|103=99|58=NO_PRICE:...")


def test_no_deal_when_the_desk_is_halted(streaming: Conversation) -> None:
    """A kill refuses before the rung is looked at."""
    client = streaming.client("A44")
    offer = ladder(client).values(299)[2]
    streaming.kills()
    client.hears_all()
    hits(client, offer)
    client.talk("D 35=8|11=A1|150=8|103=2|58=HALTED:...")


def test_rungs_are_no_layers(streaming: Conversation) -> None:
    """What a client deals on one rung comes off all of that side, and of no other client's."""
    client, other = streaming.client("A44"), streaming.client("B44")
    rungs = ladder(client).values(299)
    ladder(other)
    hits(client, rungs[3], "2.5")
    assert [heard.get(39) for heard in client.hears_all()] == ["0", "2"]
    hits(client, rungs[2], "1", "A2")
    client.talk("D 35=8|11=A2|103=13|58=BAD_QUANTITY tag=38: above what is left of the rung")
    hits(client, rungs[3], "0.5", "A3")
    assert [heard.get(39) for heard in client.hears_all()] == ["0", "2"]
    client.C(f"35=D|11=A4|117={rungs[0]}|55=BTC/USD|54=2|38=1|40=D")
    assert [heard.get(39) for heard in client.hears_all()] == ["0", "2"]
    hits(other, rungs[2], "1", "B1")
    assert [heard.get(39) for heard in other.hears_all()] == ["0", "2"]


def test_funds_are_those_of_any_order(streaming: Conversation) -> None:
    """A stream is no promise beyond them; the rung stands after the refusal."""
    client = streaming.client("B44")
    streaming.moves_funds("BETA", "BTC", "-5")
    rung = ladder(client).values(299)[0]
    client.C(f"35=D|11=B1|117={rung}|55=BTC/USD|54=2|38=1|40=D")
    client.talk("D 35=8|11=B1|103=3|58=FUNDS:...")
    streaming.moves_funds("BETA", "BTC", "5")
    client.C(f"35=D|11=B2|117={rung}|55=BTC/USD|54=2|38=1|40=D")
    assert [heard.get(39) for heard in client.hears_all()] == ["0", "2"]


@pytest.mark.parametrize("how", ["stale", "pause", "session", "held", "restart"])
def test_no_grace_for_a_book_that_was_emptied(streaming: Conversation, how: str) -> None:
    """The market that comes back is another one: its old price is dead at once."""
    client, deals = streaming.client("ASK44"), streaming.client("DEAL44")
    offer = ladder(client).values(299)[2]
    if how == "stale":
        streaming.feed_stops("BTC/USD")
        streaming.at("+2100ms")
    elif how == "pause":
        streaming.tell(SetInstrument("BTC/USD", "PAUSED", "staff", ""))
        streaming.tell(SetInstrument("BTC/USD", "OPEN", "staff", ""))
    elif how == "session":
        client.drops()
    elif how == "held":
        streaming.tell(StreamHeld("ASK44", True))
    else:
        streaming.restarts()
        deals.logs_on()
    streaming.prices("BTC/USD", "100000.00", "100900.00")
    hits(deals, offer)
    deals.talk(GONE)
    client.hears_all()


@pytest.mark.parametrize("how", ["pause", "session", "held", "restart", "unsubscribed"])
def test_no_grace_for_the_rungs_before_it_either(streaming: Conversation, how: str) -> None:
    """A rung that was replaced a moment before the book was emptied is of the old market, too."""
    client, deals = streaming.client("ASK44"), streaming.client("DEAL44")
    offer = ladder(client).values(299)[2]
    streaming.prices("BTC/USD", "100000.00", "100200.00")
    streaming.at("+200ms")
    assert client.hears().values(299)[2] != offer
    if how == "pause":
        streaming.tell(SetInstrument("BTC/USD", "PAUSED", "staff", ""))
        streaming.tell(SetInstrument("BTC/USD", "OPEN", "staff", ""))
    elif how == "session":
        client.drops()
    elif how == "held":
        streaming.tell(StreamHeld("ASK44", True))
    else:
        if how == "unsubscribed":
            asks(client, t263="2")
        streaming.restarts()
        deals.logs_on()
    kept = type(streaming.state.streams).load(streaming.state.streams.dump())
    assert kept._until == streaming.state.streams._until
    hits(deals, offer)
    deals.talk(GONE)
    client.hears_all()


def test_ids_are_short_and_do_not_count(streaming: Conversation) -> None:
    """R22: at most 16 characters, and no two streams show where they stand in the flow."""
    seen = []
    for key in ("A44", "FEE44", "T44"):
        seen += ladder(streaming.client(key)).values(299)
    assert all(len(one) <= 16 and one[0] == "P" for one in seen)
    stems = sorted({int(one[1:11].translate(str.maketrans("JKMNPQRSTVWXYZ", "IJKLMNOPQRSTUV")), 32)
                    for one in seen})  # fmt: skip
    assert all(b - a > 1_000 for a, b in pairwise(stems))


def test_a_restart_voids_every_rung(streaming: Conversation) -> None:
    """Its grace may outlive a quick restart; it is a price of the last run, which hits refuse."""
    client = streaming.client("A44")
    offer = ladder(client).values(299)[2]
    streaming.restarts()
    client.logs_on()
    hits(client, offer)
    client.talk(GONE)


def test_hits_are_replayed_from_a_snapshot(streaming: Conversation) -> None:
    """A partial hit is remembered over a snapshot: what is left is what was left."""
    client = streaming.client("A44")
    offer = ladder(client).values(299)[3]
    hits(client, offer, "2")
    kept = streaming.state.dump()
    loaded = type(streaming.state).load(kept, streaming.state.id_key)
    assert loaded.streams.hits == streaming.state.streams.hits
    assert loaded.streams.hits["ALPHA", offer].taken == Decimal(2)
    assert structs.asdict(loaded.streams.dump()) == structs.asdict(streaming.state.streams.dump())
    client.hears_all()


@pytest.mark.parametrize(
    ("market", "told"),
    [("100250", "150=8|103=99|58=LAST_LOOK_PRICE: ..."), ("100100", "150=0\nD 35=8|31=100100.00")],
)
def test_a_rung_is_looked_at_where_the_rule_says_so(
    open_desk: OpenDesk, market: str, told: str
) -> None:
    """R19 holds for whatever was told firmly: a quote or a rung."""
    look = Rule("look", life=Life(last_look="tolerance", tolerance_bps=Decimal(10)))
    desk = open_desk(stream=TERMS, pricing=(look,))
    client = desk.client("A44")
    offer = ladder(client).values(299)[2]
    desk.sees("BTC/USD", bid=market, offer=market)
    hits(client, offer)
    client.talk(f"D 35=8|11=A1|{told}")
