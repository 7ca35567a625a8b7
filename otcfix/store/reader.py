"""The one way to read beside the message path, which both kinds of reading share."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from otcfix.model.errors import StoreLost

CHUNK = 2_000
"""Rows read at once where a whole table may pass by."""


class Reader:
    """Something that reads through an engine."""

    readers: sa.Engine
    """Gives connections on which all queries of a transaction see the same state."""

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection that sees one state of the database. Errors: StoreLost."""
        try:
            with self.readers.connect() as connection:
                yield connection
        except sa.exc.DBAPIError as error:
            raise StoreLost(f"the database does not answer: {error.orig}") from error
