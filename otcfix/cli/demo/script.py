"""What the demo's clients say, and what must come back."""

import time
from collections.abc import Callable
from decimal import ROUND_DOWN, Decimal

from otcfix.cli import requests
from otcfix.cli.demo.screen import Screen
from otcfix.cli.demo.stage import SYMBOL, Stage
from otcfix.cli.words import is_fill, is_refusal
from otcfix.fix.client import Client, Heard

ANSWER_S = 5.0
FINAL = ("2", "4", "8", "C")
BELOW_BPS = Decimal(20)
"""How far below the offer the resting order's limit is."""
NUDGE_BPS = Decimal(-60)
"""How far the market is moved so that it fills."""
BEYOND = "10"
"""Coins that no client of the demo can pay for."""


class Player:
    """One client on the stage: says, hears, and counts what it heard."""

    def __init__(self, client: Client, stage: Stage, screen: Screen) -> None:
        self.client = client
        self.name = client.login.sender_comp_id
        self.version = client.login.version
        self._stage = stage
        self._screen = screen

    def send(self, request: requests.Request) -> None:
        """Send one message."""
        self.client.send(request.msg_type, request.fields, request.group)

    def hear(self, wanted: Callable[[Heard], bool], timeout_s: float = ANSWER_S) -> Heard | None:
        """Show what comes until *wanted* says so; None when it did not in time."""
        end = time.monotonic() + timeout_s
        while (left := end - time.monotonic()) > 0:
            heard = self.client.take(left)
            if heard is None:
                return None
            self._screen.message(self.name, heard)
            if heard.sent:
                continue
            if is_fill(heard):
                self._stage.heard_fills.append(heard.value(17))
            elif is_refusal(heard):
                self._stage.heard_refusals.append(heard.value(58))
            if wanted(heard):
                return heard
        return None

    def ask(self, quantity: str, side: str = "") -> Heard | None:
        """Ask for a quote and wait for the answer."""
        quote_req_id = requests.new_id("r")
        self.send(requests.quote_request(self.version, quote_req_id, SYMBOL, quantity, side))
        return self.hear(lambda h: quote_req_id in (h.value(131), h.value(379)))

    def deal(self, quote: Heard, side: str, quantity: str) -> Heard | None:
        """Deal on a quote and wait for the final report."""
        cl_ord_id = requests.new_id("c")
        price = quote.value(133 if side == "buy" else 132)
        self.send(
            requests.new_order(
                self.version, cl_ord_id, SYMBOL, side, quantity, requests.QUOTED,
                price=price, quote_id=quote.value(117),
            )
        )  # fmt: skip
        return self.hear(lambda h: is_final(h, cl_ord_id))

    def limit(self, side: str, quantity: str, price: str) -> tuple[str, Heard | None]:
        """Send a limit order for the day and wait for the first answer."""
        cl_ord_id = requests.new_id("c")
        self.send(
            requests.new_order(
                self.version, cl_ord_id, SYMBOL, side, quantity, requests.LIMIT,
                price=price, tif="day",
            )
        )  # fmt: skip
        return cl_ord_id, self.hear(lambda h: cl_ord_id in (h.value(11), h.value(379)))


def is_final(heard: Heard, cl_ord_id: str) -> bool:
    """Whether a message ends an order."""
    if cl_ord_id not in (heard.value(11), heard.value(379)):
        return False
    return heard.msg_type != "8" or heard.value(39) in FINAL


def perform(stage: Stage, screen: Screen) -> list[str]:
    """Play the four scenes; what had to happen and did not, in words."""
    alpha, beta = (Player(client, stage, screen) for client in stage.clients)
    missing: list[str] = []

    def expect(happened: bool, what: str) -> None:
        if not happened:
            missing.append(what)

    screen.scene("A quote, and a deal on it", f"{alpha.name} speaks {alpha.version}.")
    quote = alpha.ask("1")
    report = alpha.deal(quote, "buy", "1") if quote and quote.msg_type == "S" else None
    expect(_filled(report), f"a fill of {alpha.name}'s deal on a quote")
    same = bool(report and quote and _same(report.value(31), quote.value(133)))
    expect(same, "a fill at exactly the quoted offer")

    screen.scene("An expired quote", f"{beta.name} speaks {beta.version}, and waits too long.")
    quote = beta.ask("0.5", "buy")
    made = quote is not None and quote.msg_type == "S"
    if quote and made:
        _let_expire(stage, screen)
        report = beta.deal(quote, "buy", "0.5")
        refused = bool(report and is_refusal(report) and "QUOTE_GONE" in report.value(58))
        expect(refused, "a refusal of the expired quote")
    expect(made, f"a quote for {beta.name}")

    if quote and made:
        _resting(stage, screen, beta, quote, expect)

    screen.scene("An order beyond the client's funds", f"{alpha.name} asks for {BEYOND} coins.")
    if quote and made:
        _, answer = alpha.limit("buy", BEYOND, quote.value(133))
        refused = bool(answer and is_refusal(answer) and "FUNDS" in answer.value(58))
        expect(refused, "a refusal of the order beyond the funds")
    return missing


def _resting(
    stage: Stage,
    screen: Screen,
    player: Player,
    quote: Heard,
    expect: Callable[[bool, str], None],
) -> None:
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
    screen.say(f"  venue: the market moves by {NUDGE_BPS} bp", "yellow")
    stage.venue().nudge(NUDGE_BPS)
    report = player.hear(lambda h: is_final(h, cl_ord_id))
    expect(_filled(report), "the resting order's fill")
    if report and _filled(report):
        expect(Decimal(report.value(31)) <= limit, "a fill no worse than the limit")


def _filled(report: Heard | None) -> bool:
    return bool(report and is_fill(report) and report.value(39) == "2")


def _same(one: str, other: str) -> bool:
    return bool(one and other) and Decimal(one) == Decimal(other)


def _let_expire(stage: Stage, screen: Screen) -> None:
    life_ms = max(i.quote_life_ms for i in stage.config.desk.instrument if i.symbol == SYMBOL)
    screen.say(f"  … {life_ms / 1000:g} s pass: ValidUntilTime(62) is over", "yellow")
    time.sleep(life_ms / 1000 + 0.05)
