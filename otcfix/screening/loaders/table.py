"""A CSV whose first row names its columns: rows by name, whatever their order."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from otcfix.screening.loaders.reading import (
    Faults,
    ListRefused,
    csv_rows,
    decoded,
    read_bytes,
    whole_rows,
)

Row = defaultdict[str, str]
"""Cells by the column's name; a column that is not there is empty."""


class Table:
    """One file: the lines above its header, and its rows.

    needed: columns without which it is not this format. cp1252: whether that is allowed.
    Errors: ListRefused, at once for what the header shows, while rows are taken for the rest.
    """

    def __init__(
        self, path: Path, needed: tuple[str, ...], *, delimiter: str = ",", cp1252: bool = False
    ) -> None:
        self.path = path
        self.faults = Faults(path)
        text = decoded(path, read_bytes(path), self.faults, cp1252=cp1252)
        self._rows = csv_rows(path, text, self.faults, delimiter=delimiter)
        self.above: list[list[str]] = []
        self.columns: list[str] = []
        for _, cells in self._rows:
            named = [cell.strip() for cell in cells]
            self.faults.rows = 0
            if set(needed) <= set(named):
                self.columns = named
                break
            self.above.append(named)
            if len(self.above) > ABOVE_MAX:
                break
        if not self.columns:
            raise ListRefused(path, f"no header with the columns {', '.join(needed)}", 1)

    def rows(self) -> Iterator[tuple[int, Row]]:
        """(line, row), each with as many cells as the header. Errors: ListRefused."""
        for line, cells in whole_rows(self.path, self._rows, len(self.columns), self.faults):
            row: Row = defaultdict(str)
            for column, cell in zip(self.columns, cells, strict=True):
                if cell and not row[column]:  # the UK has "Last Updated" twice
                    row[column] = cell.strip()
            yield line, row


ABOVE_MAX = 3
"""Lines that may stand above the header: the UK has one, with the date."""


def one_file(files: list[Path]) -> Path:
    """The only file of a list. Errors: ListRefused."""
    if len(files) != 1:
        raise ListRefused(files[0].parent, f"{len(files)} files, expected one")
    return files[0]
