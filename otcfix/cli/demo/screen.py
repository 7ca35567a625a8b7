"""What the demo shows: every message in words, and below it as FIX."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from otcfix.fix.client import Heard

WIDTH = 100
NAME = 16
"""Columns of who speaks to whom."""


class Screen:
    """Writes to stdout, or to nowhere (for --json)."""

    def __init__(self, *, shown: bool) -> None:
        from rich.console import Console  # noqa: PLC0415

        console = Console(highlight=False, markup=False, quiet=not shown)
        console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
        self.console: Any = console
        self.shown = shown
        self._scene = 0

    def say(self, text: str = "", style: str = "") -> None:
        """One paragraph."""
        self.console.print(text, style=style or None)

    def scene(self, title: str, words: str = "") -> None:
        """Begin a scene."""
        self._scene += 1
        self.console.print()
        self.console.print(f"{self._scene}  {title}", style="bold")
        if words:
            self.console.print(words, style="dim")

    def message(self, client: str, heard: "Heard", *, brief: bool = False) -> None:
        """One message that went over the wire; brief: in words only."""
        if not self.shown:
            return
        from rich.text import Text  # noqa: PLC0415

        from otcfix.cli.words import body_of, is_fill, is_refusal, words_of  # noqa: PLC0415

        who = f"{client} → desk" if heard.sent else f"desk → {client}"
        style = "cyan" if heard.sent else "green"
        tone = "red" if is_refusal(heard) else "bold" if is_fill(heard) else ""
        first, *rest = _wrapped(words_of(heard), " ", self.console.width - NAME)
        self.console.print(Text(f"  {who:<{NAME - 2}}", style=style).append(first, style=tone))
        for line in rest:
            self.console.print(Text(" " * NAME + line, style=tone))
        if brief:
            return
        for line in _wrapped(body_of(heard.text), "|", self.console.width - NAME):
            self.console.print(Text(" " * NAME + line, style="dim"))

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A small table; all but the first two columns are numbers."""
        from rich.table import Table  # noqa: PLC0415

        table = Table(title=title, title_justify="left", title_style="bold", box=None,
                      pad_edge=False, header_style="dim")  # fmt: skip
        for n, name in enumerate(columns):
            table.add_column(name, justify="left" if n < 2 else "right", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        self.console.print()
        self.console.print(table)


def _wrapped(text: str, separator: str, width: int) -> list[str]:
    """Break *text* behind separators, so that no word or field is torn."""
    lines: list[str] = []
    line = ""
    for part in text.split(separator):
        if line and len(line) + len(part) + 1 > width:
            lines.append(line)
            line = ""
        line += part + separator
    lines.append(line)
    lines[-1] = lines[-1].removesuffix(separator)
    return lines
