"""Busts and corrections: what is reversed, what the client hears, what is refused (section 5)."""

from decimal import Decimal

import pytest

from otcfix.model.client_commands import ChangeSettlementLimit
from otcfix.model.errors import StoreLost
from otcfix.model.event import MoveFunds
from otcfix.model.hedge import BACK_TO_BACK, HedgeRule
from otcfix.model.post_trade import BustTrade
from otcfix.model.proposal import Confirm
from otcfix.model.session_commands import SetSessions
from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation
from tests.support.staff import agreed, busts, corrects, refused

BOUGHT = """
    C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1
    D 35=8|37=O1|17=E1|150=0
    D 35=8|37=O1|17=E2|150=F|39=2|31=100100.00|32=1
"""


def test_a_bust_reverses_everything_and_is_told(
    desk: Conversation, client: Client, number: str
) -> None:
    """150=H (4.2: 20=1), 19 names the fill; 14, 6 and 151 are zero, the order is canceled."""
    client.talk_44(BOUGHT)
    desk.books("ALPHA", USD="399900.00", BTC="6.00000000")

    busts(desk, "E2")

    client.talk_44("""
        D 35=8|37=O1|11=A1|17=E3|19=E2|150=H|39=4|38=1|14=0|6=0|151=0|31=-|32=-|75=-|64=-
        |58=trade busted by the desk
    """)
    desk.books("ALPHA", USD="500000.00", BTC="5.00000000")
    assert desk.state.inventory("BTC/USD") == 0
    assert desk.state.balance("desk:pnl:USD") == 0
    client.talk_44("""
        C 35=H|11=A1|55=BTC/USD|54=1
        D 35=8|37=O1|17=0|150=I|39=4|14=0|151=0
    """)


def test_a_correction_is_another_trade(desk: Conversation, client: Client) -> None:
    """150=G (4.2: 20=2) carries the right numbers and a new ExecID; the books have those alone."""
    client.talk_44(BOUGHT)

    corrects(desk, "E2", price="100090.50")

    client.talk_44("""
        D 35=8|37=O1|17=E3|19=E2|150=G|39=2|14=1|151=0|6=100090.5|31=100090.50|32=1
        |381=100090.50|58=trade corrected by the desk|75=today|64=today
    """)
    desk.books("ALPHA", USD="399909.50", BTC="6.00000000")
    assert "it is" in refused(busts(desk, "E2"))

    corrects(desk, "E3", quantity="0.4")

    client.talk_44("""
        D 35=8|37=O1|17=E4|19=E3|150=G|39=4|38=1|14=0.4|151=0|31=100090.50|32=0.4
    """)
    busts(desk, "E4")
    client.talk_44("D 35=8|17=E5|19=E4|150=H|39=4|14=0|151=0")
    desk.books("ALPHA", USD="500000.00", BTC="5.00000000")


def test_what_is_busted_of_an_open_order_is_not_opened_again(
    desk: Conversation, client: Client
) -> None:
    """38 becomes less, 151 and the hold stay; what rests fills as before."""
    desk.prices("BTC/USD", bid="100000.00", offer="100100.00", depth="2")
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=3|40=2|44=100100|59=1
        D 35=8|37=O1|17=E1|150=0|39=0
        D 35=8|37=O1|17=E2|150=F|39=1|32=2|14=2|151=1
    """)
    order = desk.order("A1")
    assert order is not None
    cell = desk.state.limits.usage.cell(("ALPHA", "BTC/USD"))
    reserved = cell.reserved
    assert reserved > 0

    corrects(desk, "E2", quantity="1.5")
    client.talk_44("D 35=8|17=E3|19=E2|150=G|39=1|38=2.5|14=1.5|151=1.0|32=1.5")
    busts(desk, "E3")
    client.talk_44("D 35=8|17=E4|19=E3|150=H|39=0|38=1|14=0|151=1|6=0")
    after = desk.order("A1")
    assert after is not None
    assert after.held == order.held
    assert cell.reserved == reserved
    desk.prices("BTC/USD", bid="100000.00", offer="100100.00", depth="2")
    client.talk_44("D 35=8|37=O1|17=E5|150=F|39=2|38=1|14=1|151=0")


def test_the_second_fill_of_an_order_is_busted(desk: Conversation, client: Client) -> None:
    """A closed order keeps its other fills: 14 and 6 are those of what stands."""
    desk.prices("BTC/USD", bid="100000.00", offer="100100.00", depth="1")
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=2|40=2|44=100200|59=1
        D 35=8|37=O1|17=E1|150=0
        D 35=8|37=O1|17=E2|150=F|39=1|32=1
    """)
    desk.prices("BTC/USD", bid="100099.00", offer="100200.00", depth="1")
    client.talk_44("D 35=8|37=O1|17=E3|150=F|39=2|32=1|6=100150")
    busts(desk, "E3")
    client.talk_44("D 35=8|17=E4|19=E3|150=H|39=4|38=2|14=1|151=0|6=100100")


