"""Ladders: a message with many faults is told the first one; mended, the next; to the last.

Every refusal of the check tables (rules.md, section 4) is met here in each version, in the order
and with the code that stand there. Before each rung all the faults below it are still there.
"""

from collections.abc import Callable
from typing import Any

import pytest

from otcfix.model.event import SetInstrument, SetSession
from otcfix.model.refusal import Refusal
from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation
from tests.support import tables
from tests.support.world import Heard

Fields = dict[int, str]


class Ladder:
    """One message, said again and again while its faults are mended from the top."""

    def __init__(self, desk: Conversation, number: str, fields: Fields) -> None:
        self.desk = desk
        self.number = number
        self.fields = fields
        self.group: Fields = {}
        self.on: Client = desk.client(f"A{number}")
        self.ids = (f"L{count}" for count in range(100))
        self.id_tag = 131 if fields[35] == "R" else 11
        self.fixed_id = ""
        self.table = {"R": tables.QUOTE, "D": tables.ORDER, "G": tables.CANCEL}[fields[35]]

    def says(self) -> Heard:
        """Say it with a new id; the answer."""
        self.desk.step()
        own_id = self.fixed_id or next(self.ids)
        named = self.fields | {self.id_tag: own_id}
        parts = [f"{tag}={value}" for tag, value in named.items()]
        if self.group:
            parts.append("146=1")
            parts += [f"{tag}={value}" for tag, value in self.group.items()]
        self.on.hears_all()
        self.on.C("|".join(parts))
        return self.on.hears()

    def is_refused(self, refusal: str) -> None:
        """It is answered by this refusal, with the code of the table."""
        heard = self.says()
        where = f"{self.number} {refusal}: {heard}"
        assert heard.get(58).split(":")[0].split(" ")[0] == refusal, where
        code = self.code(refusal)
        if code.startswith("j"):
            assert heard.kind == "j", where
            assert heard.get(380) == code.removeprefix("j "), where
            assert heard.get(372) == self.fields[35], where
            assert heard.get(379), where
            return
        kind, tag = self.answer()
        assert heard.kind == kind, where
        assert heard.get(tag, "-") == code, where

    def code(self, refusal: str) -> str:
        """What the table says; for a G the gate's refusals are one, but for the tick in 5.0SP2."""
        if self.fields[35] == "G" and refusal not in dict(tables.rows(tables.CANCEL)):
            refusal = "REPLACE_REFUSED"
        return tables.code(self.table, refusal, self.number)

    def answer(self) -> tuple[str, int]:
        """MsgType of the refusal, and the tag of its code."""
        kind = self.fields[35]
        if kind == "R":
            return ("b", 300) if self.number == "42" else ("AG", 658)
        return ("8", 103) if kind == "D" else ("9", 102)

    # -- mending ---------------------------------------------------------------------------

    def put(self, tag: int, value: str) -> None:
        """Change a field; in the group when there is one."""
        (self.group if tag in self.group or (self.group and tag in GROUPED) else self.fields)[
            tag
        ] = value

    def drop(self, *tags: int) -> None:
        """Leave fields out."""
        for tag in tags:
            self.fields.pop(tag, None)
            self.group.pop(tag, None)


GROUPED = (55, 54, 38, 15, 63, 64, 1, 537)
Rung = tuple[str, Callable[[Ladder], Any]]


def goes_down(ladder: Ladder, rungs: list[Rung]) -> None:
    """Each rung's refusal is told while it is the topmost fault."""
    said = []
    for refusal, mend in rungs:
        ladder.is_refused(refusal)
        said.append(refusal)
        mend(ladder)
    order = [name for name, _ in tables.rows(ladder.table)]
    known = [name for name in said if name in order]
    once = [name for place, name in enumerate(known) if known[place - 1 : place] != [name]]
    assert once == [name for name in order if name in once], "the test's own rungs are in order"


def throttled_desk(open_desk: OpenDesk, number: str, **changes: Any) -> Conversation:
    """A desk on which a session that says three things in a second is too fast."""
    rate = {"messages_per_second": 1}
    quotes = {"BTC/USD": {"quote_life_ms": 600_000}}
    sessions = {f"{kind}{number}": rate for kind in ("A", "ASK", "DEAL")}
    return open_desk(sessions=sessions, instruments=quotes, **changes)


def spoil(desk: Conversation, number: str) -> None:
    """Everything about the desk that can stand in the way: paused, disabled, killed."""
    desk.tell(SetInstrument("BTC/USD", "PAUSED", "staff", "test"))
    desk.tell(SetSession(f"A{number}", False, "staff", "test"))
    desk.kills()


