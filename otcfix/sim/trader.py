"""A simulated client at work: it asks, hits, rests orders and cancels them, as its seed says."""

import time
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from msgspec import Struct

from otcfix.sim.seen import Seen
from otcfix.sim.session import Session
from otcfix.sim.speech import BUY, SELL, Speech, away
from otcfix.trials.wire import Heard

ASK, HIT, REST, CANCEL = "ask", "hit", "rest", "cancel"
DEEDS = (ASK, HIT, REST, CANCEL)
OPEN, CLOSED, UNKNOWN = "open", "closed", ""
ENDED = frozenset("2 4 8 C 3".split())
"""OrdStatus(39) of an order that is over."""

ASKED_MAX = 4
"""How often a status is asked for before an order counts as unanswered."""
LOOK_S = 0.005


class Plan(Struct, frozen=True):
    """What a client does. deeds: each as likely as it is often there; rate: deeds a second, 0 as
    fast as answers come; count: of deeds, 0 until it is stopped; ends: end clients, by their names.

    repeats: after a break what was not answered is said again: under its number with 43=Y, and
    when that is not answered either, under a new one with 97=Y. patience_s: how long an answer may
    take.
    """

    symbols: tuple[str, ...]
    quantities: tuple[Decimal, ...] = (Decimal("0.1"),)
    deeds: tuple[str, ...] = DEEDS
    rate: Decimal = Decimal(5)
    count: int = 20
    seed: int = 1
    rest_bps: Decimal = Decimal(100)
    ends: tuple[str, ...] = ("",)
    repeats: bool = False
    leaves_open: bool = False
    patience_s: float = 3.0


class Wish(Struct):
    """Something said that wants an answer."""

    name: str
    kind: str
    order: tuple[str, str, Decimal]
    end: str
    at: float
    number: int = 0
    hits: bool = False
    status: str = UNKNOWN
    of: str = ""
    asked: int = 0
    repeated: bool = False


