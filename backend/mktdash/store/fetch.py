"""The two reads that everything waits for, asked of the driver itself: SQLAlchemy's cursor costs more than they do.

Same connection, same transaction; only the way there is shorter (measured in ``ops/bench/store_scale.py``).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.session import is_postgres


async def fetch_all(conn: AsyncConnection, statement: str, *parameters: Any) -> Sequence[Sequence[Any]]:
    """The rows of a statement whose parameters are written ``$1``, ``$2``; inside the connection's transaction."""
    raw = await conn.get_raw_connection()
    driver: Any = raw.driver_connection
    if not is_postgres(conn):
        rows: Sequence[Sequence[Any]] = await driver.execute_fetchall(statement.replace("$", "?"), parameters)
        return rows
    if not driver.is_in_transaction():
        # SQLAlchemy begins with its first statement; the snapshot must be the transaction's own.
        await conn.exec_driver_sql("SELECT 1")
    found: Sequence[Sequence[Any]] = await driver.fetch(statement, *parameters)
    return found
