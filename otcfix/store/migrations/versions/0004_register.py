"""What commands have set: clients, verdicts of screening, limits, proposals, trading states.

There is no way back: what commands have set is not thrown away.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLE = """
CREATE TABLE register (
    kind {text} NOT NULL, key {text} NOT NULL, seq {int} NOT NULL, body {bytes} NOT NULL,
    PRIMARY KEY (kind, key)
) {clustered}
"""

SQLITE = {
    "int": "INTEGER",
    "text": "TEXT",
    "bytes": "BLOB",
    "clustered": "STRICT, WITHOUT ROWID",
}

POSTGRESQL = {"int": "BIGINT", "text": 'TEXT COLLATE "C"', "bytes": "BYTEA", "clustered": ""}


def upgrade() -> None:
    """Run inside one transaction, on both databases."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    op.execute(TABLE.format(**(SQLITE if sqlite else POSTGRESQL)).strip())
