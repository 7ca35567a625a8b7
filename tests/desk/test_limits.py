"""Limits: each measure at its boundary, whoever it is on, and what its use does in time."""

from decimal import Decimal

import pytest
from msgspec import structs

from otcfix.desk.register import Register
from otcfix.desk.state import State
from otcfix.model.limit import Limit, MarksMoved, SetLimit
from otcfix.model.policy import PolicyAnswer
from otcfix.model.proposal import Confirm
from otcfix.model.rates import Conversion
from otcfix.model.time import SECOND
from otcfix.model.verdict import Finding
from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation
from tests.support.house_desk import ID_KEY

BTC, CRYPTO, ALPHA, DESK = "instrument:BTC/USD", "class:crypto", "client:ALPHA", "desk"
CLASSES = {"BTC/USD": {"asset_class": "crypto"}, "ETH/USD": {"asset_class": "crypto"}}


def limited(
    open_desk: OpenDesk, *limits: tuple[str, str, str, str], **changes: object
) -> Conversation:
    """A desk with *limits* of its file: (who, what, measure, amount); its marks are known."""
    rows = tuple(Limit(who, what, name, Decimal(amount)) for who, what, name, amount in limits)
    desk = open_desk(limits=rows, instruments=CLASSES, **changes)
    desk.at("+1s")
    desk.prices("ETH/USD", bid="3998", offer="4002", depth="100")
    return desk


def sets(
    desk: Conversation, who: str, what: str, measure: str, amount: str | None, by: str = "ann"
) -> str:
    """Staff sets a limit; what was said of it."""
    wanted = None if amount is None else Decimal(amount)
    said = desk.tell(SetLimit(who, what, measure, wanted, by, "test")).alerts
    return said[0] if said else ""


def rests(client: Client, cl_ord_id: str, quantity: str, side: str = "1") -> str:
    """A limit order away from the market: what came back, the ExecType or the code."""
    price = "99000" if side == "1" else "101000"
    client.C(f"35=D|11={cl_ord_id}|55=BTC/USD|54={side}|38={quantity}|40=2|44={price}|59=1")
    return outcome(client)


def deals(
    client: Client, cl_ord_id: str, quantity: str, side: str = "1", symbol: str = "BTC/USD"
) -> str:
    """A market order: F, or the code of its refusal."""
    client.C(f"35=D|11={cl_ord_id}|55={symbol}|54={side}|38={quantity}|40=1")
    return outcome(client)


def asks(client: Client, quote_req_id: str, quantity: str, side: str = "|54=1") -> str:
    """A QuoteRequest: S, or the code of its refusal."""
    client.C(f"35=R|131={quote_req_id}|146=1|55=BTC/USD{side}|38={quantity}")
    heard = client.hears_all()[-1]
    return "S" if heard.get(35) == "S" else heard.get(58).partition(":")[0]


def outcome(client: Client) -> str:
    """What came back last: the ExecType of an acceptance or a fill, else the code."""
    heard = client.hears_all()[-1]
    return heard.get(58).partition(":")[0] if heard.get(150) == "8" else heard.get(150)


def failed(desk: Conversation) -> Finding:
    """The finding that refused the last message."""
    found = desk.decided.verdicts[-1].failed
    assert found is not None
    return found


# -- each measure at its boundary --------------------------------------------------------------

WHO = ["client:ALPHA", "tier:plain", "desk"]
WHAT = ["", BTC, CRYPTO]


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize(
    ("measure", "amount", "code"),
    [
        ("order_notional", "100050", "NOTIONAL"),
        ("turnover_day", "100050", "LIMIT"),
        ("turnover_30d", "100050", "LIMIT"),
    ],
)
def test_an_order_fits_exactly_and_not_by_one_unit_less(
    open_desk: OpenDesk, who: str, what: str, measure: str, amount: str, code: str
) -> None:
    """1 BTC at 100050: exactly the amount passes; a hundred-millionth less refuses."""
    desk = limited(open_desk, (who, what, measure, amount))
    client = desk.client("A44")
    assert sets(desk, who, what, measure, f"{Decimal(amount) - Decimal('1E-8'):f}") == ""
    assert deals(client, "A1", "1") == code
    found = failed(desk)
    assert (found.check, found.measured) == (measure, amount)
    assert found.limit.endswith(f"{who} {what}".strip())
    assert "waits" in sets(desk, who, what, measure, amount)
    (proposal,) = desk.state.approvals.waiting
    desk.tell(Confirm(proposal, "bob", "agreed"))
    assert deals(client, "A2", "1") == "F"


