"""Alembic's entry: runs the migrations on the connection that ``migrate`` hands over."""

from alembic import context

from carrete.adapters.postgres.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
