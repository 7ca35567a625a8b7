"""Running a command in this process, and what it answered."""

import json
from collections.abc import Callable
from typing import Any

from typer.testing import CliRunner

from otcfix.cli import app


class Answer:
    """What a command said, and how it ended."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def document(self) -> Any:
        """The JSON document: stdout has nothing else."""
        return json.loads(self.out)


Run = Callable[..., Answer]


def run_here(*arguments: str) -> Answer:
    """Run a command in this process."""
    result = CliRunner().invoke(app, list(arguments))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.stdout, result.stderr)