@pytest.mark.parametrize("who", WHO)
def test_the_size_of_one_order_and_of_one_quote(open_desk: OpenDesk, who: str) -> None:
    """order_size counts base."""
    client = limited(open_desk, (who, BTC, "order_size", "2")).client("A44")
    assert deals(client, "A1", "2.001") == "TOO_LARGE"
    assert asks(client, "R1", "2.001") == "TOO_LARGE"
    assert asks(client, "R2", "2") == "S"
    assert deals(client, "A2", "2") == "F"


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("who", WHO)
def test_counts_of_orders_and_quotes(open_desk: OpenDesk, who: str, what: str) -> None:
    """Two, and no third; one that ends makes room. The desk's count is of all clients."""
    desk = limited(open_desk, (who, what, "open_orders", "2"), (who, what, "open_quotes", "2"))
    alpha, beta = desk.client("A44"), desk.client("B44")
    assert [rests(alpha, f"A{n}", "0.1") for n in (1, 2, 3)] == ["0", "0", "LIMIT"]
    assert [asks(alpha, f"R{n}", "0.1") for n in (1, 2, 3)] == ["S", "S", "TOO_LARGE"]
    full = who == "desk"
    together = ("LIMIT", "TOO_LARGE") if full else ("0", "S")
    if who == "client:ALPHA" or full or who == "tier:plain":
        assert (rests(beta, "B1", "0.1"), asks(beta, "R1", "0.1")) == together
    alpha.C("35=F|11=F1|41=A1")
    alpha.hears_all()
    assert rests(alpha, "A4", "0.1") == "0"
    desk.at("+4s")
    assert asks(alpha, "R4", "0.1") == "S"


def test_quotes_are_held_against_their_notional(open_desk: OpenDesk) -> None:
    """Whoever it is on; a two-way quote as well."""
    client = limited(open_desk, ("tier:plain", CRYPTO, "quote_notional", "100050")).client("A44")
    assert asks(client, "R1", "1.001") == "TOO_LARGE"
    assert asks(client, "R2", "1", side="") == "S"


@pytest.mark.parametrize(
    ("who", "what", "amount"),
    [
        ("client:ALPHA", "", "600300"),  # 5 BTC before the deal
        ("tier:plain", BTC, "600300"),
        ("client:ALPHA", CRYPTO, "600300"),
        ("desk", BTC, "100050"),  # the desk's own
        ("desk", CRYPTO, "100050"),
        ("desk", "", "100050"),
    ],
)
def test_a_position_with_what_rests_fits_exactly(
    open_desk: OpenDesk, who: str, what: str, amount: str
) -> None:
    """One more BTC is there, in two orders that rest; not a lot more."""
    desk = limited(open_desk, (who, what, "position", amount))
    client = desk.client("A44")
    assert rests(client, "A1", "0.4") == "0"
    assert rests(client, "A2", "0.601") == "LIMIT"
    assert failed(desk).check == "position"
    assert asks(client, "R1", "1.001") == "LIMIT"
    assert deals(client, "A3", "0.6") == "F"
    assert deals(client, "A4", "0.001") == "LIMIT"
    assert deals(client, "A5", "0.5", side="2") == "F"


def test_a_class_adds_up_its_assets(open_desk: OpenDesk) -> None:
    """5 BTC and 10 ETH are 540250; each is valued at its mark or stamped rate."""
    desk = limited(open_desk, (ALPHA, CRYPTO, "position", "540250"))
    client = desk.client("A44")
    assert deals(client, "E1", "10.01", symbol="ETH/USD") == "LIMIT"
    assert deals(client, "E2", "10", symbol="ETH/USD") == "F"
    assert deals(client, "A1", "0.001") == "LIMIT"


def test_a_loss_stops_new_risk_and_not_its_reduction(open_desk: OpenDesk) -> None:
    """Bought 1 BTC at 100100, marked at 100050: the loss is 50."""
    desk = limited(open_desk, (ALPHA, "", "loss", "50"))
    client = desk.client("A44")
    assert deals(client, "A1", "1") == "F"
    assert deals(client, "A2", "0.001") == "F"
    assert deals(client, "A3", "0.001") == "LIMIT"
    assert (failed(desk).check, failed(desk).measured) == ("loss", "50.05")
    assert deals(client, "A4", "0.5", side="2") == "F"
    desk.at("2027-01-13 22:00:00.000")
    desk.step()
    assert deals(client, "A5", "0.001") == "F"  # another trading day