def test_dealing_in_terms(desk: Conversation, client: Client) -> None:
    """14, 32 and 151 count Currency(15); a correction of the price keeps them."""
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=100000|15=USD|40=1
        D 35=8|37=O1|17=E1|150=0
        D 35=8|37=O1|17=E2|150=F|32=100000|31=100000.00|119=1.00000000
    """)
    corrects(desk, "E2", price="100010")
    client.talk_44("""
        D 35=8|17=E3|19=E2|150=G|39=2|14=100000|32=100000|31=100010|119=0.99990001|120=BTC
    """)
    busts(desk, "E3")
    client.talk_44("D 35=8|17=E4|19=E3|150=H|39=4|14=0")
    desk.books("ALPHA", USD="500000.00", BTC="5.00000000")


def test_fees_go_with_the_trade(desk: Conversation, number: str) -> None:
    """A correction's fee is the trade's in proportion; a bust gives it back."""
    client = desk.client(f"FEE{number}")
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|17=E1|150=0
        D 35=8|17=E2|150=F|12=100.10
    """)
    corrects(desk, "E2", quantity="0.5")
    client.talk_44("D 35=8|17=E3|19=E2|150=G|12=50.05|13=3|381=50050.00")
    desk.books("FEES", USD="449899.95")
    busts(desk, "E3")
    client.talk_44("D 35=8|17=E4|19=E3|150=H|12=-")
    desk.books("FEES", USD="500000.00", BTC="5.00000000")
    assert desk.state.balance("desk:fees:USD") == 0


# -- who may, and what is refused --------------------------------------------------------------


def test_two_persons(desk: Conversation) -> None:
    """It moves money: nothing moves before another person confirms."""
    client = desk.client("A44")
    client.talk(BOUGHT)
    asked = desk.tell(BustTrade(desk.names["E2"], "ann", "wrong"))
    client.says_nothing_more()
    desk.books("ALPHA", BTC="6.00000000")
    proposal = asked.proposals[0].proposal_id
    assert "another confirms" in refused(desk.tell(Confirm(proposal, "Ann", "me again")))
    done = desk.tell(Confirm(proposal, "bob", "yes"))
    assert (done.changes[0].by, done.changes[0].checked_by) == ("ann", "bob")
    client.talk("D 35=8|150=H")


def test_what_cannot_be_undone(desk: Conversation) -> None:
    """Unknown, an acceptance, twice busted; two proposals for one trade: the second is refused."""
    client = desk.client("A44")
    client.talk(BOUGHT)
    assert "no trade" in refused(busts(desk, "E000000000000"))
    assert "no trade" in refused(busts(desk, "NONE"))
    assert "no trade" in refused(busts(desk, "E1"))
    first, second = (
        desk.tell(BustTrade(desk.names["E2"], "ann", "x")).proposals[0].proposal_id
        for _ in range(2)
    )
    desk.tell(Confirm(first, "bob", "yes"))
    client.hears_all()
    assert "was busted by ann" in refused(desk.tell(Confirm(second, "bob", "yes")))
    assert "was busted by ann" in refused(busts(desk, "E2"))


@pytest.mark.parametrize(
    ("price", "quantity", "why"),
    [
        ("", "", "neither another price nor another quantity"),
        ("100100", "", "it is so already"),
        ("-1", "", "not a positive number"),
        ("NaN", "", "not a positive number"),
        ("", "Infinity", "not a positive number"),
        ("", "0.000000001", "finer than BTC is counted"),
        ("1E17", "1E17", "no account holds"),
        ("0.00000001", "", "one of its amounts would be nothing"),
        ("", "1.1", "was for 1"),
    ],
)
def test_corrections_that_cannot_be(
    desk: Conversation, price: str, quantity: str, why: str
) -> None:
    """Numbers that are none, change nothing, or that the order was not for."""
    client = desk.client("A44")
    client.talk(BOUGHT)
    assert why in refused(corrects(desk, "E2", price, quantity))
    client.says_nothing_more()


