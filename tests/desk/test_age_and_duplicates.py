"""R3, R17, R18, A23: old messages, repeated messages, and who was first."""

import pytest

from tests.conftest import OpenDesk
from tests.conversation import Client, Conversation

ORDER = "35=D|11=A1|55=BTC/USD|54=1|38=1|40=2|44=99900|59=1"
ACCEPTED = "D 35=8|37=O1|11=A1|150=0"
TOO_OLD = "D 35=8|37=NONE|11=A1|150=8|39=8|103=(TOO_OLD)|58=TOO_OLD: ..."


# -- age ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("birth", "accepted"),
    [
        ("52=T-5s", True),
        ("52=T-5001ms", False),
        ("52=T+1s", True),
        ("52=T+1001ms", False),
        ("52=T-20m", False),
        ("52=T+10s", False),
        # PossDup: since it was first sent
        ("43=Y|122=T-5s", True),
        ("43=Y|122=T-5001ms", False),
        ("43=Y|122=T-5001ms|52=T", False),
        ("43=Y|122=T|52=T-1h", True),
        # PossResend: since the trader's own time
        ("97=Y|60=T-5s", True),
        ("97=Y|60=T-5001ms", False),
        ("97=Y|60=T|52=T-1h", True),
        # otherwise TransactTime(60) may be when the trader staged it
        ("60=T-1h", True),
    ],
)
def test_the_age_of_an_order(client: Client, birth: str, accepted: bool) -> None:
    """An order older than order_age_max_ms, or further in the future than the skew, is refused."""
    client.talk_44(f"C {ORDER}|{birth}\n{ACCEPTED if accepted else TOO_OLD}")


@pytest.mark.parametrize(("birth", "accepted"), [("60=T-5001ms", False), ("60=T|52=T-1h", True)])
def test_a_session_whose_transact_time_is_the_age(
    open_desk: OpenDesk, number: str, birth: str, accepted: bool
) -> None:
    """With age_by_transact_time 60 is the birth of every order."""
    desk = open_desk(sessions={f"A{number}": {"age_by_transact_time": True}})
    desk.client(f"A{number}").talk_44(f"C {ORDER}|{birth}\n{ACCEPTED if accepted else TOO_OLD}")


@pytest.mark.parametrize(("birth", "quoted"), [("52=T-2s", True), ("52=T-2001ms", False)])
def test_the_age_of_a_quote_request(client: Client, birth: str, quoted: bool) -> None:
    """A request older than quote_request_age_max_ms is refused: 658=4, in 4.2 300=4."""
    client.C(f"35=R|131=R1|146=1|55=BTC/USD|38=1|{birth}")
    client.talk_44("D 35=S|131=R1" if quoted else "D 35=AG|131=R1|658=(TOO_OLD)|58=TOO_OLD: ...")


@pytest.mark.parametrize(
    ("until", "quoted"), [("126=T", True), ("126=T-1ms", False), ("126=T+1s|62=T-1ms", False)]
)
def test_no_quote_after_the_requests_own_expiry(
    desk: Conversation, until: str, quoted: bool
) -> None:
    """2.12: nothing is quoted after ExpireTime(126) or ValidUntilTime(62) of the request."""
    client = desk.client("A42" if "62=" in until else "A44")
    client.C(f"35=R|131=R1|146=1|55=BTC/USD|38=1|{until}")
    client.talk_44("D 35=S|131=R1" if quoted else "D 35=AG|131=R1|658=(TOO_OLD)")


def test_age_is_judged_when_received_not_when_decided(desk: Conversation, client: Client) -> None:
    """R18: an order waits in our queue as long as it must, and is not older for it."""
    with desk.busy():
        client.C(f"{ORDER}|52=T-5s")
        desk.at("+30s")
    client.talk_44(ACCEPTED)


def test_changes_are_never_too_old(client: Client) -> None:
    """F and G of an hour ago are decided as if they came now."""
    client.talk_44(f"""
        C {ORDER}
        {ACCEPTED}
        C 35=G|11=A2|41=A1|38=2|52=T-1h
        D 35=8|11=A2|41=A1|150=5
        C 35=F|11=A3|41=A2|52=T-1h
        D 35=8|11=A3|41=A2|150=4
    """)


