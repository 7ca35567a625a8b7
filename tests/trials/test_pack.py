"""The shipped pack: it passes against our desk, and it does not pass against a wrong one."""

import socket
import threading
from collections import Counter

import msgspec
import pytest

from otcfix.trials.campaign import Campaign, chosen, read_pack, shipped_pack
from otcfix.trials.line import Numbers
from otcfix.trials.parties import Lane, Party
from otcfix.trials.scenario import FAILED, PASSED, SKIPPED, Result

PACK = read_pack(shipped_pack())
WANTED = 60


def told(results: list[Result]) -> str:
    """What failed, for an assertion."""
    return "\n".join(
        f"{r.version} {r.scenario.name}: {r.why}" for r in results if r.verdict == FAILED
    )


def test_the_pack_is_as_large_as_promised() -> None:
    """More than sixty scenarios, each with a title of its own, in all three versions."""
    assert len(PACK) >= WANTED
    assert max(Counter(one.title for one in PACK).values()) == 1
    for version in ("FIX.4.2", "FIX.4.4", "FIX.5.0SP2"):
        assert sum(one.speaks(version) for one in PACK) >= WANTED


@pytest.mark.parametrize("kind", [*"A01245RDFGHVaZ", "AJ", "q", "AF"])
def test_every_message_of_a_client_is_in_it(kind: str) -> None:
    """What a client may say is said in some scenario."""
    fields = [f for one in PACK for step in one.steps for f in step.fields]
    verbs = {step.verb for one in PACK for step in one.steps}
    said = {f.value for f in fields if f.tag == 35}
    verb = {"A": "knock", "5": "logout"}.get(kind, "")
    assert kind in said or verb in verbs


def test_everything_passes_against_our_desk(party: Party) -> None:
    """Every scenario in every version, over sockets; nothing is skipped."""
    results = Campaign(party, PACK).play()

    assert not told(results)
    assert not [r.scenario.name for r in results if r.verdict == SKIPPED]
    assert len(results) > 3 * WANTED


class Liar:
    """Hands on what a desk says, with one thing changed."""

    def __init__(self, port: int, old: bytes, new: bytes) -> None:
        self._desk = port
        self._change = old, new
        self._ear = socket.create_server(("127.0.0.1", 0))
        self.port = self._ear.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                client, _ = self._ear.accept()
            except OSError:
                return
            desk = socket.create_connection(("127.0.0.1", self._desk))
            threading.Thread(target=self._pump, args=(client, desk, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(desk, client, True), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, lies: bool) -> None:
        try:
            while data := source.recv(65_536):
                target.sendall(self._lied(data) if lies else data)
        except OSError:
            pass
        finally:
            for one in (source, target):
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue

    def _lied(self, data: bytes) -> bytes:
        """Each message with its change, its length and checksum right again."""
        said = b""
        for part in data.split(b"8=FIX")[1:]:
            whole = b"8=FIX" + part.replace(*self._change)
            begin, _, rest = whole.partition(b"\x019=")
            body = rest.partition(b"\x01")[2][: -len(b"10=000\x01")]
            head = begin + b"\x019=%d\x01" % len(body) + body
            said += head + b"10=%03d\x01" % (sum(head) % 256)
        return said

    def close(self) -> None:
        """Listen no more."""
        self._ear.close()


LIES = {
    "a fill at another price": (b"\x0131=", b"\x0131=1", "7-orders/limit-fill-or-kill"),
    "another reason": (b"\x01103=1\x01", b"\x01103=0\x01", "7-orders/unknown-symbol"),
    "a fill that is none": (b"\x0139=2\x01", b"\x0139=0\x01", "5-quotes/two-way-hit-offer"),
    "an id that is not ours": (b"-T1\x01", b"-T9\x01", "2-heartbeats/test-request"),
    "a quote for another size": (b"\x01134=", b"\x01134=9", "5-quotes/one-way-sell"),
    "a wrong refusal": (b"\x0135=9\x01", b"\x0135=8\x01", "8-changes/cancel-unknown"),
}


@pytest.mark.parametrize("lie", list(LIES))
def test_a_wrong_answer_fails_the_scenario(party: Party, lie: str) -> None:
    """A desk that says one thing wrong does not pass, and the report says which."""
    old, new, name = LIES[lie]
    lane = next(one for one in party.lanes if one.who.version == "FIX.4.4" and one.role == "main")
    liar = Liar(lane.who.port, old, new)
    try:
        who = msgspec.structs.replace(lane.who, port=liar.port)
        crooked = Lane(lane.key, "main", who, lane.values)
        crooked.numbers = lane.numbers
        there = Party("a liar", [crooked], has=party.has, stage=party.stage, patience_s=1.0)
        result = Campaign(there, chosen(PACK, [name], [], [])).play()[0]
    finally:
        liar.close()

    assert result.verdict == FAILED
    assert result.steps[-1].expected
    assert result.steps[-1].got


def test_what_cannot_be_tried_says_why(party: Party) -> None:
    """Without an operator, a market, a value or a session a scenario is skipped, not failed."""
    lane = next(one for one in party.lanes if one.role == "main")
    bare = Lane(lane.key, "main", lane.who, {})
    bare.numbers = lane.numbers
    picked = chosen(
        PACK,
        ["7-orders/desk-halted", "6-streams/changes", "5-quotes/unknown-symbol",
         "5-quotes/wrong-session", "2-heartbeats/test-request"],
        [], [],
    )  # fmt: skip
    results = Campaign(Party("bare", [bare]), picked).play()

    why = {r.scenario.name: r.why for r in results}
    assert "needs an operator" in why["7-orders/desk-halted"]
    assert "market that can be moved" in why["6-streams/changes"]
    assert "no value no_symbol" in why["5-quotes/unknown-symbol"]
    assert "no FIX.4.2 session of role trade_only" in why["5-quotes/wrong-session"]
    assert [r.verdict for r in results if r.verdict != SKIPPED] == [PASSED]


def test_lost_numbers_are_taken_from_the_desk(party: Party) -> None:
    """A client who has forgotten where he was goes on where the desk is."""
    lane = next(one for one in party.lanes if one.role == "main")
    kept, lane.numbers = lane.numbers, Numbers()
    there = Party("again", [lane])
    results = Campaign(there, chosen(PACK, ["2-heartbeats/test-request"], [], [])).play()

    assert not told(results)
    assert lane.numbers.next_out > kept.next_out
