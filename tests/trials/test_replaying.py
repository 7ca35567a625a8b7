"""A log's client is played again: new ids, the quotes of now, and each answer held to the log's."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from otcfix.fixlog.fields import framed
from tests.cli.support import Answer, run_here
from tests.fixlog.logs import SHARED
from tests.support.desk_process import ROOT, DeskProcess
from tests.trials.made_logs import made_log

LIMITS = (
    *("--price-tolerance", "9000", "--ignore"),
    "1,64,134,135,537,38,44,40,59,75,6,12,13,15,119,120,137,138,139,382,118,381,528,63,60",
)

CHAT = """
C 10:00:00.000 35=R|131=R1|146=1|55=BTC/USD|38=0.01|
D 10:00:00.010 35=S|131=R1|117=QUOTE-A|55=BTC/USD|132=99900|133=100100|62=20260105-10:00:03|
C 10:00:01.000 35=D|11=C1|117=QUOTE-A|55=BTC/USD|54=1|60=20260105-10:00:01|38=0.01|40=D|44=100100|
D 10:00:01.010 35=8|37=O1|11=C1|17=E1|150=0|39=0|55=BTC/USD|54=1|14=0|151=0.01|
D 10:00:01.011 35=8|37=O1|11=C1|17=E2|150=F|39=2|55=BTC/USD|54=1|31=100100|32=0.01|14=0.01|151=0|
C 10:00:02.000 35=D|11=C2|55=BTC/USD|54=1|60=20260105-10:00:02|38=0.01|40=2|44=90000|59=1|
D 10:00:02.010 35=8|37=O2|11=C2|17=E3|150=0|39=0|55=BTC/USD|54=1|14=0|151=0.01|
C 10:00:03.000 35=F|11=C3|41=C2|37=O2|55=BTC/USD|54=1|60=20260105-10:00:03|38=0.01|
D 10:00:03.010 35=8|37=O2|11=C3|41=C2|17=E4|150=4|39=4|55=BTC/USD|54=1|14=0|151=0|
"""


def written(path: Path, chat: str = CHAT, delimiter: str = "|") -> Path:
    """A log of that conversation of ALPHA with OTCFIX."""
    numbers = {"C": 0, "D": 0}
    lines = []
    for line in chat.strip().splitlines():
        who, at, text = line.split(" ", 2)
        numbers[who] += 1
        kind, _, body = text.partition("|")
        sender, target = ("ALPHA", "OTCFIX") if who == "C" else ("OTCFIX", "ALPHA")
        head = f"{kind}|34={numbers[who]}|49={sender}|52=20260105-{at}|56={target}|"
        whole = framed(b"FIX.4.4", (head + body).replace("|", "\x01").encode())
        lines.append(f"20260105-{at} : ".encode() + whole.replace(b"\x01", delimiter.encode()))
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


def replayed(log: Path, *more: str) -> Answer:
    """Against a desk of the shipped configuration."""
    return run_here("replay-fix", str(log), "--desk", str(ROOT / "config"), *more)


@pytest.mark.parametrize("delimiter", ["|", "^A", "\x01"])
def test_a_conversation_is_played_to_a_desk(tmp_path: Path, delimiter: str) -> None:
    """The order hits the quote received now; the cancel finds the order; all as in the log."""
    answer = replayed(written(tmp_path / "day.log", delimiter=delimiter), "--json", *LIMITS)

    document = answer.document
    assert answer.code == 0, document["results"]
    assert document["played_by_type"] == {"D": 2, "F": 1, "R": 1}
    assert (document["same"], document["ok"]) == (5, True)
    assert document["took_s"] is None


def test_what_is_not_as_in_the_log_is_told(tmp_path: Path) -> None:
    """Different with its tags, missing, extra; exit code 1; JUnit has a failure for each."""
    chat = CHAT.replace("17=E3|150=0|39=0", "17=E3|150=0|39=1").replace(
        "C 10:00:02", "D 10:00:01.500 35=8|37=O1|11=C1|17=E9|150=5|39=5|\nC 10:00:02", 1
    )
    chat = "\n".join(line for line in chat.splitlines() if "17=E4" not in line)
    junit = tmp_path / "report.xml"

    answer = replayed(written(tmp_path / "day.log", chat), *LIMITS, "--junit", str(junit))

    assert answer.code == 1
    assert "OrdStatus(39): expected 1, got 0" in answer.out
    assert "missing   line 6: ExecutionReport(8)" in answer.out
    assert "extra     now: ExecutionReport(8)" in answer.out
    assert "3 same, 1 different, 1 missing, 1 extra" in answer.out
    suite = ET.parse(junit).getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("4", "3")
    kinds = [case.get("classname") for case in suite if case.find("failure") is not None]
    assert sorted(kinds) == ["different", "extra", "missing"]


def test_prices_and_numbers_are_compared_as_numbers(tmp_path: Path) -> None:
    """Within the tolerance, and not beyond it."""
    log = written(tmp_path / "day.log")

    narrow = replayed(log, "--json", "--price-tolerance", "1", *LIMITS[2:]).document
    wide = replayed(log, "--json", "--price-tolerance", "20", *LIMITS[2:]).document

    assert {tag["name"] for one in narrow["results"] for tag in one["tags"]} == {
        "BidPx", "OfferPx", "LastPx",
    }  # fmt: skip
    assert wide["ok"]


def test_a_matcher_from_a_file(tmp_path: Path) -> None:
    """Names or tags, types left out, keys; what is wrong in it is said with its key."""
    log = written(tmp_path / "day.log")
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    tags = ", ".join(LIMITS[3].split(","))
    good.write_text(
        f'ignore = ["BidPx", 133, 62, 31, {tags}]\ntypes_ignored = ["S"]\n[keys]\n8 = [11, 150]\n'
    )
    bad.write_text("price_tolerance_bps = -1\n")

    assert replayed(log, "--matcher", str(good)).code == 0
    answer = run_elsewhere("replay-fix", str(log), "--desk", "config", "--matcher", str(bad))
    assert answer.returncode == 3
    assert "bad.toml: price_tolerance_bps" in answer.stderr


def test_a_part_of_a_log(tmp_path: Path) -> None:
    """By time and by expression: the answers to what is left out are not expected."""
    log = written(tmp_path / "day.log")

    early = replayed(log, "--json", "--until", "10:00:01.500", *LIMITS).document
    late = replayed(log, "--json", "--filter", "ClOrdID=C2 or OrigClOrdID=C2", *LIMITS).document

    assert (early["played"], early["same"], early["not_played"]) == (2, 3, {"not chosen": 2})
    assert (late["played"], late["same"], late["ok"]) == (2, 2, True)


def test_the_gaps_of_a_log_pass_on_the_desk(tmp_path: Path) -> None:
    """An order four seconds after its quote finds it gone, unless gaps are cut short."""
    log = written(tmp_path / "day.log", CHAT.replace("10:00:01", "10:00:09"))

    assert "QUOTE_GONE" in replayed(log, *LIMITS).out
    assert "QUOTE_GONE" not in replayed(log, "--gap-max", "1", *LIMITS).out


def test_the_other_side(tmp_path: Path) -> None:
    """--side says who is the client; one who says nothing to play is told so."""
    log = written(tmp_path / "day.log")

    done = run_elsewhere("replay-fix", str(log), "--desk", "config", "--side", "NOBODY")

    assert done.returncode == 3
    assert "says nothing to play as NOBODY" in done.stderr


def test_all_who_ask_or_one_of_them(tmp_path: Path) -> None:
    """A log of two clients: by itself both of one desk, or one by its CompID."""
    second = CHAT.replace("R1", "R7").replace("C1", "C7").replace("C2", "C8").replace("C3", "C9")
    one, two = written(tmp_path / "one"), written(tmp_path / "two", second)
    other = two.read_text().replace("49=ALPHA", "49=BRAVO").replace("56=ALPHA", "56=BRAVO")
    log = tmp_path / "both.log"
    log.write_text(one.read_text() + other)

    assert replayed(log, "--json").document["played"] == 8
    assert replayed(log, "--json", "--side", "BRAVO").document["played"] == 4
    assert replayed(log, "--json", "--side", "*", *LIMITS).document["played"] == 8


def test_rates_of_a_table(tmp_path: Path) -> None:
    """The market of the file, and its faults by line."""
    log = written(tmp_path / "day.log")
    rates = tmp_path / "rates.csv"
    rates.write_text("time,symbol,bid,offer\n20260105-09:59:00,BTC/USD,49990,50010\n")
    answer = replayed(log, "--json", "--rates", str(rates)).document
    told = {tag["name"]: tag["got"] for tag in answer["results"][0]["tags"]}
    assert told["BidPx"].startswith("499")

    rates.write_text("time,symbol,bid,offer\nnoon,BTC/USD,1,2\n")
    done = run_elsewhere("replay-fix", str(log), "--desk", "config", "--rates", str(rates))
    assert done.returncode == 3
    assert "rates.csv:2: time 'noon' is no time" in done.stderr


def run_elsewhere(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "otcfix", *words],
        capture_output=True, text=True, cwd=ROOT, env={**os.environ, **env}, check=False,
    )  # fmt: skip


def test_ten_thousand_messages_give_the_same_report_twice(tmp_path: Path) -> None:
    """In three versions, in other processes, with other hash seeds and zones: byte for byte.

    The log was made by a desk with the same rates, so each answer is as it was. Then once more on
    a desk that names everything otherwise: each order still hits its quote.
    """
    log, rates = made_log(tmp_path, 4_300)
    words = ("replay-fix", str(log), "--desk", str(tmp_path / "config"), "--rates", str(rates))
    lines = log.read_bytes().count(b"\n")
    assert lines >= 10_000

    with ThreadPoolExecutor(2) as pool:
        runs = [
            pool.submit(run_elsewhere, *words, "--json", PYTHONHASHSEED=seed, TZ=zone)
            for seed, zone in (("1", "UTC"), ("2", "Asia/Tokyo"))
        ]
    first, second = (run.result().stdout for run in runs)

    assert first == second
    document = json.loads(first)
    assert document["results"] == []
    assert document["played"] + document["same"] == lines
    short = (*words, "--until", "10:30:20", "--json")
    other = json.loads(run_elsewhere(*short, OTCFIX_ID_KEY="ab" * 24).stdout)
    assert other["results"] == []
    assert other["journal"] != json.loads(run_elsewhere(*short).stdout)["journal"]
    assert other["played"] > 200


@pytest.mark.parametrize(
    ("name", "played"),
    [
        ("cypator_examples.pipe.log", 12),
        ("fix2json_100FIX42.dat", 25),
        ("fix2json_42_order_single.txt", 1),
        ("fix2json_44_new_order_cross.txt", 4),
    ],
)
def test_logs_of_others_are_replayed(name: str, played: int) -> None:
    """Other desks answered them, about other things: every client's message is said and answered.

    The second one holds 25 orders that were routed on over two more desks each.
    """
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"{path} is not here")

    document = replayed(path, "--json", "--side", "*").document

    assert document["played"] == played
    assert document["same"] + document["different"] + document["extra"] >= played - 2
    assert not document["not_played"]
    assert replayed(path, "--json", "--side", "*").document == document


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskProcess]:
    """A desk that serves, with funds."""
    desk = DeskProcess(tmp_path_factory.mktemp("served"))
    desk.fund(("ALPHA", "USD", "100000"), ("ALPHA", "BTC", "1"))
    desk.start()
    yield desk
    desk.kill()


LOGIN = ("--username", "alpha", "--secret", "trial-secret-alpha")


def test_against_a_desk_that_serves(served: DeskProcess, tmp_path: Path) -> None:
    """Over a real session, twice: the second time the numbers go on where the desk is."""
    log = written(tmp_path / "day.log")
    where = ("--against", f"127.0.0.1:{served.port}")

    for speed in ("0", "20"):
        answer = run_here(
            "replay-fix", str(log), *where, *LOGIN, "--json", "--speed", speed, *LIMITS
        )

        document = answer.document
        assert answer.code == 0, document["results"]
        assert document["same"] == 5
        assert document["took_s"] < 10


def test_against_nobody(served: DeskProcess, tmp_path: Path) -> None:
    """No listener, a wrong secret, no place: one line, and which exit code."""
    log = str(written(tmp_path / "day.log"))
    here = f"127.0.0.1:{served.port}"

    for more, code, said in (
        (("--against", "127.0.0.1:1"), 5, "127.0.0.1:1: Connection refused"),
        (("--against", here, "--username", "alpha", "--secret", "wrong"), 5, here),
        (("--against", "nowhere"), 2, "is not HOST:PORT"),
        ((), 2, "either --against HOST:PORT or --desk CONFIG"),
        (("--desk", "config", "--fund", "much"), 2, "--fund: 'much'"),
    ):
        done = run_elsewhere("replay-fix", log, *more)
        assert (done.returncode, done.stderr.count("\n")) == (code, 1), done.stderr
        assert said in done.stderr
