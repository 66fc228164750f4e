"""The reads that everything waits for, asked of the driver itself: SQLAlchemy's cursor costs more than they do.

Same connection, same transaction; only the way there is shorter (measured in ``ops/bench/store_scale.py``). What the
driver gives is raw: SQLite's truth values are 0 and 1, and JSON is text.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import asyncpg as asyncpg_driver
from sqlalchemy import Select
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.dialects.sqlite import pysqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.engine.id_list import list_value
from mktdash.store.engine.session import is_postgres


class Named(asyncpg_driver.Record):  # type: ignore[misc]  # the driver ships no types
    """A row of PostgreSQL whose columns are attributes too: the driver makes it, so it costs nothing more."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


async def fetch_all(conn: AsyncConnection, statement: str, *parameters: Any) -> Sequence[Sequence[Any]]:
    """The rows of a statement whose parameters are written ``$1``, ``$2``; inside the connection's transaction.

    Those of PostgreSQL are ``Named``.
    """
    raw = await conn.get_raw_connection()
    driver: Any = raw.driver_connection
    if not is_postgres(conn):
        rows: Sequence[Sequence[Any]] = await driver.execute_fetchall(_with_marks(statement), parameters)
        return rows
    if not driver.is_in_transaction():
        # SQLAlchemy begins with its first statement; the snapshot must be the transaction's own.
        await raw.dbapi_connection._start_transaction()  # type: ignore[union-attr]  # noqa: SLF001 - saves a round trip
    found: Sequence[Sequence[Any]] = await driver.fetch(statement, *parameters, record_class=Named)
    return found


async def fetch_built(conn: AsyncConnection, statement: Select[Any], **parameters: Any) -> Sequence[Sequence[Any]]:
    """The rows of a statement that is built once; ``parameters`` are the values of its ``bindparam``s, by name."""
    postgres = is_postgres(conn)
    text, names, fixed = _compiled(statement, postgres)
    values = (parameters.get(name, fixed[name]) for name in names)
    return await fetch_all(
        conn, text, *(list_value(one, postgres=postgres) if isinstance(one, list) else one for one in values)
    )


@lru_cache(256)
def _with_marks(statement: str) -> str:
    return re.sub(r"\$(?=\d)", "?", statement)


@lru_cache(256)
def _compiled(statement: Select[Any], postgres: bool) -> tuple[str, tuple[str, ...], dict[str, Any]]:  # noqa: FBT001 - a key
    """A statement's text for an engine, the names of its parameters in order, the values of those that are fixed."""
    dialect = asyncpg.dialect() if postgres else pysqlite.dialect(paramstyle="qmark")  # type: ignore[no-untyped-call]  # as SQLAlchemy has it
    compiled = statement.compile(dialect=dialect)
    return str(compiled), tuple(compiled.positiontup or ()), dict(compiled.params)