def test_the_desk_s_own_loss(open_desk: OpenDesk) -> None:
    """What a client won of it stops what adds to the desk's position, for everybody."""
    desk = limited(open_desk, (DESK, BTC, "loss", "5000"))
    alpha, beta = desk.client("A44"), desk.client("B44")
    assert deals(alpha, "A1", "1") == "F"
    desk.rates.value("BTC", "110000")
    desk.at("+2s")
    assert deals(beta, "B1", "0.1") == "LIMIT"
    assert deals(beta, "B2", "0.1", side="2") == "F"


def test_what_is_owed_on_a_value_date(open_desk: OpenDesk) -> None:
    """TREASURY has nothing: what 1000 EUR cost may be owed and no more; a quote is refused by
    LIMIT, an order by FUNDS."""
    desk = limited(open_desk, ("client:TREASURY", "", "settlement", "1090"))
    desk.prices("EUR/USD", bid="1.07900", offer="1.08100", depth="100000")
    desk.step()
    client = desk.client("T44")
    assert deals(client, "A1", "1000", symbol="EUR/USD") == "F"
    assert deals(client, "A2", "1000", symbol="EUR/USD") == "FUNDS"
    assert failed(desk).check == "settlement"
    assert failed(desk).measured == "2162"
    client.C("35=R|131=R1|146=1|55=EUR/USD|54=1|38=1000")
    assert client.hears_all()[-1].get(58).startswith("LIMIT")
    desk.moves_funds("TREASURY", "USD", "1081")
    assert deals(client, "A3", "1000", symbol="EUR/USD") == "F"


def test_a_slip_of_the_finger(open_desk: OpenDesk) -> None:
    """Ten orders make a median; eleven times as much is refused, ten times passes."""
    desk = limited(open_desk, ("tier:plain", "", "median_multiple", "10"))
    client = desk.client("A44")
    assert deals(client, "L0", "2") == "F"  # before there is a median
    for number in range(9):
        assert deals(client, f"S{number}", "0.1") == "F"
    assert deals(client, "L1", "1.001") == "NOTIONAL"
    assert failed(desk).check == "median_multiple"
    assert deals(client, "L2", "1") == "F"


# -- funds -------------------------------------------------------------------------------------


def test_insufficient_by_one_unit_then_topped_up(open_desk: OpenDesk) -> None:
    """One cent is missing: refused, nothing moved; it comes: accepted, and the balance is zero."""
    desk = open_desk()
    client = desk.client("A44")
    desk.moves_funds("ALPHA", "USD", "-99600.01")
    assert deals(client, "A1", "4") == "FUNDS"
    desk.books("ALPHA", USD="400399.99", BTC="5.00000000")
    desk.moves_funds("ALPHA", "USD", "0.01")
    assert deals(client, "A2", "4") == "F"
    desk.books("ALPHA", USD="0.00", BTC="9.00000000")


# -- holds -------------------------------------------------------------------------------------


def test_turnover_is_reserved_moved_and_freed(open_desk: OpenDesk) -> None:
    """What rests reserves at its stamped rate, its fill moves that, its cancel frees it."""
    desk = limited(open_desk, (ALPHA, "", "turnover_day", "300150"))
    client = desk.client("A44")
    client.C("35=D|11=A1|55=BTC/USD|54=1|38=3|40=2|44=99900|59=1")
    assert outcome(client) == "0"
    assert deals(client, "A2", "0.001") == "LIMIT"
    desk.rates.value("BTC", "200000")
    desk.prices("BTC/USD", bid="99800", offer="99900", depth="2")
    desk.rates.value("BTC", "100050")
    assert outcome(client) == "F"
    assert deals(client, "A3", "0.001") == "LIMIT"
    client.C("35=F|11=F1|41=A1")
    assert outcome(client) == "4"
    desk.prices("BTC/USD", bid="100000", offer="100100")
    assert deals(client, "A4", "1.001") == "LIMIT"
    assert deals(client, "A5", "1") == "F"