@pytest.mark.parametrize("number", ["44", "50"], indirect=True)
def test_a_mass_cancel_is_never_too_old(client: Client) -> None:
    """q of an hour ago cancels."""
    client.talk_44(f"""
        C {ORDER}
        {ACCEPTED}
        C 35=q|11=M1|530=7|52=T-1h
        D 35=r|531=7|533=1|534=1|41=A1|535=O1
        D 35=8|11=A1|150=4
    """)


# -- duplicates --------------------------------------------------------------------------------


@pytest.mark.parametrize("field", ["52=T+1s", "34=77", "43=Y|122=T", "97=Y|52=T+1s"])
def test_what_may_differ_in_a_repetition(client: Client, field: str) -> None:
    """The body is compared without 8, 9, 10, 34, 43, 52, 97 and 122."""
    if "43" not in field and "97" not in field:
        field += "|97=Y"
    client.talk_44(f"""
        C {ORDER}
        {ACCEPTED}
        C {ORDER}|{field}
        D 35=8|37=O1|11=A1|17=0|150=I|39=0
    """)


@pytest.mark.parametrize("change", ["38=2", "44=99901", "54=2", "60=T-1s", "1=ALPHA-2"])
def test_what_may_not_differ_in_a_repetition(client: Client, change: str) -> None:
    """Another body under a used ClOrdID is refused, resent or not."""
    fields = dict(part.split("=") for part in ORDER.split("|"))
    fields |= dict([change.split("=")])
    other = "|".join(f"{tag}={value}" for tag, value in fields.items())
    client.talk_44(f"""
        C {ORDER}
        {ACCEPTED}
        C {other}|97=Y
        D 35=8|37=NONE|11=A1|150=8|103=(DUPLICATE)|58=DUPLICATE of OrderID ...
    """)


def test_a_refused_order_resent_is_told_its_refusal(client: Client) -> None:
    """The present state of a refused order is: rejected, with the same words."""
    client.talk_44("""
        C 35=D|11=A1|55=NOPE/USD|54=1|38=1|40=1
        D 35=8|37=NONE|11=A1|150=8|103=(UNKNOWN_SYMBOL)
        C 35=D|11=A1|55=NOPE/USD|54=1|38=1|40=1|97=Y
        D 35=8|37=NONE|11=A1|17=0|150=I|39=8|58=UNKNOWN_SYMBOL tag=55: ...
    """)


def test_a_clordid_is_the_clients_on_all_his_sessions(desk: Conversation) -> None:
    """Scope is the client: the same 11 on another session of his is a duplicate; not BETA's."""
    desk.client("A44").talk(f"C {ORDER}\n{ACCEPTED}")
    desk.client("A50").talk(f"C {ORDER}\nD 35=8|37=NONE|11=A1|103=6")
    desk.client("B44").talk(f"C {ORDER}\nD 35=8|37=O2|11=A1|150=0")


def test_a_clordid_is_the_end_clients_at_a_broker(desk: Conversation, number: str) -> None:
    """Scope at a broker is client and end client."""
    desk.client(f"P{number}").talk_44(f"""
        C {ORDER}|1=END1
        {ACCEPTED}
        C {ORDER}|1=END2
        D 35=8|37=O2|11=A1|150=0
        C {ORDER}|1=END1
        D 35=8|37=NONE|11=A1|150=8|103=(DUPLICATE)
    """)


def test_ids_of_changes_are_used_up_too(client: Client) -> None:
    """The 11 of a G, of an F, and of a refused F serve no order again."""
    client.talk_44(f"""
        C {ORDER}
        {ACCEPTED}
        C 35=G|11=G1|41=A1|38=2
        D 35=8|11=G1|150=5
        C 35=F|11=F1|41=nope
        D 35=9|11=F1|102=(UNKNOWN_ORDER)
        C 35=F|11=F2|41=G1
        D 35=8|11=F2|150=4
    """)
    for used in ("A1", "G1", "F1", "F2"):
        client.talk_44(f"""
            C 35=D|11={used}|55=BTC/USD|54=1|38=1|40=1
            D 35=8|37=NONE|11={used}|150=8|103=(DUPLICATE)
        """)