def move(ladder: Ladder) -> None:
    ladder.on = ladder.desk.client(f"A{ladder.number}")


def slow_down(ladder: Ladder) -> None:
    """From here on it speaks slowly enough."""
    says = ladder.says

    def slowly() -> Heard:
        ladder.desk.at("+2s")
        return says()

    ladder.says = slowly  # type: ignore[method-assign]


def unkill(ladder: Ladder) -> None:
    ladder.desk.unkills()


def enable(ladder: Ladder) -> None:
    ladder.desk.tell(SetSession(f"A{ladder.number}", True, "staff", "test"))


def reopen(ladder: Ladder) -> None:
    ladder.desk.tell(SetInstrument("BTC/USD", "OPEN", "staff", "test"))


def put(tag: int, value: str) -> Callable[[Ladder], None]:
    return lambda ladder: ladder.put(tag, value)


def drop(*tags: int) -> Callable[[Ladder], None]:
    return lambda ladder: ladder.drop(*tags)


def new_id(ladder: Ladder) -> None:
    ladder.fixed_id = ""


def feed_runs(ladder: Ladder) -> None:
    ladder.desk.prices("BTC/USD", bid="100000", offer="100100")


def nothing(ladder: Ladder) -> None:
    """The last rung is left with its fault."""


# -- quotes ------------------------------------------------------------------------------------


def test_the_ladder_of_quote_requests(open_desk: OpenDesk, number: str) -> None:
    """A QuoteRequest with nineteen faults meets QUOTE_CHECKS one by one, then is quoted."""
    desk = throttled_desk(open_desk, number)
    desk.client(f"A{number}").C("35=R|131=USED|146=1|55=BTC/USD|38=1")
    desk.at("+5s")
    spoil(desk, number)
    desk.feed_stops("BTC/USD")
    desk.at("+5s")
    ladder = Ladder(desk, number, {35: "R", 52: "T-3s"})
    ladder.group = {55: "NOPE/USD", 1: "NOBODY", 54: "1", 63: "9"}
    ladder.fixed_id = "USED"
    ladder.on = desk.client(f"DEAL{number}")
    goes_down(
        ladder,
        [
            ("MISSING_FIELD", put(38, "200.0005")),
            ("WRONG_SESSION", move),
            ("DUPLICATE", new_id),
            ("TOO_OLD", drop(52)),
            ("THROTTLED", slow_down),
            ("HALTED", unkill),
            ("NOT_AUTHORISED", enable),
            ("UNKNOWN_ACCOUNT", put(1, "ALPHA-1")),
            ("UNKNOWN_SYMBOL", put(55, "LTC/USD")),
            ("NOT_AUTHORISED", put(55, "BTC/USD")),
            ("CLOSED", reopen),
            ("UNSUPPORTED", drop(63)),
            ("BAD_QUANTITY", put(38, "200")),
            ("TOO_LARGE", put(38, "25")),
            ("NO_PRICE", lambda it: it.desk.sees("BTC/USD", bid="100100", offer="100000")),
            (
                "NO_DEPTH",
                lambda it: it.desk.sees("BTC/USD", bid="100100", offer="100000", depth="30"),
            ),
            (
                "MARKET_UNSTABLE",
                lambda it: it.desk.prices("BTC/USD", "100000", "100100", depth="30"),
            ),
            ("LIMIT", put(38, "10")),
            ("FUNDS", put(38, "1")),
        ],
    )
    assert ladder.says().kind == "S"


def test_the_desk_passes(monkeypatch: pytest.MonkeyPatch, open_desk: OpenDesk, number: str) -> None:
    """PASS is the last of QUOTE_CHECKS; what decides it comes with a later issue."""
    desk = open_desk()
    monkeypatch.setattr("otcfix.desk.market.price", lambda *_: Refusal.PASS)
    ladder = Ladder(desk, number, {35: "R"})
    ladder.group = {55: "BTC/USD", 38: "1"}
    ladder.is_refused("PASS")


# -- orders ------------------------------------------------------------------------------------


TOP_OF_ORDERS: list[Rung] = [
    ("WRONG_SESSION", move),
    ("DUPLICATE", new_id),
    ("TOO_OLD", drop(52)),
    ("THROTTLED", slow_down),
    ("HALTED", unkill),
    ("NOT_AUTHORISED", enable),
    ("UNKNOWN_ACCOUNT", put(1, "ALPHA-1")),
    ("UNKNOWN_SYMBOL", put(55, "LTC/USD")),
    ("NOT_AUTHORISED", put(55, "BTC/USD")),
    ("CLOSED", reopen),
    ("UNSUPPORTED", drop(63)),
]


