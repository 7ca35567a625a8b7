"""A FIX client for tests: says and hears text as people write it, or asks and deals with words."""

from decimal import Decimal
from itertools import count

from msgspec import Struct

from otcfix.sim.session import Session
from otcfix.sim.speech import Speech
from otcfix.trials.hearing import Ear
from otcfix.trials.line import Who
from otcfix.trials.matching import Field
from otcfix.trials.reading import fields_of
from otcfix.trials.scenario import Said, Unexpected
from otcfix.trials.values import Scope
from otcfix.trials.wire import Heard, pairs_of

LOGON_S = 15.0
HEAR_S = 5.0
QUIET_S = 0.3
BUY, SELL = "buy", "sell"
SIDES = {BUY: "1", SELL: "2"}
QUOTED = ("S", "AG", "b", "3", "j")
REPORTED = ("8", "9", "3", "j")
ENDED = ("2", "4", "8", "C", "3")
_NAMES = count(1)


class Quote(Struct, frozen=True):
    """A price that was quoted; *message* is the whole Quote(S)."""

    quote_id: str
    symbol: str
    quantity: Decimal
    bid: Decimal | None
    offer: Decimal | None
    message: Heard


class Report(Struct, frozen=True):
    """How an order stands, by its last ExecutionReport(8), OrderCancelReject(9) or Reject.

    status: OrdStatus(39), "8" for what was rejected in any way; reason: Text(58).
    """

    cl_ord_id: str
    status: str
    filled: Decimal
    average: Decimal
    reason: str
    message: Heard

    @property
    def is_filled(self) -> bool:
        """Whether all of it was dealt."""
        return self.status == "2"


class Refused(AssertionError):
    """The desk said no; code is the first word of its Text(58)."""

    def __init__(self, message: Heard) -> None:
        super().__init__(f"refused: {message}")
        self.message = message
        self.code = message.get(58).partition(":")[0].split(" ")[0]


