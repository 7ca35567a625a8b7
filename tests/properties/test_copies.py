"""Drop copies hear every execution exactly once and in order, whatever befalls their sessions.

One hears at once, in another version; the other half a second later, in its client's own.
"""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from otcfix.model.event import EpochMoved
from otcfix.model.post_trade import BustTrade
from otcfix.model.replies import ExecutionReport
from otcfix.model.session_act import ActOnSession
from tests.conversation import Conversation
from tests.support.house_desk import house_desk
from tests.support.staff import agreed

COPIES = {"kind": "drop_copy", "drop_copy_of": ("ALPHA", "PRIME")}
SESSIONS = {"DEAL50": COPIES, "DEAL44": {**COPIES, "drop_copy_delay_ms": 500}}
KEYS = ("DEAL50", "DEAL44")
LIMIT = "55=BTC/USD|54=1|38=1|40=2|44=99900|59=1"

step = st.one_of(
    st.tuples(st.just("deals"), st.sampled_from(("A44", "P44")), st.booleans()),
    st.tuples(st.just("deals"), st.sampled_from(("A44", "P44")), st.booleans()),
    st.tuples(st.just("cancels")),
    st.tuples(st.just("busts")),
    st.tuples(st.just("holds"), st.sampled_from(KEYS)),
    st.tuples(st.just("drops"), st.sampled_from(KEYS), st.booleans()),
    st.tuples(st.just("waits"), st.sampled_from((100, 400, 600))),
    st.tuples(st.just("restarts")),
)


class Day:
    """A desk, two clients and their copies."""

    def __init__(self) -> None:
        self.desk = Conversation(house_desk(sessions=SESSIONS))
        self.number = 0
        self.epochs = dict.fromkeys(KEYS, 0)
        self.heard: dict[str, list[str]] = {key: [] for key in KEYS}
        for key in KEYS:
            self.desk.client(key)

    def deals(self, key: str, rests: bool) -> None:
        """An order that rests, or that is filled at once."""
        self.number += 1
        end = "115=END1|" if key == "P44" else ""
        what = LIMIT if rests else "55=BTC/USD|54=2|38=0.1|40=1"
        self.desk.client(key).C(f"35=D|{end}11=A{self.number}|{what}")

    def cancels(self) -> None:
        """Staff kills the desk and opens it again."""
        self.desk.kills()
        self.desk.unkills()

    def busts(self) -> None:
        """The latest trade."""
        trades = [trade for _, told, _ in self.desk.told for trade in told.trades]
        agreed(self.desk, BustTrade(trades[-1].exec_id if trades else "NONE", "ann", "x"))

    def holds(self, key: str) -> None:
        """A hold begins, or ends."""
        act = "release" if self.desk.state.word("held", key) else "hold"
        self.desk.tell(ActOnSession(key, act, "carol", "test"))

    def drops(self, key: str, reset: bool) -> None:
        """Off and on again, with new numbers where what is said so far has been heard."""
        client = self.desk.client(key)
        self._listen()
        client.drops()
        if reset and not self.heard[key]:
            self.epochs[key] += 1
            self.desk.tell(EpochMoved(key, self.epochs[key], "reset by staff"))
            client.line.epoch = self.epochs[key]
        client.logs_on()

    def waits(self, milliseconds: int) -> None:
        """Time passes."""
        self.desk.at(f"+{milliseconds}ms")

    def restarts(self) -> None:
        """Stopped and started: what waited for its time waits anew."""
        self._listen()
        self.desk.restarts()
        for key in (*KEYS, "A44", "P44"):
            self.desk.client(key).logs_on()
        self.desk.prices("BTC/USD", bid="100000.00", offer="100100.00")

    def _listen(self) -> None:
        for key in KEYS:
            said = self.desk.client(key).hears_all()
            self.heard[key] += [one.get(17) for one in said if one.kind == "8"]

    def ends(self) -> None:
        """Everything that waits is said."""
        for key in KEYS:
            if self.desk.state.word("held", key):
                self.holds(key)
        self.waits(1_000)
        self.waits(1_000)
        self._listen()


@settings(max_examples=40, deadline=None)
@given(st.lists(step, min_size=3, max_size=14))
def test_every_execution_once_and_in_order(steps: list[tuple[Any, ...]]) -> None:
    """Fills, refusals, cancels and busts, through holds, breaks, delays and restarts."""
    day = Day()
    for what, *how in steps:
        getattr(day, what)(*how)
    day.ends()
    said = [
        reply.exec_id
        for _, decision, _ in day.desk.told
        for reply in decision.replies
        if isinstance(reply, ExecutionReport)
    ]
    assert day.heard == dict.fromkeys(KEYS, said)
    day.desk.finish()