@pytest.mark.parametrize("number", ["44", "50"], indirect=True)
def test_the_id_of_a_mass_cancel_is_used_up(client: Client) -> None:
    """The 11 of a q serves no order again, and not another q."""
    client.talk_44("""
        C 35=q|11=M1|530=7
        D 35=r|11=M1|531=7|533=0
        C 35=D|11=M1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|37=NONE|11=M1|150=8|103=(DUPLICATE)
        C 35=q|11=M1|530=7
        D 35=r|11=M1|531=0|532=99|58=DUPLICATE tag=11...
    """)


def test_an_id_that_only_a_j_answered_is_free(client: Client) -> None:
    """R17: a ClOrdID answered only by j may be used again."""
    client.talk_44(f"""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=2
        D 35=j|379=A1|380=5
        C {ORDER}
        {ACCEPTED}
    """)


def test_the_same_id_twice_in_one_batch(desk: Conversation, client: Client) -> None:
    """Two orders with one ClOrdID, received together: the first deals."""
    with desk.busy():
        client.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=1")
        client.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=1")
    client.talk_44("""
        D 35=8|37=O1|11=A1|150=0
        D 35=8|37=O1|11=A1|150=F|39=2
        D 35=8|37=NONE|11=A1|150=8|103=(DUPLICATE)
    """)
    desk.books("ALPHA", BTC="6.00000000")


def test_an_id_of_yesterday_is_still_known(desk: Conversation, client: Client) -> None:
    """Uniqueness has no end, and survives a restart."""
    client.C("35=D|11=A1|55=BTC/USD|54=1|38=1|40=1")
    client.hears_all()
    desk.at("2027-02-01 09:00:00")
    desk.restarts()
    client.logs_on()
    client.talk_44("""
        C 35=D|11=A1|55=BTC/USD|54=1|38=1|40=1
        D 35=8|37=NONE|11=A1|150=8|103=(DUPLICATE)
    """)


# -- A23 ---------------------------------------------------------------------------------------


def test_a_resent_cancel_gets_its_answer_again(client: Client) -> None:
    """F resent with its body: how the order stands now, with F's own 11 and 41."""
    client.talk_44(f"""
        C {ORDER}
        {ACCEPTED}
        C 35=F|11=A2|41=A1
        D 35=8|37=O1|11=A2|41=A1|150=4|39=4
        C 35=F|11=A2|41=A1|97=Y
        D 35=8|37=O1|11=A2|41=A1|17=0|150=I|39=4
    """)


def test_a_resent_replace_gets_its_answer_again(desk: Conversation, client: Client) -> None:
    """G resent with its body changes nothing a second time."""
    client.talk_44(f"""
        C {ORDER}
        {ACCEPTED}
        C 35=G|11=A2|41=A1|38=2
        D 35=8|37=O1|11=A2|41=A1|150=5|38=2
        C 35=G|11=A3|41=A2|38=1
        D 35=8|37=O1|11=A3|41=A2|150=5|38=1
        C 35=G|11=A2|41=A1|38=2|97=Y
        D 35=8|37=O1|11=A2|41=A1|17=0|150=I|39=0|38=1
    """)
    desk.books("ALPHA", "held", USD="99900.00")


def test_a_resent_refused_cancel_gets_its_refusal_again(client: Client) -> None:
    """A refused F resent: the same 9 with the same reason, though the order has changed since."""
    client.talk_44(f"""
        C 35=F|11=A2|41=A1
        D 35=9|37=NONE|11=A2|41=A1|39=8|434=1|102=(UNKNOWN_ORDER)
        C {ORDER}
        {ACCEPTED}
        C 35=F|11=A2|41=A1|97=Y
        D 35=9|11=A2|41=A1|434=1|102=(UNKNOWN_ORDER)
    """)


