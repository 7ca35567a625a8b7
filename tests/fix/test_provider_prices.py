"""Prices of a provider that we log on to, over real sockets: V, W, X, Y, and every loss."""

import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from otcfix.fix import provider_market
from otcfix.model.feed import BookSnapshot, Gap
from otcfix.model.time import MS, SECOND
from tests.support.provider import BTC, EUR, Trade, clock, until

Lines = Callable[..., Trade]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is lost is asked for again at once."""
    monkeypatch.setattr(provider_market, "AGAIN_AFTER", 20 * MS)


@pytest.fixture
def trade(tmp_path: Path) -> Lines:
    def made(ask_for: tuple[str, ...] = (), line: dict[str, Any] | None = None, **venue: Any):
        return Trade(tmp_path, venue, ask_for, **(line or {}))

    return made


@pytest.mark.parametrize("version", ["FIX.4.2", "FIX.4.4", "FIX.5.0SP2"])
def test_a_book_comes_whole_and_then_by_changes(trade: Lines, version: str) -> None:
    """The book is the venue's own, level by level, after many changes."""
    with trade(version=version, line={"version": version}) as t:
        t.priced()
        until(lambda: t.kinds().count("BookDelta") > 5)
        t.venue.fault("stall")
        time.sleep(0.1)
        market = t.venue._markets["BTCUSD"]
        book = t.rates.rates("BTC/USD", clock()).books[0]
        assert [px for px, _ in book.bids] == [px for px, _ in market.bids]
        assert [qty for _, qty in book.offers] == [qty for _, qty in market.offers]
        assert t.kinds().count("BookSnapshot") == 1


def test_whole_books_only_when_so_configured(trade: Lines) -> None:
    """265=0 asks for W alone; 264 for the best levels."""
    with trade(line={"incremental": False, "depth": 2}) as t:
        until(lambda: t.kinds().count("BookSnapshot") > 5)
        assert "BookDelta" not in t.kinds()
        assert all(len(m.bids) == 2 for _, m in t.said if isinstance(m, BookSnapshot))


def test_several_books_over_one_line(trade: Lines) -> None:
    """Each source has its own subscription and its own book."""
    with trade(symbols={"BTCUSD": BTC, "EURUSD": EUR}) as t:
        until(lambda: t.usable("BTCUSD") and t.usable("EURUSD"))
        assert t.status("BTCUSD").best_bid[0] > 90_000
        assert t.status("EURUSD").best_bid[0] < 2


def test_a_refused_subscription_says_why_and_leaves_the_others_alone(trade: Lines) -> None:
    """35=Y: the source shows nothing, for the reason given."""
    with trade(ask_for=("BTCUSD", "NONE")) as t:
        t.priced()
        t.lost("LPX refused the subscription: 281=0 unknown: NONE")
        assert not t.usable("NONE")
        assert "281=0" in t.status("NONE").why