def test_an_open_order_is_only_corrected_downwards(desk: Conversation) -> None:
    """More would take of what still rests: it is cancelled first."""
    desk.prices("BTC/USD", bid="100000.00", offer="100100.00", depth="1")
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=3|40=2|44=100100|59=1
        D 35=8|37=O1|17=E1|150=0
        D 35=8|17=E2|150=F|39=1|32=1
    """)
    assert "cancel what rests first" in refused(corrects(desk, "E2", quantity="1.5"))
    client.C("35=F|11=A2|41=A1")
    client.hears_all()
    corrects(desk, "E2", quantity="1.5")
    client.talk("D 35=8|17=E3|19=E2|150=G|39=4|38=3|14=1.5|151=0|11=A1")


def test_what_he_has_spent_is_missing(desk: Conversation, client: Client) -> None:
    """A bust that would take him below his floor is refused, and says what is missing."""
    client.talk_44(BOUGHT)
    desk.moves_funds("ALPHA", "BTC", "-5.75")
    told = refused(busts(desk, "E2"))
    assert "ALPHA lacks 0.75000000 BTC" in told
    client.says_nothing_more()


def test_owing_delivers_when_he_has_paid(desk: Conversation, client: Client) -> None:
    """--owing: both legs are owed of one date; he gets his money when his coins are there."""
    client.talk_44(BOUGHT)
    desk.moves_funds("ALPHA", "BTC", "-5.75")
    busts(desk, "E2", owing=True)
    assert any("he owes 0.75000000 BTC" in alert for alert in desk.alerts)
    client.talk_44("D 35=8|150=H|58=trade busted by the desk; owed by you: 0.75000000 BTC")
    desk.books("ALPHA", USD="399900.00", BTC="0.25000000")
    desk.books("ALPHA", "payable", BTC="-1.00000000")
    desk.books("ALPHA", "receivable", USD="100100.00")
    desk.at("+1s")
    assert any("ALPHA cannot pay" in alert for alert in desk.alerts)
    desk.tell(MoveFunds("ALPHA", "BTC", Decimal("0.75"), "custody", "ref", "staff"))
    desk.books("ALPHA", USD="500000.00", BTC="0.00000000")
    desk.books("ALPHA", "payable", BTC="0.00000000")


# -- value dates -------------------------------------------------------------------------------


def _spot(desk: Conversation, number: str) -> Client:
    desk.prices("EUR/USD", bid="1.08000", offer="1.08200", depth="5000000")
    client = desk.client(f"T{number}")
    client.talk_44("""
        C 35=D|11=A1|55=EUR/USD|54=1|38=100000|40=1
        D 35=8|17=E1|150=0
        D 35=8|17=E2|150=F|381=108200.00|64=20270115
    """)
    return client


def test_before_its_value_date_what_is_owed_goes(desk: Conversation, number: str) -> None:
    """Nothing was paid yet: the obligations are reversed, and those of a correction put there."""
    client = _spot(desk, number)
    corrects(desk, "E2", price="1.081")
    client.talk_44("D 35=8|17=E3|19=E2|150=G|381=108100.00|64=20270115")
    desk.books("TREASURY", "payable", USD="-108100.00")
    desk.books("TREASURY", "receivable", EUR="100000.00")
    busts(desk, "E3")
    client.talk_44("D 35=8|17=E4|19=E3|150=H")
    desk.books("TREASURY", "payable", USD="0.00")
    assert not desk.state.obligations


def test_after_its_value_date_money_goes_back(desk: Conversation, number: str) -> None:
    """What has settled is taken from available."""
    client = _spot(desk, number)
    desk.at("2027-01-15 00:00:00")
    desk.books("TREASURY", EUR="100000.00", USD="-108200.00")
    busts(desk, "E2")
    client.talk_44("D 35=8|17=E3|19=E2|150=H|39=4")
    desk.books("TREASURY", EUR="0.00", USD="0.00")


def test_what_he_could_not_pay_is_not_owed_any_more(open_desk: OpenDesk) -> None:
    """A date that has come, of which he still owes: it is the debt that goes."""
    desk = open_desk()
    _spot(desk, "44")
    desk.tell(ChangeSettlementLimit("TREASURY", "USD", Decimal(1_000), "ann", "less"))
    desk.at("2027-01-15 00:00:00")
    assert any("TREASURY cannot pay" in alert for alert in desk.alerts)
    busts(desk, "E2")
    desk.client("T44").talk("D 35=8|19=E2|150=H")
    assert not desk.state.obligations


# -- what follows ------------------------------------------------------------------------------


def test_usage_follows(desk: Conversation) -> None:
    """Turnover, and what the day's deals brought, are as if there had been no deal."""
    client = desk.client("A44")
    usage = desk.state.limits.usage
    client.talk(BOUGHT)
    cell = usage.cell(("ALPHA", "BTC/USD"))
    assert cell.total > 0
    busts(desk, "E2")
    client.hears_all()
    assert cell.total == 0
    assert usage.cell(("", "")).total == 0
    assert usage.deals["ALPHA"]["BTC/USD"] == (0, 0)
    assert usage.deals[""]["BTC/USD"] == (0, 0)