def test_a_cancel_with_a_used_id_and_another_body(client: Client) -> None:
    """F resent with another body is a duplicate; 4.2 says so in words alone."""
    client.talk_44(f"""
        C {ORDER}
        {ACCEPTED}
        C 35=F|11=A2|41=nope
        D 35=9|11=A2|102=(UNKNOWN_ORDER)
        C 35=F|11=A2|41=A1|97=Y
        D 35=9|37=O1|11=A2|41=A1|39=0|102=(DUPLICATE)|58=DUPLICATE of OrderID ...
    """)


def test_a_resent_request_gets_its_live_quote_again(client: Client) -> None:
    """R: live answers again with 97=Y and the same QuoteID; dead ones are refused as too old."""
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|131=R1|117=Q1|97=-
        C 35=R|131=R1|146=1|55=BTC/USD|38=1|97=Y
        D 97=Y|35=S|131=R1|117=Q1|62=T+3s
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|150=0
        D 35=8|150=F
        C 35=R|131=R1|146=1|55=BTC/USD|38=1|97=Y
        D 35=AG|131=R1|658=(TOO_OLD)
    """)


def test_a_request_id_used_before(client: Client) -> None:
    """R with a used 131 and without 43/97 is a duplicate."""
    client.talk_44("""
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=S|131=R1
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=AG|131=R1|658=(DUPLICATE)|58=DUPLICATE: ...
        @ +1h
        C 35=R|131=R1|146=1|55=BTC/USD|38=1
        D 35=AG|131=R1|658=(DUPLICATE)
    """)


def test_a_quote_may_be_dealt_from_another_session(desk: Conversation) -> None:
    """A14: a quote belongs to the client and account, not to the session that asked."""
    desk.client("A44").talk("C 35=R|131=R1|146=1|55=BTC/USD|38=1\nD 35=S|117=Q1")
    desk.client("A50").talk("""
        C 35=D|11=A1|117=Q1|55=BTC/USD|54=1|38=1|40=D
        D 35=8|37=O1|150=0
        D 35=8|37=O1|150=F
    """)


def test_a_foreign_quote_is_as_unknown_as_none(desk: Conversation) -> None:
    """Another client's QuoteID tells nothing, alive or dead."""
    desk.client("A44").talk("C 35=R|131=R1|146=1|55=BTC/USD|38=1\nD 35=S|117=Q1")
    for known in ("Q1", "nope"):
        desk.client("B44").talk(
            f"""
            C 35=D|11={known}|117={known}|55=BTC/USD|54=1|38=1|40=D
            D 35=8|37=NONE|150=8|103=99|58=UNKNOWN_QUOTE tag=117: no such quote
            C 35=a|117={known}|55=BTC/USD
            D 35=AI|297=9
        """.replace("11=Q1", "11=x1")
        )


def test_reports_follow_the_last_accepted_request(desk: Conversation) -> None:
    """A14: after a replace on another session the order's reports go there, in its version."""
    a44, a50 = desk.client("A44"), desk.client("A50")
    a44.talk(f"C {ORDER}\n{ACCEPTED}")
    a50.talk("""
        C 35=G|11=A2|41=A1|38=2|40=2|44=99900|59=1
        D 35=8|37=O1|11=A2|41=A1|150=5
    """)
    desk.prices("BTC/USD", bid="99800", offer="99900")
    a44.says_nothing_more()
    a50.talk("D 35=8|37=O1|11=A2|150=F|39=2")


def test_the_order_id_of_a_change_must_agree(client: Client) -> None:
    """A12: 37, where it is sent, names the same order as 41."""
    client.talk_44(f"""
        C {ORDER}
        {ACCEPTED}
        C 35=F|11=A2|41=A1|37=OTHER
        D 35=9|37=O1|11=A2|39=0|102=(NOT_CURRENT)
        C 35=F|11=A3|41=A1|37=O1
        D 35=8|37=O1|11=A3|150=4
    """)
