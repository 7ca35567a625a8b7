"""What the demo's clients say, and what must come back: scene after scene."""

import time
from decimal import ROUND_DOWN, Decimal

from otcfix.cli.demo.bridged import bridged
from otcfix.cli.demo.player import Expect, Player, filled, is_final, same
from otcfix.cli.demo.prices import crossed, explained, stalled
from otcfix.cli.demo.refused import gated
from otcfix.cli.demo.screen import Screen
from otcfix.cli.demo.setting import SYMBOL
from otcfix.cli.demo.stage import Stage
from otcfix.cli.demo.streams import covered, streamed
from otcfix.cli.words import is_fill, is_refusal
from otcfix.fix.client import Heard

BELOW_BPS = Decimal(20)
"""How far below the offer the resting order's limit is."""
NUDGE_BPS = Decimal(-60)
"""How far the market is moved so that it fills."""
BEYOND = "10"
"""Coins that no client of the demo can pay for."""
SETTLED_S = 10.0


def perform(stage: Stage, screen: Screen) -> list[str]:
    """Play every scene; what had to happen and did not, in words."""
    alpha, beta = (Player(client, stage, screen) for client in stage.clients)
    missing: list[str] = []

    def expect(happened: bool, what: str) -> None:
        if not happened:
            missing.append(what)

    screen.scene("A quote, and a deal on it", f"{alpha.name} speaks {alpha.version}.")
    quote = alpha.ask("1")
    report = alpha.deal(quote, "buy", "1") if quote and quote.msg_type == "S" else None
    expect(filled(report), f"a fill of {alpha.name}'s deal on a quote")
    at_quote = bool(report and quote and same(report.value(31), quote.value(133)))
    expect(at_quote, "a fill at exactly the quoted offer")
    if quote and at_quote:
        explained(stage, screen, quote.value(117), expect)

    streamed(screen, alpha, expect)
    covered(stage, screen, expect)
    crossed(stage, screen, alpha, expect)
    stalled(stage, screen, alpha, expect)

    quote = _expired(stage, screen, beta, expect)
    if quote:
        _resting(stage, screen, beta, quote, expect)
        screen.scene("An order beyond the client's funds", f"{alpha.name} asks for {BEYOND} coins.")
        _, answer = alpha.limit("buy", BEYOND, quote.value(133))
        refused = bool(answer and is_refusal(answer) and "FUNDS" in answer.value(58))
        expect(refused, "a refusal of the order beyond the funds")
    gated(stage, screen, expect)
    bridged(stage, screen, expect)
    expect(stage.settled(SETTLED_S), "an end of every hedge order")
    return missing


def _expired(stage: Stage, screen: Screen, player: Player, expect: Expect) -> Heard | None:
    """A deal on a quote that is over; the quote, for what it showed."""
    screen.scene("An expired quote", f"{player.name} speaks {player.version}, and waits too long.")
    quote = player.ask("0.5", "buy")
    if quote is None or quote.msg_type != "S":
        expect(False, f"a quote for {player.name}")
        return None
    _let_expire(stage, screen)
    report = player.deal(quote, "buy", "0.5")
    refused = bool(report and is_refusal(report) and "QUOTE_GONE" in report.value(58))
    expect(refused, "a refusal of the expired quote")
    return quote


def _resting(stage: Stage, screen: Screen, player: Player, quote: Heard, expect: Expect) -> None:
    price = Decimal(quote.value(133)) * (1 - BELOW_BPS / 10_000)
    limit = price.quantize(Decimal("0.01"), ROUND_DOWN)
    screen.scene(
        "A limit order that rests, then fills",
        f"{player.name} bids {BELOW_BPS} bp below the offer it saw.",
    )
    cl_ord_id, answer = player.limit("buy", "0.5", f"{limit:f}")
    accepted = bool(answer and answer.msg_type == "8" and answer.value(150) == "0")
    expect(accepted, "the limit order's acceptance")
    if not accepted:
        return
    early = player.hear(is_fill, 0.3)
    expect(early is None, "the limit order's rest before the market moved")
    screen.say(f"  venues: the market moves by {NUDGE_BPS} bp", "yellow")
    stage.venues()[0].nudge(NUDGE_BPS)
    report = player.hear(lambda h: is_final(h, cl_ord_id))
    expect(filled(report), "the resting order's fill")
    if report and filled(report):
        expect(Decimal(report.value(31)) <= limit, "a fill no worse than the limit")


def _let_expire(stage: Stage, screen: Screen) -> None:
    life_ms = max(i.quote_life_ms for i in stage.config.desk.instrument if i.symbol == SYMBOL)
    screen.say(f"  … {life_ms / 1000:g} s pass: ValidUntilTime(62) is over", "yellow")
    time.sleep(life_ms / 1000 + 0.05)
