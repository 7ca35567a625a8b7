"""Limits where something else changes as well: rules of jurisdiction, replaces; rounding."""

from decimal import Decimal

from msgspec import structs

from otcfix.desk.limit_report import standings
from otcfix.gate.policy import version_of
from otcfix.model.client_commands import ChangeClient, ChangeSettlementLimit
from otcfix.model.limit import SetLimit
from otcfix.model.policy import ALLOW, LIMIT, Policy, PolicyRule, SetPolicy
from tests.conftest import OpenDesk
from tests.conversation import Conversation
from tests.desk.test_limits import ALPHA, BTC, deals, limited, outcome


def test_rules_that_limit_a_loss_have_it_valued_at_once(open_desk: OpenDesk) -> None:
    """Marks are told from the moment on that somebody needs them, not from the next start on."""
    desk = limited(open_desk)
    alpha = desk.client("A44")
    assert deals(alpha, "A1", "0.01", symbol="ETH/USD") == "F"
    rules = (
        PolicyRule("everything", ALLOW),
        PolicyRule("small", LIMIT, asset="BTC/USD", limits=(("loss", Decimal(1000)),)),
    )
    policy = Policy("", rules=rules)
    desk.tell(SetPolicy(structs.replace(policy, version=version_of(policy)), "ann", "test"))
    assert desk.state.limits.marked
    desk.at("+1s")
    desk.prices("BTC/USD", bid="100000.00", offer="100100.00")
    assert deals(alpha, "A2", "0.001") == "F"


def test_an_order_in_terms_is_not_replaced_beyond_the_size(open_desk: OpenDesk) -> None:
    """The size is the whole order's, however small each step is."""
    desk = limited(open_desk, (ALPHA, BTC, "order_size", "1"))
    alpha = desk.client("A44")
    order = "55=BTC/USD|54=2|15=USD|40=2|44=99000|59=1"
    alpha.C(f"35=D|11=A1|38=90000|{order}")
    assert outcome(alpha) == "0"
    alpha.C(f"35=G|41=A1|11=A2|38=99000|{order}")
    assert outcome(alpha) == "5"
    alpha.C(f"35=G|41=A2|11=A3|38=99990|{order}")
    assert alpha.hears_all()[-1].get(102) == "99"
    judged = [verdict.failed for verdict in desk.decided.verdicts]
    assert [one.check for one in judged if one] == ["order_size", "gate_agrees"]
    found = desk.order("A2")
    assert found is not None
    assert found.quantity == 99000


def test_a_limit_is_rounded_down(open_desk: OpenDesk) -> None:
    """Never up: what is below a hundred-millionth is not granted."""
    desk = limited(open_desk, (ALPHA, BTC, "order_size", "0.0019999999999"))
    alpha = desk.client("A44")
    rows = desk.state.limits.compiled(
        desk.state.register,
        desk.state.register.clients["ALPHA"],
        desk.state.register.instruments["BTC/USD"],
    )
    assert [row.amount for name, found in rows.order if name == "order_size" for row in found] == [
        199999
    ]
    assert deals(alpha, "A1", "0.001") == "F"


def test_a_limit_of_a_million_digits_is_refused(open_desk: OpenDesk) -> None:
    """It stands in every finding of every verdict."""
    desk = open_desk()
    for amount in ("1E-999999", "0E-999999", "1E-19"):
        said = desk.tell(SetLimit(ALPHA, "", "turnover_day", Decimal(amount), "ann", "test"))
        assert said.alerts[0].startswith("refused: amount")


def test_below_a_lowered_settlement_limit_an_order_may_be_made_smaller(open_desk: OpenDesk) -> None:
    """Nothing is forced, nothing more is let through; less is (R23)."""
    desk = open_desk(clients={"ALPHA": {"settlement_limits": {"USD": 1_000_000_00}}})
    alpha, order = desk.client("A44"), "55=BTC/USD|54=1|40=2|44=99000|59=1"
    alpha.C(f"35=D|11=A1|38=10|{order}")
    assert outcome(alpha) == "0"
    desk.tell(ChangeSettlementLimit("ALPHA", "USD", Decimal(0), "carol", "test"))
    desk.books("ALPHA", USD="-490000.00")
    alpha.C(f"35=G|41=A1|11=A2|38=10.001|{order}")
    assert alpha.hears_all()[-1].get(58).startswith("FUNDS")
    alpha.C(f"35=G|41=A1|11=A3|38=9|{order}")
    assert outcome(alpha) == "5"
    desk.books("ALPHA", USD="-391000.00")