def test_a_subscription_that_is_not_answered_is_made_anew(
    trade: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No book within the time: asked again."""
    monkeypatch.setattr(provider_market, "ANSWER_WITHIN", 100 * MS)
    t = trade()
    t.venue.fault("no_book")
    with t:
        t.priced()


@pytest.mark.parametrize("what", ["gap", "out_of_order", "garbage", "negative"])
def test_a_lost_or_broken_update_voids_the_book_until_a_new_one(trade: Lines, what: str) -> None:
    """A gap, a wrong order, a price that is none, a size below zero: void, then whole."""
    version = "FIX.5.0SP2" if what == "out_of_order" else "FIX.4.4"
    with trade(line={"version": version}, version=version) as t:
        t.priced()
        until(lambda: "BookDelta" in t.kinds())  # a W has no number: counting begins with an X
        t.venue.fault(what)
        t.lost({"gap": "gap", "out_of_order": "gap: RptSeq"}.get(what, "35=X"))
        seen = len(t.said)
        until(lambda: "BookSnapshot" in t.kinds()[seen - 1 :])
        until(t.usable)


def test_a_broken_update_without_counters_is_seen_by_what_is_missing(trade: Lines) -> None:
    """4.4 has no RptSeq(83): the next change of an entry that we do not know gives it away."""
    with trade() as t:
        t.priced()
        t.venue.fault("lost")
        t.lost("that is not in the book")
        until(t.usable)


@pytest.mark.parametrize("version", ["FIX.4.4", "FIX.5.0SP2"])
def test_an_update_said_twice_changes_nothing(trade: Lines, version: str) -> None:
    """By RptSeq(83) it is passed over; without it, it may cost a new book, never a wrong one."""
    with trade(version=version, line={"version": version}) as t:
        t.priced()
        t.venue.fault("duplicate")
        time.sleep(0.2)
        t.venue.fault("stall")
        time.sleep(0.1)
        until(t.usable)
        market = t.venue._markets["BTCUSD"]
        assert t.status().best_bid == (market.bids[0][0], market.bids[0][1])
        if version == "FIX.5.0SP2":
            assert t.kinds().count("Gap") == 1  # the one of the logon


def test_a_crossed_book_is_not_used_and_comes_back_when_it_is_well(trade: Lines) -> None:
    """One venue's own book cannot stand crossed."""
    with trade() as t:
        t.priced()
        t.venue.fault("crossed")
        until(lambda: "crossed" in t.status().why)
        assert not t.usable()
        t.venue.fault("resume")
        until(t.usable)


def test_a_book_that_stands_still_grows_old_whatever_the_heartbeats_say(trade: Lines) -> None:
    """A21: the line lives, the price does not get younger by it."""
    with trade() as t:
        t.priced()
        t.venue.fault("stall")
        time.sleep(0.05)
        at = t.status().changed_at
        time.sleep(1.3)  # more than a heartbeat
        assert t.line.online
        assert t.status().changed_at == at
        assert clock() - t.rates.rates("BTC/USD", clock()).books[0].changed_at > SECOND


def test_a_one_sided_book_is_legal(trade: Lines) -> None:
    """Bids without offers are a book."""
    with trade(line={"incremental": False}) as t:
        t.priced()
        t.venue.fault("one_sided")
        until(lambda: t.status().best_offer is None)
        assert t.usable()
        assert t.status().best_bid is not None


def test_a_book_of_sizes_of_zero_holds_nothing(trade: Lines) -> None:
    """A level of nothing is no level."""
    with trade(line={"incremental": False}) as t:
        t.priced()
        t.venue.fault("zero")
        until(lambda: t.status().best_bid is None)
        assert t.status().best_offer is None


def test_a_cut_line_voids_every_price_at_once_and_comes_back(trade: Lines) -> None:
    """Down: nothing is shown. Up: nothing is shown until the new book."""
    with trade(line={"reset_on_logon": True}) as t:
        t.priced()
        t.venue.fault("disconnect")
        until(lambda: not t.line.online)
        assert "the session with LPX is down" in t.status().why
        assert not t.usable()
        until(t.usable)
        gaps = [m.why for _, m in t.said if isinstance(m, Gap)]
        assert gaps[-1] == "a new session: no book yet"


def test_a_venue_that_starts_over_is_logged_on_to_again(trade: Lines, tmp_path: Path) -> None:
    """Numbers that it lost do not lock us out, where a reset is agreed on."""
    with trade(line={"reset_on_logon": True}) as t:
        t.priced()
        port = t.venue.port
        t.venue.stop()
        until(lambda: not t.line.online)
        client = t.line.config.sender_comp_id
        t.venue = type(t.venue)({"BTCUSD": BTC}, seed=8, port=port, client=client)
        t.venue.start()
        until(t.usable)


def test_numbers_go_on_from_one_run_to_the_next(trade: Lines, tmp_path: Path) -> None:
    """An order line keeps its numbers: the file store goes on where it stood."""
    with trade() as t:
        t.priced()
        first = t.line._session.getExpectedSenderNum()
        t.lines.stop()
        until(lambda: not t.venue.online)
        again = Trade(
            *(tmp_path, {"client": "NOBODY"}),
            port=t.venue.port,
            sender_comp_id=t.line.config.sender_comp_id,
        )
        again.lines.start()
        until(lambda: again.line.online)
        assert again.line._session.getExpectedSenderNum() > first
        again.lines.stop()
        again.venue.stop()


def test_a_wrong_password_keeps_us_out(trade: Lines) -> None:
    """The venue refuses; nothing is shown, and nothing is sent."""
    t = trade(secret="right", line={"username": "desk", "secret": "wrong"})
    t.venue.start()
    t.lines.start()
    time.sleep(0.4)
    assert not t.line.online
    assert not t.send(t.order())
    assert t.line.ask("BTC/USD", None, Decimal(1)) == ""
    t.__exit__()
