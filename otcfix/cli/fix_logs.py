"""otcfix fix cat|tail|grep: FIX logs in words."""

from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from otcfix.cli.fix_view import (
    Colour,
    ColourOption,
    ColumnsOption,
    DelimiterOption,
    DictionaryOption,
    EventsOption,
    FilesArgument,
    FilterOption,
    FromOption,
    HeartbeatsOption,
    JsonOption,
    Out,
    SecretsOption,
    Shape,
    ShapeOption,
    UntilOption,
    chosen,
    coloured,
    delimiter_of,
    dictionaries_of,
    matching,
    sources_of,
    waiting,
)
from otcfix.cli.outcome import NO, usage_error

if TYPE_CHECKING:
    from otcfix.fixlog.filters import Match
    from otcfix.fixlog.header import Head
    from otcfix.fixlog.logged import Logged
    from otcfix.fixlog.watch import Flag

    Shown = tuple[Logged, Head, list[Flag]]

app = typer.Typer(help="FIX logs of any make: read, search, trace, compare.", no_args_is_help=True)

TAIL_FROM = 1 << 18
FollowOption = Annotated[
    bool, typer.Option("--follow", "-f", help="Go on with what is written from now on.")
]
LOG_ONE = typer.Argument(metavar="[LOG]", help="A log; - or none: stdin.")


