"""Jurisdictions on the wire: refused without a word why, everything in the record; and rules that
change by command, by a new day, by a restart."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec import structs

from otcfix.config import desk_hash
from otcfix.gate.policy import canonical
from otcfix.model.decision import Decision
from otcfix.model.policy import ALLOW, DENY, REVIEW, Licence, Policy, PolicyRule, SetPolicy
from otcfix.model.pricing import StreamTerms
from otcfix.model.refusal import Refusal
from otcfix.model.verdict import Finding
from tests.conftest import OpenDesk
from tests.conversation import Conversation
from tests.support.client import Client
from tests.support.house_desk import PROFILE, house_desk
from tests.support.versions import in_version

ASK = "C 35=R|131={0}|146=1|55=BTC/USD|54=1|38=1"
QUOTED = "D 35=S|131={0}|117={1}"
NOT_QUOTED = "D 35=AG|131={0}|658=(NOT_AUTHORISED)|58=NOT_AUTHORISED: not authorised"
BUY = "C 35=D|11={0}|55=BTC/USD|54=1|38=1|40=2|44=90000|59=1"
SELL = "C 35=D|11={0}|55=BTC/USD|54=2|38=1|40=2|44=110000|59=1"
RESTS = "D 35=8|11={0}|37={1}|150=0|39=0"
REFUSED = "D 35=8|11={0}|37=NONE|150=8|39=8|103=(NOT_AUTHORISED)|58=NOT_AUTHORISED: not authorised"
CANCELLED = "D 35=8|11={0}|150=4|39=4|378=(DESK)|58=CANCELLED_BY_DESK: cancelled by the desk"
STREAM = "C 35=V|262=M1|263=1|264=0|265=0|267=2|269=0|269=1|146=1|55=BTC/USD"
SECRETS = (
    "review",
    "rule",
    "policy",
    "licen",
    "jurisdict",
    "CH-deny",
    "secret",
    "retail",
    "sanction",
)
"""What must never be read on the wire when a rule refuses."""


def rule(name: str, effect: str, **more: Any) -> PolicyRule:
    """A rule about everything but what is named."""
    return PolicyRule(name, effect, **more)


def policy(*rules: PolicyRule, licences: tuple[Licence, ...] = ()) -> Policy:
    """These rules, with their version."""
    return canonical(Policy("", {"alps": ("CH", "LI")}, rules, licences))


ALL = rule("all", ALLOW)
CLOSED = policy(ALL, rule("CH-deny", DENY, jurisdiction="CH"))
OPEN = policy(ALL)


def sets(desk: Conversation, rules: Policy) -> Decision:
    """Staff gives the desk new rules."""
    return desk.tell(SetPolicy(rules, "carol", "a test"))


def found(desk: Conversation) -> Finding:
    """What the check measured last."""
    for _, decision, _ in reversed(desk.told):
        for verdict in reversed(decision.verdicts):
            for finding in verdict.findings:
                if finding.check == "jurisdiction":
                    return finding
    raise AssertionError("nobody asked the rules")


def assert_neutral(client: Client) -> None:
    """Of everything that the desk ever said to this session."""
    here = client.conversation
    said = "".join(row.text for _, _, rows in here.told for row in rows)
    for word in SECRETS:
        assert word.lower() not in said.lower(), word


CASES = {
    "denied": (CLOSED, PROFILE, "CH-deny"),
    "no rule": (policy(), PROFILE, "no rule"),
    "retail": (OPEN, structs.replace(PROFILE, client_class="retail"), "no rule"),
    "nowhere": (OPEN, structs.replace(PROFILE, jurisdiction=""), "no rule: the client has no "),
    "unlicensed": (
        policy(rule("secret", ALLOW, licence="SECRET")),
        PROFILE,
        "secret: no active licence SECRET for CH",
    ),
    "review": (policy(ALL, rule("CH-review", REVIEW, jurisdiction="CH")), PROFILE, "CH-review: "),
}


@pytest.mark.parametrize("why", CASES)
def test_refused_without_a_word_why(open_desk: OpenDesk, number: str, why: str) -> None:
    """AG 658=6 (4.2: b 300=9), 8 103=99 (4.2: 0), Y 281=3; the rule is measured in the record."""
    rules, profile, measured = CASES[why]
    desk = open_desk(policy=rules, clients={"ALPHA": {"profile": profile}})
    client = desk.client(f"A{number}")
    client.talk_44(f"{ASK.format('R1')}\n{NOT_QUOTED.format('R1')}")
    first = found(desk)
    assert first.refusal is Refusal.NOT_AUTHORISED
    assert first.measured.startswith(measured)
    assert first.limit == f"policy {rules.version[:8]}"
    client.talk_44(f"{BUY.format('A1')}\n{REFUSED.format('A1')}")
    assert found(desk).measured == first.measured
    client.talk(f"{STREAM}\nD 35=Y|262=M1|281=3|58=NOT_AUTHORISED: not authorised")
    assert found(desk).measured == first.measured
    assert_neutral(client)


def test_who_is_allowed_is_recorded_with_the_rule(desk: Conversation) -> None:
    """A verdict that passed says by which rule of which version."""
    sets(desk, OPEN)
    desk.client("A44").talk_44(f"{ASK.format('R1')}\n{QUOTED.format('R1', 'Q1')}")
    assert (found(desk).measured, found(desk).limit) == ("all", f"policy {OPEN.version[:8]}")


def test_a_review_is_told_to_staff_once_a_day(open_desk: OpenDesk) -> None:
    """With client and rule; the client hears what every refused one hears."""
    rules = policy(ALL, rule("look", REVIEW, asset="BTC"))
    desk = open_desk(policy=rules)
    client = desk.client("A44")
    for name in ("R1", "R2"):
        client.talk_44(f"{ASK.format(name)}\n{NOT_QUOTED.format(name)}")
    client.talk_44(f"{BUY.format('A1')}\n{REFUSED.format('A1')}")
    told = [alert for alert in desk.alerts if alert.startswith("review")]
    assert len(told) == 1
    assert "ALPHA asked for BTC/USD: refused by rule look" in told[0]
    desk.client("B44").talk_44(f"{ASK.format('R1')}\n{NOT_QUOTED.format('R1')}")
    desk.at("2027-01-14 12:00:00")
    client.talk_44(f"{ASK.format('R3')}\n{NOT_QUOTED.format('R3')}")
    told = [alert for alert in desk.alerts if alert.startswith("review")]
    assert [("ALPHA" in alert, "BETA" in alert) for alert in told] == [
        (True, False),
        (False, True),
        (True, False),
    ]


def test_one_side_may_be_allowed_alone(open_desk: OpenDesk, number: str) -> None:
    """A two-way quote needs both sides; an order only its own."""
    desk = open_desk(policy=policy(rule("buyers", ALLOW, side="buy")))
    client = desk.client(f"A{number}")
    client.talk_44(f"""
        {ASK.format("R1")}
        {QUOTED.format("R1", "Q1")}
        {ASK.format("R2").replace("|54=1", "")}
        {NOT_QUOTED.format("R2")}
        {SELL.format("A1")}
        {REFUSED.format("A1")}
        {BUY.format("A2")}
        {RESTS.format("A2", "O1")}
    """)
    sets(desk, policy(rule("buyers", ALLOW, side="buy"), rule("never", DENY, asset="ETH")))
    client.says_nothing_more()  # what it may still do stands


# -- by a command ---------------------------------------------------------------------------------


def test_new_rules_withdraw_and_cancel_what_they_forbid(open_desk: OpenDesk, number: str) -> None:
    """A live quote, a resting order and a stream; of BETA, whom they do not concern, nothing."""
    desk = open_desk(
        stream=StreamTerms(200, sizes=(("BTC/USD", (Decimal(1),)),)),
        clients={"BETA": {"profile": structs.replace(PROFILE, jurisdiction="DE")}},
    )
    client, other = desk.client(f"A{number}"), desk.client("B44")
    for one in (client, other):
        one.C(STREAM[2:])
        assert one.hears().kind == "W"
    client.talk_44(f"""
        {BUY.format("A1")}
        {RESTS.format("A1", "O1")}
        {ASK.format("R1")}
        {QUOTED.format("R1", "Q1")}
    """)
    other.talk_44(f"{BUY.format('B1')}\n{RESTS.format('B1', 'O2')}")
    sets(desk, CLOSED)
    client.D(in_version("35=Z|117=Q1", number))
    client.D(in_version(CANCELLED.format("A1")[2:], number))
    client.talk("D 35=W|262=M1|268=0")
    desk.prices("BTC/USD", "100000.00", "100200.00")
    desk.at("+1s")
    client.says_nothing_more()
    assert [one.kind for one in other.hears_all()] == ["W"]
    assert [order.client_id for order in desk.state.orders.values()] == ["BETA"]
    assert_neutral(client)
    assert any(f"policy {CLOSED.version[:8]} holds" in alert for alert in desk.alerts)
    client.talk_44(f"{ASK.format('R9')}\n{NOT_QUOTED.format('R9')}")
    sets(desk, OPEN)
    client.hears_all()
    client.talk_44(f"{ASK.format('R8')}\n{QUOTED.format('R8', 'Q8')}")


def test_the_same_rules_again_change_nothing(desk: Conversation) -> None:
    """Nothing is withdrawn, nothing told."""
    sets(desk, OPEN)
    desk.client("A44").talk_44(f"{ASK.format('R1')}\n{QUOTED.format('R1', 'Q1')}")
    again = sets(desk, OPEN)
    assert again.policy is None
    assert not again.alerts
    assert not again.replies


def test_rules_under_a_false_version_are_refused(desk: Conversation) -> None:
    """The record would name what was never there."""
    done = sets(desk, structs.replace(OPEN, version=CLOSED.version))
    assert done.policy is None
    assert done.alerts[0].startswith("refused: the version")


def test_rules_survive_a_restart_and_a_snapshot(desk: Conversation) -> None:
    """With the Desk's hash, so that the same configuration is not taken for a new one."""
    sets(desk, CLOSED)
    now = structs.replace(house_desk(), policy=CLOSED)
    assert desk.state.desk_hash == desk_hash(now)
    for snapshot in (False, True):
        if snapshot:
            desk.snapshots()
        desk.restarts(now)
        assert desk.state.register.policy.version == CLOSED.version
        boot = next(event for event, _, _ in reversed(desk.told) if event.kind == "Boot")
        assert boot.body.desk is None
        name = f"R{snapshot:d}"
        desk.client("A44").logs_on()
        desk.client("A44").talk_44(f"{ASK.format(name)}\n{NOT_QUOTED.format(name)}")


