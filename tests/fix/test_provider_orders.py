"""Our orders at a provider, over real sockets: D, H, Q out; 8, 9, j, 3 in; quotes on request."""

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from otcfix.fix import provider
from otcfix.fix.building import built
from otcfix.fix.provider_orders import report_of, request_words
from otcfix.model.event import AdminSeen
from otcfix.model.hedge import DONT_KNOW, ORDER, VenueDown, VenueRequest, VenueUp
from otcfix.model.messages import Side
from tests.support.provider import Trade, order, until

Lines = Callable[..., Trade]
VERSIONS = ("FIX.4.2", "FIX.4.4", "FIX.5.0SP2")
OLD_AND_NEW = ("FIX.4.2", "FIX.4.4")


@pytest.fixture
def trade(tmp_path: Path) -> Lines:
    def made(line: dict[str, Any] | None = None, **venue: Any) -> Trade:
        return Trade(tmp_path, {"frozen": True, **venue}, **(line or {}))

    return made


@pytest.mark.parametrize("version", VERSIONS)
def test_an_order_is_filled_and_reported(trade: Lines, version: str) -> None:
    """NEW, then TRADE with what it dealt, at the venue's price and in its words."""
    with trade(version=version, line={"version": version}) as t:
        assert t.send(t.order())
        assert t.hears("NEW").status == "NEW"
        fill = t.hears("TRADE")
        assert (fill.venue, fill.status, fill.cum_qty) == ("LPX", "FILLED", Decimal("0.5"))
        assert fill.leaves_qty == 0
        assert fill.last_px == t.venue.fills[0].price
        assert fill.exec_id == t.venue.fills[0].exec_id
        sent = t.venue.orders["H1"]
        assert (sent.ord_type, sent.time_in_force, sent.side) == ("2", "3", "1")
        assert sent.symbol == "BTCUSD"


def test_a_sale_deals_on_the_bid(trade: Lines) -> None:
    """The desk's side goes out as it is."""
    with trade() as t:
        t.send(t.order(side=Side.SELL, price="99000"))
        assert t.hears("TRADE").last_px < 100_000


def test_what_the_book_does_not_give_within_the_limit_is_canceled(trade: Lines) -> None:
    """IOC: fills of several levels, then the rest is gone."""
    with trade() as t:
        t.send(t.order(quantity="3", price="100014"))
        end = t.hears("CANCELED")
        fills = [r for r in t.reports() if r.exec_type == "TRADE"]
        assert end.status == "CANCELED"
        assert end.leaves_qty == 0
        assert end.cum_qty == sum(r.last_qty for r in fills)
        assert 0 < end.cum_qty < 3


def test_a_partial_fill_says_how_much(trade: Lines) -> None:
    """The venue gives half."""
    with trade() as t:
        t.venue.fault("partial")
        t.send(t.order(quantity="0.4"))
        assert t.hears("TRADE").status == "PARTIAL"
        assert t.hears("CANCELED").cum_qty == Decimal("0.2")


@pytest.mark.parametrize("what", ["reject", "last_look"])
def test_a_refused_order_is_rejected(trade: Lines, what: str) -> None:
    """At once, or after the venue has held it."""
    with trade() as t:
        t.venue.fault("last_look_ms", Decimal(60))
        t.venue.fault(what)
        started = time.monotonic()
        t.send(t.order())
        report = t.hears("REJECTED")
        assert report.status == "REJECTED"
        assert not report.unknown
        assert (time.monotonic() - started > 0.06) == (what == "last_look")


def test_an_order_for_something_unknown_is_rejected(trade: Lines) -> None:
    """The venue's words reach the report."""
    with trade() as t:
        t.send(t.order(symbol="LTC/USD"))
        assert t.hears("REJECTED").text == "unknown symbol"


def test_a_report_said_twice_is_told_twice_with_one_id(trade: Lines) -> None:
    """Whoever books it must look at ExecID(17): it is handed on as it came."""
    with trade() as t:
        t.venue.fault("duplicate_report")
        t.send(t.order())
        until(lambda: [r.exec_type for r in t.reports()].count("TRADE") == 2)
        assert len({r.exec_id for r in t.reports() if r.exec_type == "TRADE"}) == 1


