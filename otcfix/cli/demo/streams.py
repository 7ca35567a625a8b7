"""Scenes about streams and hedges: a deal on a rung, and how the desk covers it."""

from decimal import Decimal

from otcfix.cli.demo.player import Expect, Player, filled, same
from otcfix.cli.demo.screen import Screen
from otcfix.cli.demo.setting import BAND, BASE, LPX, TARGET, TERMS
from otcfix.cli.demo.stage import Stage
from otcfix.cli.words import is_fill, rungs_of
from otcfix.ledger import chart

SHOWN = 4
"""Updates of the stream that are waited for."""
SIZE = "1"
SETTLED_S = 3.0
QUIET_S = 1.0
"""How long to listen after the end of a stream; in the first half may come what was under way."""
OFFER = "1"


def streamed(screen: Screen, player: Player, expect: Expect) -> None:
    """Some updates, a deal on one rung by its id, the end of the stream."""
    screen.scene(
        "A stream, and a deal on one of its prices",
        f"{player.name} subscribes; each price has an id (299) that an order may name.",
    )
    md_req_id = player.subscribe()
    shown = [player.streamed() for _ in range(SHOWN)]
    expect(all(shown), f"{SHOWN} messages of the stream")
    rungs = rungs_of(shown[-1]) if shown[-1] else []
    rung = next((r for r in rungs if r.get(269) == OFFER and same(r.get(271, ""), SIZE)), None)
    expect(rung is not None, f"an offer for {SIZE} in the stream")
    if rung is not None:
        screen.say(f"  … the offer for {SIZE} has QuoteEntryID(299)={rung[299]}", "yellow")
        report = player.hit(rung[299], "buy", SIZE, rung[270])
        expect(filled(report), "a fill of the deal on a streamed price")
        told = report.value(31) if report else ""
        expect(same(told, rung[270]), "a fill at exactly the streamed price")
    expect(player.unsubscribe(md_req_id, QUIET_S) == 0, "silence after the end of a stream")


def covered(stage: Stage, screen: Screen, expect: Expect) -> None:
    """What the desk said to its provider, what came back, and what the ledger has of it."""
    screen.scene(
        "The hedge",
        f"The first deal was within the band of {BAND} and kept; the second went beyond: {LPX}.",
    )
    expect(stage.settled(SETTLED_S), f"the end of the hedge at {LPX}")
    at_target = stage.wait(lambda: stage.inventory() == -TARGET, SETTLED_S)
    expect(at_target, f"an inventory of {-TARGET} {BASE}")
    for heard in list(stage.overheard):
        screen.message(LPX, heard)
    with stage.books() as store:
        sold = [row.trade for row in store.trades()]
        fills = [row.fill for row in store.hedge_fills([h.hedge_id for h in store.hedges()])]
        balances = store.balances(chart.VENUE_PREFIX + LPX)
        desk = list(store.statement(chart.desk_account(chart.PNL, TERMS)))
    before = -sum(trade.base_amount for trade in sold)
    after = stage.inventory()
    venue = {account.rsplit(":", 1)[1]: minor for account, minor in balances.items()}
    gained = sum(
        line.amount if line.credit == chart.desk_account(chart.PNL, TERMS) else -line.amount
        for line in desk
        if line.code == "hedge_spread"
    )
    scales = {asset.code: asset.scale for asset in stage.config.desk.asset}
    screen.say()
    screen.say(f"  inventory before the hedge  {before:+f} {BASE}")
    screen.say(f"  inventory after the hedge   {after:+f} {BASE}")
    for asset in (BASE, TERMS):
        held = _major(-venue.get(asset, 0), scales[asset])
        screen.say(f"  account at {LPX}              {held} {asset}")
    screen.say(f"  hedge_spread                {_major(gained, scales[TERMS])} {TERMS}")
    expect(sum((fill.base_amount for fill in fills), 0) == -before - TARGET, "a cover to target")
    expect(any(is_fill(heard) for heard in stage.overheard), f"a fill told by {LPX}")
    expect(bool(venue.get(BASE)) and bool(venue.get(TERMS)), f"an account of {LPX} in the ledger")
    expect(bool(gained), "a hedge_spread in the ledger")


def _major(minor: int, scale: int) -> str:
    return f"{Decimal(minor).scaleb(-scale):+f}"
