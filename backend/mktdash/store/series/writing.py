"""The one way into the store: new rows, revisions and retractions, with chunks and latest in the same transaction."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.clock import iso
from mktdash.domain.interval import latest_as_of
from mktdash.domain.observation import BAR_FIELDS, Columns, Float64Array
from mktdash.store.engine.session import is_postgres
from mktdash.store.series.locking import LockedSeries
from mktdash.store.tables import OBSERVATIONS, REVISIONS

FIELDS = ("series_id", "as_of", "value", *BAR_FIELDS, "flags", "known_at", "batch_id")
_INSERT = f"INSERT INTO observation ({', '.join(FIELDS)}) VALUES ({', '.join('?' * len(FIELDS))})"  # noqa: S608 - fixed names
_HERE = (OBSERVATIONS.c.series_id == bindparam("of_series")) & (OBSERVATIONS.c.as_of == bindparam("at"))
# Rows as Python's own objects take ten times the room of columns.
_ROWS_AT_ONCE = 20_000
_MOVED = ("series_id", "as_of", "known_at", "value", *BAR_FIELDS, "flags", "batch_id")


@dataclass(frozen=True, slots=True)
class Write:
    """A change of one series, worked out by comparison: ``ingest.difference.Difference`` explains the parts."""

    locked: LockedSeries
    new: Columns
    revised: Columns
    superseded: Columns
    retracted: Columns
    merged: Columns

    @property
    def series_id(self) -> int:
        """The series that changes."""
        return self.locked.series.id


async def write_rows(conn: AsyncConnection, writes: Sequence[Write], *, batch_id: int, known_at: int) -> None:
    """Store the rows of a batch; ``store.series.chunk_upkeep`` brings chunks and latest along.

    Raises:
        ValueError: a value would hold long after it was known: whoever let it through has a fault.
    """
    for one in writes:
        last = latest_as_of(known_at, one.locked.series.interval)
        if any(len(part) and int(part.as_of.max()) > last for part in (one.new, one.revised)):
            raise ValueError(f"a value of {one.locked.series.key} holds after it can be known at {iso(known_at)}")
    await _insert(conn, (row for one in writes for row in rows_of(one.series_id, one.new, batch_id)))
    gone = [{"of_series": one.series_id, "at": at} for one in writes for at in one.retracted.as_of.tolist()]
    replaced = [{"of_series": one.series_id, "at": at} for one in writes for at in one.superseded.as_of.tolist()]
    if not gone and not replaced:
        return
    # The row moves whole, with the batch and the time that brought it. What is superseded at the instant it was learned
    # was never known at any instant: it leaves no revision, only its batch and its raw bytes.
    until = bindparam("until", type_=OBSERVATIONS.c.known_at.type)
    copied = select(
        *(OBSERVATIONS.c[name] for name in _MOVED), until, bindparam("by", type_=OBSERVATIONS.c.batch_id.type)
    ).where(OBSERVATIONS.c.known_at < until)
    await conn.execute(
        insert(REVISIONS).from_select([*_MOVED, "superseded_at", "superseded_by"], copied.where(_HERE)),
        [{**key, "until": known_at, "by": batch_id} for key in (*gone, *replaced)],
    )
    if replaced:
        changing = FIELDS[2:]
        revised = [row for one in writes for row in rows_of(one.series_id, one.revised, batch_id)]
        await conn.execute(
            update(OBSERVATIONS).where(_HERE).values({name: bindparam(f"to_{name}") for name in changing}),
            [
                {"of_series": row[0], "at": row[1]}
                | {f"to_{name}": value for name, value in zip(changing, row[2:], strict=True)}
                for row in revised
            ],
        )
    if gone:
        await conn.execute(delete(OBSERVATIONS).where(_HERE), gone)


async def _insert(conn: AsyncConnection, rows: Iterator[tuple[Any, ...]]) -> None:
    raw: Any = (await conn.get_raw_connection()).driver_connection if is_postgres(conn) else None
    while some := list(islice(rows, _ROWS_AT_ONCE)):
        if raw is None:
            await conn.exec_driver_sql(_INSERT, some)
        else:
            await raw.copy_records_to_table("observation", records=some, columns=FIELDS)


def rows_of(series_id: int, columns: Columns, batch_id: int) -> Iterator[tuple[Any, ...]]:
    """The rows of columns whose known times are filled, as tuples in the order of ``FIELDS``."""
    n = len(columns)
    if columns.known_at is None:
        raise ValueError("columns on their way into the store have known times")
    return zip(
        [series_id] * n,
        columns.as_of.tolist(),
        columns.value.tolist(),
        *(_nullable(getattr(columns, name), n) for name in BAR_FIELDS),
        columns.flags.tolist(),
        columns.known_at.tolist(),
        [batch_id] * n,
        strict=True,
    )


def _nullable(column: Float64Array | None, n: int) -> list[float | None]:
    if column is None:
        return [None] * n
    # NaN differs from itself; the store says NULL where a bar lacks a field.
    return [one if one == one else None for one in column.tolist()]  # noqa: PLR0124 - the test for NaN
