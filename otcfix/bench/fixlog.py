"""What reading FIX logs costs: `otcfix fix cat` over a made log, as a process of its own.

The log is a desk's: requests, quotes, orders on them and their reports, with the time and the
length that such messages have. It is written once and read by the shipped command.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from otcfix.bench.children import Answer, BenchFailed
from otcfix.bench.measure import rounded
from otcfix.fixlog.fields import framed

CYCLES_A_PIECE = 500
_CODE = """
import sys, time
from otcfix.bench.measure import memory_mb
from otcfix.cli import app
sys.argv = ["otcfix", *sys.argv[1:]]
try:
    app()
except SystemExit as end:
    assert not end.code, end.code
print(time.process_time(), memory_mb("self", "VmHWM"), file=sys.stderr)
"""


def measure(messages: int) -> Answer:
    """Return messages/s and peak MB of `fix cat` for people, and messages/s of other commands.

    Errors: BenchFailed when a command fails.
    """
    with tempfile.TemporaryDirectory(prefix="otcfix-bench-") as folder:
        path = Path(folder, "made.log")
        count = write_log(path, messages)
        size = path.stat().st_size
        cat = _run("cat", str(path))
        small = Path(folder, "small.log")
        write_log(small, max(messages // 10, 5))
        return {
            "messages": count,
            "log_mb": rounded(size / 1e6),
            "per_s": rounded(count / cat[0]),
            "cpu_us": rounded(cat[1] / count * 1e6),
            "peak_mb": rounded(cat[2]),
            "peak_mb_of_a_tenth": rounded(_run("cat", str(small))[2]),
            "stats_per_s": rounded(count / _run("stats", str(path))[0]),
            "grep_per_s": rounded(count / _run("grep", "MsgType=8 and LastPx>1", str(path))[0]),
        }


def _run(*words: str) -> tuple[float, float, float]:
    """Seconds by the clock, seconds of the processor, peak MB of one command."""
    began = time.perf_counter()
    done = subprocess.run(  # noqa: S603  our own interpreter and code
        [sys.executable, "-c", _CODE, "fix", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    took = time.perf_counter() - began
    if done.returncode:
        raise BenchFailed(f"fix {words[0]} ended with {done.returncode}: {done.stderr.strip()}")
    cpu, peak = done.stderr.split()[-2:]
    return took, float(cpu), float(peak)


def write_log(path: Path, messages: int) -> int:
    """Write a QuickFIX log of about that many messages; how many they are."""
    written = cycle = 0
    out = inward = 1
    with path.open("wb") as file:
        while written < messages:
            lines = []
            for _ in range(CYCLES_A_PIECE):
                cycle += 1
                at = b"%02d:%02d:%02d.%03d" % (
                    *(cycle // 360_000 % 24, cycle // 6000 % 60, cycle // 100 % 60),
                    cycle % 100 * 10,
                )
                for kind, sender, target, body in _cycle(cycle, at):
                    number = out if sender == b"ALPHA" else inward
                    head = b"35=%b\x0134=%d\x0149=%b\x0152=20260102-%b\x0156=%b\x01" % (
                        *(kind, number, sender, at, target),
                    )
                    lines.append(b"20260102-%b : %b\n" % (at, framed(b"FIX.4.4", head + body)))
                    if sender == b"ALPHA":
                        out += 1
                    else:
                        inward += 1
            file.write(b"".join(lines))
            written += len(lines)
    return written


def _cycle(number: int, at: bytes) -> list[tuple[bytes, bytes, bytes, bytes]]:
    """QuoteRequest, Quote, NewOrderSingle, two ExecutionReports: MsgType, from, to, body."""
    here, there, n = b"ALPHA", b"OTCFIX", number
    order = b"11=C%d\x0155=BTC/USD\x0154=1\x0138=0.01\x0140=D\x0144=%d.50\x01117=Q%d\x01" % (
        *(n, 100_000 + n % 977, n),
    )
    report = (
        b"6=0\x0111=C%d\x0114=0\x0117=E%d%b\x0137=O%d\x0138=0.01\x0139=%b\x0154=1\x0155=BTC/USD\x01"
        b"59=0\x0160=20260102-%b\x01150=%b\x01151=0.01\x01"
    )
    return [
        (b"R", here, there, b"131=R%d\x01146=1\x0155=BTC/USD\x01537=1\x0138=0.01\x01" % n),
        (
            *(b"S", there, here),
            b"131=R%d\x01117=Q%d\x0155=BTC/USD\x01132=%d.25\x01133=%d.50\x01134=1\x01135=1\x01"
            b"62=20260102-%b\x01537=1\x01" % (n, n, 99_900 + n % 977, 100_000 + n % 977, at),
        ),
        (b"D", here, there, order + b"60=20260102-%b\x01" % at),
        (b"8", there, here, report % (n, n, b"a", n, b"0", at, b"0")),
        (
            *(b"8", there, here),
            report % (n, n, b"b", n, b"2", at, b"F")
            + b"31=%d.50\x0132=0.01\x01" % (100_000 + n % 977),
        ),
    ]
