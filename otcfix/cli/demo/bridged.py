"""Scenes about a broker's order system: two end clients, a drop copy, a bust, a hold, a break."""

import time
from decimal import ROUND_DOWN, Decimal
from typing import Any

from otcfix import commands
from otcfix.cli import requests
from otcfix.cli.demo.bridge import BUYER, DELAY_MS, SELLER, WIRE_SYMBOL, Bridge
from otcfix.cli.demo.player import Expect, Player, filled, is_final
from otcfix.cli.demo.screen import Screen
from otcfix.cli.demo.setting import BASE, TERMS
from otcfix.cli.demo.stage import Stage
from otcfix.cli.session_words import table_of
from otcfix.cli.words import is_fill
from otcfix.control.address import socket_path
from otcfix.control.client import Control
from otcfix.fix.client import Heard
from otcfix.ledger import chart
from otcfix.model.post_trade import BustTrade
from otcfix.model.proposal import Confirm

SIZE = "0.2"
AWAY_BPS = Decimal(300)
MAKER, CHECKER = "alice", "bob"
BACK_S = 8.0
COPIED = 4
"""An acceptance and a fill of each end client."""
TABLE = ("key", "state", "version", "client", "next in", "next out", "last in", "queue")


def bridged(stage: Stage, screen: Screen, expect: Expect) -> None:
    """All of them, one after the other."""
    names = stage.bridge
    copies = Player(stage.join(names.copies, screen), stage, screen)
    oms = _Oms(Player(stage.join(names.oms, screen), stage, screen))
    fills = _dealt(stage, screen, oms, expect)
    _copied(screen, copies, fills, expect)
    if len(fills) == 2:
        _busted(stage, screen, oms, copies, fills[-1].value(17), expect)
    _held(stage, screen, names, oms, expect)
    _cut(stage, screen, names, oms, copies, expect)


class _Oms:
    """A flat FIX 4.2 order system: no group 146, its own symbols, its client in ClientID(109)."""

    def __init__(self, player: Player) -> None:
        self.player = player
        self.offer = ""

    def ask(self, who: str, side: str) -> Heard | None:
        """Ask for a quote in the end client's name."""
        quote_req_id = requests.new_id("r")
        fields = [(131, quote_req_id), (55, WIRE_SYMBOL), (54, requests.SIDE[side]), (38, SIZE)]
        self.player.send(requests.Request("R", [*fields, (109, who)]))
        quote = self.player.hear(lambda h: quote_req_id in (h.value(131), h.value(379)))
        self.offer = (quote.value(133) if quote else "") or self.offer
        return quote

    def order(self, who: str, side: str, ord_type: str, **more: str) -> str:
        """Send an order in the end client's name; its ClOrdID."""
        cl_ord_id = requests.new_id("c")
        made = requests.new_order(
            requests.V42, cl_ord_id, WIRE_SYMBOL, side, SIZE, ord_type, **more
        )
        self.player.send(requests.Request("D", [*made.fields, (109, who)]))
        return cl_ord_id


def _dealt(stage: Stage, screen: Screen, oms: _Oms, expect: Expect) -> list[Heard]:
    """Each end client deals on a quote; the purses are theirs. The fills."""
    names = stage.bridge
    screen.scene(
        "A broker's order system, two end clients",
        f"{oms.player.name} speaks a flat FIX 4.2 and bridges {SELLER} and {BUYER}: two clients of "
        "the desk.",
    )
    fills = []
    for who, side in ((SELLER, "sell"), (BUYER, "buy")):
        quote = oms.ask(who, side)
        if quote is None or quote.msg_type != "S":
            expect(False, f"a quote for {who}")
            continue
        expect(quote.value(55) == WIRE_SYMBOL, "a quote in the order system's own words")
        cl_ord_id = oms.order(who, side, requests.QUOTED, quote_id=quote.value(117))
        report = oms.player.hear(lambda h, c=cl_ord_id: is_final(h, c))  # type: ignore[misc]
        expect(filled(report), f"a fill of {who}'s deal through the broker")
        if report is not None and filled(report):
            expect(report.value(109) == who, "a report that names the end client")
            fills.append(report)
    with stage.books() as store:
        booked = store.balances()
    for who, client in ((SELLER, names.seller), (BUYER, names.buyer)):
        purse = {a: booked.get(chart.client_account(client, chart.AVAILABLE, a), 0)
                 for a in (BASE, TERMS)}  # fmt: skip
        expect(all(purse.values()), f"{who}'s own purse moved")
    broker = chart.client_account(names.broker, chart.AVAILABLE, TERMS)
    expect(not booked.get(broker), "nothing in the broker's own purse")
    return fills


def _copied(screen: Screen, copies: Player, fills: list[Heard], expect: Expect) -> None:
    """The drop copy is told everything, in order, later; then it asks for the trades again."""
    screen.scene(
        "The drop copy, told later; trades asked for",
        f"{copies.name} hears every execution of both end clients, {DELAY_MS} ms late.",
    )
    heard = [copies.hear(lambda h: h.msg_type == "8") for _ in range(COPIED)]
    told = [h.value(17) for h in heard if h is not None and is_fill(h)]
    dealt = [h.value(17) for h in fills]
    expect(bool(told) and told == dealt, "a drop copy of both fills, in order")
    marked = all(h is not None and h.value(797) == "Y" for h in heard)
    expect(marked, "CopyMsgIndicator(797) on each copy")
    late = [_late_ms(h) for h in heard if h is not None]
    expect(all(ms >= DELAY_MS for ms in late), f"copies {DELAY_MS} ms later: {late}")
    if late:
        screen.say(f"  … told {min(late)} to {max(late)} ms after TransactTime(60)", "yellow")
    request_id = requests.new_id("t")
    copies.send(requests.Request("AD", [(568, request_id), (569, "0")]))
    trades = []
    while (answer := copies.hear(lambda h: h.value(568) == request_id and not h.sent)) is not None:
        trades += [answer.value(571)] if answer.msg_type == "AE" else []
        if answer.value(912) == "Y" or answer.value(748) == "0":
            break
    expect(bool(trades) and trades == dealt, "the same two trades by TradeCaptureReport(AE)")


