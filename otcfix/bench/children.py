"""Helper processes: one JSON object a line goes in, one comes back.

A helper ends when its standard input ends, so none outlives the bench, however that died.
"""

import json
import os
import select
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Answer = dict[str, Any]

START_S = 60.0
STOP_S = 40.0
TAIL = 25


class BenchFailed(Exception):
    """A part of the bench did not do what it must: no figure is better than a wrong one."""


class Child:
    """`python -m otcfix.bench.MODULE`, ready for commands. What it logs is in *log*."""

    def __init__(self, module: str, *args: str, log: Path, start_s: float = START_S) -> None:
        """Errors: BenchFailed when it does not come up in time."""
        self.name = module
        self._log = log
        self._rest = b""
        with log.open("ab") as file:
            self._process = subprocess.Popen(  # noqa: S603 - our own modules
                [sys.executable, "-m", f"otcfix.bench.{module}", *args],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                start_new_session=True,  # Ctrl-C reaches the bench, which ends them in order
            )
        try:
            self.about = self._answer(start_s)
        except BenchFailed:
            self.kill()
            raise

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    def ask(self, do: str, timeout_s: float = 60.0, **what: Any) -> Answer:
        """Send one command and wait for its answer. Errors: BenchFailed."""
        self._send({"do": do, **what})
        return self._answer(timeout_s)

    def close(self) -> Answer:
        """Let it end in order; returns its last words. Errors: BenchFailed."""
        if self._process.poll() is not None:
            self.kill()
            return {}
        try:
            last = self.ask("stop", STOP_S)
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            raise BenchFailed(self._obituary("said it would end, and did not")) from None
        finally:
            self.kill()
        return last

    def kill(self) -> None:
        """SIGKILL, if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, what: Answer) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(what).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise BenchFailed(self._obituary("is gone")) from None

    def _answer(self, timeout_s: float) -> Answer:
        assert self._process.stdout is not None
        deadline = time.monotonic() + timeout_s
        pipe = self._process.stdout.fileno()
        while b"\n" not in self._rest:
            left = max(deadline - time.monotonic(), 0.0)
            if not select.select([pipe], [], [], left)[0]:
                raise BenchFailed(self._obituary(f"did not answer within {timeout_s:.0f} s"))
            data = os.read(pipe, 1 << 16)
            if not data:
                raise BenchFailed(self._obituary("ended"))
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        answer: Answer = json.loads(line)
        if "error" in answer:
            raise BenchFailed(self._obituary(answer["error"]))
        return answer

    def _obituary(self, what: str) -> str:
        tail = self._log.read_text(errors="replace").splitlines()[-TAIL:]
        said = "".join(f"\n    {line}" for line in tail)
        return f"the {self.name} process (pid {self.pid}) {what}{said}"


def serve(begin: Callable[[], tuple[Answer, Mapping[str, Callable[..., Answer]]]]) -> None:
    """The helper's side: *begin* gives what to say first, and the commands. `stop` ends it.

    Whatever else the process prints goes to stderr, so that it cannot spoil the answers.
    """
    voice = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)

    def say(answer: Answer) -> None:
        voice.write(json.dumps(answer) + "\n")

    def guarded(call: Callable[..., Any], **what: Any) -> Any:
        try:
            return call(**what)
        except Exception as error:  # noqa: BLE001 - told to the bench, which ends the run
            traceback.print_exc()
            return {"error": f"{type(error).__name__}: {error}"}

    begun = guarded(begin)
    if isinstance(begun, dict):
        say(begun)
        return
    first, commands = begun
    say(first)
    for line in sys.stdin:
        request = json.loads(line)
        do = request.pop("do")
        command = commands.get(do)
        if command is not None:
            say(guarded(command, **request))
        elif do == "stop":
            say({})
        if do == "stop":
            return
    if "stop" in commands:
        guarded(commands["stop"])  # the bench died: end in order all the same
