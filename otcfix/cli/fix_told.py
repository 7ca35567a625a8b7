"""otcfix fix stats|trace|diff: what FIX logs tell as a whole."""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from otcfix.cli.fix_logs import app
from otcfix.cli.fix_view import (
    HEARTBEATS,
    Colour,
    ColourOption,
    DelimiterOption,
    DictionaryOption,
    FilesArgument,
    FilterOption,
    FromOption,
    HeartbeatsOption,
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
)
from otcfix.cli.options import JsonOption
from otcfix.cli.outcome import NO
from otcfix.cli.show import print_json, print_table

if TYPE_CHECKING:
    from otcfix.fixlog.differing import Pair
    from otcfix.fixlog.logged import Logged
    from otcfix.fixlog.names import Dictionaries

SHOWN = 15
LOG = typer.Argument(metavar="LOG", help="A log.")


@app.command()
def stats(
    files: FilesArgument = None,
    expression: FilterOption = "",
    since: FromOption = "",
    until: UntilOption = "",
    dictionary: DictionaryOption = None,
    delimiter: DelimiterOption = "",
    as_json: JsonOption = False,
) -> None:
    """Count what FIX logs hold: types, sessions, rejects, gaps, latencies, rates.

    Latencies run from a request to its first answer (D>8 from an order to its first report), by
    the log's time, else by SendingTime(52). Several logs are counted together.

    Examples:
      otcfix fix stats FIX.4.4-A-B.messages.current.log
      otcfix fix stats *.log.gz --from 10:00 --until 11:00 --json
    """
    from otcfix.fixlog.reader import read  # noqa: PLC0415
    from otcfix.fixlog.stats import Stats  # noqa: PLC0415

    names = dictionaries_of(dictionary)
    match = matching(names, expression, since, until)
    mark = delimiter_of(delimiter)
    figures = Stats(names)
    for path in sources_of(files):
        for logged, head, flags in chosen(read(path, delimiter=mark), match):
            if logged.message:
                figures.take(logged, head, flags)
    found = figures.document()
    if as_json:
        print_json(found)
    else:
        _show_stats(found)


def _show_stats(found: dict[str, Any]) -> None:
    print(f"{found['messages']:,} messages, {found['bytes']:,} bytes")
    if found["first"]:
        rate = f", {found['per_s']:,} a second" if found["per_s"] else ""
        print(f"{found['first']} to {found['last']}{rate}, {found['busiest_second']:,} at most")
    for title, key in (
        ("session", "sessions"),
        ("direction", "directions"),
        ("what stands out", "flags"),
        ("reject", "rejects"),
    ):
        rows = list(found[key].items())
        if rows:
            print()
            print_table((title, "count"), rows[:SHOWN], right=("count",))
            if len(rows) > SHOWN:
                print(f"and {len(rows) - SHOWN} more: --json")
    print()
    columns = ("type", "name", "version", "count")
    print_table(columns, [[row[c] for c in columns] for row in found["types"]], right=("count",))
    if found["latencies"]:
        print()
        keys = ("count", "min_us", "p50_us", "p90_us", "p99_us", "max_us")
        rows = [(name, *(one[key] for key in keys)) for name, one in found["latencies"].items()]
        print_table(("answer", *keys), rows, right=keys)


@contextmanager
def _readings(files: list[Path] | None, mark: bytes) -> "Iterator[Callable[[], Iterator[Logged]]]":
    """What reads the logs anew each time; stdin is kept in a file meanwhile."""
    from otcfix.fixlog.reader import read  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="otcfix-") as folder:
        paths = []
        for number, path in enumerate(sources_of(files)):
            if str(path) == "-":
                kept = Path(folder, str(number))
                with kept.open("wb") as file:
                    shutil.copyfileobj(sys.stdin.buffer, file)
                paths.append(kept)
            else:
                paths.append(path)
        yield lambda: chain.from_iterable(read(path, delimiter=mark) for path in paths)


