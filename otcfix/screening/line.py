"""The desk's end of the line to its screening worker."""

import os
import select
import subprocess
import sys

import msgspec

from otcfix.config import Config
from otcfix.screening.errands import Answer, Errand, Look, SetUp

LOOK_S_MAX = 900.0
"""A worker that says nothing for so long is taken for dead: lists may be fetched meanwhile."""

SCREEN_S_MAX = 120.0
"""The same for a chunk of clients."""

_decode = msgspec.json.Decoder(Answer).decode
_encode = msgspec.json.Encoder().encode

PIECE = 1 << 20


class WorkerGone(Exception):
    """The worker does not answer any more."""


class WorkerLine:
    """Starts the worker, asks it, and ends it. One thread asks; any may kill."""

    def __init__(self, config: Config) -> None:
        self._set_up = SetUp(str(config.folder), config.screening.model_dump_json())
        self._process: subprocess.Popen[bytes] | None = None
        self._left = b""

    @property
    def runs(self) -> bool:
        """Whether there is a worker."""
        return self._process is not None

    @property
    def pid(self) -> int | None:
        """The worker's process id."""
        return self._process.pid if self._process is not None else None

    def check(self) -> None:
        """Errors: WorkerGone when it has ended by itself."""
        code = self._process.poll() if self._process is not None else None
        if code is not None:
            raise WorkerGone(f"exit code {code}")

    def open(self) -> None:
        """Start a worker. Errors: WorkerGone when it does not start."""
        try:
            process = subprocess.Popen(
                [sys.executable, "-m", "otcfix.screening.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                bufsize=0,
            )
        except OSError as error:
            raise WorkerGone(str(error)) from None
        self._process, self._left = process, b""
        self._send(_encode(self._set_up))

    def ask(self, errand: Errand) -> Answer:
        """One errand, one answer. Errors: WorkerGone."""
        self._send(_encode(errand))
        answer: Answer = _decode(
            self._line(LOOK_S_MAX if isinstance(errand, Look) else SCREEN_S_MAX)
        )
        return answer

    def kill(self) -> None:
        """End the worker, from any thread: who waits for its answer hears that it is gone."""
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End the worker, and leave nothing of it. Only while nobody asks."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with process:  # closes its pipes and waits
                pass

    def _send(self, line: bytes) -> None:
        process = self._process
        if process is None or process.stdin is None:
            raise WorkerGone("closed")
        rest = memoryview(line + b"\n")
        try:
            while rest:
                rest = rest[process.stdin.write(rest) :]
        except (OSError, ValueError) as error:
            raise WorkerGone(f"exit code {process.poll()}: {error}") from None

    def _line(self, seconds: float) -> bytes:
        process = self._process
        if process is None or process.stdout is None:
            raise WorkerGone("closed")
        pieces = [self._left]
        while b"\n" not in pieces[-1]:
            ready, _, _ = select.select([process.stdout], [], [], seconds)
            if not ready:
                raise WorkerGone(f"no answer within {seconds:g} s")
            piece = os.read(process.stdout.fileno(), PIECE)
            if not piece:
                raise WorkerGone(f"exit code {process.wait()}")
            pieces.append(piece)
        line, _, self._left = b"".join(pieces).partition(b"\n")
        return line