@pytest.mark.parametrize("version", OLD_AND_NEW)
def test_a_swallowed_order_is_found_out_by_asking(trade: Lines, version: str) -> None:
    """35=H about an order that the venue never had: unknown."""
    with trade(version=version, line={"version": version}) as t:
        t.venue.fault("swallow")
        made = t.order()
        assert t.send(made)
        assert t.asks_about(made)
        report = t.hears("STATUS")
        assert report.unknown
        assert report.status == "REJECTED"
        assert [r.exec_type for r in t.reports()] == ["STATUS"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_fill_that_nobody_reported_is_found_out_by_asking(trade: Lines, version: str) -> None:
    """35=H tells what was dealt in silence."""
    with trade(version=version, line={"version": version}) as t:
        t.venue.fault("drop_report")
        made = t.order()
        t.send(made)
        until(lambda: t.venue.fills)
        assert t.reports() == []
        t.asks_about(made)
        report = t.hears("STATUS")
        assert (report.status, report.cum_qty) == ("FILLED", Decimal("0.5"))
        assert not report.unknown


@pytest.mark.parametrize("version", OLD_AND_NEW)
def test_a_fill_that_is_taken_back_names_itself(trade: Lines, version: str) -> None:
    """150=H, in 4.2 20=1: the id of the fill that is void."""
    with trade(version=version, line={"version": version}) as t:
        t.send(t.order())
        fill = t.hears("TRADE")
        t.venue.fault("bust")
        bust = t.hears("BUST")
        assert bust.exec_ref_id == fill.exec_id
        assert bust.exec_id != fill.exec_id


def test_a_line_that_goes_and_comes_says_so(trade: Lines) -> None:
    """VenueUp, VenueDown, VenueUp; nothing is sent meanwhile."""
    with trade(line={"reset_on_logon": True}) as t:
        t.venue.fault("disconnect")
        until(lambda: VenueDown("LPX") in t.events)
        assert not t.send(t.order())
        until(lambda: t.events.count(VenueUp("LPX")) == 2)
        assert t.send(t.order())
        t.hears("TRADE")


def test_an_order_is_not_said_again_after_a_gap(trade: Lines) -> None:
    """A ResendRequest gets a gap fill: minutes later it would be another order."""
    with trade() as t:
        t.send(t.order())
        t.hears("TRADE")
        number = str(t.line._session.getExpectedSenderNum() - 1)
        t.venue.say_raw("2", [(7, number), (16, "0")])
        t.send(order("H2"))
        t.hears("TRADE", "H2")
        assert sum(fill.quantity for fill in t.venue.fills) == 1
        assert [r.exec_type for r in t.reports()].count("REJECTED") == 0


def test_the_password_is_nowhere_in_the_state_folder(trade: Lines, tmp_path: Path) -> None:
    """Not even in the numbers that the engine keeps (R13)."""
    secret = "not-to-be-written-down"
    with trade(secret=secret, line={"username": "desk", "secret": secret}) as t:
        t.send(t.order())
        t.hears("TRADE")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.suffix == ".seqnums" for path in files)
    assert not [path.name for path in files if secret.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    ("kind", "field"),
    [("3", (45, "{number}")), ("j", (45, "{number}")), ("j", (379, "H1"))],
)
def test_a_reject_that_names_our_order_ends_it(
    trade: Lines, kind: str, field: tuple[int, str]
) -> None:
    """By the number of the message, or by its ClOrdID."""
    with trade() as t:
        t.venue.fault("swallow")
        t.send(t.order())
        number = str(t.line._session.getExpectedSenderNum() - 1)
        tag, value = field
        named = (tag, value.format(number=number))
        extra = [(45, "0")] if kind == "j" and tag == 379 else []
        fields = [named, *extra, (372, "D"), (380, "0"), (58, "no")]
        t.venue.say_raw(kind, [f for f in fields if kind == "j" or f[0] != 380])
        report = t.hears("REJECTED")
        assert report.status == "REJECTED"
        assert "no" in report.text


@pytest.mark.parametrize(("code", "unknown"), [("1", True), ("3", False)])
def test_a_refused_question_is_an_answer_only_when_the_id_is_unknown(
    trade: Lines, code: str, unknown: bool
) -> None:
    """380=1 says that there is no such order; 380=3 says nothing of it."""
    with trade() as t:
        t.venue.say_raw("j", [(45, "1"), (372, "H"), (379, "H1"), (380, code)])
        report = t.hears("STATUS" if unknown else "OTHER")
        assert report.unknown is unknown
        assert report.status == ("REJECTED" if unknown else "")


