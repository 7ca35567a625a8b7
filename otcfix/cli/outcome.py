"""How a command ends: exit codes, the errors behind them, and one clear line for each."""

import sys
from collections.abc import Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from otcfix.log import escaped, redacted
from otcfix.model.errors import (
    ConfigError,
    InvariantBroken,
    OtcfixError,
    ReplayDiffers,
    StoreLost,
)

DONE = 0
NO = 1
USAGE = 2
CONFIG = 3
STORE = 4
CONNECT = 5

CODES = """Exit codes:
  0  done
  1  the answer is no: a difference, a failed check, a refusal
  2  the command line is wrong
  3  the configuration, or a file that it names, is wrong
  4  the database or a folder cannot be used
  5  cannot connect, or no answer in time"""
"""For --help and the README."""


class Failed(OtcfixError):
    """A command cannot do what it was asked for; carries its exit code."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def code_of(error: OtcfixError) -> int:
    """Return the exit code that stands for *error*."""
    if isinstance(error, Failed):
        return error.code
    if isinstance(error, StoreLost):
        return STORE
    if isinstance(error, ReplayDiffers | InvariantBroken):
        return NO
    if isinstance(error, ConfigError) or type(error).__name__ == "FeedBroken":
        return CONFIG
    return NO


def complain(text: str) -> None:
    """Say what went wrong on stderr, each problem on its line, without secrets."""
    lines: list[str] = []
    for line in text.splitlines():
        if lines and line[:1].isspace():
            lines[-1] += f" {line.strip()}"  # databases like to go on below
        elif line:
            lines.append(line)
    for line in lines:
        print(f"otcfix: {escaped(redacted(line))}", file=sys.stderr)


def usage_error(text: str) -> typer.BadParameter:
    """Return the error for an argument that cannot be used (exit code 2)."""
    return typer.BadParameter(text)


class Root(TyperGroup):
    """The command otcfix: no traceback for what a user can put right."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; errors of ours become one line and an exit code."""
        try:
            return super().invoke(ctx)
        except OtcfixError as error:
            complain(str(error))
            raise typer.Exit(code_of(error)) from None
        except OSError as error:
            if isinstance(error, BrokenPipeError):
                raise
            where = f"{error.filename}: " if error.filename else ""
            complain(f"{where}{error.strerror or error}")
            raise typer.Exit(STORE) from None

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run from the command line; usage errors are one line as well."""
        more = {"windows_expand_args": windows_expand_args, **extra}
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, False, **more)
        try:
            code = super().main(args, prog_name or "otcfix", complete_var, False, **more)
            sys.stdout.flush()
        except typer.Abort:
            sys.exit(130)
        except typer.TyperException as error:
            sys.exit(_usage(error))
        except BrokenPipeError:
            sys.stdout = None  # nobody reads: not even the last flush
            sys.exit(NO)
        sys.exit(code if isinstance(code, int) else DONE)


def _usage(error: typer.TyperException) -> int:
    context = getattr(error, "ctx", None)
    text = error.format_message().removeprefix("Invalid value: ")
    if type(error).__name__ == "NoArgsIsHelpError":
        if text.strip():  # rich has printed it already
            print(text, file=sys.stderr)
    elif context is None:
        complain(text)
    else:
        said = text if text.endswith((".", "?")) else f"{text}."
        path = context.command_path
        print(f"{path}: {said} See `{path} --help`", file=sys.stderr)
    return int(error.exit_code)
