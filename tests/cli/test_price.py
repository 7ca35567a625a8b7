"""otcfix price: explanations as the store keeps them, hypothetical prices, which rule holds."""

import contextlib
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from otcfix.config import load
from otcfix.desk.ids import Ids
from otcfix.model.decision import Decision
from otcfix.model.event import Facts
from otcfix.model.rates import Rates, SourceBook
from otcfix.store import open_store
from tests.cli.support import Run
from tests.store.days import NOON, Day, a_quote, a_trade, an_explanation

WHAT_IF = ("price", "what-if", "--client", "ALPHA", "--symbol", "BTC/USD", "--side", "buy")
RULES = ("price", "rules", "--client", "ALPHA", "--symbol", "BTC/USD", "--quantity")
SATURDAY, MONDAY = "2026-01-31T12:00", "2026-02-02T12:00"


@pytest.fixture
def explained(here: Path) -> Path:
    """A database with one explained quote, one that is not, and two deals."""
    (here / "state").mkdir()
    path = here / "state" / "otcfix.db"
    day = Day()
    day.event(Decision(explanations=(an_explanation("1"),)))
    day.event(Decision(quotes=(a_quote("2"),), trades=(a_trade("2"), a_trade("3", quote_id=""))))
    with contextlib.closing(open_store(f"sqlite:///{path}")) as store:
        store.commit(day.done())
    return path


# -- explain ---------------------------------------------------------------------------------


def test_an_explanation_for_programs(run: Run, explained: Path) -> None:
    """Every number is exact text, and mid plus the parts is the price."""
    answer = run("price", "explain", "Q1", "--json")

    assert answer.code == 0, answer.err
    found = answer.document
    assert (found["event"], found["symbol"], found["client"]) == (1, "BTC/USD", "acme")
    assert found["used"] == [{"source": "alpha", "mid": "100050.00", "age_ms": 12}]
    assert found["left_out"] == [{"source": "bravo", "why": "5000 ms old"}]
    assert found["knowledge"] == {"volatility_bps_day": "280"}
    assert [side["side"] for side in found["sides"]] == ["buy", "sell"]
    for side in found["sides"]:
        parts = sum(Decimal(part["amount"]) for part in side["parts"])
        assert Decimal(found["reference"]) + parts == Decimal(side["price"])
        assert sum(Decimal(part["bps"]) for part in side["parts"]) == Decimal(side["bps"])


def test_an_explanation_for_people(run: Run, explained: Path) -> None:
    """Reference, sources with their reasons, parts with their rules, the sum."""
    lines = [" ".join(line.split()) for line in run("price", "explain", "Q1").out.splitlines()]

    assert lines[0].startswith("Q1: BTC/USD for acme, event 1, 2026-")
    for line in (
        "Reference (mid): 100050 USD",
        "alpha 100050 12 ms",
        "bravo 5000 ms old",
        "volatility bps day: 280",
        "acme buys 1.5 BTC at 100100 USD",
        "spread gold +1 +0.1000",
        "sum 100100 +4.9975",
        "acme sells 1.5 BTC at 100000 USD",
    ):
        assert line in lines


@pytest.mark.parametrize(
    ("ref_id", "words"),
    [
        ("Q9", "Q9: no quote and no deal of that id"),
        ("Q2", "Q2: a quote of BTC/USD to acme, dealt, made 2026-"),
        ("E2", "E2: a deal on a quote: otcfix price explain Q2"),
        ("E3", "E3: a deal in event 2, but its price was not explained"),
    ],
)
def test_what_has_no_explanation(run: Run, explained: Path, ref_id: str, words: str) -> None:
    """Exit code 1; what is known of the id is said."""
    answer = run("price", "explain", ref_id)

    assert answer.code == 1
    assert words in answer.err
    assert answer.out == ""


def test_an_explanation_is_found_by_its_event_and_without_it(run: Run, here: Path) -> None:
    """With the id key of the configuration, with none, and with that of another desk."""
    (here / "state").mkdir()
    own = Ids(2, load(here / "config").id_key).next("Q")
    day = Day()
    day.event(Decision(explanations=(an_explanation("1"),)))
    day.event(Decision(explanations=(an_explanation("2"), an_explanation("3", ref_id=own))))
    with contextlib.closing(open_store("sqlite:///state/otcfix.db")) as store:
        store.commit(day.done())
        assert store.explanation(own, 1) == store.explanation(own, 2) == store.explanation(own)
        assert store.explanation("Q9", 2) is None

    for words in ((), ("--config", "nowhere")):
        for ref_id, event in (("Q1", 1), ("Q2", 2), (own, 2)):
            answer = run("price", "explain", ref_id, "--json", *words)
            assert (answer.code, answer.document["event"]) == (0, event), answer.err
        assert run("price", "explain", "", *words).code == 1


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_parts_that_do_not_sum_up_are_not_shown_as_if(
    run: Run, here: Path, words: tuple[str, ...]
) -> None:
    """An explanation that is not one is told, whatever else it says."""
    (here / "state").mkdir()
    day = Day()
    day.event(Decision(explanations=(an_explanation("1", mid=Decimal("100050.01")),)))
    with contextlib.closing(open_store("sqlite:///state/otcfix.db")) as store:
        store.commit(day.done())

    answer = run("price", "explain", "Q1", *words)
    assert answer.code == 1
    assert "sum up to 100100.01, the price is 100100" in answer.err