@pytest.mark.parametrize("broken", [(32, "NaN"), (31, "-1"), (14, "1e5"), (32, ""), (31, "0")])
def test_a_fill_that_cannot_be_read_is_asked_about_and_not_booked(
    trade: Lines, broken: tuple[int, str]
) -> None:
    """Its ids remain; its numbers do not."""
    fields = {
        37: "X", 11: "H1", 17: "E9", 20: "0", 150: "F", 39: "2", 55: "BTCUSD", 54: "1",
        32: "1", 31: "100000", 151: "0", 14: "1", 6: "100000",
    }  # fmt: skip
    tag, value = broken
    with trade() as t:
        t.venue.say_raw("8", list((fields | {tag: value}).items()))
        report = t.hears("OTHER")
        assert (report.exec_id, report.status) == ("E9", "")
        assert report.last_qty is None
        assert report.text.startswith("unreadable")


def test_a_report_that_the_engine_refuses_puts_everything_open_in_doubt(trade: Lines) -> None:
    """It may have been a fill: open orders are asked about."""
    with trade() as t:
        until(t.usable)
        # The dictionary of the line lets all but everything pass: the callback is asked itself.
        t.line.toAdmin(built("FIX.4.4", "3", [(45, "7"), (372, "8"), (373, "16")]), None)
        until(lambda: t.course() == [VenueUp("LPX"), VenueUp("LPX", unread=True)])
        assert t.line.online
        assert t.usable()  # it was no price


def test_a_price_that_the_engine_refuses_voids_the_books(trade: Lines) -> None:
    """Nobody has seen whose it was; orders are not in doubt by it."""
    with trade() as t:
        until(t.usable)
        t.line.toAdmin(built("FIX.4.4", "3", [(45, "7"), (372, "X"), (373, "16")]), None)
        t.lost("a message could not be read")
        assert t.course() == [VenueUp("LPX")]


def test_rejects_of_the_session_are_journaled_both_ways(trade: Lines) -> None:
    """R14: what QuickFIX refuses by itself, and what the venue refuses of ours."""
    with trade() as t:
        refused = built("FIX.4.4", "3", [(45, "7"), (372, "X"), (373, "16")])
        t.line.toAdmin(refused, None)
        t.venue.say_raw("3", [(45, "1"), (372, "V"), (58, "no")])
        seen = until(lambda: [e for e in list(t.events) if isinstance(e, AdminSeen)][1:])
        assert (seen[0].session, seen[0].outbound, "58=no" in seen[0].note) == ("LPX", False, True)


def test_a_denial_that_is_said_again_denies_nothing(trade: Lines) -> None:
    """The order may have come since: covered anew it would be dealt twice. A fill still counts."""
    denial = [(11, "H1"), (37, "NONE"), (17, "0"), (150, "I"), (39, "8"), (103, "5")]
    fill = [(11, "H1"), (37, "X"), (17, "E1"), (150, "F"), (39, "2"), (32, "1"), (31, "100")]
    with trade() as t:
        for fields, again in ((denial, True), (fill, True), (denial, False)):
            message = built("FIX.4.4", "8", fields)
            if again:
                message.getHeader().setField(43, "Y")
            t.line.fromApp(message, None)
        assert [report.exec_type for report in t.reports()] == ["TRADE", "STATUS"]


def test_what_is_not_spoken_changes_nothing(trade: Lines) -> None:
    """A type that the line does not know is refused by the engine; prices and orders stand."""
    with trade() as t:
        until(t.usable)
        t.venue.say_raw("h", [(336, "1"), (340, "2")])
        t.send(t.order())
        t.hears("TRADE")
        assert t.usable()
        assert t.events[0] == VenueUp("LPX")
        assert VenueDown("LPX") not in t.events


def test_what_the_desk_does_not_know_is_said(trade: Lines) -> None:
    """35=Q about a fill that matches no order of ours."""
    with trade() as t:
        assert t.lines.send(VenueRequest(DONT_KNOW, t.order(), "E77"))
        t.send(order("H2"))
        t.hears("TRADE", "H2")  # the line lives on


@pytest.mark.parametrize(("version", "reason"), [("FIX.4.2", "Z"), ("FIX.4.4", "F")])
def test_a_refused_fill_is_told_with_its_reason(version: str, reason: str) -> None:
    """DKReason(127) and Text(58) as the desk decided; 4.2 does not know F."""
    request = VenueRequest(DONT_KNOW, order(), "E77", "F", "cum 0.1 instead of 0.5")
    words = dict(request_words(request, version, "BTCUSD", "").fields)
    assert (words[17], words[127], words[58]) == ("E77", reason, "cum 0.1 instead of 0.5")