def test_a_replace_asks_for_the_increase_only(open_desk: OpenDesk) -> None:
    """Up by what is left passes, by more is refused; another price, or less, always passes."""
    desk = limited(open_desk, (ALPHA, BTC, "turnover_day", "200100"))
    client = desk.client("A44")
    assert rests(client, "A1", "1") == "0"

    def replaces(cl_ord_id: str, orig: str, quantity: str, price: str = "99000") -> str:
        client.C(
            f"35=G|11={cl_ord_id}|41={orig}|55=BTC/USD|54=1|38={quantity}|40=2|44={price}|59=1"
        )
        heard = client.hears_all()[-1]
        return heard.get(150) if heard.get(35) == "8" else heard.get(58).partition(":")[0]

    assert replaces("G1", "A1", "2.001") == "LIMIT"
    assert replaces("G2", "A1", "2") == "5"
    assert sets(desk, ALPHA, BTC, "turnover_day", "1") == ""
    assert replaces("G3", "G2", "2", "99001") == "5"
    assert replaces("G4", "G3", "1") == "5"
    assert replaces("G5", "G4", "1.001") == "LIMIT"


def test_the_next_message_of_the_batch_sees_it(open_desk: OpenDesk) -> None:
    """Two sessions, one batch: the second finds the limit used."""
    desk = limited(open_desk, (DESK, "", "turnover_day", "100050"))
    alpha, beta = desk.client("A44"), desk.client("B44")
    with desk.busy():
        alpha.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99000|59=1")
        beta.C("35=D|11=B1|55=BTC/USD|54=2|38=0.001|40=1")
    assert outcome(alpha) == "0"
    assert outcome(beta) == "LIMIT"


# -- lowered under use -------------------------------------------------------------------------


def test_lowered_under_use_only_reducing_deals_pass(open_desk: OpenDesk) -> None:
    """Turnover above its limit: sales pass, purchases do not; nothing is cancelled."""
    desk = limited(open_desk, (ALPHA, "", "turnover_day", "1000000"))
    client = desk.client("A44")
    assert deals(client, "A1", "1") == "F"
    assert rests(client, "A2", "1") == "0"
    assert sets(desk, ALPHA, "", "turnover_day", "200000") == ""
    assert deals(client, "A3", "0.001") == "LIMIT"
    assert deals(client, "A4", "1", side="2") == "F"
    assert desk.order("A2") is not None


def test_a_cap_that_is_not_exceeded_yet_is_hard(open_desk: OpenDesk) -> None:
    """A reducing deal that would take turnover over its limit is refused."""
    client = limited(open_desk, (ALPHA, "", "turnover_day", "100049")).client("A44")
    assert deals(client, "A1", "1", side="2") == "LIMIT"


# -- rates and marks ---------------------------------------------------------------------------


def test_without_a_mark_a_portfolio_limit_refuses(open_desk: OpenDesk) -> None:
    """ALPHA holds BTC; the worth of BTC is not known when ETH is asked for: LIMIT. A conversion of
    the deal itself that is missing is NO_PRICE."""
    desk = limited(open_desk, (ALPHA, CRYPTO, "position", "100000000"))
    client = desk.client("A44")
    desk.rates.value("BTC", "100050", stopped=True)
    desk.at("+4s")
    desk.prices("ETH/USD", bid="3998", offer="4002")
    assert deals(client, "E1", "1", symbol="ETH/USD") == "F"
    desk.at("+2s")
    desk.prices("ETH/USD", bid="3998", offer="4002")
    assert deals(client, "E2", "1", symbol="ETH/USD") == "LIMIT"
    assert failed(desk).detail == "a mark is missing or old"
    assert deals(client, "E3", "0.5", side="2", symbol="ETH/USD") == "F"  # reducing
    desk.rates.forget_value("ETH")
    desk.at("+10ms")
    assert deals(client, "E4", "1", symbol="ETH/USD") == "NO_PRICE"


def test_marks_move_only_while_a_limit_needs_them(open_desk: OpenDesk) -> None:
    """At most one a second, only when a rate moved or would grow old; none without such a limit."""

    def moved(desk: Conversation) -> int:
        return sum(event.kind == "MarksMoved" for event, _, _ in desk.told)

    plain = open_desk()
    plain.at("+5s")
    assert moved(plain) == 0
    desk = limited(open_desk, (ALPHA, "", "loss", "1000"))
    first = moved(desk)
    assert first == 1
    desk.rates.value("BTC", "100051")
    desk.at("+500ms")
    assert moved(desk) == first
    desk.at("+600ms")
    assert moved(desk) == first + 1
    desk.at("+1100ms")
    assert moved(desk) == first + 1  # nothing moved
    desk.at("+2s")
    assert moved(desk) == first + 2  # seen anew before they are too old
    desk.restarts()
    assert desk.state.limits.marks["BTC"][0] == Decimal(100_051)


