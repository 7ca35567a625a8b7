"""SimVenue: a seeded liquidity provider on a port of its own.

One thread does everything: it polls the engine, moves the markets, and does what is due. Other
threads only leave wishes (`fault`, `set`), which it takes up in order.
"""

import heapq
import tempfile
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path
from threading import Event, Thread, current_thread

import structlog
from msgspec import structs

from otcfix.fix.building import Field, Group
from otcfix.fix.fields import Values, split
from otcfix.fix.wire import SOH, WireError
from otcfix.model.errors import ConfigError
from otcfix.model.time import Instant
from otcfix.sim.desk import Dealing
from otcfix.sim.faults import ONE_ORDER, SETTINGS, Faults, Step
from otcfix.sim.line import Line
from otcfix.sim.market import Market, Subscriber, Told
from otcfix.sim.orders import SimFill, SimOrder
from otcfix.venues.simulated import Leader, Walk

log = structlog.get_logger("otcfix.sim")

OnDealing = Callable[[bool, str, str], None]
"""(whether the venue heard it, MsgType(35), the body as fields that each end in SOH)."""

POLL_S = 0.002
START_S = 10.0
WISH_S = 2.0
EVERY_MIN_S = Decimal("0.1")
LASTING = {"crossed": "crossed", "stall": "stalled", "one_sided": "one_sided", "zero": "empty"}
"""What lasts until resume, and the market's name for it."""
NEXT_UPDATE = frozenset(("lost", "duplicate", "out_of_order", "gap"))


def wall_clock() -> Instant:
    """Now, UTC."""
    return time.time_ns() // 1_000


def _markets(
    symbols: Mapping[str, Walk], seed: int, frozen: bool, follow: Mapping[str, Leader]
) -> dict[str, Market]:
    return {
        symbol: Market(symbol, walk, seed + place, frozen=frozen, follow=follow.get(symbol))
        for place, (symbol, walk) in enumerate(symbols.items())
    }