def test_a_hedge_that_was_made_stands(open_desk: OpenDesk) -> None:
    """The venue's fill is the desk's own: an alert says what the desk holds now."""
    rule = HedgeRule("BTC/USD", mode=BACK_TO_BACK, venues=("LPX",))
    desk = open_desk(hedging=(rule,))
    client = desk.client("A44")
    client.talk(BOUGHT)
    done = busts(desk, "E2")
    client.hears_all()
    assert not done.venue_requests
    assert any("hedges of" in alert and "the desk holds 0 BTC" in alert for alert in done.alerts)


def test_drop_copies_hear_it(open_desk: OpenDesk) -> None:
    """The same 17, 19 and 37, with 797=Y."""
    desk = open_desk(drop_copies={"COPY44": "FIX.4.4", "COPY42": "FIX.4.2"})
    copies = desk.client("COPY44"), desk.client("COPY42")
    desk.client("A44").talk(BOUGHT)
    busts(desk, "E2")
    told = desk.client("A44").hears()
    for copy in copies:
        heard = copy.hears_all()[-1]
        assert [heard.get(tag) for tag in (17, 19, 37)] == [told.get(t) for t in (17, 19, 37)]
    assert heard.get(20) == "1"
    desk.client("A44").says_nothing_more()


def test_a_session_that_is_off_hears_it_at_its_next_logon(
    desk: Conversation, client: Client
) -> None:
    """The report waits in the session's store."""
    client.talk_44(BOUGHT)
    client.drops()
    busts(desk, "E2")
    assert not client.hears_all()
    client.logs_on()
    client.talk_44("D 35=8|17=E3|19=E2|150=H")


@pytest.mark.parametrize("when", ["before commit", "before saying"])
def test_a_kill_between_a_bust_and_its_telling(open_desk: OpenDesk, when: str) -> None:
    """Before the commit nothing has happened; after it the client is told, once, with 97=Y."""
    desk = open_desk()
    client = desk.client("A44")
    client.talk(BOUGHT)
    asked = desk.tell(BustTrade(desk.names["E2"], "ann", "wrong")).proposals[0].proposal_id
    with desk.killed(when):
        desk.tell(Confirm(asked, "bob", "yes"))
    desk.restarts()
    client.logs_on()
    if when == "before commit":
        client.says_nothing_more()
        desk.tell(Confirm(asked, "bob", "yes"))
    client.D("35=8|17=E3|19=E2|150=H|39=4")
    client.says_nothing_more()
    desk.books("ALPHA", BTC="5.00000000")
    desk.snapshots()
    desk.restarts()
    assert "was busted" in refused(busts(desk, "E2"))


def test_two_busts_of_one_order_in_one_batch(desk: Conversation) -> None:
    """The second sees the order as the first has left it, though the store does not know yet."""
    desk.prices("BTC/USD", bid="100000.00", offer="100100.00", depth="1")
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=2|40=2|44=100100|59=1
        D 35=8|37=O1|17=E1|150=0
        D 35=8|17=E2|150=F|39=1|32=1
    """)
    desk.prices("BTC/USD", bid="100000.00", offer="100100.00", depth="1")
    client.talk("D 35=8|17=E3|150=F|39=2|32=1")
    asked = [
        desk.tell(BustTrade(desk.names[name], "ann", "x")).proposals[0].proposal_id
        for name in ("E2", "E3", "E2")
    ]
    with desk.busy():
        for one in asked:
            desk.tell(Confirm(one, "bob", "yes"))
    client.talk("""
        D 35=8|19=E2|150=H|39=4|14=1
        D 35=8|19=E3|150=H|39=4|14=0
    """)
    assert desk.alerts[-1].startswith("refused")


def test_a_store_that_cannot_answer(desk: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is undone by guessing."""
    desk.client("A44").talk(BOUGHT)

    def lost(keys: object) -> None:
        raise StoreLost("gone")

    monkeypatch.setattr(desk.store.store, "recall", lost)
    assert "does not answer" in refused(agreed(desk, BustTrade(desk.names["E2"], "ann", "x")))


def test_a_bust_when_the_session_is_gone(open_desk: OpenDesk) -> None:
    """Its drop copies hear it all the same, each in its own version."""
    copy = {"kind": "drop_copy", "drop_copy_of": ("ALPHA",)}
    desk = open_desk(sessions={"DEAL44": copy, "DEAL42": copy})
    desk.client("A44").talk(BOUGHT)
    copies = [desk.client(key) for key in ("DEAL44", "DEAL42")]
    for one in copies:
        one.hears_all()
    known = desk.state.register.desk
    assert known is not None
    desk.tell(SetSessions(tuple(s for s in known.sessions if s.key != "A44"), "carol", "test"))
    done = busts(desk, "E2")
    assert any("no session A44" in alert for alert in done.alerts)
    copies[0].talk("D 35=8|150=H|17=E3|19=E2|14=0|797=Y")
    copies[1].talk("D 35=8|20=1|17=E3|19=E2|14=0|797=-")
