"""What is not there, and who says so: instants a source declares empty, and records that were refused."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.observation import Int64Array
from mktdash.store.engine.id_list import is_one_of
from mktdash.store.tables import ABSENCES, QUARANTINE


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """A refused record. ``as_of`` is None where the record did not get as far as a date."""

    id: int
    batch_id: int
    dataset: str
    alias: str | None
    code: str
    field: str
    reason: str
    raw: str
    line: int
    as_of: int | None


async def absences_by_series_ids(
    conn: AsyncConnection, ids: Sequence[int], start: int, end: int
) -> dict[int, list[tuple[int, int]]]:
    """The runs (first and last instant, microseconds) that sources declare empty and that touch start..end."""
    wanted = (
        select(ABSENCES.c.series_id, ABSENCES.c.first_as_of, ABSENCES.c.last_as_of)
        .where(is_one_of(ABSENCES.c.series_id, ids), ABSENCES.c.last_as_of >= start, ABSENCES.c.first_as_of <= end)
        .order_by(ABSENCES.c.series_id, ABSENCES.c.first_as_of)
    )
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for series_id, first, last in (await conn.execute(wanted)).all():
        found[series_id].append((first, last))
    return dict(found)


async def quarantined_by_dataset(conn: AsyncConnection, key: str, start: int, end: int) -> list[QuarantineRow]:
    """The refused records of a dataset whose date is known and lies in start..end, oldest first."""
    wanted = (
        select(*(QUARANTINE.c[name] for name in QuarantineRow.__dataclass_fields__))
        .where(QUARANTINE.c.dataset == key, QUARANTINE.c.as_of.between(start, end))
        .order_by(QUARANTINE.c.as_of, QUARANTINE.c.id)
    )
    return [QuarantineRow(*row) for row in (await conn.execute(wanted)).all()]


async def store_absences(
    conn: AsyncConnection, batch_id: int, declared: Sequence[tuple[int, Int64Array, Int64Array]]
) -> int:
    """Store what a payload declares empty and is not on record yet, as runs; returns how many instants were added.

    Args:
        conn: a connection in a write transaction.
        batch_id: the batch that says so.
        declared: for each series its id, the instants declared empty, and those with a value, both ascending.
    """
    spoken = [one for one in declared if len(one[1])]
    if not spoken:
        return 0
    low = min(int(absent[0]) for _, absent, _ in spoken)
    high = max(int(absent[-1]) for _, absent, _ in spoken)
    known = await absences_by_series_ids(conn, [series_id for series_id, _, _ in spoken], low, high)
    rows = []
    for series_id, absent, present in spoken:
        fresh = absent[~_covered(absent, known.get(series_id, []))]
        rows += [
            {"series_id": series_id, "first_as_of": first, "last_as_of": last, "n": n, "batch_id": batch_id}
            for first, last, n in _runs(fresh, present)
        ]
    if rows:
        await conn.execute(insert(ABSENCES), rows)
    return sum(row["n"] for row in rows)


def _covered(instants: Int64Array, runs: Sequence[tuple[int, int]]) -> np.ndarray:
    covered = np.zeros(len(instants), np.bool_)
    for first, last in runs:
        covered |= (instants >= first) & (instants <= last)
    return covered


def _runs(absent: Int64Array, present: Int64Array) -> list[tuple[int, int, int]]:
    """Consecutive absent instants with no value between them: (first, last, how many)."""
    if not len(absent):
        return []
    between = np.searchsorted(present, absent)
    starts = np.concatenate([[0], np.flatnonzero(np.diff(between) != 0) + 1])
    stops = np.concatenate([starts[1:], [len(absent)]])
    return [
        (int(absent[start]), int(absent[stop - 1]), int(stop - start))
        for start, stop in zip(starts, stops, strict=True)
    ]