def test_explain_without_a_database(run: Run) -> None:
    """Exit code 4, and what makes one."""
    answer = run("price", "explain", "Q1")

    assert answer.code == 4
    assert "no such database" in answer.err


# -- what-if ---------------------------------------------------------------------------------


def facts(bid: str, offer: str, *, age_ms: int = 0) -> str:
    """Facts of an event with one source's book of BTC/USD."""
    level = (Decimal(bid), Decimal(5)), (Decimal(offer), Decimal(5))
    book = SourceBook("alpha", 1, NOON - age_ms * 1_000, (level[0],), (level[1],))
    rates = Rates("BTC/USD", (book,), (("bravo", "stale"),))
    return msgspec.json.encode(Facts(rates={"BTC/USD": rates})).decode()


def test_a_price_that_was_quoted_is_found_again(ask: Run, staff: Run) -> None:
    """The same rates, the same rules, the same desk: the same price."""
    told = []
    for _ in range(5):  # another event with rates may come between
        quoted = ask("rfq", "BTC/USD", "0.25", "--side", "buy", "--json")
        assert quoted.code == 0, quoted.err
        prices = [
            dict(m["fields"])[133] for m in quoted.document["messages"] if "quotes" in m["words"]
        ]
        answer = staff(*WHAT_IF, "--quantity", "0.25", "--json")
        assert answer.code == 0, answer.err
        (side,) = answer.document["sides"]
        parts = sum(Decimal(part["amount"]) for part in side["parts"])
        assert Decimal(answer.document["reference"]) + parts == Decimal(side["price"])
        told.append((prices, side["price"]))
        if [Decimal(side["price"])] == [Decimal(price) for price in prices]:
            return
    raise AssertionError(f"never the same: {told}")


def test_what_if_for_people(ask: Run, staff: Run) -> None:
    """Whose rates, how old; then the explanation."""
    assert ask("rfq", "BTC/USD", "0.25").code == 0

    out = staff(*WHAT_IF, "--quantity", "0.25", "--age", "0").out
    assert out.startswith("Rates of event ")
    assert "each source taken as 0 ms old" in out
    assert "ALPHA buys 0.25 BTC at " in out
    assert "sim-btcusd" in out


def test_no_price_for_what_is_too_old_or_too_large(ask: Run, staff: Run) -> None:
    """Exit code 1 with the refusal that the client would get."""
    assert ask("rfq", "BTC/USD", "0.25").code == 0

    old = staff(*WHAT_IF, "--quantity", "0.25", "--age", "60000")
    assert old.code == 1
    assert "ALPHA would be refused: NO_PRICE" in old.out
    large = staff(*WHAT_IF, "--quantity", "90000", "--json")
    assert large.code == 1
    assert large.document["refused"].startswith("NO_DEPTH")


def test_no_price_without_rates(run: Run, funded: Path) -> None:
    """A journal in which nobody asked for a quote has none to go by."""
    answer = run(*WHAT_IF, "--quantity", "1")

    assert answer.code == 1
    assert "BTC/USD: no event in the journal carries a price of it" in answer.err


def test_the_newest_rates_are_taken(here: Path) -> None:
    """Backwards from the journal's end, past events that carry rates of other pairs or none."""
    from otcfix.cli.price_case import newest_rates  # noqa: PLC0415

    day = Day()
    for text in (facts("1", "2"), facts("3", "4", age_ms=7), "{}"):
        day.event(Decision(), facts=text)
    day.event(Decision(), facts='{"conversions":{"BTC":{"asset":"BTC","rate":"1","changed_at":1}}}')
    with contextlib.closing(open_store("sqlite:///rates.db")) as store:
        store.commit(day.done())
        seq, at, rates = newest_rates(store, "BTC/USD")

    assert (seq, at) == (2, NOON + 200)
    assert rates.books[0].bids == ((Decimal(3), Decimal(5)),)
    assert rates.missing == (("bravo", "stale"),)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--client", "OMEGA"), "--client: no client 'OMEGA' in config/clients.toml; it has ALPHA"),
        (("--symbol", "DOGE/USD"), "--symbol: no 'DOGE/USD' in config/desk.toml; it has BTC/USD"),
        (("--side", "long"), "--side: 'long' is neither buy nor sell"),
        (("--quantity", "-1"), "--quantity: -1 is not above zero"),
        (("--quantity", "NaN"), "--quantity: 'NaN' is not a plain decimal number"),
        (("--age", "-5"), "--age"),
    ],
)
def test_words_that_cannot_be_meant(run: Run, words: tuple[str, str], said: str) -> None:
    """Exit code 2 with the option's name."""
    answer = run(*WHAT_IF, "--quantity", "1", *words)

    assert answer.code == 2
    assert said in answer.err


