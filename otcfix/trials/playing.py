"""One scenario over one session: step by step, until one does not go as expected."""

import re
import time
from collections.abc import Callable, Mapping
from functools import partial

from otcfix.trials.hearing import Ear
from otcfix.trials.line import Line, Numbers, Who
from otcfix.trials.matching import ABSENT, ORDERS, Field, ordered, time_of
from otcfix.trials.reading import PROFILE
from otcfix.trials.scenario import (
    FAILED,
    PASSED,
    Result,
    Said,
    Scenario,
    Step,
    StepResult,
    Unexpected,
    told,
)
from otcfix.trials.seat import Seat, Stage
from otcfix.trials.values import Scope, Unclear
from otcfix.trials.wire import timestamp

TOO_LOW = re.compile(r"MsgSeqNum too low, expecting (\d+)")
GOODBYE_S = 2.0
TIDY_S = 0.3
RESTING = ("0", "1", "6", "")


class Player:
    """Plays one scenario. Nothing of it survives, but the session's numbers."""

    def __init__(
        self,
        scenario: Scenario,
        who: Who,
        numbers: Numbers,
        values: dict[str, str],
        *,
        prefix: str,
        patience_s: float,
        stage: Stage | None = None,
        beside: Mapping[str, tuple[Who, Numbers]] | None = None,
    ) -> None:
        """prefix: of every id that is made; patience_s: how long an answer may take; beside: the
        sessions that the scenario has besides its own, by role."""
        self.scenario = scenario
        self.patience_s = patience_s
        self.stage = stage
        self.transcript: list[Said] = []
        ids = {name: f"{prefix}{name}" for name in scenario.ids}
        live: dict[str, Callable[[], object]] = {
            "now": lambda: timestamp(time.time()),
            "today": lambda: timestamp(time.time())[:8],
            "next_out": lambda: self.line.numbers.next_out,
            "next_in": lambda: self.line.numbers.next_in,
            "version": lambda: who.version,
            "begin": lambda: self.line.begin,
        }
        live |= {name: partial(self._own, name) for name in PROFILE}
        self.scope = Scope({**values, **ids}, live)
        self._seats = {
            role: Seat(one, line := Line(one, its, self.transcript, role),
                       Ear(line, who.version, self.scope, prefix))
            for role, (one, its) in {"": (who, numbers), **(beside or {})}.items()
        }  # fmt: skip
        self._seat = self._seats[""]
        self._orders: list[dict[int, str]] = []
        self._second: Line | None = None
        self._detail = ""

    def _own(self, name: str) -> object:
        return getattr(self.who, name)

    @property
    def who(self) -> Who:
        """Who we are in the step that is played."""
        return self._seat.who

    @property
    def line(self) -> Line:
        """The line of the step that is played."""
        return self._seat.line

    @property
    def ear(self) -> Ear:
        """What listens to that line."""
        return self._seat.ear

    # -- the whole ---------------------------------------------------------------------------

    def play(self, session: str) -> Result:
        """Play it to its end, or to the first step that fails."""
        started, at = time.monotonic(), time.time()
        results: list[StepResult] = []
        verdict, why = PASSED, ""
        for step in self.scenario.steps:
            if not step.counts(self.who.version):
                continue
            done = self._tried(step)
            results.append(done)
            if done.verdict == FAILED:
                verdict, why = FAILED, f"line {step.line}: expected {done.expected}, got {done.got}"
                self._seat = self._seats[""]
                self._tidy()
                self._restore()
                break
        if verdict == PASSED:
            left = [self._leaves(seat, results) for seat in self._seats.values()]
            verdict = FAILED if any(left) else PASSED
        if verdict == FAILED and not why:
            why = f"at the end: expected {results[-1].expected}, got {results[-1].got}"
        for line in (self._second, *(seat.line for seat in self._seats.values())):
            if line is not None:
                line.close("")
        return Result(
            self.scenario, self.who.version, session, verdict, why, at,
            time.monotonic() - started, tuple(results), tuple(self.transcript),
        )  # fmt: skip

    def _tried(self, step: Step) -> StepResult:
        started = time.monotonic()
        verdict, expected, got = PASSED, "", ""
        self._detail = ""
        self._seat = self._seats[step.beside]
        try:
            VERBS[step.verb](self, step)
            got = self._detail
        except Unexpected as error:
            verdict, expected, got = FAILED, error.expected, error.got
        except Unclear as error:
            verdict, expected, got = FAILED, "a value", str(error)
        except OSError as error:
            verdict, expected = FAILED, f"a connection to {self.who.host}:{self.who.port}"
            got = error.strerror or str(error)
        took = time.monotonic() - started
        return StepResult(step.line, step.text, verdict, took, expected, got)

    def _leaves(self, seat: Seat, results: list[StepResult]) -> bool:
        """Log out where nobody has; whether more was said than expected, which is a fault."""
        started = time.monotonic()
        self._seat = seat
        if self.line.connected:
            self.line.say("5", [])
            until = started + GOODBYE_S
            while self.line.connected and time.monotonic() < until:
                if self.ear.take_goodbye():
                    break
                self.line.poll(until - time.monotonic())
        left = self.ear.unread()
        if not left:
            return False
        took = time.monotonic() - started
        got = "; ".join(map(str, left))
        results.append(StepResult(0, "(end)", FAILED, took, "nothing more", got))
        return True

    def _tidy(self) -> None:
        """Cancel what may still rest after a failure: the next scenario begins clean."""
        if not self.line.connected:
            return
        for count, order in enumerate(self._orders):
            now = timestamp(time.time())
            fields = [(11, f"{order[11]}-X{count}"), (41, order[11]), (55, order.get(55, ""))]
            self.line.say("F", [*fields, (54, order.get(54, "1")), (60, now)])
        if self._orders:
            self.line.poll(TIDY_S)
        self.line.say("5", [])
        self.line.poll(TIDY_S)

    def _restore(self) -> None:
        """What its acts have changed behind their back must not outlive a failure."""
        if self.stage is not None and {"operator", "market"} & set(self.scenario.needs):
            try:
                self.stage.restore(self.who.sender, everything=self.scenario.alone)
            except Unexpected as error:
                self.line.note(f"not put back: {error}")

    # -- saying ------------------------------------------------------------------------------

    def _filled(self, fields: tuple[Field, ...]) -> list[tuple[int, str]]:
        version = self.who.version
        return [(f.tag, self.scope.fill(f.value)) for f in fields if f.counts(version)]

    def _needs_line(self) -> None:
        if not self.line.connected:
            raise Unexpected("a connection", "none: it was closed")

    def connect(self, _: Step) -> None:
        """Open a socket."""
        self.ear.forget_housekeeping()
        self.line.connect()

    def knock(self, step: Step) -> None:
        """Connect where needed and send a Logon; what comes of it is the next step's."""
        if not self.line.connected:
            self.connect(step)
        given = self._filled(step.fields)
        fields = {**self.line.logon_fields(), **dict(given)}
        self.line.heartbeat_s = float(fields.get(108, "0") or 0) if _count(fields.get(108)) else 0
        self.line.say("A", [(tag, value) for tag, value in fields.items() if value != ABSENT])

    def logon(self, step: Step) -> None:
        """Log on, and hear their Logon. Numbers that we lost are taken from their Logout, once."""
        for again in (False, True):
            self.knock(step)
            heard = self.ear.answer_to_logon(self.patience_s)
            if heard is not None and heard.kind == "A":
                self._detail = str(heard)
                return
            behind = TOO_LOW.search(heard.get(58)) if heard is not None else None
            if behind is None or again:
                raise Unexpected("a Logon (35=A)", told(heard))
            self.line.numbers.next_out = int(behind[1])
            self.line.note(f"our numbers were behind: going on at {behind[1]}")
            self.line.close()

    def logout(self, _: Step) -> None:
        """Say goodbye, hear it, and close."""
        self._needs_line()
        self.line.say("5", [])
        self.ear.goodbye(self.patience_s)
        self.line.close("")

    def drop(self, _: Step) -> None:
        """Close without a word."""
        self.line.close()

    def say(self, step: Step) -> None:
        """Send a message, or (lose) only count it as sent."""
        self._needs_line()
        filled = self._filled(step.fields)
        kind = next(value for tag, value in filled if tag == 35)
        body = [pair for pair in filled if pair[0] != 35]
        number = self.line.say(kind, body, lost=step.verb == "lose")
        for name in step.words:
            self.scope.known[name] = str(number)
        order = dict(filled)
        if kind == "D" and order.get(40) == "2" and order.get(59, "") in RESTING and 11 in order:
            self._orders.append(order)

    def again(self, step: Step) -> None:
        """Send a message again: 43=Y under its number, else under a new one."""
        self._needs_line()
        self.line.again(int(self.scope(step.words[0])), dict(self._filled(step.fields)))

    def heartbeat(self, _: Step) -> None:
        """Send a Heartbeat now."""
        self._needs_line()
        self.line.say("0", [])

    def raw(self, step: Step) -> None:
        """Send bytes: | is SOH, \\xNN a byte."""
        self._needs_line()
        text = self.scope.fill(step.words[0]).replace("|", "\x01")
        self.line.raw(text.encode("latin-1", "replace").decode("unicode_escape").encode("latin-1"))

    def second(self, step: Step) -> None:
        """Another connection with the same Logon, while the first lives; it must be turned away."""
        other = self._second = Line(self.who, Numbers(self.line.numbers.next_out), self.transcript)
        other.connect()
        fields = {**other.logon_fields(), **dict(self._filled(step.fields))}
        other.say("A", [(tag, value) for tag, value in fields.items() if value != ABSENT])
        until = time.monotonic() + self.patience_s
        while other.connected and time.monotonic() < until:
            other.poll(0.05)
            self.line.poll(0)
        came = next((heard for heard in other.heard if heard.kind == "A"), None)
        if came is not None or other.connected:
            raise Unexpected("the second connection closed", told(came))

    # -- hearing -----------------------------------------------------------------------------

    def _within(self, step: Step) -> float:
        return step.within_s or self.patience_s

    def hear(self, step: Step) -> None:
        """The next message is this one."""
        self._detail = str(self.ear.hear(step.fields, self._within(step)))

    def find(self, step: Step) -> None:
        """A message like this is among what has come, or comes."""
        self._detail = str(self.ear.find(step.fields, self._within(step)))

    def maybe(self, step: Step) -> None:
        """This message may come here."""
        heard = self.ear.maybe(step.fields, step.within_s or 0.3)
        self._detail = told(heard)

    def all(self, step: Step) -> None:
        """These come next, in any order."""
        parts = [p.fields for p in step.parts if p.counts(self.who.version)]
        self._detail = "; ".join(map(str, self.ear.all(parts, self._within(step))))

    def quiet(self, step: Step) -> None:
        """Nothing comes for so long."""
        self.ear.quiet(step.within_s)

    def closed(self, step: Step) -> None:
        """They close the connection."""
        until = time.monotonic() + self._within(step)
        while self.line.connected and time.monotonic() < until:
            self.line.poll(until - time.monotonic())
        if self.line.connected:
            raise Unexpected(f"the connection closed within {self._within(step):g} s", "it is open")

    # -- control -----------------------------------------------------------------------------

    def wait(self, step: Step) -> None:
        """Let time pass; heartbeats go on."""
        seconds = step.within_s
        if step.words:
            text = self.scope.fill(step.words[1])
            seconds = time_of("time", lambda _: text) - time.time()
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.line.poll(left)

    def next(self, step: Step) -> None:
        """Set one of our numbers."""
        which, text = step.words[0], self.scope.fill(step.words[1])
        now = self.line.numbers.next_in if which == "in" else self.line.numbers.next_out
        try:
            to = max(1, now + int(text) if text[:1] in ("+", "-") else int(text))
        except ValueError:
            raise Unexpected("a number", repr(text)) from None
        if which == "in":
            self.line.numbers.next_in = to
        else:
            self.line.numbers.next_out = to
        self._detail = f"next {which}: {to}"

    def ignore(self, step: Step) -> None:
        """Stop answering something."""
        self.line.ignored.add(step.words[0])

    def answer(self, step: Step) -> None:
        """Answer it again."""
        self.line.ignored.discard(step.words[0])

    def resend(self, step: Step) -> None:
        """How ResendRequests are answered from now on."""
        self.line.resends_messages = step.words[0] == "messages"

    def skip(self, step: Step) -> None:
        """Pass over messages of these kinds from now on."""
        self.ear.skipped.update(step.words)

    def clear(self, step: Step) -> None:
        """Forget what has come of these kinds."""
        self.ear.clear(step.words)

    def let(self, step: Step) -> None:
        """Give a name a value."""
        self.scope.known[step.words[0]] = self._detail = self.scope.fill(step.words[1])

    def check(self, step: Step) -> None:
        """Hold two values against each other."""
        left, op, right = step.words
        found, wanted = self.scope.fill(left), self.scope.fill(right)
        equal = ordered(wanted, found, lambda sign: sign == 0)
        holds = equal == (op == "==") if op in ("==", "!=") else ordered(wanted, found, ORDERS[op])
        if not holds:
            raise Unexpected(f"{left} {op} {wanted}", found)
        self._detail = f"{found} {op} {wanted}"

    def stage_act(self, step: Step) -> None:
        """Have the counterparty's staff, or its market, do something."""
        if self.stage is None:
            raise Unexpected(f"somebody to do: {' '.join(step.words)}", "nobody")
        words = [self.scope.fill(word) for word in step.words]
        self.line.note(f"{step.verb}: {' '.join(words)}")
        self.stage.act(step.verb, words)


def _count(text: str | None) -> bool:
    return text is not None and text.isdecimal()


VERBS: dict[str, Callable[[Player, Step], None]] = {
    **{verb: getattr(Player, verb) for verb in (
        "connect knock logon logout drop say again heartbeat raw second hear find maybe all quiet "
        "closed wait next ignore answer resend skip clear let check"
    ).split()},
    "lose": Player.say,
    "operator": Player.stage_act,
    "market": Player.stage_act,
}  # fmt: skip