@pytest.mark.parametrize(
    ("said", "symbol"),
    [("BTCUSD", "BTC/USD"), ("ETHUSD", "ETHUSD"), ("SPOT", ""), ("", "")],
)
def test_a_report_says_what_it_is_about(said: str, symbol: str) -> None:
    """In the desk's words, so that a fill of another instrument or side is not booked."""
    ours = {"BTCUSD": ["BTC/USD"], "SPOT": ["BTC/USD", "BTC/USD-T2"]}
    values = {11: "H1", 17: "E1", 150: "0", 39: "0", 55: said, 54: "2"}
    report = report_of("LPX", values, ours)
    assert (report.symbol, report.side) == (symbol, Side.SELL)


def test_a_fill_names_the_desk_s_symbol_and_side(trade: Lines) -> None:
    with trade() as t:
        t.send(t.order())
        fill = t.hears("TRADE")
        assert (fill.symbol, fill.side) == ("BTC/USD", Side.BUY)


def test_a_line_without_hedges_takes_no_order(trade: Lines) -> None:
    """hedge = false: False, and neither up nor down is told."""
    with trade(line={"hedge": False}) as t:
        assert not t.send(t.order())
        assert t.events == []


def test_no_such_venue(trade: Lines) -> None:
    """An order for somebody else's line is not taken."""
    t = trade()
    made = t.order()
    elsewhere = type(made)(
        *("H1", "NOBODY"), *[getattr(made, f) for f in made.__struct_fields__[2:]]
    )
    assert not t.lines.send(VenueRequest(ORDER, elsewhere))
    t.venue.stop()


# -- quotes on request -----------------------------------------------------------------------------


@pytest.mark.parametrize("version", OLD_AND_NEW)
def test_a_quote_on_request(trade: Lines, version: str) -> None:
    """35=R, 35=S: both sides, with the size that was asked for."""
    with trade(version=version, line={"version": version}) as t:
        request_id = t.lines.ask("LPX", "BTC/USD", None, Decimal("1.5"))
        answer = until(lambda: t.answers and t.answers[0])
        assert answer.quote_req_id == request_id
        assert answer.why == ""
        assert answer.bid < answer.offer
        assert answer.bid_size == Decimal("1.5")
        assert answer.valid_until > answer.received_at


def test_a_one_sided_quote(trade: Lines) -> None:
    """54=1 gets an offer."""
    with trade() as t:
        t.lines.ask("LPX", "BTC/USD", Side.BUY, Decimal(1))
        answer = until(lambda: t.answers and t.answers[0])
        assert answer.bid is None
        assert answer.offer > 0


def test_a_quote_that_does_not_come_is_told(trade: Lines) -> None:
    """No answer in time is an answer, and only one."""
    with trade(line={"rfq_timeout_ms": 80}) as t:
        t.venue.fault("no_quote")
        t.lines.ask("LPX", "BTC/USD", None, Decimal(1))
        assert until(lambda: t.answers and t.answers[0]).why == "no answer in time"
        time.sleep(0.1)
        assert len(t.answers) == 1


@pytest.mark.parametrize("version", OLD_AND_NEW)
def test_a_refused_request_is_told(trade: Lines, version: str) -> None:
    """AG, in 4.2 b: more than the venue has."""
    with trade(version=version, line={"version": version}) as t:
        t.lines.ask("LPX", "BTC/USD", None, Decimal(1_000_000))
        assert until(lambda: t.answers and t.answers[0]).why == "refused: no price for that"


def test_requests_end_with_the_line(trade: Lines) -> None:
    """Whoever waits hears that nobody will answer."""
    with trade(line={"rfq_timeout_ms": 30_000}) as t:
        t.venue.fault("no_quote")
        t.lines.ask("LPX", "BTC/USD", None, Decimal(1))
        t.venue.fault("disconnect")
        assert "is down" in until(lambda: t.answers and t.answers[0]).why


def test_a_nameless_venue_cannot_be_asked(trade: Lines) -> None:
    """No line, no request."""
    t = trade()
    assert t.lines.ask("NOBODY", "BTC/USD", None, Decimal(1)) == ""
    t.venue.stop()


def test_callbacks_let_nothing_out(trade: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever breaks inside one is logged; the process and the line live on."""

    def breaks(*_: object) -> None:
        raise RuntimeError("on purpose")

    with trade() as t:
        monkeypatch.setattr(provider, "report_of", breaks)
        t.send(t.order())
        until(lambda: t.venue.fills)
        time.sleep(0.05)
        monkeypatch.undo()
        t.send(order("H2"))
        t.hears("TRADE", "H2")