class SimVenue:
    """One liquidity provider: subscriptions, quotes on request, orders; and every kind of trouble.

    with SimVenue({"BTC/USD": Walk(...)}, seed=7) as venue: ... venue.port ... venue.fault("gap")
    """

    def __init__(
        self,
        symbols: Mapping[str, Walk],
        *,
        seed: int = 1,
        port: int = 0,
        version: str = "FIX.4.4",
        comp_id: str = "SIMLP",
        client: str = "DESK",
        secret: str = "",
        interval_ms: int = 100,
        frozen: bool = False,
        faults: Faults | None = None,
        script: Sequence[Step] = (),
        every: Mapping[str, Decimal] | None = None,
        follow: Mapping[str, Leader] | None = None,
        on_dealing: OnDealing | None = None,
    ) -> None:
        """port 0 takes a free one. frozen: books stand still and are told whole at each interval.
        every: deeds that happen again and again, and after how many seconds.
        follow: by symbol, the mid of the market that it goes with. on_dealing is called by the
        venue's thread with every message about orders and quotes; it must not raise.

        Errors: ConfigError for a port that is taken, no symbol, or an interval of nothing.
        """
        if not symbols or interval_ms <= 0:
            raise ConfigError("a simulated venue needs a symbol, and an interval above 0 ms")
        self._every = _repeated(every or {})
        self._folder = tempfile.TemporaryDirectory(prefix="otcfix-sim-")
        self._frozen = frozen
        self._numbered = version == "FIX.5.0SP2"
        self._interval_s = interval_ms / 1_000
        self._markets = _markets(symbols, seed, frozen, follow or {})
        try:
            self._line = Line(version, comp_id, client, port, secret, Path(self._folder.name))
        except BaseException:
            self._folder.cleanup()
            raise
        self._dealing = Dealing(
            *(version, self._markets, seed),
            say=self._say,
            later=self._later,
            clock=wall_clock,
        )
        self._dealing.faults = faults or Faults()
        self._on_dealing = on_dealing
        self._script = deque(script)
        self._subscribers: dict[str, Subscriber] = {}
        self._ups = 0
        self._no_book = False
        self._next_update: list[str] = []
        self._held: list[Told] = []
        self._wishes: deque[Callable[[], None]] = deque()
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()
        self._ready = Event()
        self._stopped = Event()
        self._thread = Thread(target=self._run, name=f"sim {comp_id}", daemon=True)
        self.failure: Exception | None = None

    # -- life --------------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._line.port

    @property
    def online(self) -> bool:
        """Whether somebody is logged on."""
        return self._line.online

    @property
    def orders(self) -> Mapping[str, SimOrder]:
        """Its orders by ClOrdID(11), as they stand."""
        return self._dealing.orders

    @property
    def fills(self) -> Sequence[SimFill]:
        """Its deals."""
        return self._dealing.fills

    def start(self) -> None:
        """Listen. Errors: what the engine raised when it could not."""
        self._thread.start()
        self._ready.wait(START_S)
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """Log out and close."""
        self._stopped.set()
        if self._thread.ident:
            self._thread.join(5)
        else:
            self._line.close()
        self._folder.cleanup()

    def __enter__(self) -> "SimVenue":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # -- wishes, from any thread ---------------------------------------------------------------

    def fault(self, what: str, value: Decimal | None = None) -> None:
        """Do one of DEEDS, or set one of Faults to *value*; done when this returns, or at the start
        of a venue that was not started yet.

        Errors: ConfigError for what it cannot do.
        """
        step = Step(Decimal(0), what, value)
        self._wish(lambda: self._do(step))

    def place(self, symbol: str, mid: Decimal) -> None:
        """Move the market of *symbol* to *mid*; done when this returns. Errors: KeyError."""
        market = self._markets[symbol]
        self._wish(lambda: market.place(mid))

    @property
    def subscribed(self) -> int:
        """How many of its books are streamed to whoever is logged on."""
        return len(self._subscribers)

    def say_raw(self, msg_type: str, fields: Sequence[Field], groups: Sequence[Group] = ()) -> None:
        """Say any message: for trials of what no sane venue says."""
        self._wish(lambda: self._line.say(msg_type, fields, groups))

    def _wish(self, deed: Callable[[], None]) -> None:
        done = Event()

        def do() -> None:
            deed()
            done.set()

        self._wishes.append(do)
        if self._thread.ident and current_thread() is not self._thread:
            done.wait(WISH_S)

    # -- the thread ----------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._line.open()
            self._ready.set()
            self._loop()
        except Exception as error:
            self.failure = error
            log.exception("simulated_venue_failed")
        finally:
            self._ready.set()
            self._line.close()

    def _loop(self) -> None:
        started = time.monotonic()
        next_step = started + self._interval_s
        for step, seconds in self._every:
            self._later(seconds * 1_000, partial(self._again, step, seconds))
        while not self._stopped.is_set():
            while self._wishes:
                self._wishes.popleft()()
            heard = self._line.poll()
            if self._line.ups != self._ups:
                self._ups = self._line.ups
                self._subscribers.clear()
            for kind, text in heard:
                self._hear(kind, text)
            now = time.monotonic()
            while self._script and float(self._script[0].at_s) <= now - started:
                self._do(self._script.popleft())
            while self._due and self._due[0][0] <= now:
                heapq.heappop(self._due)[2]()
            if now >= next_step:
                next_step = max(next_step + self._interval_s, now)
                self._step()
            time.sleep(POLL_S)

    def _step(self) -> None:
        for market in self._markets.values():
            market.step()
        self._dealing.rest()
        for one in list(self._subscribers.values()):
            if one.market.stalled:
                continue
            told = one.whole() if self._frozen else one.next()
            if told is not None:
                self._tell(told)

    def _tell(self, told: Told) -> None:
        what = self._next_update.pop(0) if self._next_update else ""
        if what == "gap":
            self._line.skip_number()
        elif what == "out_of_order":
            self._held.append(told)
        elif what != "lost":
            self._send(told)
            if what == "duplicate" or self._dealing.chance(self._dealing.faults.duplicate):
                self._send(told)
            while self._held:
                self._send(self._held.pop(0))

    def _send(self, told: Told) -> None:
        self._line.say(told.msg_type, told.fields, ((268, told.entries),) if told.entries else ())

    def _say(self, msg_type: str, fields: list[Field], groups: tuple[Group, ...]) -> None:
        self._line.say(msg_type, fields, groups)
        if self._on_dealing is not None and self._line.online:
            said = "".join(f"{tag}={value}{SOH}" for tag, value in fields if value)
            self._on_dealing(False, msg_type, f"35={msg_type}{SOH}{said}")

    def _later(self, wait_ms: Decimal, then: Callable[[], None]) -> None:
        if not wait_ms:
            then()
            return
        at = time.monotonic() + float(wait_ms) / 1_000
        heapq.heappush(self._due, (at, next(self._number), then))

    # -- trouble -------------------------------------------------------------------------------

    def _again(self, step: Step, seconds: Decimal) -> None:
        """Do it, and at the next turn again; what lasts until resume lasts half of the time,
        whatever else ails the market meanwhile."""
        self._do(step)
        if step.what in LASTING:
            self._later(seconds * 500, partial(self._over, LASTING[step.what]))
        self._later(seconds * 1_000, partial(self._again, step, seconds))

    def _over(self, illness: str) -> None:
        for market in self._markets.values():
            setattr(market, illness, False)

    def _do(self, step: Step) -> None:
        what, markets = step.what, self._markets.values()
        if step.value is not None and what in SETTINGS:
            self._dealing.faults = structs.replace(self._dealing.faults, **{what: step.value})
        elif what in NEXT_UPDATE:
            self._next_update.append(what)
        elif what in ONE_ORDER or what in ("duplicate_report", "no_quote"):
            self._dealing.once.add(what)
        elif what == "disconnect":
            self._line.cut()
        elif what == "bust":
            self._dealing.bust()
        elif what == "no_book":
            self._no_book = True
        elif what in ("garbage", "negative"):
            px, quantity = ("NaN", "1") if what == "garbage" else ("1", "-1")
            for one in self._subscribers.values():
                self._send(one.odd(px, quantity))
        elif what == "nudge":
            for market in markets:
                market.nudge(step.value or Decimal(10))
        else:
            for market in markets:
                self._sicken(market, what)

    @staticmethod
    def _sicken(market: Market, what: str) -> None:
        if what == "resume":
            market.well()
        else:
            setattr(market, LASTING[what], True)

    # -- what comes ----------------------------------------------------------------------------

    def _hear(self, kind: str, text: str) -> None:
        try:
            values = dict(reversed(split(text)))
        except WireError as error:
            log.warning("unreadable", why=error.text)
            return
        if self._on_dealing is not None and kind != "V":
            self._on_dealing(True, kind, text)
        if kind == "V":
            self._subscribe(values, text)
        elif kind == "R":
            self._dealing.on_quote_request(values)
        elif kind == "D":
            self._dealing.on_order(values)
        elif kind == "H":
            self._dealing.on_status_request(values)
        elif kind == "F":
            self._dealing.on_cancel_request(values)
        elif kind == "Q":
            log.warning("dont_know", exec_id=values.get(17, ""), text=values.get(58, ""))
        else:
            fields = [(45, values.get(34, "")), (372, kind), (380, "3")]
            self._line.say("j", fields)

    def _subscribe(self, values: Values, text: str) -> None:
        request_id = values.get(262, "")
        symbols = [value for tag, value in split(text) if tag == 55]
        if values.get(263) == "2":
            for key, one in list(self._subscribers.items()):
                if one.request_id == request_id:
                    del self._subscribers[key]
            return
        unknown = [symbol for symbol in symbols if symbol not in self._markets]
        known = any(one.request_id == request_id for one in self._subscribers.values())
        if unknown or known or not symbols:
            why = f"unknown: {', '.join(unknown)}" if unknown else ""
            self._line.say("Y", [(262, request_id), (281, "1" if known else "0"), (58, why)])
            return
        if self._no_book:
            self._no_book = False
            return
        depth = values.get(264, "0")
        for symbol in symbols:
            one = Subscriber(
                request_id,
                self._markets[symbol],
                incremental=values.get(265) == "1",
                depth=int(depth) if depth.isdecimal() else 0,
                numbered=self._numbered,
            )
            self._send(one.whole())
            if values.get(263) == "1":
                self._subscribers[f"{request_id} {symbol}"] = one


def _repeated(every: Mapping[str, Decimal]) -> tuple[tuple[Step, Decimal], ...]:
    """What happens again and again, and after how many seconds. Errors: ConfigError."""
    if any(seconds < EVERY_MIN_S for seconds in every.values()):
        raise ConfigError(f"what happens every so often: expected {EVERY_MIN_S} s or more")
    return tuple((Step(seconds, what), seconds) for what, seconds in every.items())