def test_a_configuration_with_other_rules_cancels_at_the_start(desk: Conversation) -> None:
    """What they forbid is cancelled, what they allow stands."""
    client = desk.client("A44")
    client.talk_44(f"{BUY.format('A1')}\n{RESTS.format('A1', 'O1')}")
    client.talk_44(f"{SELL.format('A2')}\n{RESTS.format('A2', 'O2')}")
    desk.restarts(house_desk(policy=policy(rule("buyers", ALLOW, side="buy"))))
    assert [order.cl_ord_id for order in desk.state.orders.values()] == ["A1"]


# -- by a new day ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "last", "midnight"),
    [
        ("2027-01-13 12:00:00.000", "2027-01-13", "2027-01-14 00:00:00.000"),
        ("2027-01-31 12:00:00.000", "2027-01-31", "2027-02-01 00:00:00.000"),
        ("2027-12-31 12:00:00.000", "2027-12-31", "2028-01-01 00:00:00.000"),
        ("2028-02-29 12:00:00.000", "2028-02-29", "2028-03-01 00:00:00.000"),
    ],
    ids=["day", "month", "year", "leap day"],
)
@pytest.mark.parametrize("of", ["rule", "licence"])
def test_the_last_day_ends_at_midnight(
    open_desk: OpenDesk, now: str, last: str, midnight: str, of: str
) -> None:
    """To the last moment of valid_to it holds; then what stands by it is cancelled and told."""
    if of == "rule":
        rules = policy(rule("until", ALLOW, valid_to=last))
    else:
        rules = policy(
            rule("licensed", ALLOW, licence="VASP"),
            licences=(Licence("l", "VASP", "alps", valid_to=last),),
        )
    desk = open_desk(policy=rules, start=now)
    client = desk.client("A44")
    client.talk_44(f"{BUY.format('A1')}\n{RESTS.format('A1', 'O1')}")
    desk.at(f"{last} 23:59:59.900")
    client.says_nothing_more()
    desk.prices("BTC/USD", "100000.00", "100100.00")
    client.talk_44(f"{ASK.format('R1')}\n{QUOTED.format('R1', 'Q1')}")
    desk.at(midnight)
    client.talk_44(f"D 35=Z|117=Q1\n{CANCELLED.format('A1')}")
    client.talk_44(f"{ASK.format('R2')}\n{NOT_QUOTED.format('R2')}")
    assert any("begins or ends today" in alert for alert in desk.alerts)
    assert_neutral(client)


