"""Alembic's entry: runs on the connection that ``store.schema`` opened, inside its transaction."""

from alembic import context
from sqlalchemy import Connection

from mktdash.store.tables import metadata

connection: Connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()