def test_what_covers_one_value_date_is_not_spent_on_another(open_desk: OpenDesk) -> None:
    """TREASURY has the 1000 USD that it owes for later: a deal of today, or an order that holds
    them, leaves the later date uncovered."""
    desk = limited(open_desk, ("client:TREASURY", "", "settlement", "1600"))
    desk.prices("EUR/USD", bid="1.07900", offer="1.08100", depth="100000")
    desk.moves_funds("TREASURY", "USD", "1000")
    client = desk.client("T44")
    assert deals(client, "A1", "2000", symbol="EUR/USD") == "F"  # short of 1162 on its date
    assert deals(client, "A2", "0.005") == "FUNDS"  # 1662 were short then
    assert failed_check(desk) == ("settlement", "1662.5")
    client.C("35=D|11=A3|55=BTC/USD|54=1|38=0.005|40=2|44=99000|59=1")
    assert outcome(client) == "FUNDS"
    client.C("35=R|131=R1|146=1|55=BTC/USD|54=1|38=0.005")
    assert client.hears_all()[-1].get(58).startswith("LIMIT")
    assert deals(client, "A4", "0.004") == "F"
    desk.snapshots()
    desk.restarts()
    client.logs_on()
    desk.at("+1s")
    desk.prices("BTC/USD", bid="100000.00", offer="100100.00")
    assert deals(client, "A5", "0.001") == "FUNDS"


def failed_check(desk: Conversation) -> tuple[str, str]:
    """The check that refused the last message, and what it measured."""
    found = desk.decided.verdicts[-1].failed
    assert found is not None
    return found.check, found.measured


def test_limits_show_what_is_short_and_who_has_set_them(open_desk: OpenDesk) -> None:
    """Settlement on the worst value date, what orders hold included; what a command set with the
    client is not said to be the file's."""
    desk = limited(open_desk, ("client:TREASURY", "", "settlement", "5000000"))
    desk.prices("EUR/USD", bid="1.07900", offer="1.08100", depth="100000")

    def shown(measure: str) -> tuple[Decimal | None, str]:
        (one,) = standings(desk.state, desk.now, "TREASURY", measure)
        return one.used, one.source

    assert shown("settlement") == (0, "limits.toml")
    client = desk.client("T44")
    assert deals(client, "A1", "1000", symbol="EUR/USD") == "F"
    assert shown("settlement") == (1081, "limits.toml")
    client.C("35=D|11=A2|55=BTC/USD|54=1|38=0.01|40=2|44=99000|59=1")
    assert outcome(client) == "0"
    assert shown("settlement") == (2071, "limits.toml")
    assert shown("open_orders") == (1, "clients.toml")
    desk.tell(ChangeClient("TREASURY", {"open_orders_max": "1"}, "carol", "test"))
    assert shown("open_orders") == (1, "command")


def test_a_rule_that_limits_open_quotes_binds_streams_of_quotes(open_desk: OpenDesk) -> None:
    """As it binds a request: what is pushed is a quote more."""
    desk = limited(open_desk)
    rules = (
        PolicyRule("everything", ALLOW),
        PolicyRule("one", LIMIT, asset="BTC/USD", limits=(("open_quotes", Decimal(1)),)),
    )
    policy = Policy("", rules=rules)
    desk.tell(SetPolicy(structs.replace(policy, version=version_of(policy)), "ann", "test"))
    client = desk.client("A44")
    client.C("35=R|131=R1|146=1|55=BTC/USD|54=1|38=1|303=2")
    assert [one.kind for one in client.hears_all()] == ["S"]
    for n in (1, 2, 3):
        desk.at("+500ms")
        desk.prices("BTC/USD", bid="100000.00", offer=f"{100100 + 50 * n}.00")
    assert desk.state.open_quotes["ALPHA"] == 1