@pytest.mark.parametrize("rate", ["NaN", "Infinity", "-Infinity", "0", "-100050", "sNaN"])
def test_a_rate_that_is_none_lets_nothing_pass(open_desk: OpenDesk, rate: str) -> None:
    """NaN, infinities, zero and less: as if there were no conversion."""
    desk = open_desk()
    client = desk.client("A44")
    desk.rates.value("BTC", rate)
    assert deals(client, "A1", "0.001") == "NO_PRICE"
    assert asks(client, "R1", "0.001") == "NO_PRICE"


@pytest.mark.parametrize("rate", ["NaN", "Infinity", "0", "-1"])
def test_a_mark_that_is_none_lets_nothing_pass(open_desk: OpenDesk, rate: str) -> None:
    """The same of a mark of another asset."""
    desk = limited(open_desk, (ALPHA, CRYPTO, "position", "100000000"))
    client = desk.client("A44")
    desk.rates.forget_value("BTC")
    desk.tell(MarksMoved({"BTC": (Decimal(rate), desk.now), "ETH": (Decimal(4000), desk.now)}))
    assert deals(client, "E1", "1", symbol="ETH/USD") == "LIMIT"


# -- days --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "last", "first"),
    [
        ("2027-01-13 12:00:00.000", "2027-01-13 21:59:59.999", "2027-01-13 22:00:00.000"),
        ("2027-01-29 23:00:00.000", "2027-01-30 21:59:59.999", "2027-01-30 22:00:00.000"),
        ("2026-12-31 12:00:00.000", "2026-12-31 21:59:59.999", "2026-12-31 22:00:00.000"),
        ("2028-02-28 23:00:00.000", "2028-02-29 21:59:59.999", "2028-02-29 22:00:00.000"),
        ("2027-03-13 23:00:00.000", "2027-03-14 20:59:59.999", "2027-03-14 21:00:00.000"),  # DST
        ("2027-11-06 22:00:00.000", "2027-11-07 21:59:59.999", "2027-11-07 22:00:00.000"),
    ],
    ids=["day", "weekend", "year", "leap day", "summer time", "winter time"],
)
def test_turnover_of_a_day_ends_with_the_trading_day(
    open_desk: OpenDesk, start: str, last: str, first: str
) -> None:
    """17:00 in New York, whatever that is in UTC; midnight UTC is nothing."""
    desk = limited(open_desk, (ALPHA, "", "turnover_day", "100050"), start=start)
    client = desk.client("A44")
    assert deals(client, "A1", "1") == "F"
    desk.at(last)
    assert deals(client, "A2", "0.001") == "LIMIT"
    desk.at(first)
    assert deals(client, "A3", "1") == "F"


def test_rolling_turnover_forgets_after_thirty_trading_days(open_desk: OpenDesk) -> None:
    """The deal of day 1 counts on day 30, and no more on day 31; what is old is not kept."""
    desk = limited(open_desk, (ALPHA, "", "turnover_30d", "100050"))
    client = desk.client("A44")
    assert deals(client, "A1", "1") == "F"
    desk.at("2027-02-11 12:00:00.000")
    assert deals(client, "A2", "0.001") == "LIMIT"
    desk.restarts()
    client.logs_on()
    client.hears_all()
    assert deals(client, "A3", "0.001") == "LIMIT"
    desk.at("2027-02-12 12:00:00.000")
    desk.screened(client_id="ALPHA")  # his verdict of the first day is too old by now
    assert deals(client, "A4", "1") == "F"
    assert set(desk.state.limits.usage.cell(("ALPHA", "")).days) == {739_994 + 30}


