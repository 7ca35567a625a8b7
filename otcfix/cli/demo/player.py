"""One client of the demo: says, hears, and counts what it heard."""

import time
from collections.abc import Callable
from decimal import Decimal

from otcfix.cli import requests
from otcfix.cli.demo.screen import Screen
from otcfix.cli.demo.setting import SYMBOL
from otcfix.cli.demo.stage import Stage
from otcfix.cli.words import is_fill, is_refusal
from otcfix.fix.client import Client, Heard

ANSWER_S = 5.0
FINAL = ("2", "4", "8", "C")
STREAMED = ("W", "X")

Expect = Callable[[bool, str], None]
"""(whether it happened, what had to)."""


class Player:
    """One client on the stage: says, hears, and counts what it heard."""

    def __init__(self, client: Client, stage: Stage, screen: Screen) -> None:
        self.client = client
        self.name = client.login.sender_comp_id
        self.version = client.login.version
        self._stage = stage
        self._screen = screen
        self._saw_stream = False

    def send(self, request: requests.Request) -> None:
        """Send one message."""
        self.client.send(request.msg_type, request.fields, request.group, request.second)

    def hear(self, wanted: Callable[[Heard], bool], timeout_s: float = ANSWER_S) -> Heard | None:
        """Show what comes until *wanted* says so; None when it did not in time."""
        end = time.monotonic() + timeout_s
        while (left := end - time.monotonic()) > 0:
            heard = self.client.take(left)
            if heard is None:
                return None
            streamed = heard.msg_type in STREAMED
            brief = streamed and self._saw_stream and heard.value(268) != "0"
            self._screen.message(self.name, heard, brief=brief)
            self._saw_stream |= streamed
            if heard.sent:
                continue
            if streamed:
                self._stage.heard_streams.append(heard.text)
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
        price = quote.value(133 if side == "buy" else 132)
        return self.hit(quote.value(117), side, quantity, price)

    def hit(self, quote_id: str, side: str, quantity: str, price: str) -> Heard | None:
        """Deal on what has an id, a quote or a rung, and wait for the final report."""
        cl_ord_id = requests.new_id("c")
        self.send(
            requests.new_order(
                self.version, cl_ord_id, SYMBOL, side, quantity, requests.QUOTED,
                price=price, quote_id=quote_id,
            )
        )  # fmt: skip
        return self.hear(lambda h: is_final(h, cl_ord_id))

    def subscribe(self) -> str:
        """Ask for whole books of the symbol; the request's id."""
        md_req_id = requests.new_id("m")
        self.send(requests.market_data(md_req_id, SYMBOL))
        return md_req_id

    def unsubscribe(self, md_req_id: str, listen_s: float) -> int:
        """End a stream; how many messages of it came in the second half of *listen_s*."""
        self.send(requests.market_data(md_req_id, SYMBOL, ends=True))
        self.hear(lambda _: False, listen_s / 2)
        count = len(self._stage.heard_streams)
        self.hear(lambda _: False, listen_s / 2)
        return len(self._stage.heard_streams) - count

    def streamed(self, timeout_s: float = ANSWER_S, *, empty: bool = False) -> Heard | None:
        """The next W that shows a price, or that shows none."""
        return self.hear(lambda h: h.msg_type == "W" and (h.value(268) == "0") == empty, timeout_s)

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


def filled(report: Heard | None) -> bool:
    """Whether a final report says that all was dealt."""
    return bool(report and is_fill(report) and report.value(39) == "2")


def same(one: str, other: str) -> bool:
    """Whether two texts are one number."""
    return bool(one and other) and Decimal(one) == Decimal(other)
