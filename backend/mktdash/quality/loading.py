"""Reads what the checks of one dataset look at: the context once, the columns some series at a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.calendar import CalendarUnavailableError
from mktdash.domain.clock import MICROS_PER_DAY, MICROS_PER_SECOND, to_micros
from mktdash.domain.observation import Columns, Int64Array
from mktdash.quality.base import CheckContext, Subject
from mktdash.quality.slots import LONG_WINDOW, Schedule, Slots, schedule_of, slots_of
from mktdash.store.absences import absences_by_series_ids, quarantined_by_dataset
from mktdash.store.batches import BatchRow, last_batches
from mktdash.store.datasets import DatasetRow
from mktdash.store.instruments import SeriesRow, aliases_by_instrument_ids, series_of_dataset
from mktdash.store.latest import LatestRow, latest_by_series_ids
from mktdash.store.quality import counts_by_bucket
from mktdash.store.series import read_columns

# Newer than this behind the rest, a series is missing; older, and declared empty all along, it is out of print.
_CEASED_AFTER = 31 * MICROS_PER_DAY
_SLACK = 14 * MICROS_PER_DAY
_BATCHES = 400
_HOUR_S = 3600
_TICKS = 5000


async def read_context(conn: AsyncConnection, dataset: DatasetRow, now: datetime) -> CheckContext:
    """The context of a dataset's checks; a schedule that can't answer is noted in it and is no error."""
    series = await series_of_dataset(conn, dataset.key)
    ids = [one.id for one in series]
    latest = await latest_by_series_ids(conn, ids)
    schedule: Schedule | None = None
    slots: Slots | None = None
    trouble = ""
    try:
        schedule = schedule_of(dataset, series)
        slots = slots_of(schedule, now)
    except CalendarUnavailableError as error:
        schedule, trouble = None, error.message
    now_micros = to_micros(now)
    begin = int(slots.start[0]) if slots is not None and len(slots) else now_micros - LONG_WINDOW * MICROS_PER_DAY
    newest = max((row.as_of for row in latest.values()), default=now_micros)
    behind = [one.id for one in series if one.id not in latest or latest[one.id].as_of < newest - _CEASED_AFTER]
    ceased = await _ceased(conn, behind, latest, newest)
    aliases = await aliases_by_instrument_ids(conn, sorted({one.instrument_id for one in series}))
    return CheckContext(
        dataset=dataset,
        now=now,
        series=series,
        quoted=frozenset(ids) - ceased,
        latest=latest,
        schedule=schedule,
        slots=slots,
        schedule_error=trouble,
        absences=await absences_by_series_ids(conn, ids, begin, now_micros),
        quarantined=await quarantined_by_dataset(conn, dataset.key, begin, now_micros + MICROS_PER_DAY),
        aliases={
            one.id: frozenset(
                alias.symbol for alias in aliases.get(one.instrument_id, ()) if alias.source == one.source
            )
            for one in series
        },
        batches=_since(await last_batches(conn, dataset.key, _BATCHES), begin),
    )


def _since(batches: Sequence[BatchRow], begin: int) -> Sequence[BatchRow]:
    """The batches of the window, and the newest whatever its age."""
    return [batch for n, batch in enumerate(batches) if n == 0 or batch.known_at >= begin]


async def _ceased(
    conn: AsyncConnection, behind: Sequence[int], latest: Mapping[int, LatestRow], newest: int
) -> frozenset[int]:
    """Those of the series far behind that the source declares empty from their last observation until now."""
    if not behind:
        return frozenset()
    said = await absences_by_series_ids(conn, behind, 0, newest)
    ceased = set()
    for series_id, runs in said.items():
        row = latest.get(series_id)
        after = [run for run in runs if row is None or run[1] > row.as_of]
        if not after or max(last for _, last in after) < newest - _SLACK:
            continue
        if row is None or min(first for first, _ in after) <= row.as_of + _SLACK:
            ceased.add(series_id)
    return frozenset(ceased)


async def read_subjects(
    conn: AsyncConnection, context: CheckContext, series: Sequence[SeriesRow], *, since: int | None = None
) -> list[Subject]:
    """Some of the dataset's series with their observations: all or those since an instant; of ticks the last few."""
    start = max((bound for bound in (since, _begin(context)) if bound is not None), default=None)
    counted = await _tick_counts(conn, context, series)
    subjects = []
    for one in series:
        columns = await read_columns(conn, one, start=start)
        filled = counted.get(one.id) if counted is not None else fill(context.slots, columns)
        subjects.append(Subject(one, columns, filled))
    return subjects


def _begin(context: CheckContext) -> int | None:
    schedule, slots = context.schedule, context.slots
    if schedule is None or slots is None or schedule.step_s is None or schedule.step_s >= _HOUR_S:
        return None
    # Counted from the slot, not from the clock: the findings of one slot's time are then all alike.
    return int(slots.start[-1]) - schedule.step_s * _TICKS * MICROS_PER_SECOND


def fill(slots: Slots | None, columns: Columns) -> Int64Array | None:
    """How many of the observations fall into each slot."""
    if slots is None:
        return None
    return np.searchsorted(columns.as_of, slots.end) - np.searchsorted(columns.as_of, slots.start)


async def _tick_counts(
    conn: AsyncConnection, context: CheckContext, series: Sequence[SeriesRow]
) -> dict[int, Int64Array] | None:
    """Observations by slot where slots are the store's own buckets, so that ticks need not be read to be counted."""
    schedule, slots = context.schedule, context.slots
    if schedule is None or slots is None or schedule.step_s is None or not len(slots):
        return None
    if schedule.step_s >= _HOUR_S:
        return None  # chunks of hours span a week, and there are few enough to read
    size = int(slots.end[0] - slots.start[0])
    first, last = int(slots.start[0]) // size, int(slots.start[-1]) // size
    counts = await counts_by_bucket(conn, [one.id for one in series], size, first, last)
    return {one.id: counts.get(one.id, np.zeros(len(slots), np.int64)) for one in series}
