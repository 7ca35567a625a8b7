"""Hedge orders as they stand, and their fills.

There is no way back: what was only ever added to is not thrown away.
"""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
CREATE TABLE hedges (
    hedge_id {text} NOT NULL PRIMARY KEY, venue {text} NOT NULL, symbol {text} NOT NULL,
    status {text} NOT NULL, sent_at {int} NOT NULL, seq {int} NOT NULL, body {bytes} NOT NULL
) {plain};

CREATE TABLE hedge_fills (
    seq {int} NOT NULL, n {int} NOT NULL, exec_id {text} NOT NULL, venue {text} NOT NULL,
    hedge_id {text} NOT NULL, symbol {text} NOT NULL, side {int} NOT NULL,
    base_amount {exact} NOT NULL, terms_amount {exact} NOT NULL, price {exact} NOT NULL,
    mid {exact} NOT NULL, at {int} NOT NULL, status {text} NOT NULL,
    PRIMARY KEY (seq, n)
) {clustered};

CREATE INDEX hedges_sent ON hedges (sent_at);

CREATE INDEX hedge_fills_of ON hedge_fills (hedge_id);
"""

SQLITE = {
    "int": "INTEGER",
    "text": "TEXT",
    "bytes": "BLOB",
    "exact": "TEXT",
    "plain": "STRICT",
    "clustered": "STRICT, WITHOUT ROWID",
}

POSTGRESQL = {
    "int": "BIGINT",
    "text": 'TEXT COLLATE "C"',
    "bytes": "BYTEA",
    "exact": "NUMERIC",
    "plain": "",
    "clustered": "",
}


def upgrade() -> None:
    """Run inside one transaction, on both databases."""
    sqlite = op.get_bind().dialect.name == "sqlite"
    _run(TABLES.format(**(SQLITE if sqlite else POSTGRESQL)))
    if sqlite:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER hedge_fills_no_{act.lower()} BEFORE {act} ON hedge_fills BEGIN "
                f"SELECT RAISE(ABORT, 'hedge_fills is append-only: {act} refused'); END"
            )
        return
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON hedge_fills "
        "FOR EACH STATEMENT EXECUTE FUNCTION otcfix_append_only()"
    )
    op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON hedge_fills FROM PUBLIC")


def _run(script: str) -> None:
    for statement in script.strip().split(";\n\n"):
        op.execute(statement.rstrip().rstrip(";"))
