"""Run by Alembic, which `otcfix.store.schema.upgrade` calls with a connection of its own."""

from alembic import context

from otcfix.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite can do it as well: an upgrade is whole or not there
)
with context.begin_transaction():
    context.run_migrations()
