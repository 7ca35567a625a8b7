"""${message}."""

from alembic import op

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}


def upgrade() -> None:
    """Run inside one transaction, on both databases."""
    ${upgrades if upgrades else "raise NotImplementedError"}