def test_the_first_day_begins_at_midnight(open_desk: OpenDesk) -> None:
    """A rule that denies from tomorrow on lets everything stand until then."""
    desk = open_desk(
        policy=policy(ALL, rule("CH-deny", DENY, asset="BTC", valid_from="2027-01-14"))
    )
    client = desk.client("A44")
    client.talk_44(f"{BUY.format('A1')}\n{RESTS.format('A1', 'O1')}")
    desk.at("23:59:59.900")
    client.says_nothing_more()
    desk.at("+100ms")
    client.talk_44(CANCELLED.format("A1"))


def test_a_day_that_passed_while_the_desk_was_down(open_desk: OpenDesk) -> None:
    """What it ended is cancelled at the start; a later boundary is waited for again."""
    rules = policy(
        ALL,
        rule("no-btc", DENY, asset="BTC", valid_from="2027-01-14"),
        rule("no-eth", DENY, asset="ETH", valid_from="2027-01-16"),
    )
    desk = open_desk(policy=rules)
    desk.prices("ETH/USD", "4000.00", "4010.00")
    client = desk.client("A44")
    client.talk_44(f"{BUY.format('A1')}\n{RESTS.format('A1', 'O1')}")
    eth = "C 35=D|11=A2|55=ETH/USD|54=1|38=1|40=2|44=3900|59=1"
    client.talk_44(f"{eth}\n{RESTS.format('A2', 'O2')}")
    desk.clock.go(desk.instant_of("2027-01-15 09:00:00.000"))
    desk.restarts()
    assert [order.cl_ord_id for order in desk.state.orders.values()] == ["A2"]
    desk.at("2027-01-16 00:00:00.000")
    assert not desk.state.orders


def test_old_rules_do_not_ring_any_more(open_desk: OpenDesk) -> None:
    """The midnight of rules that were replaced passes without a sound."""
    desk = open_desk(policy=policy(rule("until", ALLOW, valid_to="2027-01-13")))
    sets(desk, OPEN)
    client = desk.client("A44")
    client.talk_44(f"{BUY.format('A1')}\n{RESTS.format('A1', 'O1')}")
    desk.at("2027-01-14 00:00:01.000")
    client.says_nothing_more()
    assert not any("begins or ends" in alert for alert in desk.alerts)
