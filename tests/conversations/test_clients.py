"""The register, spoken: who is quoted and who is not, and what a client hears when that changes."""

from decimal import Decimal

import pytest

from otcfix.model.client_commands import (
    ApproveClient,
    ChangeClient,
    ChangeSettlementLimit,
    OffboardClient,
    OnboardClient,
    ResumeClient,
    SuspendClient,
)
from otcfix.model.profile import ACTIVE, OFFBOARDED, PROSPECT, SUSPENDED, Document
from otcfix.model.proposal import Confirm
from tests.conftest import OpenDesk
from tests.conversation import Conversation
from tests.support.house_desk import house_desk, session
from tests.support.register import a_prospect, confirmed, onboarded, waiting, with_kyc
from tests.support.streams import TERMS, asks

NOT_AUTHORISED = """
    C 35=R|131=R{0}|146=1|55=BTC/USD|38=1
    D 35=AG|131=R{0}|658=(NOT_AUTHORISED)|58=NOT_AUTHORISED: ...
    C 35=D|11=N{0}|55=BTC/USD|54=1|38=1|40=1
    D 35=8|11=N{0}|150=8|103=(NOT_AUTHORISED)|58=NOT_AUTHORISED: ...
"""
QUOTED = """
    C 35=R|131=R{0}|146=1|55=BTC/USD|38=1
    D 35=S|131=R{0}
"""
SUSPEND = SuspendClient("ALPHA", "carol", "unusual payments")

KYCS = {
    "none": {"status": "NONE", "made_by": ""},
    "pending": {"status": "PENDING"},
    "under review": {"status": "UNDER_REVIEW"},
    "refused": {"status": "REFUSED"},
    "expired": {"expires": "2027-01-12"},
    "a document expired": {"documents": (Document("passport", "0" * 64, "2027-01-12"),)},
}


@pytest.mark.parametrize("known", KYCS)
def test_without_kyc_no_quote_and_no_trade(open_desk: OpenDesk, number: str, known: str) -> None:
    """The answer is one word for every reason; what was found stands in the verdict alone."""
    desk = open_desk(clients={"ALPHA": with_kyc(**KYCS[known])}, stream=TERMS)
    client = desk.client(f"A{number}")
    client.talk_44(NOT_AUTHORISED.format(1))
    finding = next(f for f in desk.decided.verdicts[0].findings if f.check == "kyc")
    assert finding.refusal is not None
    wanted = KYCS[known].get("status", "expired 2027-01-12")
    assert finding.measured == wanted
    said = " ".join(heard.get(58) for heard in client.line.heard)
    assert "KYC" not in said.upper().replace("NOT_AUTHORISED", "")
    assert str(wanted) not in said
    asks(client)
    heard = client.hears_all()[0]
    assert (heard.kind, heard.get(281)) == ("Y", "3")


def test_the_last_day_holds_and_the_next_one_does_not(open_desk: OpenDesk) -> None:
    """At the year's end, UTC: until midnight he deals, from then on not, and what rests is told."""
    desk = open_desk(
        start="2027-12-31 23:59:50.000", clients={"ALPHA": with_kyc(expires="2027-12-31")}
    )
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1
        D 35=8|37=O1|150=0
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|117=Q1
    """)
    desk.at("2027-12-31 23:59:59.999")
    desk.prices("BTC/USD", "100000.00", "100100.00")
    client.hears_all()
    client.talk("""
        C 35=R|131=R2|146=1|55=BTC/USD|38=1
        D 35=S|117=Q2
    """)
    desk.at("2028-01-01 00:00:00.050")
    client.talk("""
        D 35=Z|117=Q2|298=1
        D 35=8|37=O1|150=4|39=4|378=99|58=CANCELLED_BY_DESK...
    """)
    client.talk_44(NOT_AUTHORISED.format(3))
    assert any("KYC of ALPHA has expired" in alert for alert in desk.alerts)


def test_it_expires_while_the_desk_is_down(open_desk: OpenDesk) -> None:
    """At the end of a month: the next start cancels what rests, before anybody can match it."""
    desk = open_desk(
        start="2027-02-28 12:00:00.000", clients={"ALPHA": with_kyc(expires="2027-02-28")}
    )
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1
        D 35=8|37=O1|150=0
    """)
    desk.clock.go(desk.instant_of("2027-03-01 00:00:01.000"))
    desk.restarts()
    client.logs_on()
    client.talk("D 35=8|37=O1|150=4|378=99|58=CANCELLED_BY_DESK...")


