"""What the desk says to venues: after the commit, in order, and never on a guess."""

import threading
from pathlib import Path

import pytest

from otcfix.model.hedge import BACK_TO_BACK, ORDER, PENDING, HedgeRule, VenueRequest
from otcfix.sequencer import loop
from otcfix.store.sqlite import SqliteStore
from tests.conftest import OpenDesk

RULE = HedgeRule("BTC/USD", BACK_TO_BACK, ("LPX",))
MARKET = "35=D|11={0}|55=BTC/USD|54=1|38=0.01|40=1"


def test_hedges_wait_for_their_batch_to_be_durable(
    open_desk: OpenDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a batch is being written the next one is decided; its venue hears of neither, and
    then of each batch's orders in the order of the deals."""
    monkeypatch.setattr(loop, "BATCH_MAX", 3)
    monkeypatch.setattr(loop, "FEW", 1)
    desk = open_desk(store=SqliteStore(str(tmp_path / "desk.db")), hedging=(RULE,))
    (lpx,) = desk.venues.open("LPX")
    lpx.manner = "loses"
    client = desk.client("A44")
    may_write, held = threading.Event(), desk.store.write

    def write(prepared: object) -> None:
        assert may_write.wait(10)
        held(prepared)

    monkeypatch.setattr(desk.store, "write", write)
    desk.sequencer._committer.start()
    with desk.busy():
        for place in range(6):
            client.C(MARKET.format(f"M{place}"))
        desk.sequencer.step()
        assert len(list(desk.state.cover.open_orders)) == 3
        assert lpx.said == []
        threading.Timer(0.1, may_write.set).start()
        desk.sequencer.step()
        assert len(list(desk.state.cover.open_orders)) == 6
        assert len(lpx.said) == 3
        desk.sequencer.step()
    desk.sequencer._committer.stop()
    client.hears_all()
    dealt = [trade.exec_id for _, decision, _ in desk.told for trade in decision.trades]
    assert [request.order.cause for request in lpx.said] == dealt
    assert lpx.heard == [ORDER] * 6


@pytest.mark.parametrize("took_it", [True, False])
def test_whether_a_session_took_it_is_not_believed(open_desk: OpenDesk, took_it: bool) -> None:
    """An order stays as it was decided until its venue speaks of it."""
    desk = open_desk(hedging=(RULE,))
    (lpx,) = desk.venues.open("LPX")
    asked: list[VenueRequest] = []
    lpx.takes = lambda request: asked.append(request) is None and took_it
    desk.client("A44").C(MARKET.format("A1"))
    desk.client("A44").hears_all()
    (order,) = desk.state.cover.open_orders
    assert (order.status, order.sends) == (PENDING, 1)
    assert [request.order for request in asked] == [order]


def test_a_desk_without_venues_only_decides(open_desk: OpenDesk) -> None:
    """No port, no line: the cover waits in the journal."""
    desk = open_desk(hedging=(RULE,))
    desk.sequencer._venues = None
    desk.client("A44").C(MARKET.format("A1"))
    desk.client("A44").hears_all()
    assert [order.sends for order in desk.state.cover.open_orders] == [0]