@app.command()
def trace(
    wanted: Annotated[
        str, typer.Argument(metavar="ID", help="A ClOrdID, OrderID, QuoteID, QuoteReqID, ExecID...")
    ],
    files: FilesArgument = None,
    shape: ShapeOption = Shape.LINE,
    dictionary: DictionaryOption = None,
    delimiter: DelimiterOption = "",
    colour: ColourOption = Colour.AUTO,
    secrets: SecretsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Follow one order or quote through all its messages, over all sessions of the logs.

    Shown are the messages that its ids lead to (11, 41, 37, 17, 117, 131, 693 and others), by time,
    with the time since the first and since the one before. Exit code 1 when there is none.

    Examples:
      otcfix fix trace C42 client.log provider.log
      otcfix fix trace Q7 day.log.gz --format tree
    """
    from otcfix.fixlog.filters import at_of  # noqa: PLC0415
    from otcfix.fixlog.header import head_of  # noqa: PLC0415
    from otcfix.fixlog.tracing import chain_of, told_ids, traced  # noqa: PLC0415

    names = dictionaries_of(dictionary)
    with _readings(files, delimiter_of(delimiter)) as reading:
        ids = chain_of(reading, wanted)
        found = list(traced(reading, ids))
    timed = [(at_of(one, head_of(one.message)), one) for one in found]
    if all(at is not None for at, _ in timed):
        timed.sort(key=lambda pair: pair[0] or 0)
    if as_json:
        _trace_document(names, timed, told_ids(ids), secrets)
    else:
        _trace_shown(names, timed, told_ids(ids), shape, coloured(colour), secrets)
    if not found:
        raise typer.Exit(NO)


def _trace_document(
    names: "Dictionaries",
    timed: "Sequence[tuple[int | None, Logged]]",
    ids: dict[str, list[str]],
    secrets: bool,
) -> None:
    from otcfix.fixlog.header import head_of  # noqa: PLC0415
    from otcfix.fixlog.shapes import Shapes  # noqa: PLC0415

    shapes = Shapes(names, secrets=secrets)
    rows = []
    for number, (at, logged) in enumerate(timed):
        row = shapes.document(logged, head_of(logged.message), [])
        before = timed[number - 1][0] if number else at
        first = timed[0][0]
        known = at is not None and before is not None and first is not None
        row["since_before_us"] = at - before if known else None  # type: ignore[operator]
        row["since_first_us"] = at - first if known else None  # type: ignore[operator]
        rows.append(row)
    print_json({"ids": ids, "messages": rows})


def _trace_shown(
    names: "Dictionaries",
    timed: "Sequence[tuple[int | None, Logged]]",
    ids: dict[str, list[str]],
    shape: Shape,
    colour: bool,
    secrets: bool,
) -> None:
    from otcfix.fixlog.watch import span  # noqa: PLC0415

    out = Out(names, shape, as_json=False, colour=colour, secrets=secrets)
    for kind, values in ids.items():
        more = f" and {len(values) - SHOWN} more" if len(values) > SHOWN else ""
        out.title(f"{kind}: {', '.join(values[:SHOWN])}{more}")
    ats = [at for at, _ in timed]
    for number, (logged, head, flags) in enumerate(chosen(iter([one for _, one in timed]), None)):
        at, before, first = ats[number], ats[max(number - 1, 0)], ats[0]
        if at is not None and before is not None and first is not None and number:
            out.write(f"{'+' + span(at - before):>12} {span(at - first):>10} ".encode())
        else:
            out.write(b" " * 24)
        kept = [flag for flag in flags if flag.kind not in ("gap", "low", "clock", "reset")]
        out.show(logged, head, kept)
    if len(ats) > 1 and ats[0] is not None and ats[-1] is not None:
        out.title(f"{len(ats)} messages in {span(ats[-1] - ats[0])}")
    elif not ats:
        out.title("no message with this id")
    out.end()


@app.command()
def diff(
    first: Annotated[Path, LOG],
    second: Annotated[Path, LOG],
    ignore: Annotated[
        str, typer.Option("--ignore", metavar="TAGS", help="Not compared: tags or names.")
    ] = "9,10,34,52",
    every: Annotated[bool, typer.Option("--all", help="Show those that are the same too.")] = False,
    heartbeats: HeartbeatsOption = True,
    expression: FilterOption = "",
    dictionary: DictionaryOption = None,
    delimiter: DelimiterOption = "",
    colour: ColourOption = Colour.AUTO,
    secrets: SecretsOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compare two logs message by message; exit code 1 when they differ.

    Each message is held against the next of the other log; a message that only one has is told,
    and the comparison goes on behind it.

    Examples:
      otcfix fix diff yesterday.log today.log --ignore 9,10,34,52,60,37,17
      otcfix fix diff a.log b.log.gz --no-heartbeats --filter "direction=in" --json
    """
    from otcfix.fixlog.differing import differences  # noqa: PLC0415
    from otcfix.fixlog.reader import read  # noqa: PLC0415

    names = dictionaries_of(dictionary)
    match = matching(names, expression, "", "")
    mark = delimiter_of(delimiter)
    tags = frozenset(tag_of(names, one) for one in ignore.split(",") if one.strip())

    def messages(path: Path) -> "Iterator[Logged]":
        for logged, head, _ in chosen(read(path, delimiter=mark), match):
            if heartbeats or head[0] not in HEARTBEATS:
                yield logged

    told = _Told(names, as_json, coloured(colour), secrets, every)
    for pair in differences(messages(first), messages(second), tags):
        told.take(pair)
    told.end()
    if told.different or told.missing or told.extra:
        raise typer.Exit(NO)


def tag_of(names: "Dictionaries", text: str) -> bytes:
    """Read a tag or a field's name. Errors: BadParameter."""
    from otcfix.cli.outcome import usage_error  # noqa: PLC0415

    tag = names.number(text.strip())
    if not tag:
        raise usage_error(f"{text.strip()!r} is no field of FIX, and no tag")
    return tag


class _Told:
    """Writes the pairs of a comparison, and counts."""

    def __init__(
        self, names: "Dictionaries", as_json: bool, colour: bool, secrets: bool, every: bool
    ) -> None:
        from otcfix.fixlog.shapes import Shapes  # noqa: PLC0415

        self._names = names
        self._json = as_json
        self._every = every
        self._out = Out(names, Shape.LINE, as_json=False, colour=colour, secrets=secrets)
        self._shapes = Shapes(names, secrets=secrets)
        self._rows: list[dict[str, Any]] = []
        self.same = self.different = self.missing = self.extra = 0

    def take(self, pair: "Pair") -> None:
        """Count a pair, and show it when it is to be shown."""
        if pair.second is None:
            self.missing += 1
        elif pair.first is None:
            self.extra += 1
        elif pair.changes:
            self.different += 1
        else:
            self.same += 1
            if not self._every:
                return
        if self._json:
            self._rows.append(self._document(pair))
        else:
            self._show(pair)

    def _line(self, mark: str, logged: "Logged") -> None:
        from otcfix.fixlog.header import head_of  # noqa: PLC0415

        self._out.write(mark.encode())
        self._out.show(logged, head_of(logged.message), [])

    def _show(self, pair: "Pair") -> None:
        if pair.first is not None:
            mark = "- " if pair.second is None else "~ " if pair.changes else "  "
            self._line(mark, pair.first)
        elif pair.second is not None:
            self._line("+ ", pair.second)
        for row in self._changes(pair):
            first, second = (
                "absent" if row[key] is None else row[key] for key in ("first", "second")
            )
            self._out.title(f"      {row['name'] or '?'}({row['tag']}): {first} | {second}")

    def _changes(self, pair: "Pair") -> list[dict[str, Any]]:
        if pair.first is None or not pair.changes:
            return []
        names = self._names.of(pair.first.message)
        return [
            {
                "tag": change.tag.decode("ascii", "replace"),
                "name": names.tag(change.tag),
                "first": self._shapes.value(change.tag, change.first),
                "second": self._shapes.value(change.tag, change.second),
            }
            for change in pair.changes
        ]

    def _document(self, pair: "Pair") -> dict[str, Any]:
        if pair.first is None or pair.second is None:
            kind = "missing" if pair.second is None else "extra"
        else:
            kind = "different" if pair.changes else "same"
        return {
            "kind": kind,
            "first": self._shapes.piped(pair.first),
            "second": self._shapes.piped(pair.second),
            "first_line": pair.first.line if pair.first else None,
            "second_line": pair.second.line if pair.second else None,
            "changes": self._changes(pair),
        }

    def end(self) -> None:
        """The counts."""
        counts = {
            "same": self.same,
            "different": self.different,
            "missing": self.missing,
            "extra": self.extra,
        }
        if self._json:
            print_json({**counts, "messages": self._rows})
            return
        told = ", ".join(f"{count} {name}" for name, count in counts.items())
        self._out.title(
            told.replace("missing", "only in the first").replace("extra", "only in the second")
        )
        self._out.end()
