"""otcfix demo: the main job, from nothing, in processes of their own."""

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from otcfix.cli.demo.guests import named, with_guests
from otcfix.config import load
from tests.cli.support import run_here
from tests.support.desk_process import ROOT

DEMO = [sys.executable, "-m", "otcfix", "demo", "--quick"]


class Demos:
    """Three demos at once: they mostly wait."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "empty").mkdir()
        self.short = self._start("--json", cwd=folder / "empty")
        self.kept = self._start("--keep", "--seed", "3", cwd=folder)
        self.poor = self._start("--config", str(_poor(folder / "poor")), "--seed", "5", cwd=folder)

    def _start(self, *words: str, cwd: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*DEMO, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd
        )


def _poor(folder: Path) -> Path:
    """The shipped configuration with a client who may hold next to nothing."""
    shutil.copytree(ROOT / "config", folder)
    path = folder / "clients.toml"
    text = path.read_text()
    assert "position_max = 20000000" in text
    path.write_text(text.replace("position_max = 20000000", "position_max = 1000", 1))
    return folder


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demos]:
    """All of them, started in folders without anything."""
    both = Demos(tmp_path_factory.mktemp("demos"))
    yield both
    for process in (both.short, both.kept, both.poor):
        if process.poll() is None:
            process.kill()
        process.communicate()


def test_the_demo_deals(demos: Demos) -> None:
    """Five trades, ten refusals, books that agree on all sides; nothing is left behind."""
    out, err = demos.short.communicate(timeout=60)

    assert demos.short.returncode == 0, err
    found = json.loads(out)
    assert list(found) == [
        *("trades", "refusals", "refused_by", "refusals_ok"),
        *("trial_balance_ok", "journal_ok", "fingerprint"),
        *("sources", "streamed", "streamed_ok"),
        *("hedges", "hedge_fills", "hedges_ok", "inventory", "inventory_ok"),
    ]
    assert found["trades"] == 5
    assert found["refusals"] == 10
    assert found["refused_by"] == {
        "fresh_price": 1, "funds": 1, "jurisdiction": 1, "kyc": 1, "order_size": 1,
        "quote_live": 1, "screened": 2, "throttle": 1,
    }  # fmt: skip
    assert found["sources"] == ["sim-btcusd", "sim2-btcusd", "lpx-btcusd"]
    assert found["streamed"] >= 7
    assert (found["hedges"], found["inventory"]) == (1, "-0.80000000")
    assert found["hedge_fills"] >= 1
    assert {name: found[name] for name in found if name.endswith("_ok")} == dict.fromkeys(
        (
            *("refusals_ok", "trial_balance_ok", "journal_ok", "streamed_ok"),
            *("hedges_ok", "inventory_ok"),
        ),
        True,
    )
    assert len(found["fingerprint"]) == 64
    assert list((demos.folder / "empty").iterdir()) == []


def test_a_kept_demo_says_how_to_connect(demos: Demos) -> None:
    """The conversation in words and FIX, the ledger, then directions that work as they stand."""
    lines = _until_directions(demos.kept)
    shown = "\n".join(lines)
    _scenes_keep_their_promises(shown)
    assert "desk → ALPHA  FILLS: buy 1 BTC/USD" in shown
    assert "35=8|" in shown
    assert "REFUSES the order: QUOTE_GONE: expired" in shown
    assert "REFUSES the order: FUNDS" in shown
    assert "the hash chain holds" in shown
    assert "SenderCompID(49)=BETA TargetCompID(56)=OTCFIX Username(553)=beta" in shown
    assert max(map(len, shown.partition("The desk runs on")[0].splitlines())) <= 100

    (command,) = [line.split() for line in lines if "--side buy --hit --port" in line]
    deal = subprocess.run(
        [sys.executable, "-m", *command, "--state", str(demos.folder / "me"), "--json"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert deal.returncode == 0, deal.stderr
    database = lines[-1].split()[-1]
    assert len(run_here("trades", "--database", database, "--json").document["trades"]) == 6
    hedges = run_here("hedges", "list", "--database", database, "--json").document["hedges"]
    assert [(h["venue"], h["side"], h["filled"]) for h in hedges] == [
        ("LPX", "buy", "1.500"),
        ("LPX", "buy", "0.800"),
    ]

    demos.kept.send_signal(signal.SIGINT)
    assert demos.kept.wait(20) == 0
    shutil.rmtree(Path(database.removeprefix("sqlite:///")).parent)


def _scenes_keep_their_promises(shown: str) -> None:
    """Each of them shows what it is about, in its place."""
    scenes = re.split(r"\n\n(?=\d+  [A-Z])", shown)
    assert [scene.partition("\n")[0] for scene in scenes[1:]] == [
        "1  A quote, and a deal on it",
        "2  A stream, and a deal on one of its prices",
        "3  The hedge",
        "4  A source with a crossed book",
        "5  Every source stalls",
        "6  An expired quote",
        "7  A limit order that rests, then fills",
        "8  An order beyond the client's funds",
        "9  Three clients who may not deal",
        "10  One message too many",
        "11  A limit, short by one lot",
        "12  A client is listed while an order of his rests",
        "13  A broker's order system, two end clients",
        "14  The drop copy, told later; trades asked for",
        "15  A trade is taken back",
        "16  Sessions, as staff has them",
        "17  Cancel on disconnect",
    ]
    _, quote, stream, hedge, crossed, stalled, *_ = scenes
    _gate_scenes_keep_their_promises(*scenes[9:13])
    _broker_scenes_keep_their_promises(*scenes[13:])
    assert re.search(r"otcfix price explain Q\w+\n", quote)
    for source in ("sim-btcusd", "sim2-btcusd", "lpx-btcusd"):
        assert re.search(rf"^{source} +\d+\.\d\d +\d+ ms$", quote, re.MULTILINE), quote
    (price,) = re.findall(r"FILLS: buy 1 BTC/USD at ([\d.]+)", quote)
    assert re.search(rf"^sum +exactly the price +{re.escape(price)} ", quote, re.MULTILINE), quote

    (rung,) = re.findall(r"has QuoteEntryID\(299\)=(\w+)", stream)
    assert stream.count("|268=8|") == 1, "the first book is shown whole, the others in a line"
    assert stream.count("streams BTC/USD: 0.1: ") >= 4
    assert f"117={rung}" in stream
    assert stream.index("FILLS: buy 1 BTC/USD") < stream.index("263=2|")

    order = hedge.index("desk → LPX    orders: buy 1.500 BTC/USD limit")
    assert order < hedge.index("LPX → desk    FILLS: buy ")
    assert "inventory before the hedge  -2.00000000 BTC" in hedge
    assert "inventory after the hedge   -0.50000000 BTC" in hedge
    assert "account at LPX              +1.50000000 BTC" in hedge
    assert re.search(r"hedge_spread +-\d+\.\d\d USD", hedge), "covering pays the venue's spread"

    assert re.search(r"^lpx-btcusd +left out: crossed: bid", crossed, re.MULTILINE), crossed
    assert re.search(r"^sim2-btcusd +\d+\.\d\d", crossed, re.MULTILINE), crossed
    empty = stalled.index("streams BTC/USD: NO PRICE")
    refused = stalled.index("REFUSES the quote: NO_PRICE")
    assert empty < refused < stalled.rindex("streams BTC/USD: 0.1: ")


def _gate_scenes_keep_their_promises(shut: str, often: str, limit: str, listed: str) -> None:
    """Neutral on the wire, all of it in what `otcfix decision show` says."""
    said = re.findall(r"desk → (\w+) +REFUSES the quote: (.*)\n", shut)
    assert said == [(who, "NOT_AUTHORISED: not authorised") for who in ("DELTA", "SIGMA", "OMEGA")]
    wire, _, journal = shut.partition("The same bytes for all three.")
    for word in ("kyc", "expired", "sanction", "BLOCK", "jurisdiction", "Malinsky"):
        assert word not in wire.partition("on a list.\n")[2], word
    assert journal.count("otcfix decision show ") == 3
    assert re.search(r"measured +expired 2020-12-31\n +limit +APPROVED on ", journal)
    assert re.search(r"measured +sanctioned-cu\n.*\n +policy +[0-9a-f]{64}\n", journal)
    assert re.search(r"measured +BLOCK: DEMO:1\n +lists [0-9a-f]{12} demo=", journal)
    assert re.search(r"hit +DEMO:1, owner .*, 1\.0000\n +pieces +exact: ", journal)

    (wait,) = re.findall(r"REJECTS the message R: THROTTLED: .* try again in (\d+) ms", often)
    assert often.index(f"… {wait} ms pass") < often.rindex("desk → KAPPA  quotes BTC/USD")

    assert re.search(r"measured +0\.1\n +limit +0\.099 client:KAPPA", limit)
    alone = limit.index("refused: alice proposed it; another confirms")
    assert alone < limit.index("--by bob") < limit.index("accepts the order: buy 0.1 BTC/USD")

    cancelled = listed.index("CANCELLED_BY_DESK: cancelled by the desk")
    assert listed.index("otcfix sanctions update demo") < cancelled
    assert cancelled < listed.index("NOT_AUTHORISED: not authorised") < listed.index("DEMO:2")


def _broker_scenes_keep_their_promises(
    bridged: str, copies: str, bust: str, sessions: str, cut: str
) -> None:
    """Two purses behind one flat session, its copies late and in order, what staff does to it."""
    assert "146=" not in bridged, "flat"
    assert bridged.count("|109=FUND-1") >= 4
    assert re.findall(r"FILLS: (\w+) 0.2 BTC-USD", bridged) == ["sell", "buy"]

    assert copies.count("797=Y") == 4
    (early,) = re.findall(r"told (\d+) to \d+ ms after TransactTime", copies)
    assert int(early) >= 400
    assert re.search(r"has 2 trades\n", copies)
    assert copies.count("|570=Y|") == 2

    waits = bust.index("waits for a second person")
    assert waits < bust.index("--by bob") < bust.index("|20=1|") < bust.index("|150=H|")

    table = re.findall(r"^(IOTA\w+) +up +(FIX\.\d\.\d)", sessions, re.MULTILINE)
    assert table == [("IOTA42", "FIX.4.2"), ("IOTADC", "FIX.4.4")]
    held = sessions.index("HELD: the session is on hold")
    assert sessions.index("sessions hold IOTA42") < held < sessions.index("sessions release")
    assert re.search(r"desk → IOTA +quotes BTC-USD", sessions[held:])

    copied = cut.index("desk → IOTADC the order is cancelled")
    assert cut.index("sessions disconnect") < copied < cut.index("came back by itself")
    assert re.search(r"desk → IOTA +.*the order is cancelled: .* disconnected", cut)


def _until_directions(process: subprocess.Popen[str]) -> list[str]:
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if "otcfix trades --database" in line:
            break
    return lines


def test_what_did_not_happen_is_told(demos: Demos) -> None:
    """A client who may not deal: exit code 1, and every promise that was not kept."""
    out, err = demos.poor.communicate(timeout=60)

    assert demos.poor.returncode == 1, out
    for what in (
        "a fill of ALPHA's deal on a quote",
        "a fill of the deal on a streamed price",
        "a fill told by LPX",
        "an inventory of -0.5 BTC",
        "hedges as the provider dealt them",
    ):
        assert f"demo: did not happen: {what}" in err
    assert "an empty book once every source was stale" not in err


def test_the_demo_s_own_clients_take_no_name_that_somebody_has() -> None:
    """A desk whose client is called DELTA can play it; his rules stay as they are."""
    config = load(ROOT / "config")
    (alpha, *others) = config.clients.client
    clients = config.clients.model_copy(
        update={"client": (alpha, alpha.model_copy(update={"id": "DELTA"}), *others)}
    )
    config = config.model_copy(update={"clients": clients})

    assert named(config).all() == ("DELTA-X", "SIGMA", "OMEGA", "KAPPA")
    asked = with_guests(config, "ALPHA", Path("/nowhere"))
    assert asked.jurisdictions.rule == config.jurisdictions.rule
    bare = config.jurisdictions.model_copy(update={"rule": ()})
    asked = with_guests(config.model_copy(update={"jurisdictions": bare}), "ALPHA", Path("/x"))
    assert [(r.id, r.effect) for r in asked.jurisdictions.rule] == [("demo-place", "DENY")]


def test_a_demo_needs_its_sessions(tmp_path: Path) -> None:
    """A configuration that it cannot play is told: exit code 3."""
    answer = run_here("demo", "--config", str(tmp_path))

    assert answer.code == 3
    assert "desk.toml: not there" in answer.err