def _late_ms(heard: Heard) -> int:
    """From TransactTime(60) to SendingTime(52), in ms. Both are of one day, or of midnight."""
    at, sent = (_ms_of_day(heard.value(tag)) for tag in (60, 52))
    return (sent - at) % 86_400_000


def _ms_of_day(text: str) -> int:
    hours, minutes, seconds = text.partition("-")[2].split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + int(Decimal(seconds) * 1_000)


def _busted(
    stage: Stage, screen: Screen, oms: _Oms, copies: Player, exec_id: str, expect: Expect
) -> None:
    """Two persons take a trade back: reversed in the ledger, told to the client and to the copy."""
    screen.scene("A trade is taken back", f"One of staff asks, another confirms: {exec_id}.")
    screen.say(f"  otcfix trades bust {exec_id} --by {MAKER} --why ...", "yellow")
    done = commands.send(stage.database, BustTrade(exec_id, MAKER, "wrong account", False))
    screen.say(f"    {done.result.partition(':')[0]}")
    expect(done.waits, "a bust that waits for a second person")
    found = commands.register_of(stage.database).proposals.values()
    waiting = next((one.proposal_id for one in found if one.state == "OPEN"), "")
    screen.say(f"  otcfix approvals confirm {waiting} --by {CHECKER} --why ...", "yellow")
    result = commands.send(stage.database, Confirm(waiting, CHECKER, "seen")).result
    screen.say(f"    {result}")
    for player, words in ((oms.player, "its session"), (copies, "the drop copy")):
        report = player.hear(lambda h: h.value(19) == exec_id and not h.sent)
        expect(report is not None, f"a bust told to {words}")
    account = chart.client_account(stage.bridge.buyer, chart.AVAILABLE, BASE)
    with stage.books() as store:
        expect(not store.balances().get(account), f"{BUYER}'s coins given back")


def _held(stage: Stage, screen: Screen, names: Bridge, oms: _Oms, expect: Expect) -> None:
    """Staff looks at the sessions over the control socket, holds one, lets it go."""
    screen.scene(
        "Sessions, as staff has them",
        "A hold keeps the session up, but what it asks is refused.",
    )
    desk = Control(socket_path("", stage.folder / "fix"))
    screen.say("  otcfix sessions list", "yellow")
    rows = [row for row in desk.get("/sessions")["sessions"] if row["key"].startswith(names.broker)]
    columns, cells, _ = table_of(rows)
    chosen = [columns.index(name) for name in TABLE]
    screen.table("", TABLE, [[str(row[n]) for n in chosen] for row in cells])
    expect({row["state"] for row in rows} == {"up"}, "both of the broker's sessions up")
    _act(screen, desk, names.oms, "hold", "limits under review")
    refused = oms.ask(BUYER, "buy")
    held = refused is not None and refused.value(58).startswith("HELD")
    expect(held, "a request refused while the session is on hold")
    _act(screen, desk, names.oms, "release", "reviewed")
    quote = oms.ask(BUYER, "buy")
    expect(quote is not None and quote.msg_type == "S", "a quote once the session is released")


def _act(screen: Screen, desk: Control, key: str, act: str, why: str) -> dict[str, Any]:
    screen.say(f'  otcfix sessions {act} {key} --why "{why}"', "yellow")
    return desk.act(key, act=act, by=MAKER, why=why)


def _cut(
    stage: Stage, screen: Screen, names: Bridge, oms: _Oms, copies: Player, expect: Expect
) -> None:
    """An order rests, the line breaks, the order is cancelled; who hears of it, and when."""
    screen.scene(
        "Cancel on disconnect",
        f"An order of {BUYER} rests; the connection of {names.oms} breaks.",
    )
    if not oms.offer:
        expect(False, "an offer to stay away from")
        return
    price = Decimal(oms.offer) * (1 - AWAY_BPS / 10_000)
    limit = f"{price.quantize(Decimal('0.01'), ROUND_DOWN):f}"
    cl_ord_id = oms.order(BUYER, "buy", requests.LIMIT, price=limit, tif="gtc")
    rests = oms.player.hear(lambda h: h.value(11) == cl_ord_id and h.value(39) == "0")
    expect(rests is not None, "an order that rests")
    if rests is None:
        return
    order_id = rests.value(37)
    desk = Control(socket_path("", stage.folder / "fix"))
    _act(screen, desk, names.oms, "disconnect", "the line breaks")
    copy = copies.hear(lambda h: h.value(37) == order_id and h.value(39) == "4")
    expect(copy is not None, "the cancel told to the drop copy")
    until = time.monotonic() + BACK_S
    told = oms.player.hear(lambda h: h.value(37) == order_id and h.value(39) == "4", BACK_S)
    screen.say(f"  … {names.oms} came back by itself, and was told at its logon", "yellow")
    expect(told is not None and time.monotonic() < until, "the cancel told at the next logon")
    if told is not None:
        expect(told.value(58) == "disconnected", "the cancel's reason")
