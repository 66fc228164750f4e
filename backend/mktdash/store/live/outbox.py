"""The outbox: changes written in the transaction that made them, in the order in which readers may see them."""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.engine.id_list import is_one_of
from mktdash.store.engine.session import is_postgres
from mktdash.store.tables import EVENT_EPOCHS, EVENTS

# Any constant does; it only has to be the same in every process.
_APPEND_LOCK = 0x6D6B_7464_6173_6801
_ONLY_ROW = 1
# The topic of the mark that stands where events were forgotten.
PRUNED = "pruned"


@dataclass(frozen=True, slots=True)
class NewEvent:
    """A change to tell of: ``topic`` is ``observations``, ``report`` or ``quality``, ``key`` its series, run or set."""

    topic: str
    key: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class EventRow:
    """A change as it was told; ``id`` is its offset, ``created_at`` in microseconds UTC."""

    id: int
    topic: str
    key: str
    payload: dict[str, Any]
    created_at: int


async def append_events(conn: AsyncConnection, events: Sequence[NewEvent], now_micros: int) -> None:
    """Append to the outbox; call it last in a write transaction.

    On PostgreSQL an advisory lock is held from here to the end of the transaction, so that offsets become
    visible in the order in which they were given: a reader that has seen offset n never misses a smaller one
    that commits later. SQLite has one writer anyway.
    """
    if not events:
        return
    if is_postgres(conn):
        await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_APPEND_LOCK)))
    rows = [
        {"topic": event.topic, "key": event.key, "payload": event.payload, "created_at": now_micros} for event in events
    ]
    await conn.execute(sa.insert(EVENTS), rows)


async def events_after(
    conn: AsyncConnection,
    topic: str,
    offset: int,
    *,
    keys: Collection[str] | None = None,
    limit: int = 500,
) -> list[EventRow]:
    """The events of a topic after an offset, oldest first, at most ``limit``; of some keys only where given."""
    query = sa.select(EVENTS).where(EVENTS.c.topic == topic, EVENTS.c.id > offset).order_by(EVENTS.c.id).limit(limit)
    if keys is not None:
        query = query.where(is_one_of(EVENTS.c.key, keys))
    return _rows(await conn.execute(query))


async def all_events_after(conn: AsyncConnection, offset: int, *, limit: int = 500) -> list[EventRow]:
    """The events of every topic after an offset, oldest first, at most ``limit``."""
    return _rows(await conn.execute(sa.select(EVENTS).where(EVENTS.c.id > offset).order_by(EVENTS.c.id).limit(limit)))


async def event_epoch(conn: AsyncConnection) -> str:
    """The identity of this event log; empty where it has none yet (see :func:`ensure_epoch`)."""
    return str(
        (await conn.execute(sa.select(EVENT_EPOCHS.c.epoch).where(EVENT_EPOCHS.c.id == _ONLY_ROW))).scalar() or ""
    )


async def ensure_epoch(conn: AsyncConnection) -> str:
    """The identity of this event log, made up now where it has none; needs a write transaction."""
    insert = postgresql.insert(EVENT_EPOCHS) if is_postgres(conn) else sqlite.insert(EVENT_EPOCHS)
    await conn.execute(insert.values(id=_ONLY_ROW, epoch=secrets.token_hex(6)).on_conflict_do_nothing())
    return await event_epoch(conn)


async def event_head(conn: AsyncConnection) -> int:
    """The newest offset; 0 before the first event."""
    return int((await conn.execute(sa.select(sa.func.max(EVENTS.c.id)))).scalar() or 0)


async def pruned_to(conn: AsyncConnection) -> int:
    """The newest offset that was pruned; 0 while everything ever told is kept."""
    query = sa.select(sa.func.max(EVENTS.c.id)).where(EVENTS.c.topic == PRUNED)
    return int((await conn.execute(query)).scalar() or 0)


async def prune_events(conn: AsyncConnection, before_micros: int) -> int:
    """Forget events older than an instant, but not the newest of all, whose offset must stay known.

    The newest of those forgotten stays as a mark without content: offsets have gaps where transactions were rolled
    back, so the oldest one kept does not tell whether anything before it is gone. Returns how many rows went.
    """
    newest = sa.select(sa.func.max(EVENTS.c.id)).scalar_subquery()
    old = sa.select(sa.func.max(EVENTS.c.id)).where(EVENTS.c.created_at < before_micros, EVENTS.c.id < newest)
    mark = (await conn.execute(old)).scalar()
    if mark is None:
        return 0
    await conn.execute(sa.update(EVENTS).where(EVENTS.c.id == mark).values(topic=PRUNED, key="", payload={}))
    return (await conn.execute(sa.delete(EVENTS).where(EVENTS.c.id < mark))).rowcount


def _rows(result: sa.CursorResult[Any]) -> list[EventRow]:
    return [EventRow(row.id, row.topic, row.key, row.payload, row.created_at) for row in result]
