"""jspurefix as a client: driver.js in a process of its own, told what to say, line by line."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

DRIVER = Path(__file__).with_name("driver.js")
START_S = 20.0
PATIENCE_S = 10.0

Happened = dict[str, Any]


class JsPureFix:
    """One session of jspurefix, that comes back when its line is cut."""

    def __init__(self, node_modules: Path, description: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            ["node", str(DRIVER), json.dumps(description)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "NODE_PATH": str(node_modules)},
            text=True,
        )
        self.happened: list[Happened] = []
        self._lines: SimpleQueue[str] = SimpleQueue()
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.put(line)

    def tells(self, what: Callable[[Happened], bool], within_s: float = PATIENCE_S) -> Happened:
        """The first thing not looked at yet that fits; others stay."""
        end = time.monotonic() + within_s
        seen = 0
        while True:
            for place in range(seen, len(self.happened)):
                if what(self.happened[place]):
                    return self.happened.pop(place)
            seen = len(self.happened)
            try:
                line = self._lines.get(timeout=max(end - time.monotonic(), 0))
            except Empty:
                told = "\n".join(map(str, self.happened))
                raise AssertionError(f"it never came; there was\n{told}") from None
            if line.startswith("{"):  # its logger writes here as well
                self.happened.append(json.loads(line))

    def is_ready(self) -> None:
        """It has logged on."""
        self.tells(lambda one: one["event"] == "ready", START_S)

    def says(self, kind: str, **fields: Any) -> None:
        """Say a message, in jspurefix's names."""
        self._command({"say": kind, "object": fields})

    def asks(self, begin: int, end: int) -> None:
        """Say a ResendRequest(2)."""
        self._command({"ask": [begin, end]})

    def hears(self, kind: str, **fields: Any) -> Happened:
        """The first message that its application was given and that fits."""
        return dict(
            self.tells(
                lambda one: (
                    one["event"] == "heard"
                    and one["kind"] == kind
                    and fields.items() <= one["object"].items()
                )
            )["object"]
        )

    def passed(self, way: str, kind: str, *words: str) -> str:
        """The text of the first message that went "in" or "out" and that has all *words*."""
        return str(
            self.tells(
                lambda one: (
                    one["event"] == way
                    and one["kind"] == kind
                    and all(f"|{word}|" in one["text"] for word in words)
                )
            )["text"]
        )

    def logs_out(self) -> None:
        """Say goodbye; the desk answers."""
        self._command({"done": True})
        self.passed("in", "5")

    def end(self) -> None:
        """End its process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._reader.join(5)

    def _command(self, words: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(words) + "\n")
        self._process.stdin.flush()


def description(version: str, port: int, store: Path, dictionary: str) -> dict[str, Any]:
    """A session description: what otcfix/fix/README.md says such a client must configure."""
    name = {"FIX.4.2": "BETA", "FIX.4.4": "ALPHA", "FIX.5.0SP2": "GAMMA"}[version]
    made = {
        "application": {
            "type": "initiator",
            "name": name.lower(),
            "protocol": "ascii",
            "dictionary": dictionary,
            "tcp": {"host": "127.0.0.1", "port": port},
            "resilient": True,
            "reconnectSeconds": 1,
            "recoveryAttemptSeconds": 1,
            "backoffFailConnectSeconds": 1,
        },
        "BeginString": version,
        "SenderCompId": name,
        "TargetCompID": "OTCFIX",
        "Username": name.lower(),
        "Password": f"trial-secret-{name.lower()}",
        "EncryptMethod": 0,
        "HeartBtInt": 30,
        "ResetSeqNumFlag": False,
        "store": {"type": "file", "directory": str(store)},
    }
    if version == "FIX.5.0SP2":
        made |= {"BeginString": "FIXT.1.1", "Logon": {"DefaultApplVerID": "9"}}
    return made
