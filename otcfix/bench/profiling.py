"""py-spy on the desk while a phase runs, and where its sequencer's time went."""

import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from otcfix.bench.children import BenchFailed

RATE = 200
TOP = 30
STOP_S = 120.0

FORMATS = {".svg": "flamegraph", ".json": "speedscope"}
"""By the file's suffix; any other: stacks as text, and a table of functions with it."""

_FRAME = re.compile(r"(.*) \((.*?)(?::\d+)?\)$")


class Profile:
    """Records each phase once, to a file of its own beside *path*. Without a path: nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._done: set[str] = set()
        self.tables: dict[str, str] = {}

    @contextmanager
    def of(self, pid: int, thread: int, label: str) -> Iterator[None]:
        """Record process *pid* during the block. Errors: BenchFailed without py-spy."""
        if self._path is None or label in self._done:
            yield
            return
        self._done.add(label)
        path = self._path.with_name(f"{self._path.stem}-{label}{self._path.suffix}")
        form = FORMATS.get(path.suffix, "raw")
        recorder = subprocess.Popen(  # noqa: S603 - py-spy, on our own process
            [
                *(_program(), "record", "--pid", str(pid), "--output", str(path)),
                *("--format", form, "--rate", str(RATE), "--duration", "86400", "--threads"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            recorder.send_signal(signal.SIGINT)
            try:
                recorder.wait(STOP_S)
            except subprocess.TimeoutExpired:
                recorder.kill()
        if form == "raw" and path.is_file():
            self.tables[label] = table(path.read_text("utf-8"), thread)


def _program() -> str:
    beside = Path(sys.executable).with_name("py-spy")
    found = str(beside) if beside.is_file() else shutil.which("py-spy")
    if not found:
        raise BenchFailed("--profile needs py-spy: pip install py-spy")
    return found


def table(stacks: str, thread: int) -> str:
    """The functions of one thread by their own time and with what they call, in per cent."""
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    total = 0
    for line in stacks.splitlines():
        path, _, count = line.rpartition(" ")
        frames = path.split(";")
        if not any(_is_thread(frame, thread) for frame in frames[:2]):
            continue
        names = [_function(frame) for frame in frames if not frame.startswith("thread (")]
        if not names:
            continue
        total += int(count)
        own[names[-1]] += int(count)
        for name in set(names):
            whole[name] += int(count)
    if not total:
        return "no samples of the sequencer"
    rows = [f"{total} samples of the sequencer; per cent of them: own, with what it calls"]
    rows += ["own:", *_rows(own, whole, own.most_common(TOP), total)]
    rows += ["with what it calls:", *_rows(own, whole, whole.most_common(TOP * 2), total)]
    return "\n".join(rows)


def _is_thread(frame: str, thread: int) -> bool:
    return frame.startswith("thread (") and (str(thread) in frame or "sequencer" in frame)


def _function(frame: str) -> str:
    """`decide (otcfix/desk/decide.py:42)` without its line: the function, not the statement."""
    found = _FRAME.match(frame)
    return f"{found[1]} ({found[2]})" if found else frame


def _rows(
    own: Counter[str], whole: Counter[str], chosen: list[tuple[str, int]], total: int
) -> list[str]:
    return [
        f"  {100 * own[name] / total:5.1f} {100 * whole[name] / total:6.1f}  {name}"
        for name, _ in chosen
    ]
