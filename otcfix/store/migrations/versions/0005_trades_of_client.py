"""An index of trades by client: a client's trades are asked for while the desk deals (35=AD).

Ids are not indexed: each names the event that made it.
"""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Run inside one transaction, on both databases."""
    op.execute("CREATE INDEX trades_of_client ON trades (client_id, seq)")
