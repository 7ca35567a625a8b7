"""Why each price was what it was: one row a quote, and a deal without one; last look on trades.

There is no way back: what was only ever added to is not thrown away.
"""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLE = """
CREATE TABLE price_explanations (
    seq {int} NOT NULL, n {int} NOT NULL, ref_id {text} NOT NULL, symbol {text} NOT NULL,
    client_id {text} NOT NULL, body {bytes} NOT NULL, PRIMARY KEY (seq, n)
) {plain}
"""

SQLITE = {"int": "INTEGER", "text": "TEXT", "bytes": "BLOB", "plain": "STRICT, WITHOUT ROWID"}

POSTGRESQL = {"int": "BIGINT", "text": 'TEXT COLLATE "C"', "bytes": "BYTEA", "plain": ""}

SQLITE_TRIGGER = """
CREATE TRIGGER price_explanations_no_{name} BEFORE {act} ON price_explanations BEGIN
SELECT RAISE(ABORT, 'price_explanations is append-only: {act} refused'); END
"""

POSTGRESQL_TRIGGER = """
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON price_explanations
FOR EACH STATEMENT EXECUTE FUNCTION otcfix_append_only()
"""


def upgrade() -> None:
    """Run inside one transaction, on both databases."""
    op.execute("ALTER TABLE trades ADD COLUMN last_look TEXT NOT NULL DEFAULT 'NONE'")
    if op.get_bind().dialect.name == "sqlite":
        op.execute(TABLE.format(**SQLITE))
        for act in ("UPDATE", "DELETE"):
            op.execute(SQLITE_TRIGGER.format(name=act.lower(), act=act))
    else:
        op.execute(TABLE.format(**POSTGRESQL))
        op.execute(POSTGRESQL_TRIGGER)
        op.execute("REVOKE UPDATE, DELETE, TRUNCATE ON price_explanations FROM PUBLIC")