@app.command()
def cat(
    files: FilesArgument = None,
    shape: ShapeOption = Shape.LINE,
    heartbeats: HeartbeatsOption = True,
    expression: FilterOption = "",
    since: FromOption = "",
    until: UntilOption = "",
    follow: FollowOption = False,
    events: EventsOption = False,
    columns: ColumnsOption = "",
    dictionary: DictionaryOption = None,
    delimiter: DelimiterOption = "",
    colour: ColourOption = Colour.AUTO,
    secrets: SecretsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show FIX logs with names for tags, values and messages; what stands out is marked with !!.

    Reads QuickFIX message and event logs, message stores (header and body), QuickFIX/J logs, and
    any other text with FIX messages in it, whatever stands between the fields.

    Examples:
      otcfix fix cat FIX.4.4-A-B.messages.current.log
      zcat *.gz | otcfix fix cat --no-heartbeats --format tree
      otcfix fix cat day.log --from 10:00 --until 10:05 --json
    """
    from otcfix.fixlog.reader import read  # noqa: PLC0415

    names = dictionaries_of(dictionary)
    match = matching(names, expression, since, until)
    mark = delimiter_of(delimiter)
    logs = sources_of(files)
    if follow and len(logs) > 1:
        raise usage_error("--follow: one log at a time")
    out = Out(names, shape, as_json, coloured(colour), secrets, columns=columns)
    for path in logs:
        if len(logs) > 1:
            out.title(f"==> {path} <==")
        idle = waiting(out) if follow and str(path) != "-" else None
        messages = read(path, delimiter=mark, notes=events, idle=idle)
        _show(out, chosen(messages, match, heartbeats=heartbeats))
    out.end()


def _show(out: Out, found: "Iterator[Shown]") -> None:
    try:
        for logged, head, flags in found:
            out.show(logged, head, flags)
    except KeyboardInterrupt:
        return


@app.command()
def tail(
    file: Annotated[Path, LOG_ONE] = Path("-"),
    count: Annotated[
        int, typer.Option("--lines", "-n", metavar="N", min=1, help="How many messages.")
    ] = 20,
    follow: FollowOption = False,
    shape: ShapeOption = Shape.LINE,
    heartbeats: HeartbeatsOption = True,
    expression: FilterOption = "",
    columns: ColumnsOption = "",
    dictionary: DictionaryOption = None,
    delimiter: DelimiterOption = "",
    colour: ColourOption = Colour.AUTO,
    secrets: SecretsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show the last messages of a log, and with --follow those to come.

    Of a long log only the end is read; its lines are then counted from the end, below zero.

    Examples:
      otcfix fix tail FIX.4.4-A-B.messages.current.log
      otcfix fix tail -f --no-heartbeats -n 5 FIX.4.4-A-B.messages.current.log
    """
    from otcfix.fixlog.reader import read  # noqa: PLC0415

    names = dictionaries_of(dictionary)
    match = matching(names, expression, "", "")
    mark = delimiter_of(delimiter)
    out = Out(names, shape, as_json, coloured(colour), secrets, columns=columns)
    start, lines = _tail_start(file, count, mark, match, heartbeats)
    last: deque[Shown] = deque(maxlen=count)
    held: list[deque[Shown]] = [last]

    def release() -> None:
        while held:
            for logged, head, flags in held.pop():
                out.show(logged, head, flags)

    idle = None
    if follow and str(file) != "-":
        wait = waiting(out)

        def idle() -> bool:
            release()
            return wait()

    messages = read(file, delimiter=mark, idle=idle, start=start)
    try:
        for found in chosen(_from_end(messages, lines), match, heartbeats=heartbeats):
            if held:
                last.append(found)
            else:
                out.show(*found)
    except KeyboardInterrupt:
        pass  # how one ends --follow
    release()
    out.end()


def _tail_start(
    path: Path, count: int, mark: bytes, match: "Match | None", heartbeats: bool
) -> tuple[int, int]:
    """Where the last *count* messages of a plain file begin, at the latest; and lines from there.

    (0, 0): everything must be read.
    """
    import io  # noqa: PLC0415

    from otcfix.fixlog import sources  # noqa: PLC0415
    from otcfix.fixlog.reader import read  # noqa: PLC0415

    if not path.is_file() or sources.store_of(path) is not None or sources.is_gzip(path):
        return 0, 0
    size = TAIL_FROM
    while size <= sources.TAIL_MAX:
        piece, begin = sources.tail(path, size)
        if begin == 0:
            return 0, 0
        whole = piece.find(b"\n") + 1
        messages = read(io.BytesIO(piece[whole:]), delimiter=mark)
        if sum(1 for _ in chosen(messages, match, heartbeats=heartbeats)) > count:
            return begin + whole, piece.count(b"\n", whole)
        size *= 4
    return 0, 0


def _from_end(messages: "Iterator[Logged]", lines: int) -> "Iterator[Logged]":
    """The messages with their lines counted from the end of *lines* lines."""
    from msgspec.structs import replace  # noqa: PLC0415

    return (replace(one, line=one.line - lines - 1) if lines else one for one in messages)


@app.command()
def grep(
    expression: Annotated[
        str, typer.Argument(metavar="EXPR", help="Such as MsgType=D and Symbol=BTC/USD.")
    ],
    files: FilesArgument = None,
    invert: Annotated[
        bool, typer.Option("--invert", "-v", help="Those that do not match.")
    ] = False,
    after: Annotated[int, typer.Option("--after", "-A", metavar="N", min=0)] = 0,
    before: Annotated[int, typer.Option("--before", "-B", metavar="N", min=0)] = 0,
    context: Annotated[
        int, typer.Option("--context", "-C", metavar="N", min=0, help="As many on both sides.")
    ] = 0,
    count: Annotated[bool, typer.Option("--count", help="Only say how many.")] = False,
    since: FromOption = "",
    until: UntilOption = "",
    shape: ShapeOption = Shape.LINE,
    columns: ColumnsOption = "",
    dictionary: DictionaryOption = None,
    delimiter: DelimiterOption = "",
    colour: ColourOption = Colour.AUTO,
    secrets: SecretsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show the messages that an expression chooses; exit code 1 when there is none.

    Fields by name or tag, values or what they mean: 54=1 or Side=BUY. Operators = != ~ !~ < <= >
    >=, and, or, not, parentheses; a field alone: it is there. Beside fields: time, direction,
    session (A>B), line.

    Examples:
      otcfix fix grep "MsgType=D and Symbol=BTC/USD" day.log
      otcfix fix grep -C 2 "58~'(?i)limit' and time>=10:00" day.log
      otcfix fix grep -v "MsgType=Heartbeat or direction=in" day.log --format tree
    """
    from otcfix.fixlog.reader import read  # noqa: PLC0415

    names = dictionaries_of(dictionary)
    wanted = matching(names, f"not ({expression})" if invert else expression, since, until)
    mark = delimiter_of(delimiter)
    plain = (as_json and not count, coloured(colour), secrets)
    out = Out(names, shape, *plain, columns=columns)
    assert wanted is not None
    around = (before or context, after or context)
    logs = sources_of(files)
    found = 0
    for path in logs:
        if len(logs) > 1 and not count:
            out.title(f"==> {path} <==")
        messages = chosen(read(path, delimiter=mark), None)
        show = _none if count else out.show
        found += _grep(messages, wanted, around, show, out.title)
    if count:
        out.write(f"{found}\n".encode())
        out.flush()
    else:
        out.end()
    if not found:
        raise typer.Exit(NO)


def _none(_logged: "Logged", _head: "Head", _flags: "list[Flag]") -> None:
    """Show nothing."""


def _grep(
    messages: "Iterator[Shown]",
    match: "Match",
    around: tuple[int, int],
    show: "Callable[[Logged, Head, list[Flag]], None]",
    title: Callable[[str], None],
) -> int:
    """Show what matches, with its neighbours; how many matched."""
    before, after = around
    held: deque[Shown] = deque(maxlen=before)
    left = found = dropped = 0
    for one in messages:
        if match(one[0], one[1]):
            if found and dropped > len(held) and (before or after):
                title("--")
            found += 1
            while held:
                show(*held.popleft())
            show(*one)
            left, dropped = after, 0
        elif left:
            left -= 1
            show(*one)
        else:
            dropped += 1
            held.append(one)
    return found
