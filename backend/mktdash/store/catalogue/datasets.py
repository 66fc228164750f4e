"""Datasets: their schedule, the version that moves with their data, and the last trouble with their source."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import String, bindparam, case, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import NotFoundError
from mktdash.store.engine.driver_reads import fetch_built
from mktdash.store.engine.id_list import is_one_of
from mktdash.store.tables import DATASETS, LATEST, SERIES


class DatasetRow(NamedTuple):
    """A dataset as stored. Times in microseconds."""

    key: str
    title: str
    source: str
    calendar: str
    timezone: str
    fixing_time: str
    publish_delay_s: int
    grace_s: int
    licence: str
    simulated: bool
    version: int
    known_at: int | None
    checked_at: int | None
    last_error: str | None
    last_error_at: int | None


DATASET_COLUMNS = tuple(DATASETS.c[name] for name in DatasetRow._fields)
_DATASET = select(*DATASET_COLUMNS).order_by(DATASETS.c.key)
_BY_KEY = _DATASET.where(DATASETS.c.key == bindparam("key", type_=String))


def dataset_row(row: Sequence[Any]) -> DatasetRow:
    """A dataset from its columns, as either engine gives them."""
    found = DatasetRow._make(row)
    # SQLite's truth values are numbers where its driver is asked.
    return found if isinstance(found.simulated, bool) else found._replace(simulated=bool(found.simulated))


async def all_datasets(conn: AsyncConnection) -> list[DatasetRow]:
    """Every dataset, by key."""
    return [dataset_row(row) for row in (await conn.execute(_DATASET)).all()]


async def dataset_by_key(conn: AsyncConnection, key: str) -> DatasetRow:
    """One dataset.

    Raises:
        NotFoundError: there is none of that key.
    """
    rows = await fetch_built(conn, _BY_KEY, key=key)
    if not rows:
        raise NotFoundError(f"no dataset is called {key!r}", dataset=key)
    return dataset_row(rows[0])


async def dataset_counts(conn: AsyncConnection) -> dict[str, tuple[int, int]]:
    """For each dataset that has series: how many series, and how many current observations in all."""
    wanted = (
        select(SERIES.c.dataset, func.count(), func.coalesce(func.sum(LATEST.c.n), 0))
        .outerjoin(LATEST, LATEST.c.series_id == SERIES.c.id)
        .group_by(SERIES.c.dataset)
    )
    return {key: (series, int(observations)) for key, series, observations in (await conn.execute(wanted)).all()}


async def newest_as_of(conn: AsyncConnection) -> dict[str, int]:
    """The newest instant that any series of a dataset has a value of, microseconds; without one it is left out."""
    wanted = (
        select(SERIES.c.dataset, func.max(LATEST.c.as_of))
        .join(LATEST, LATEST.c.series_id == SERIES.c.id)
        .where(LATEST.c.as_of.is_not(None))
        .group_by(SERIES.c.dataset)
    )
    return dict((await conn.execute(wanted)).all())


async def versions(conn: AsyncConnection, keys: Iterable[str] | None = None) -> dict[str, int]:
    """The present version of datasets: all, or those of ``keys``."""
    wanted = select(DATASETS.c.key, DATASETS.c.version)
    if keys is not None:
        wanted = wanted.where(is_one_of(DATASETS.c.key, keys))
    return dict((await conn.execute(wanted)).all())


async def mark_checked(conn: AsyncConnection, key: str, at: int, error: str | None = None) -> None:
    """Record that a source was asked for a dataset, and what went wrong if something did. Not a data change."""
    values: dict[str, object] = {"checked_at": at}
    if error is not None:
        values |= {"last_error": error, "last_error_at": at}
    await conn.execute(update(DATASETS).where(DATASETS.c.key == key).values(**values))


async def mark_changed(conn: AsyncConnection, key: str, known_at: int, *, changed: bool) -> int:
    """Move a dataset's version if its data changed; returns the version either way.

    Called last in a transaction: on PostgreSQL the row stays locked until the commit.
    """
    if changed:
        newest = case((DATASETS.c.known_at > known_at, DATASETS.c.known_at), else_=known_at)
        await conn.execute(
            update(DATASETS).where(DATASETS.c.key == key).values(version=DATASETS.c.version + 1, known_at=newest)
        )
    return int((await conn.execute(select(DATASETS.c.version).where(DATASETS.c.key == key))).scalar_one())