@pytest.mark.parametrize("status", ["EXPIRED", "UNDER_REVIEW"])
def test_reducing_stays_possible_where_the_rule_says_so(
    open_desk: OpenDesk, number: str, status: str
) -> None:
    """He may sell what he has, not buy more and not go short; asked for both sides, nothing."""
    known = {"expires": "2027-01-12"} if status == "EXPIRED" else {"status": status}
    desk = open_desk(clients={"ALPHA": with_kyc(**known)}, reduce_when=(status,))
    client = desk.client(f"A{number}")
    client.talk_44(NOT_AUTHORISED.format(1))
    client.talk_44("""
        C 35=R|131=R2|146=1|55=BTC/USD|54=2|38=1
        D 35=S|131=R2|117=Q2
        C 35=D|11=S2|117=Q2|55=BTC/USD|54=2|38=1|40=D
        D 35=8|37=O1|150=0
        D 35=8|37=O1|150=F
        C 35=D|11=S3|55=BTC/USD|54=2|38=4.001|40=1
        D 35=8|11=S3|150=8|103=(NOT_AUTHORISED)
        C 35=D|11=S4|55=BTC/USD|54=2|38=4|40=1
        D 35=8|37=O4|150=0
        D 35=8|37=O4|150=F
        C 35=D|11=S5|55=BTC/USD|54=2|38=1|40=1
        D 35=8|11=S5|150=8|103=(NOT_AUTHORISED)
    """)


def test_a_client_is_taken_in_by_two(open_desk: OpenDesk) -> None:
    """His session is there before him; he is quoted once another person has approved him."""
    desk = open_desk()
    desk.restarts(_with_session(desk))
    omega = desk.client("OM44")
    omega.talk_44(NOT_AUTHORISED.format(1))
    desk.tell(OnboardClient(a_prospect(), "Maker", "signed"))
    omega.talk_44(NOT_AUTHORISED.format(2))
    assert desk.state.clientele.clients["OMEGA"].status == PROSPECT
    for by in ("Maker", " maker", ""):
        desk.tell(ApproveClient("OMEGA", "2", "2027-12-31", by, "test"))
        assert desk.decided.alerts[0].startswith("refused: ")
    desk.tell(ApproveClient("OMEGA", "2", "2027-12-31", "checker", "test"))
    desk.screened()
    desk.moves_funds("OMEGA", "USD", "200000")
    desk.moves_funds("OMEGA", "BTC", "1")
    omega.talk(QUOTED.format(3))
    omega.talk("""
        C 35=D|11=D1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|37=O1|150=0|1=OMEGA-1
        D 35=8|37=O1|150=F|1=OMEGA-1
    """)
    desk.snapshots()
    desk.restarts()
    omega.logs_on()
    assert desk.state.clientele.clients["OMEGA"].profile.kyc.approved_by == "checker"


def _with_session(desk: Conversation) -> object:
    from msgspec import structs  # noqa: PLC0415

    mine = session("OM44", "OMEGA", "FIX.4.4", account="")
    return structs.replace(desk.desk, sessions=(*desk.desk.sessions, mine))