def spoilt_order(open_desk: OpenDesk, number: str, **fields: str) -> Ladder:
    desk = throttled_desk(open_desk, number)
    desk.client(f"A{number}").C("35=D|11=USED|55=BTC/USD|54=1|38=0.001|40=1")
    desk.at("+5s")
    spoil(desk, number)
    given = {int(tag.removeprefix("t")): value for tag, value in fields.items()}
    ladder = Ladder(desk, number, {35: "D", 55: "NOPE/USD", 1: "NOBODY", 54: "1", 63: "9"} | given)
    ladder.fields[52] = "T-6s"
    ladder.fixed_id = "USED"
    ladder.on = desk.client(f"ASK{number}")
    return ladder


def test_the_ladder_of_limit_orders(open_desk: OpenDesk, number: str) -> None:
    """A limit order with twenty-one faults meets ORDER_CHECKS one by one, then is accepted."""
    ladder = spoilt_order(open_desk, number, t38="200.0005", t40="2", t59="6", t126="T-1m")
    ladder.desk.feed_stops("BTC/USD")
    ladder.desk.at("+5s")
    goes_down(
        ladder,
        [
            ("MISSING_FIELD", put(44, "150000.001")),
            *TOP_OF_ORDERS,
            ("EXPIRES_PAST", put(126, "T+10m")),
            ("BAD_QUANTITY", put(38, "200")),
            ("TOO_LARGE", put(38, "40")),
            ("BAD_PRICE", put(44, "150000")),
            ("NO_PRICE", feed_runs),
            ("COLLAR", put(44, "100000")),
            ("NOTIONAL", put(38, "25")),
            ("LIMIT", put(38, "10")),
            ("FUNDS", put(38, "1")),
        ],
    )
    assert ladder.says().get(150) == "0"


def test_the_ladder_of_market_orders(open_desk: OpenDesk, number: str) -> None:
    """A market order comes to depth and tolerance, and frees its hold when refused there."""
    ladder = spoilt_order(open_desk, number, t38="200.0005", t40="1", t59="4", t2676="0")
    ladder.desk.feed_stops("BTC/USD")
    ladder.desk.at("+5s")
    goes_down(
        ladder,
        [
            *TOP_OF_ORDERS,
            ("BAD_QUANTITY", put(38, "200")),
            ("TOO_LARGE", put(38, "40")),
            ("NO_PRICE", feed_runs),
            ("NOTIONAL", put(38, "25")),
            ("LIMIT", put(38, "12")),
            ("FUNDS", lambda it: it.desk.moves_funds("ALPHA", "USD", "5000000")),
            ("NO_DEPTH", put(38, "3")),
            ("PRICE_MOVED", put(2676, "0.01")),
        ],
    )
    desk = ladder.desk
    desk.books("ALPHA", "held", USD="0.00")
    assert ladder.says().get(150) == "0"


def test_the_ladder_of_quoted_orders(open_desk: OpenDesk, number: str) -> None:
    """An order on a quote comes to the quote's own rows: known, firm, live, the same, funds."""
    ladder = spoilt_order(open_desk, number, t38="7", t40="D", t44="5")
    desk = ladder.desk
    other = desk.client(f"B{number}")
    quotes: dict[str, str] = {}

    def ask(name: str, line: str, client: Client) -> None:
        client.hears_all()
        client.C(f"35=R|131={name}|146=1|55=BTC/USD|{line}")
        quotes[name] = client.hears().get(117)

    def name_the_indicative(it: Ladder) -> None:
        here = desk.client("A44")  # 4.2 has no indicative quotes here; a client's are his own
        ask("INDICATIVE", "537=0|38=3", here)
        it.put(117, quotes["INDICATIVE"])

    def name_the_passed(it: Ladder) -> None:
        desk.at("+3s")
        ask("PASSED", "38=3", it.on)
        it.on.C(f"35=Z|131=PASSED|117={quotes['PASSED']}|298=5|301=0")
        it.put(117, quotes["PASSED"])

    def name_the_foreign(it: Ladder) -> None:
        ask("FOREIGN", "38=0.001", other)
        it.put(117, quotes["FOREIGN"])

    def name_the_live(it: Ladder) -> None:
        desk.at("+3s")
        desk.moves_funds("ALPHA", "USD", "600000")
        ask("LIVE", "38=3|54=1", it.on)
        desk.moves_funds("ALPHA", "USD", "-900000")
        it.put(117, quotes["LIVE"])

    goes_down(
        ladder,
        [
            ("MISSING_FIELD", put(117, "nope")),
            *TOP_OF_ORDERS,
            ("UNKNOWN_QUOTE", name_the_foreign),
            ("UNKNOWN_QUOTE", name_the_indicative),
            ("INDICATIVE", name_the_passed),
            ("QUOTE_GONE", name_the_live),
            ("QUOTE_DIFFERS", put(44, "100100")),
            ("BAD_QUANTITY", put(38, "3")),
        ],
    )
    ladder.is_refused("FUNDS")
    assert ladder.says().get(35) == "8"