class Trader:
    """One client on one session."""

    def __init__(
        self,
        session: Session,
        speech: Speech,
        plan: Plan,
        *,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """stopped: whether to come to an end."""
        self.session, self.speech, self.plan = session, speech, plan
        self.seen = Seen()
        self.waiting: dict[str, Wish] = {}
        self.orders: dict[str, Wish] = {}
        self._stopped = stopped
        self._random = Random(plan.seed)  # noqa: S311 - a mood, not a secret
        self._prefix = f"{time.time_ns() // 1_000_000 % 16**7:07X}-{plan.seed}-"
        self._names = 0
        self._answer_at = 0.0
        self._prices: dict[str, Decimal] = {}
        self._numbers: dict[str, str] = {}

    # -- the whole ---------------------------------------------------------------------------

    def run(self) -> None:
        """Do what the plan says, then settle. Errors: NoSession."""
        done, due = 0, time.monotonic()
        while not self._stopped() and (not self.plan.count or done < self.plan.count):
            self._tend()
            now = time.monotonic()
            at_rest = not self.waiting if not self.plan.rate else now >= due
            if self.session.online and at_rest:
                self._turn()
                done += 1
                if self.plan.rate:
                    due = max(due + 1 / float(self.plan.rate), now)
        self._settle()

    def _settle(self) -> None:
        """Hear what is to come, cancel what rests, and learn what became of every order."""
        self._until_answered()
        if not self.plan.leaves_open:
            for order in [o for o in self.orders.values() if o.status == OPEN]:
                self._until_online()
                self._cancel(order)
            self._until_answered()
        self.session.leave()
        self.seen.logons, self.seen.breaks = self.session.logons, self.session.breaks

    def _until_online(self) -> None:
        until = time.monotonic() + self.plan.patience_s
        while not self.session.online and time.monotonic() < until:
            self._tend()

    def _until_answered(self) -> None:
        until = time.monotonic() + self.plan.patience_s * (ASKED_MAX + 2)
        while self.waiting and time.monotonic() < until:
            self._tend()

    @property
    def unanswered(self) -> list[str]:
        """Orders and cancels of which nobody knows what became, by name."""
        return [wish.name for wish in self.waiting.values() if wish.kind != "R"]

    def _tend(self) -> None:
        was = self.session.online
        self.session.tend(LOOK_S)
        while self.session.heard:
            self._hear(self.session.heard.popleft())
        if self.session.online:
            if not was:
                self._is_back()
            self._look_after()

    # -- saying ------------------------------------------------------------------------------

    def _one(self, of: tuple[Any, ...]) -> Any:
        return of[self._random.getrandbits(16) % len(of)]

    def _name(self, letter: str) -> str:
        self._names += 1
        return f"{self._prefix}{letter}{self._names}"

    def _turn(self) -> None:
        """One deed; what cannot be done yet is asked about instead."""
        deed = self._one(self.plan.deeds)
        resting = [o for o in self.orders.values() if o.status == OPEN and o.name not in self._left]
        symbol, side = self._one(self.plan.symbols), self._one((BUY, SELL))
        order = (symbol, side, self._one(self.plan.quantities))
        end = self._one(self.plan.ends)
        if deed == CANCEL and resting:
            self._cancel(resting[0])
        elif deed == REST and symbol in self._prices:
            name = self._name("L")
            px = away(self._prices[symbol], side, self.plan.rest_bps)
            self._order(Wish(name, "D", order, end, 0), self.speech.rest(name, order, px, end))
        else:
            name = self._name("R")
            hits = deed == HIT
            asked = "" if not hits and self._random.getrandbits(1) else side
            self._say(
                Wish(name, "R", order, end, 0, hits=hits),
                self.speech.ask(name, symbol, asked, order[2], end),
            )

    @property
    def _left(self) -> set[str]:
        """Orders that are being cancelled."""
        return {wish.of for wish in self.waiting.values() if wish.kind == "F"}

    def _order(self, wish: Wish, fields: list[tuple[int, str]]) -> None:
        self.orders[wish.name] = wish
        self._say(wish, fields)

    def _cancel(self, order: Wish, asked: int = 0) -> None:
        name = self._name("C")
        fields = self.speech.cancel(name, order.name, order.order, order.end)
        wish = Wish(name, "F", order.order, order.end, 0, of=order.name, asked=asked)
        self._say(wish, fields)

    def _say(self, wish: Wish, fields: list[tuple[int, str]]) -> None:
        wish.at = time.monotonic()
        self.waiting[wish.name] = wish
        self.seen.said[wish.kind] += 1
        wish.number = self.session.say(wish.kind, fields)
        self._numbers[str(wish.number)] = wish.name

    def _is_back(self) -> None:
        """After a break answers have their time anew; an order system says again what has none."""
        for wish in list(self.waiting.values()):
            wish.at = time.monotonic()
            if self.plan.repeats and wish.kind != "R":
                self.session.again(wish.number, {43: "Y"})
                self.seen.said[f"{wish.kind} 43=Y"] += 1

    def _look_after(self) -> None:
        """What was never answered: a request is given up, an order's status asked for."""
        now = time.monotonic()
        for wish in list(self.waiting.values()):
            if now - wish.at < self.plan.patience_s or wish.asked >= ASKED_MAX:
                continue
            is_dead = self._answer_at < wish.at
            wish.at = now
            if wish.kind == "R":
                del self.waiting[wish.name]
                self.seen.refused["(no answer)"] += 1
            if is_dead:
                # Nothing at all is answered: what was lost twice is not always asked for again,
                # but a new line begins with what is missing.
                self.session.close("no answers: line given up by us")
                return
            if wish.kind == "R":
                continue
            if wish.kind == "F" and wish.asked:
                del self.waiting[wish.name]
                self._cancel(self.orders[wish.of], asked=wish.asked + 1)
            elif self.plan.repeats and not wish.repeated:
                wish.repeated = True
                self.session.again(wish.number, {97: "Y"})
                self.seen.said[f"{wish.kind} 97=Y"] += 1
            else:
                wish.asked += 1
                self.seen.said["H"] += 1
                order = self.orders[wish.of or wish.name]
                self.session.say("H", self.speech.status(order.name, order.order, order.end))

    # -- hearing -----------------------------------------------------------------------------

    def _hear(self, heard: Heard) -> None:
        kind = heard.kind
        self.seen.heard[kind] += 1
        hears = HEARS.get(kind)
        if hears is not None:
            self._answer_at = time.monotonic()
            hears(self, heard)

    def _answered(self, name: str, *, again: bool = False) -> Wish | None:
        wish = self.waiting.pop(name, None)
        if wish is not None:
            self._numbers.pop(str(wish.number), None)
            if not again and not wish.asked and not wish.repeated:
                self.seen.took(time.monotonic() - wish.at)
        return wish

    def quote(self, heard: Heard) -> None:
        """S: a price, and perhaps a deal on it."""
        wish = self._answered(heard.get(131))
        self.seen.quotes += 1
        symbol = heard.get(55)
        px = heard.get(133) or heard.get(132)
        if px:
            self._prices[symbol] = Decimal(px)
        if wish is None or not wish.hits:
            return
        px = heard.get(133 if wish.order[1] == BUY else 132)
        if px:
            name = self._name("Q")
            order = wish.order
            self._order(
                Wish(name, "D", order, wish.end, 0),
                self.speech.hit(name, heard.get(117), order, px, wish.end),
            )

    def no_quote(self, heard: Heard) -> None:
        """AG or b."""
        self._answered(heard.get(131))
        self.seen.refusal(heard.get(58))

    def report(self, heard: Heard) -> None:
        """8: the state of an order, and what was dealt."""
        name = heard.get(11)
        cancel = self._answered(name, again=heard.get(43) == "Y")
        order = self.orders.get(heard.get(41) or name) or self.orders.get(name)
        if cancel is not None and cancel.of:
            order = self.orders.get(cancel.of)
        if order is None:
            return
        status = heard.get(39)
        if cancel is None and status in ENDED:
            for wish in [w for w in self.waiting.values() if w.of == order.name and w.asked]:
                self._answered(wish.name)  # a status tells of a cancel as well
        if order.status != CLOSED:
            order.status = CLOSED if status in ENDED else OPEN
        if not self.seen.is_new(heard):
            return
        if status == "8":
            self.seen.refusal(heard.get(58))
        if heard.get(150) in ("F", "1", "2") and heard.get(20, "0") == "0" and heard.get(32):
            self.seen.fill(heard, order.order[0], order.end)

    def cancel_reject(self, heard: Heard) -> None:
        """9."""
        self._answered(heard.get(11))
        self.seen.refusal(heard.get(58))

    def reject(self, heard: Heard) -> None:
        """3 and j: what was said could not be read, or not be taken."""
        name = heard.get(379) or self._numbers.get(heard.get(45), "")
        wish = self._answered(name)
        if wish is not None and wish.kind == "D":
            self.orders[wish.name].status = CLOSED
        self.seen.refusal(heard.get(58))


HEARS: dict[str, Callable[[Trader, Heard], None]] = {
    "S": Trader.quote,
    "AG": Trader.no_quote,
    "b": Trader.no_quote,
    "8": Trader.report,
    "9": Trader.cancel_reject,
    "3": Trader.reject,
    "j": Trader.reject,
}
