"""Alembic's entry: runs on the connection that ``store.engine.schema`` opened, inside its transaction."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection
from sqlmodel.sql.sqltypes import AutoString

from mktdash.store.tables import metadata


def render_item(kind: str, item: Any, _context: AutogenContext) -> str | Literal[False]:
    """A migration names the database's own types, so that it still runs when the library's change."""
    return "sa.String()" if kind == "type" and isinstance(item, AutoString) else False


connection: Connection = context.config.attributes["connection"]
# Not as batches: these make a table anew on SQLite, and its triggers are gone.
context.configure(connection=connection, target_metadata=metadata, render_item=render_item)
with context.begin_transaction():
    context.run_migrations()
