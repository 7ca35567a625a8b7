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


@pytest.mark.parametrize(
    "kind",
    [*"A012345RDFGHVaZxcgjQJnB", "AJ", "q", "AF", "AD", "AN", "BB", "BE", "AU", "AB"],
)
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
            threading.Thread(target=self._between, args=(client,), daemon=True).start()

    def _between(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._desk)) as desk:
            back = threading.Thread(target=self._pump, args=(desk, client, True), daemon=True)
            back.start()
            self._pump(client, desk, False)
            back.join()

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
    "another trade": (b"\x01571=", b"\x01571=X", "10-enquiries/trades-by-id"),
    "a trade too many": (b"\x01748=1\x01", b"\x01748=2\x01", "10-enquiries/trades-by-time"),
    "a push that is none": (b"\x01325=Y", b"\x01325=N", "10-enquiries/trades-pushed"),
    "a state that is not so": (b"\x01340=2", b"\x01340=3", "10-enquiries/trading-status"),
    "a halt that is not told": (b"\x01340=1", b"\x01340=2", "10-enquiries/halts-are-pushed"),
    "a position short": (b"\x01704=", b"\x01705=", "10-enquiries/positions"),
    "another balance": (b"\x0115=", b"\x0115=X", "10-enquiries/balances-and-limits"),
    "an instrument of another lot": (b"\x01561=", b"\x01561=1", "10-enquiries/security-list"),
    "a wrong secret taken": (b"\x01926=4", b"\x01926=5", "10-enquiries/secret-refused"),
    "an allocation of more": (b"\x0180=", b"\x0180=1", "11-after-the-trade/allocation"),
    "an allocation taken": (b"\x0187=1", b"\x0187=0", "11-after-the-trade/allocation-refused"),
    "an answer to a Q": (b"\x0135=0\x01", b"\x0135=j\x01", "11-after-the-trade/dont-know-trade"),
    "a bust of another trade": (b"\x0119=", b"\x0119=X", "11-after-the-trade/bust"),
    "a correction unsaid": (b"\x01150=G", b"\x01150=F", "11-after-the-trade/correction"),
    "a hold of another name": (b"\x0158=HELD", b"\x0158=HALT", "14-their-staff/held"),
    "a copy without its mark": (b"\x01797=Y", b"\x01797=N", "12-drop-copy/copies"),
    "a cancel that stays": (b"\x01378=99", b"\x01378=4", "12-drop-copy/cancelled-at-disconnect"),
    "another end client": (b"\x01448=", b"\x01448=X", "13-brokers/named-by-account"),
    "nobody's behalf": (b"\x01128=", b"\x01128=X", "13-brokers/named-by-on-behalf-of"),
    "what is not supported": (b"\x01380=3", b"\x01380=4", "4-malformed/xml-non-fix"),
    "no number expected": (b"\x01789=", b"\x015789=", "9-reconnect/next-expected"),
}


@pytest.mark.parametrize("lie", list(LIES))
def test_a_wrong_answer_fails_the_scenario(party: Party, lie: str) -> None:
    """A desk that says one thing wrong does not pass, and the report says which."""
    old, new, name = LIES[lie]
    scenario = next(one for one in PACK if one.name == name)
    roles = (scenario.session, *scenario.beside)
    lanes = [one for one in party.lanes if one.who.version == "FIX.4.4" and one.role in roles]
    liar = Liar(lanes[0].who.port, old, new)
    try:
        crooked = []
        for lane in lanes:
            crooked.append(lane.as_role(lane.role))
            crooked[-1].who = msgspec.structs.replace(lane.who, port=liar.port)
        there = Party("a liar", crooked, has=party.has, stage=party.stage, patience_s=1.0)
        result = Campaign(there, [scenario]).play()[0]
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


def test_what_a_session_does_not_have_says_why(party: Party) -> None:
    """A profile names what is not for a session; an empty value is one that is not known."""
    lane = next(one for one in party.lanes if one.role == "main")
    bare = lane.as_role("main")
    bare.values["no_symbol"] = ""
    bare.lacks, bare.skips = ("market_orders",), {"2-*": "it is late"}
    names = ["7-orders/market-buy", "2-heartbeats/test-request", "5-quotes/unknown-symbol"]
    results = Campaign(Party("bare", [bare]), chosen(PACK, names, [], [])).play()

    why = {r.scenario.name: r.why for r in results}
    assert "needs 44 or 2676" in why["7-orders/market-buy"]
    assert "it is late" in why["2-heartbeats/test-request"]
    assert "no value no_symbol" in why["5-quotes/unknown-symbol"]


def test_lost_numbers_are_taken_from_the_desk(party: Party) -> None:
    """A client who has forgotten where he was goes on where the desk is."""
    lane = next(one for one in party.lanes if one.role == "main")
    kept, lane.numbers = lane.numbers, Numbers()
    there = Party("again", [lane])
    results = Campaign(there, chosen(PACK, ["2-heartbeats/test-request"], [], [])).play()

    assert not told(results)
    assert lane.numbers.next_out > kept.next_out