# -- cancels and replaces ----------------------------------------------------------------------


def test_the_ladder_of_replaces(open_desk: OpenDesk, number: str) -> None:
    """A replace with sixteen faults meets CANCEL_CHECKS one by one, then is accepted."""
    desk = open_desk()
    client = desk.client(f"A{number}")
    for line in (
        "35=D|11=CLOSED|55=BTC/USD|54=1|38=1|40=1",
        "35=D|11=OLD|55=BTC/USD|54=1|38=1|40=2|44=90000|59=1",
        "35=G|11=NOW|41=OLD|38=2",
    ):
        client.C(line)
    client.hears_all()
    desk.feed_stops("BTC/USD")
    desk.at("+5s")
    desk.tell(SetInstrument("BTC/USD", "PAUSED", "staff", "test"))
    fields = {35: "G", 41: "nope", 55: "BTC/USD", 54: "2", 38: "200.0005", 40: "2"}
    ladder = Ladder(desk, number, fields | {44: "-", 59: "6", 126: "T-1m", 63: "9"})
    ladder.fixed_id = "CLOSED"
    ladder.on = desk.client(f"ASK{number}")
    goes_down(
        ladder,
        [
            ("MISSING_FIELD", put(44, "150000.001")),
            ("WRONG_SESSION", move),
            ("DUPLICATE", new_id),
            ("UNKNOWN_ORDER", put(41, "OLD")),
            ("NOT_CURRENT", put(41, "CLOSED")),
            ("TOO_LATE", put(41, "NOW")),
            ("IMMUTABLE", put(54, "1")),
            ("CLOSED", reopen),
            ("UNSUPPORTED", drop(63)),
            ("EXPIRES_PAST", put(126, "T+10m")),
            ("BAD_QUANTITY", put(38, "200")),
            ("TOO_LARGE", put(38, "40")),
            ("BAD_PRICE", put(44, "150000")),
            ("NO_PRICE", feed_runs),
            ("COLLAR", put(44, "100000")),
            ("NOTIONAL", put(38, "25")),
            ("LIMIT", put(38, "10")),
            ("FUNDS", put(38, "3")),
        ],
    )
    assert ladder.says().get(150) == "5"


def test_every_check_that_can_run_is_kept(desk: Conversation) -> None:
    """One reason is told, every finding is on record, with what was measured and the limit."""
    desk.client("A44").C("35=D|11=A1|55=BTC/USD|54=1|38=200|40=2|44=200000|52=T-6s")
    (verdict,) = desk.decided.verdicts
    failing = [finding for finding in verdict.findings if finding.refusal]
    assert [finding.check for finding in failing] == [
        "not_too_old",
        "quantity_max",
        "collar",
        "order_notional",
        "position",
        "funds",
    ]
    assert verdict.failed is failing[0]
    assert (failing[0].measured, failing[0].limit) == ("6000000", "5000000")
    assert (failing[1].measured, failing[1].limit) == ("200", "100")


def test_every_refusal_of_the_tables_is_a_refusal_of_the_code() -> None:
    """The tables name nothing that the code does not know, and the codes are those of the code."""
    from otcfix.model import refusal as code  # noqa: PLC0415

    for table, codes in (
        (tables.QUOTE, code.QUOTE_CODES),
        (tables.ORDER, code.ORDER_CODES),
        (tables.CANCEL, code.CANCEL_CODES),
    ):
        for name, wanted in tables.rows(table):
            for number, version in zip(tables.NUMBERS, code.VERSIONS, strict=True):
                business = wanted[number].startswith("j")
                found = code.code_of(
                    code.BUSINESS_CODES if business else codes, Refusal[name], version
                )
                assert wanted[number].removeprefix("j ") == ("-" if found is None else str(found))
