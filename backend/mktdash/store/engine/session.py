"""Engines and units of work. A write transaction takes the writer's place at once; a reader never blocks it."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from mktdash.store.engine.clean_connections import lend_only_clean
from mktdash.store.engine.interruptible import connect

# SQLite's own lock is the queue of writers, so a writer waits this long for its turn.
_BUSY_TIMEOUT_MS = 30_000
_log = logging.getLogger(__name__)
_LOOK_FOR_CLIENT = (
    "SELECT set_config('client_connection_check_interval', '1s', false)"
    " WHERE current_setting('server_version_num')::int >= 140000"
)
_SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=NORMAL",
    f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}",
    "PRAGMA foreign_keys=ON",
    "PRAGMA cache_size=-65536",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA mmap_size=268435456",
)


def _json_text(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_SERIALIZE_NUMPY).decode()


def open_engine(url: str, *, pool_size: int = 8) -> AsyncEngine:
    """An engine for ``sqlite+aiosqlite://`` or ``postgresql+asyncpg://``; the caller disposes of it."""
    if url.startswith("sqlite"):
        engine = create_async_engine(
            url,
            json_serializer=_json_text,
            json_deserializer=orjson.loads,
            pool_size=pool_size,
            connect_args={"timeout": _BUSY_TIMEOUT_MS / 1000, "isolation_level": None, "async_creator_fn": connect},
        )
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", _begin_sqlite)
        lend_only_clean(engine)
        return engine
    engine = create_async_engine(url, json_serializer=_json_text, json_deserializer=orjson.loads, pool_size=pool_size)
    event.listen(engine.sync_engine, "connect", _prepare_postgres)
    lend_only_clean(engine)
    return engine


def _prepare_postgres(connection: Any, _record: object) -> None:
    # A word to give a statement up may come before the server has begun it, or be lost with the process that waits for
    # it: so the server itself looks whether somebody is still there. Versions before 14 cannot.
    cursor = connection.cursor()
    try:
        cursor.execute(_LOOK_FOR_CLIENT)
        connection.commit()
    except connection.dbapi.Error as error:
        connection.rollback()
        _log.warning("statements of a process that was killed will go on in PostgreSQL: %s", error)
    finally:
        cursor.close()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in _SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    # Python's driver begins lazily and deferred; a deferred reader that turns writer can fail with SQLITE_BUSY.
    writer = connection.get_execution_options().get("mktdash_writer", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")


@asynccontextmanager
async def write_transaction(engine: AsyncEngine, *, keep: bool = True) -> AsyncIterator[AsyncConnection]:
    """One unit of work that writes: committed when the block ends well, rolled back when it raises.

    With ``keep`` false it is rolled back in any case: to see what a change would do.
    """
    async with engine.connect() as connection:
        await connection.execution_options(mktdash_writer=True)
        async with connection.begin() as transaction:
            yield connection
            if not keep:
                await transaction.rollback()


@asynccontextmanager
async def read_transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """One consistent view of the whole store, however many statements are read in it."""
    async with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        async with connection.begin():
            yield connection


def is_postgres(connection: AsyncConnection) -> bool:
    """Whether the connection speaks to PostgreSQL (else SQLite)."""
    return connection.dialect.name == "postgresql"