# -- setting -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "what", "measure", "amount", "said"),
    [
        ("client:NOBODY", "", "position", "1", "no client 'NOBODY'"),
        ("tier:none", "", "position", "1", "no tier 'none'"),
        ("ALPHA", "", "position", "1", "expected client:NAME"),
        ("desk", "instrument:NO/NE", "position", "1", "no instrument 'NO/NE'"),
        ("desk", "class:none", "position", "1", "no class 'none'"),
        ("desk", "", "sizes", "1", "no measure 'sizes'"),
        ("desk", "", "order_size", "1", "needs what = instrument:SYMBOL"),
        ("desk", "", "settlement", "1", "owed by each client"),
        ("desk", BTC, "median_multiple", "2", "everything a client does"),
        ("desk", "", "open_orders", "1.5", "whole number"),
        ("desk", "", "position", "NaN", "zero or more"),
        ("desk", "", "position", "Infinity", "zero or more"),
        ("desk", "", "position", "-1", "zero or more"),
        ("desk", "", "position", "1E+25", "zero or more"),
        ("desk", "", "position", None, "no such limit"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused(
    desk: Conversation, who: str, what: str, measure: str, amount: str | None, said: str
) -> None:
    """Nothing is changed by it."""
    answer = sets(desk, who, what, measure, amount)
    assert answer.startswith("refused")
    assert said in answer
    assert not desk.state.limits.said


def test_raising_and_removing_wait_for_a_second_person(open_desk: OpenDesk) -> None:
    """Lowering holds at once. The client's own keys are limits like any other."""
    desk = limited(open_desk)
    client = desk.client("A44")
    assert sets(desk, ALPHA, "", "order_notional", "50000") == ""
    assert deals(client, "A1", "1") == "NOTIONAL"
    assert "waits" in sets(desk, ALPHA, "", "order_notional", "100050")
    assert "waits" in sets(desk, ALPHA, "", "order_notional", None)
    assert deals(client, "A2", "1") == "NOTIONAL"
    raised, removed = desk.state.approvals.waiting
    assert "another confirms" in desk.tell(Confirm(raised, "ann", "me again")).alerts[0]
    desk.tell(Confirm(raised, "bob", "agreed"))
    assert deals(client, "A3", "1") == "F"
    assert deals(client, "A4", "1.001") == "NOTIONAL"
    desk.tell(Confirm(removed, "bob", "agreed"))
    assert deals(client, "A5", "1.001") == "F"
    desk.restarts()
    client.logs_on()
    client.hears_all()
    assert deals(client, "A6", "1.001") == "F"


def test_of_several_limits_the_failing_one_is_found_else_the_tightest(open_desk: OpenDesk) -> None:
    """What is on record names one."""
    desk = limited(
        open_desk, (DESK, "", "turnover_day", "500000"), (ALPHA, BTC, "turnover_day", "150000")
    )
    client = desk.client("A44")
    assert deals(client, "A1", "1") == "F"
    (found,) = [f for f in desk.decided.verdicts[0].findings if f.check == "turnover_day"]
    assert (found.measured, found.limit) == ("100050", f"150000 {ALPHA} {BTC}")
    assert deals(client, "A2", "1") == "LIMIT"
    assert failed(desk).limit == f"150000 {ALPHA} {BTC}"


def test_a_rule_of_jurisdiction_adds_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of the answer bind this client; a word that is no measure lets nothing pass."""
    limits = (("order_notional", Decimal(100_050)),)
    answers = [PolicyAnswer(True, "LIMIT", "ch-retail", "", limits)]
    monkeypatch.setattr(Register, "policy_answer", lambda *_: answers[-1])
    desk = Conversation()
    client = desk.client("A44")
    assert deals(client, "A1", "1.001") == "NOTIONAL"
    assert failed(desk).limit == "100050 policy:ch-retail"
    assert deals(client, "A2", "1") == "F"
    answers.append(structs.replace(answers[-1], limits=(("nonsense", Decimal(1)),)))
    assert deals(client, "A3", "0.001") == "LIMIT"


def test_usage_comes_back_from_a_snapshot(open_desk: OpenDesk) -> None:
    """What is used, reserved, remembered, dealt and marked decides on after a restart."""
    desk = limited(
        open_desk,
        (ALPHA, "", "turnover_day", "200100"),
        (ALPHA, "", "median_multiple", "100"),
        (ALPHA, "", "loss", "1000000"),
    )
    client = desk.client("A44")
    assert deals(client, "A1", "1") == "F"
    assert rests(client, "A2", "1") == "0"
    desk.snapshots()
    desk.restarts()
    usage = desk.state.limits.usage
    assert usage.keep() == State.load(desk.state.dump(), ID_KEY).limits.usage.keep()
    assert usage.cell(("ALPHA", "BTC/USD")).reserved == 100_050 * 10**8
    assert usage.cell(("", "")).orders == 1
    client.logs_on()
    client.hears_all()
    assert deals(client, "A3", "0.001") == "LIMIT"
    client.C("35=F|11=F1|41=A2")
    assert outcome(client) == "4"
    assert deals(client, "A4", "1") == "F"
    assert Conversion("BTC", desk.state.limits.marks["BTC"][0], SECOND).rate == Decimal(100_050)