# -- rules -----------------------------------------------------------------------------------


def test_each_slot_with_its_rule(run: Run) -> None:
    """The shipped rules: spread and ladder of the tier, the house's for the rest."""
    slots = run(*RULES, "10", "--at", MONDAY, "--json").document["slots"]

    rules = {slot: sides["buy"] and sides["buy"]["rule"] for slot, sides in slots.items()}
    assert rules == {
        "spread": "crypto-gold", "session_factor": None, "ladder": "btc-ladder-gold",
        "strategy": None, "skew": "btc-skew", "toxicity": "house", "hedge_floor": "house",
        "guard": "house", "sources": "house", "life": "house",
    }  # fmt: skip
    assert slots["spread"]["sell"]["value"]["half_spread_bps"] == "5"
    assert slots["life"]["buy"]["value"]["last_look"] == "none"


def test_why_the_others_do_not_match(run: Run) -> None:
    """Each condition that fails is named, whether tier, pair or time."""
    trace = {
        one["rule"]: one["fails"]
        for one in run(*RULES, "10", "--at", MONDAY, "--json").document["rules"]
    }
    assert trace["eurusd-standard"] == ["symbols", "tiers"]
    assert trace["crypto-standard"] == ["tiers"]
    assert trace["crypto-weekend"] == ["windows"]
    assert trace["house"] == []

    weekend = run(*RULES, "10", "--at", SATURDAY, "--json").document
    assert weekend["slots"]["session_factor"]["buy"]["rule"] == "crypto-weekend"


def test_sides_and_sizes_are_told(run: Run) -> None:
    """A rule for buyers of less than 5, above the others."""
    path = Path("config/pricing.toml")
    own = '[[rule]]\nid = "own"\nmatch = { side = "buy", size_max = 5 }\nsession_factor = 3\n'
    path.write_text(own + path.read_text())

    small = run(*RULES, "4.9", "--at", MONDAY)
    lines = [" ".join(line.split()) for line in small.out.splitlines()]
    assert "session_factor buy own 3" in lines
    assert "session_factor sell -" in lines
    assert "own session_factor yes, side: buy only" in lines
    large = run(*RULES, "5", "--at", MONDAY).out
    assert "no: side: buy only, size_max" in large


def test_sources_are_not_of_a_side_or_a_size(run: Run) -> None:
    """One market is made for all of them: such a rule's are never asked."""
    path = Path("config/pricing.toml")
    own = '[[rule]]\nid = "own"\nmatch = { side = "buy" }\nsources = { fresh_min = 1 }\n'
    path.write_text(own + path.read_text())

    slots = run(*RULES, "1", "--at", MONDAY, "--json").document["slots"]
    assert {side["rule"] for side in slots["sources"].values()} == {"house"}


def test_without_rules(run: Run) -> None:
    """No file, no rules: said so."""
    Path("config/pricing.toml").unlink()

    answer = run(*RULES, "1")
    assert answer.code == 0
    assert "No rules: the tier's half-spread alone holds." in answer.out


# -- disclosure --------------------------------------------------------------------------------

LOOKS = """
[[rule]]
id = "large"
match = { clients = ["ALPHA"], symbols = ["BTC/USD"], size_min = 5 }
life = { last_look = "tolerance", tolerance_bps = 3, improvement = true }
[[rule]]
id = "all"
match = { symbols = ["BTC/USD"] }
life = { quote_life_ms = 1500 }
[[rule]]
id = "never-asked"
match = { symbols = ["BTC/USD"] }
life = { last_look = "tolerance", tolerance_bps = 9 }
"""


def test_a_client_is_told_of_last_look(run: Run) -> None:
    """Its tolerance, hold time and both ways (R19); no rule behind one that always holds."""
    Path("config/pricing.toml").write_text(LOOKS)

    answer = run("price", "disclosure", "--client", "ALPHA", "--json")
    assert answer.code == 0, answer.err
    told = [one for one in answer.document["last_look"] if one["symbol"] == "BTC/USD"]
    assert [(one["rule"], one["when"], one["last_look"]) for one in told] == [
        ("large", "from 5", "tolerance"),
        ("all", "", "none"),
    ]
    assert told[0]["tolerance_bps"] == "3"
    assert told[0]["favourable_moves_count"] is True
    assert {one["hold_ms"] for one in answer.document["last_look"]} == {0}
    assert told[1]["quote_life_ms"] == 1500

    shown = " ".join(run("price", "disclosure", "--client", "ALPHA").out.split())
    assert "tolerance 3 bps 0 ms the client's large" in shown
    beta = run("price", "disclosure", "--client", "BETA", "--json").document["last_look"]
    assert {one["last_look"] for one in beta} == {"none"}
    assert run("price", "disclosure", "--client", "NOBODY").code == 2