def test_a_suspended_client(open_desk: OpenDesk, number: str) -> None:
    """Quotes, orders and streams end at once, each is told, the drop copy hears it as well; he may
    still cancel; two people take him up again."""
    desk = open_desk(stream=TERMS, drop_copies={"DC44": "FIX.4.4"})
    client, copy, beta = desk.client(f"A{number}"), desk.client("DC44"), desk.client("B44")
    beta.talk("""
        C 35=D|11=B1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1
        D 35=8|37=O9|150=0
    """)
    asks(client)
    assert client.hears_all()[0].kind == "W"
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1
        D 35=8|37=O1|150=0
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|117=Q1
    """)
    copy.hears_all()
    desk.tell(SUSPEND)
    client.talk_44("""
        D 35=Z|117=Q1|298=1
        D 35=8|37=O1|11=A1|150=4|39=4|378=(DESK)|58=CANCELLED_BY_DESK...
        D 35=W|262=M1|55=BTC/USD|268=0
    """)
    assert [heard.get(150) for heard in copy.hears_all()] == ["4"]
    beta.says_nothing_more()
    client.talk_44(NOT_AUTHORISED.format(2))
    desk.restarts()
    client.logs_on()
    client.talk_44(NOT_AUTHORISED.format(3))
    desk.tell(ResumeClient("ALPHA", "dora", "explained"))
    assert desk.state.clientele.clients["ALPHA"].status == SUSPENDED
    desk.tell(Confirm(waiting(desk), "dora", "myself"))
    assert desk.state.clientele.clients["ALPHA"].status == SUSPENDED
    confirmed(desk)
    assert desk.state.clientele.clients["ALPHA"].status == ACTIVE
    client.talk_44(QUOTED.format(4))


def test_a_suspension_is_not_undone_by_the_file(open_desk: OpenDesk) -> None:
    """Neither by what the file says of him, nor by deleting him for one start."""
    desk = open_desk()
    desk.tell(SUSPEND)
    without = house_desk()
    from msgspec import structs  # noqa: PLC0415

    without = structs.replace(
        without, clients=tuple(c for c in without.clients if c.client_id != "ALPHA")
    )
    desk.restarts(without)
    assert not desk.state.clientele.clients["ALPHA"].enabled
    desk.restarts(house_desk(clients={"ALPHA": {"position_max": 7}}))
    alpha = desk.state.clientele.clients["ALPHA"]
    assert (alpha.status, alpha.enabled, alpha.position_max) == (SUSPENDED, True, 7)


def test_an_offboarded_client_is_gone_for_good(open_desk: OpenDesk) -> None:
    """Not while he has anything; nobody gets his id."""
    desk = open_desk()
    onboarded(desk)
    desk.moves_funds("OMEGA", "USD", "1")
    desk.tell(OffboardClient("OMEGA", "carol", "closed"))
    assert desk.decided.alerts == ("refused: OMEGA still has available 1.00 USD",)
    desk.moves_funds("OMEGA", "USD", "-1")
    desk.tell(OffboardClient("OMEGA", "carol", "closed"))
    assert desk.state.clientele.clients["OMEGA"].status == OFFBOARDED
    assert "refused: OMEGA was offboarded" in desk.moves_funds("OMEGA", "USD", "1").alerts
    for said in (
        OnboardClient(a_prospect(), "maker", "again"),
        ApproveClient("OMEGA", "2", "2027-12-31", "checker", "again"),
        ResumeClient("OMEGA", "maker", "again"),
        SuspendClient("OMEGA", "maker", "again"),
        OffboardClient("OMEGA", "maker", "again"),
    ):
        assert desk.tell(said).alerts[0].startswith("refused: OMEGA")


def test_a_client_with_an_open_order_stays(desk: Conversation) -> None:
    """Everything that keeps him is named."""
    desk.client("A44").talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1
        D 35=8|37=O1|150=0
    """)
    desk.tell(OffboardClient("ALPHA", "carol", "closed"))
    has = "available 5.00000000 BTC, available 400100.00 USD, held 99900.00 USD, 1 open orders"
    assert desk.decided.alerts == (f"refused: ALPHA still has {has}",)


def test_a_settlement_limit_moves_while_the_desk_runs(desk: Conversation) -> None:
    """Raised by two, it is used at once; lowered under its use, nothing is forced: he may only
    come back."""
    client = desk.client("A44")
    buy = "C 35=D|11={0}|55=BTC/USD|54=1|38={1}|40=1"
    client.talk(buy.format("A1", "6") + "\nD 35=8|150=8|103=3|58=FUNDS: ...")
    desk.tell(ChangeSettlementLimit("ALPHA", "USD", Decimal(200_000), "carol", "credit"))
    client.talk(buy.format("A2", "6") + "\nD 35=8|150=8|103=3|58=FUNDS: ...")
    confirmed(desk)
    client.talk(buy.format("A3", "6") + "\nD 35=8|37=O3|150=0\nD 35=8|37=O3|150=F")
    desk.tell(ChangeSettlementLimit("ALPHA", "USD", Decimal(10), "carol", "less"))
    assert desk.state.clientele.clients["ALPHA"].settlement_limits == {"USD": 1000}
    client.talk(buy.format("A4", "0.001") + "\nD 35=8|150=8|103=3|58=FUNDS: ...")
    desk.moves_funds("ALPHA", "USD", "50000")
    client.talk("""
        C 35=D|11=A5|55=BTC/USD|54=2|38=1|40=1
        D 35=8|37=O5|150=0
        D 35=8|37=O5|150=F
    """)
    desk.restarts()
    client.logs_on()
    assert desk.balance("ALPHA", "USD") == "49400.00"
    client.talk(buy.format("A6", "0.49") + "\nD 35=8|37=O6|150=0\nD 35=8|37=O6|150=F")


def test_a_change_of_what_is_screened_leaves_orders_resting(desk: Conversation) -> None:
    """A new wallet needs two people and a new verdict; what rests waits for it."""
    client = desk.client("A44")
    client.talk("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1
        D 35=8|37=O1|150=0
    """)
    wallet = {"wallets": '[{"asset":"BTC","address":"bc1qexample"}]'}
    desk.tell(ChangeClient("ALPHA", {}, "carol", "letter", add=wallet))
    assert not desk.state.clientele.clients["ALPHA"].profile.wallets
    confirmed(desk)
    assert desk.state.clientele.unscreened() == ["ALPHA"]
    client.says_nothing_more()
    assert desk.order("A1") is not None
