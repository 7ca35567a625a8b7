"""otcfix fix: logs in words, for people and for programs."""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.support import Answer, Run, run_here
from tests.fixlog.logs import FILL, LOGON, ORDER, SHARED, numbered
from tests.support.desk_process import ROOT


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A QuickFIX log of a logon, an order, its fill and two heartbeats."""
    path = tmp_path / "FIX.4.4-A-B.messages.current.log"
    texts = [LOGON, ORDER, FILL, numbered(3), numbered(4, "1", "112=x|")]
    path.write_bytes(b"".join(b"20260102-10:00:0%d.000 : %b\n" % pair for pair in enumerate(texts)))
    return path


def lines(answer: Answer) -> list[str]:
    assert answer.code == 0, answer.err
    return answer.out.splitlines()


def test_cat(run: Run, log: Path) -> None:
    """One line a message, no colours where nobody sees them."""
    shown = lines(run("fix", "cat", str(log)))

    assert [line.split()[3].partition("(")[0] for line in shown] == [
        "Logon", "NewOrderSingle", "ExecutionReport", "Heartbeat", "TestRequest",
    ]  # fmt: skip
    assert "\x1b" not in "".join(shown)
    assert "\x1b[" in run("fix", "cat", str(log), "--colour", "always").out


def test_cat_hides_heartbeats_unless_something_stands_out(run: Run, log: Path) -> None:
    """A heartbeat behind a gap is shown."""
    with log.open("ab") as file:
        file.write(numbered(9) + b"\n" + numbered(10) + b"\n")

    shown = lines(run("fix", "cat", str(log), "--no-heartbeats"))

    assert len(shown) == 4
    assert "!! gap: 5 expected, 9 came: 4 missing" in shown[-1]


@pytest.mark.parametrize("shape", ["line", "tree", "table", "pipe", "raw"])
def test_every_shape(run: Run, log: Path, shape: str) -> None:
    """Each shows the order."""
    out = run("fix", "cat", str(log), "--format", shape).out

    assert "BTC/USD" in out
    assert ("8=FIX.4.4|9=107|" in out) is (shape == "pipe")
    assert ("\x0111=C1\x01" in out) is (shape == "raw")


@pytest.mark.parametrize("shape", ["line", "tree", "table", "pipe", "raw"])
def test_no_shape_shows_a_secret(run: Run, tmp_path: Path, shape: str) -> None:
    """R13: unless --secrets asks for it."""
    path = tmp_path / "log"
    path.write_bytes(numbered(1, "A", "98=0|108=30|553=alpha|554=hush-hush|"))
    shown = ("fix", "cat", str(path), "--format", shape, "--columns", "type,553,554")

    assert "hush-hush" not in run(*shown).out
    assert "hush-hush" in run(*shown, "--secrets").out
    assert "hush-hush" not in run(*shown, "--json").out


def test_columns_of_a_table(run: Run, log: Path) -> None:
    """By name or tag."""
    shown = lines(run("fix", "cat", str(log), "--format", "table", "--columns", "type,Side,11"))

    assert shown[0].split() == ["type", "Side", "ClOrdID"]
    assert shown[2].split() == ["NewOrderSingle", "BUY", "C1"]


def test_json_is_one_array(run: Run, log: Path) -> None:
    """Written while it is read, and one document all the same."""
    document = run("fix", "cat", str(log), "--json", "--events").document

    assert [one["name"] for one in document][:2] == ["Logon", "NewOrderSingle"]
    assert document[1]["fields"]["Symbol"] == "BTC/USD"
    assert run("fix", "cat", str(log), "--json", "--filter", "MsgType=X").document == []


def test_times_and_filters(run: Run, log: Path) -> None:
    """--from, --until and --filter together."""
    times = ("--from", "10:00:01", "--until", "2026-01-02T10:00:03")
    shown = lines(run("fix", "cat", str(log), *times, "--filter", "MsgType!=8"))

    assert [line.split()[0] for line in shown] == ["2", "4"]


def test_stdin_and_gzip(log: Path) -> None:
    """What comes through a pipe, gzip or not."""
    for text in (log.read_bytes(), gzip.compress(log.read_bytes())):
        done = subprocess.run(
            [sys.executable, "-m", "otcfix", "fix", "cat", "--no-heartbeats"],
            input=text, capture_output=True, check=True, cwd=ROOT,
        )  # fmt: skip
        assert done.stdout.count(b"\n") == 3


def test_grep(run: Run, log: Path) -> None:
    """What matches, what does not, with neighbours, as a number; exit code 1 for none."""
    order = lines(run("fix", "grep", "MsgType=D and Symbol=BTC/USD", str(log)))
    others = lines(run("fix", "grep", "-v", "MsgType=D", str(log)))
    around = lines(run("fix", "grep", "-C", "1", "MsgType=D", str(log)))
    apart = lines(run("fix", "grep", "-A", "1", "MsgType=A or MsgType=TestRequest", str(log)))

    assert len(order) == 1
    assert len(others) == 4
    assert [line.split()[0] for line in around] == ["1", "2", "3"]
    assert [line.split()[0] for line in apart] == ["1", "2", "--", "5"]
    assert run("fix", "grep", "--count", "35~'[D8]'", str(log)).out == "2\n"
    assert run("fix", "grep", "MsgType=Z", str(log)).code == 1


def test_tail(run: Run, log: Path) -> None:
    """The last ones."""
    assert [line.split()[0] for line in lines(run("fix", "tail", "-n", "2", str(log)))] == [
        "4",
        "5",
    ]


def test_tail_of_a_long_log_reads_its_end(run: Run, tmp_path: Path) -> None:
    """Lines count from the end, as nobody has counted the others."""
    path = tmp_path / "long.log"
    path.write_bytes(b"".join(numbered(n, "D", f"11=C{n}|") + b"\n" for n in range(1, 6000)))

    shown = lines(run("fix", "tail", "-n", "3", str(path)))

    assert [line.split()[0] for line in shown] == ["-3", "-2", "-1"]
    assert "ClOrdID=C5999" in shown[-1]


@pytest.fixture
def following(log: Path) -> Iterator[subprocess.Popen[str]]:
    """otcfix fix tail --follow, as a process."""
    process = subprocess.Popen(
        [sys.executable, "-m", "otcfix", "fix", "tail", "-n", "1", "-f", str(log)],
        stdout=subprocess.PIPE, text=True, cwd=ROOT,
    )  # fmt: skip
    ends = threading.Timer(30, process.kill)  # so that a test that fails does not wait for ever
    ends.start()
    with process:
        yield process
        process.kill()
    ends.cancel()


def test_follow(following: subprocess.Popen[str], log: Path) -> None:
    """What is written from now on is shown, also when another file takes the name."""
    assert following.stdout is not None
    assert "TestRequest" in following.stdout.readline()
    with log.open("ab") as file:
        file.write(numbered(5, "D", "11=C7|")[:50])
        file.flush()
        time.sleep(0.3)
        file.write(numbered(5, "D", "11=C7|")[50:] + b"\n")
    assert "ClOrdID=C7" in following.stdout.readline()
    fresh = log.with_suffix(".new")
    fresh.write_bytes(numbered(6, "D", "11=C8|"))
    os.replace(fresh, log)  # noqa: PTH105
    assert "ClOrdID=C8" in following.stdout.readline()
    with log.open("r+b") as file:
        file.truncate()
        file.write(numbered(7, "D", "11=C9|")[:20])
        file.flush()
        time.sleep(0.5)
        file.write(numbered(7, "D", "11=C9|")[20:])
    assert "ClOrdID=C9" in following.stdout.readline()
    following.send_signal(signal.SIGINT)
    assert following.wait(10) == 0


def test_stats(run: Run, log: Path) -> None:
    """For people and for programs."""
    assert "NewOrderSingle" in run("fix", "stats", str(log)).out
    found = run("fix", "stats", str(log), str(log), "--json").document
    assert found["messages"] == 10
    assert found["latencies"]["D>8"]["p50_us"] == 1_000_000


def test_trace(run: Run, log: Path) -> None:
    """The order and its fill, with the time between them."""
    shown = lines(run("fix", "trace", "C1", str(log)))

    assert shown[:3] == ["desk order: O1", "order: C1", "report: E1"]
    assert "NewOrderSingle" in shown[3]
    assert shown[4].split()[:4] == ["+1", "s", "1", "s"]
    document = run("fix", "trace", "O1", str(log), "--json").document
    assert [one["since_before_us"] for one in document["messages"]] == [0, 1_000_000]
    assert run("fix", "trace", "C", str(log)).code == 1


def test_diff(run: Run, log: Path, tmp_path: Path) -> None:
    """What differs by name, who has one more; exit code 1; what is ignored is chosen."""
    other = tmp_path / "other.log"
    changed = numbered(2, "D", "11=C1|55=ETH/USD|54=1|60=20260102-10:00:02|38=1|40=2|44=100.5|")
    other.write_bytes(b"\n".join([LOGON, changed, FILL, numbered(3)]))

    answer = run("fix", "diff", str(log), str(other))

    assert answer.code == 1
    assert "Symbol(55): BTC/USD | ETH/USD" in answer.out
    assert "3 same, 1 different, 1 only in the first" in answer.out
    document = run("fix", "diff", str(log), str(other), "--json").document
    assert document["messages"][0]["changes"][0]["name"] == "Symbol"
    same = run("fix", "diff", str(log), str(other), "--ignore", "Symbol,9,10", "--no-heartbeats")
    assert same.code == 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("cat", "nowhere.log"), 4, "nowhere.log: No such file"),
        (("cat", "--dictionary", "nowhere.xml", "x"), 3, "--dictionary nowhere.xml"),
        (("cat", "--dictionary", "config/desk.toml", "x"), 3, "no dictionary in QuickFIX's XML"),
        (("grep", "Nonsense=1", "x"), 2, "'Nonsense' is no field of FIX"),
        (("cat", "--from", "noon", "x"), 2, "--from: 'noon' is no time"),
        (("cat", "--format", "table", "--columns", "Nonsense", "x"), 2, "--columns"),
        (("diff", "--ignore", "Nonsense", "x", "y"), 2, "'Nonsense' is no field of FIX"),
        (("cat", "--follow", "x", "y"), 2, "one log at a time"),
    ],
)
def test_errors_are_one_line(words: tuple[str, ...], code: int, said: str, here: Path) -> None:
    """What is wrong, and the exit code that the root names."""
    command = [sys.executable, "-m", "otcfix", "fix", *words]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=here, env=env, check=False)

    assert done.returncode == code
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


WANTED = {
    "cypator_examples.pipe.log": 31,
    "fix2json_100FIX42.dat": 100,
    "fix2json_42_order_single.txt": 1,
    "fix2json_44_new_order_cross.txt": 4,
}


@pytest.mark.parametrize("name", WANTED)
def test_logs_of_others(name: str) -> None:
    """Logs that others recorded: every message is read, named and decoded in every shape."""
    path = SHARED / name
    if not path.is_file():
        pytest.skip(f"{path} is not here")

    document = run_here("fix", "cat", str(path), "--json").document

    assert len(document) == WANTED[name]
    assert all(one["name"] for one in document)
    unknown = {key for one in document for key in one["fields"] if key.isdigit()}
    assert all(int(tag) >= 5000 for tag in unknown), unknown
    for shape in ("line", "tree", "table", "pipe", "raw"):
        assert run_here("fix", "cat", str(path), "--format", shape).code == 0
    assert json.loads(run_here("fix", "stats", str(path), "--json").out)["messages"] == WANTED[name]


def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    """A log of 25 MB is read in the memory of one of 4 MB."""
    peaks = []
    for count in (20_000, 120_000):
        path = tmp_path / f"{count}.log"
        with path.open("wb") as file:
            for start in range(0, count, 1000):
                numbers = range(start + 1, start + 1001)
                file.write(
                    b"".join(
                        numbered(n, "D", f"11=C{n}|55=BTC/USD|58={'x' * 90}|") for n in numbers
                    )
                )
        code = (
            "import sys; from otcfix.bench.measure import memory_mb\n"
            "sys.argv = ['otcfix', 'fix', 'cat', sys.argv[1]]\n"
            "from otcfix.cli import app\n"
            "try: app()\n"
            "except SystemExit: pass\n"
            "print(memory_mb('self', 'VmHWM'), file=sys.stderr)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=ROOT, check=True,
        )  # fmt: skip
        peaks.append(float(done.stderr))

    assert peaks[1] < peaks[0] + 4, peaks
