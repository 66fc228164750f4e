"""Signs of life: each web, worker and feed process writes one, so that health can tell who fell silent."""

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.domain.clock import MICROS_PER_SECOND, Clock, to_micros
from mktdash.store.engine.session import is_postgres, write_transaction
from mktdash.store.tables import BEATS

# Who has been silent for this long is no news any more.
_FORGET_AFTER = 86_400 * MICROS_PER_SECOND
EVERY_SECONDS = 2.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BeatRow:
    """A process and its last sign of life; instants are microseconds UTC. ``kind`` is web, worker or feed."""

    id: str
    kind: str
    host: str
    pid: int
    started_at: int
    beat_at: int
    detail: dict[str, Any]


async def beat(engine: AsyncEngine, row: BeatRow) -> None:
    """Write that a process is alive at ``row.beat_at``."""
    async with write_transaction(engine) as conn:
        insert = postgresql.insert(BEATS) if is_postgres(conn) else sqlite.insert(BEATS)
        fresh = insert.values(asdict(row))
        await conn.execute(
            fresh.on_conflict_do_update(
                index_elements=["id"], set_={"beat_at": fresh.excluded.beat_at, "detail": fresh.excluded.detail}
            )
        )


async def beats(conn: AsyncConnection) -> list[BeatRow]:
    """Every process heard of in the last day, by kind, the one heard last first."""
    rows = await conn.execute(sa.select(BEATS).order_by(BEATS.c.kind, BEATS.c.beat_at.desc()))
    return [BeatRow(**row) for row in rows.mappings()]


async def heard_at(conn: AsyncConnection, kind: str) -> int | None:
    """When any process of a kind last gave a sign of life, microseconds UTC; None where none is known."""
    wanted = sa.select(sa.func.max(BEATS.c.beat_at)).where(BEATS.c.kind == kind)
    heard: int | None = (await conn.execute(wanted)).scalar_one()
    return heard


async def forget(engine: AsyncEngine, process_id: str, now: int) -> None:
    """Take away a process that ended in good order, and any that fell silent more than a day before ``now``."""
    async with write_transaction(engine) as conn:
        old = BEATS.c.beat_at < now - _FORGET_AFTER
        await conn.execute(sa.delete(BEATS).where(sa.or_(BEATS.c.id == process_id, old)))


@asynccontextmanager
async def beating(
    engine: AsyncEngine,
    kind: str,
    clock: Clock,
    *,
    detail: Callable[[], dict[str, Any]] | None = None,
    every_seconds: float = EVERY_SECONDS,
) -> AsyncIterator[str]:
    """Beat for this process while the block runs; gives the process's id. A failing database is tried again.

    ``detail`` is asked anew for each beat.
    """
    host, pid, started_at = socket.gethostname(), os.getpid(), to_micros(clock())
    process_id = f"{kind}-{host}-{pid}-{secrets.token_hex(3)}"

    async def say() -> None:
        try:
            facts = {} if detail is None else detail()
            await beat(engine, BeatRow(process_id, kind, host, pid, started_at, to_micros(clock()), facts))
        except (SQLAlchemyError, OSError) as error:
            _log.warning("no beat written, the database is away: %s", type(error).__name__)

    async def keep_saying() -> None:
        while True:
            await asyncio.sleep(every_seconds)
            await say()

    await say()
    task = asyncio.create_task(keep_saying(), name=f"beat of {process_id}")
    try:
        yield process_id
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        with suppress(SQLAlchemyError, OSError):
            await forget(engine, process_id, to_micros(clock()))