class FixClient:
    """One session with the desk. Everything happens while it is called: there is no thread."""

    def __init__(self, who: Who, client_id: str) -> None:
        self.who, self.client_id = who, client_id
        self.transcript: list[Said] = []
        self.session = Session(who, self.transcript)
        self._speech = Speech(who.version)
        self._ear = Ear(self.session, who.version, Scope({}, {}), "")
        self._orders: dict[str, tuple[str, str, Decimal]] = {}

    @property
    def version(self) -> str:
        """FIX.4.2, FIX.4.4 or FIX.5.0SP2."""
        return self.who.version

    # -- the line --------------------------------------------------------------------------------

    def log_on(self) -> None:
        """Log on, numbers going on where they were. Errors: NoSession."""
        self.session.up(LOGON_S)

    def log_out(self) -> None:
        """Say goodbye and close."""
        self.session.leave()

    def lose_line(self) -> None:
        """Lose the connection without a word."""
        self.session.close("line lost")
        self.session.online = False

    def drop(self) -> None:
        """Be done."""
        self.session.close("")

    # -- text ------------------------------------------------------------------------------------

    def say(self, text: str) -> int:
        """Say `35=D|11=A1|...`; its MsgSeqNum(34). Header and trailer are made; a field of the
        header that is given takes the place of ours."""
        pairs = pairs_of(text, "|")
        return self.session.say(pairs[0][1], pairs[1:])

    def hear(self, text: str, within_s: float = HEAR_S) -> Heard:
        """The next message must be like `35=8|39=2|31>0`, as in scenarios (see otcfix/trials).

        What is said again (43=Y) is passed over unless 43 is named. Errors: AssertionError.
        """
        try:
            return self._ear.hear(_fields(text), within_s)
        except Unexpected as error:
            raise AssertionError(str(error)) from None

    def find(self, text: str, within_s: float = HEAR_S) -> Heard:
        """As `hear`, but the message may come behind others, which stay."""
        try:
            return self._ear.find(_fields(text), within_s)
        except Unexpected as error:
            raise AssertionError(str(error)) from None

    def hears_nothing(self, for_s: float = QUIET_S) -> None:
        """No business message is there, and none comes for so long. Errors: AssertionError."""
        try:
            self._ear.quiet(for_s)
        except Unexpected as error:
            raise AssertionError(str(error)) from None

    # -- words -----------------------------------------------------------------------------------

    def name(self, letter: str = "N") -> str:
        """An id that no client of this run has used."""
        return f"{letter}{next(_NAMES)}"

    def ask(self, symbol: str, quantity: str | Decimal, side: str = "") -> Quote:
        """Ask for a quote; side is "buy", "sell", or "" for both prices. Errors: Refused."""
        name = self.name("R")
        qty = Decimal(quantity)
        self.session.say("R", self._speech.ask(name, symbol, SIDES.get(side, ""), qty))
        heard = self._answer(QUOTED, 131, name)
        if heard.kind != "S":
            raise Refused(heard)
        bid, offer = heard.get(132), heard.get(133)
        return Quote(
            heard.get(117), symbol, qty, Decimal(bid) if bid else None,
            Decimal(offer) if offer else None, heard,
        )  # fmt: skip

    def deal(self, quote: Quote, side: str) -> Report:
        """Hit a quote, and hear what becomes of it."""
        px = quote.message.get(133 if side == BUY else 132)
        if not px:
            raise AssertionError(f"the quote has no price to {side} at: {quote.message}")
        order = (quote.symbol, SIDES[side], quote.quantity)
        name = self._ordered(order)
        self.session.say("D", self._speech.hit(name, quote.quote_id, order, px, ""))
        return self.report(name, ended=True)

    def rest(self, symbol: str, side: str, quantity: str | Decimal, price: str | Decimal) -> Report:
        """Rest a limit order, good till cancelled; its first report."""
        order = (symbol, SIDES[side], Decimal(quantity))
        name = self._ordered(order)
        self.session.say("D", self._speech.rest(name, order, Decimal(price), ""))
        return self.report(name)

    def cancel(self, cl_ord_id: str) -> Report:
        """Cancel an order of ours; the answer."""
        name = self.name("C")
        order = self._orders[cl_ord_id]
        self.session.say("F", self._speech.cancel(name, cl_ord_id, order, ""))
        return self.report(name)

    def report(self, cl_ord_id: str, *, ended: bool = False) -> Report:
        """The next report on an order, or (ended) the one that ends it."""
        while True:
            heard = self._answer(REPORTED, 11, cl_ord_id)
            status = heard.get(39) if heard.kind == "8" else "8"
            if not ended or status in ENDED:
                return Report(
                    cl_ord_id, status, Decimal(heard.get(14) or 0), Decimal(heard.get(6) or 0),
                    heard.get(58), heard,
                )  # fmt: skip

    def _ordered(self, order: tuple[str, str, Decimal]) -> str:
        name = self.name("D")
        self._orders[name] = order
        return name

    def _answer(self, kinds: tuple[str, ...], tag: int, name: str) -> Heard:
        """The first message about an id of ours; rejects name it by 379, or us by our number."""
        number = str(self.session.numbers.next_out - 1)

        def is_it(heard: Heard) -> bool:
            if heard.kind not in kinds or heard.get(43) == "Y":
                return False
            return name in (heard.get(tag), heard.get(379)) or (
                heard.kind in ("3", "j") and heard.get(45) == number
            )

        found = self.session.await_one(is_it, HEAR_S)
        if found is None:
            heard = "\n".join(map(str, self.session.heard)) or "nothing"
            raise AssertionError(f"no answer to {name} within {HEAR_S:g} s; heard {heard}")
        return found


def _fields(text: str) -> tuple[Field, ...]:
    """What is expected. Errors: ValueError."""
    try:
        return fields_of(text)
    except Exception as error:
        raise ValueError(str(error)) from error
