"""Reads the inputs of one dataset's checks: the context once, the columns some series at a time."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from datetime import datetime

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.calendar import CalendarUnavailableError
from mktdash.domain.clock import MICROS_PER_DAY, MICROS_PER_SECOND, to_micros
from mktdash.domain.interval import interval_seconds
from mktdash.domain.observation import Columns, Int64Array
from mktdash.domain.schedule import end_of
from mktdash.quality.base import CheckContext, EqualPair, Subject, Twin
from mktdash.quality.expected.expected_sessions import (
    LONG_WINDOW,
    Schedule,
    Slots,
    finest_step,
    is_irregular,
    schedule_of,
    slots_before,
    slots_of,
)
from mktdash.quality.expected.irregular_pace import Pace, pace_of
from mktdash.quality.payload_layout import kind_of, layout_of
from mktdash.quality.quoted import usual_silence
from mktdash.store.batches.absences import absences_by_series_ids, quarantined_by_dataset
from mktdash.store.batches.batches import BatchRow, last_batches
from mktdash.store.batches.raw_files import read_raw
from mktdash.store.catalogue.datasets import DatasetRow
from mktdash.store.catalogue.endings import Ending, endings_of_dataset
from mktdash.store.catalogue.instruments import aliases_by_instrument_ids
from mktdash.store.catalogue.series import series_by_ids
from mktdash.store.quality.check_inputs import (
    Member,
    Newest,
    absences_of_dataset,
    counts_by_period,
    members_of_dataset,
    same_latest,
    twin_ids,
)
from mktdash.store.series.reading import read_columns

_SLACK = 14 * MICROS_PER_DAY
_BATCHES = 100
_HOUR_S = 3600
_DAY_S = 86_400
_TICKS = 5000
_TWIN_SPAN = 120 * MICROS_PER_DAY
_LAYOUTS_EACH = 8
# So many pairs that may be one series are read, and so much of them.
_PAIRS = 50
_PAIR_STEPS = 400
# A series younger than this is too young to say whether empty sessions are rare.
_RARELY_LEAST = 120 * MICROS_PER_DAY

# Layouts by content hash: bytes of one hash never change, so neither does their layout.
_known_layouts: dict[str, tuple[str, ...]] = {}
_KNOWN_LAYOUTS_MOST = 4096


async def read_context(conn: AsyncConnection, dataset: DatasetRow, now: datetime) -> CheckContext:
    """The context of a dataset's checks; a schedule that can't answer is noted in it and is no error."""
    series, latest = await members_of_dataset(conn, dataset.key)
    schedule: Schedule | None = None
    slots: Slots | None = None
    trouble = ""
    ended = _standing(await endings_of_dataset(conn, dataset.key), latest, dataset.timezone)
    irregular = is_irregular(dataset, series)
    try:
        newest = max((row.as_of for row in latest.values()), default=None)
        schedule = schedule_of(dataset, {one.interval for one in series}, newest)
        slots = slots_of(schedule, now)
    except CalendarUnavailableError as error:
        schedule, trouble = None, error.message
    now_micros = to_micros(now)
    ceased = await _ceased(conn, dataset, series, latest, now_micros)
    quoted = frozenset(one.id for one in series) - ended.keys() - ceased
    begin = int(slots.start[0]) if slots is not None and len(slots) else now_micros - LONG_WINDOW * MICROS_PER_DAY
    batches = _since(await last_batches(conn, dataset.key, _BATCHES), begin)
    absences = await absences_of_dataset(conn, dataset.key, begin, now_micros)
    quarantined = await quarantined_by_dataset(conn, dataset.key, begin, now_micros + MICROS_PER_DAY)
    return CheckContext(
        dataset=dataset,
        now=now,
        series=series,
        quoted=quoted,
        latest=latest,
        schedule=schedule,
        slots=slots,
        schedule_error=trouble,
        irregular=irregular,
        pace=await _pace(conn, quoted, latest) if irregular else None,
        ended=ended,
        absences=absences,
        quarantined=quarantined,
        # Only refused records are named by the source's own symbols.
        aliases=await _aliases(conn, series) if quarantined else {},
        batches=batches,
        layouts=await _layouts(conn, batches),
        twins=await _twins(conn, dataset.key, latest),
        equal_pairs=await _equal_pairs(conn, dataset.key, now_micros),
        rarely_empty=await _rarely_empty(conn, schedule, now, absences, latest),
    )


def _standing(endings: Sequence[Ending], latest: Mapping[int, Newest], timezone: str) -> dict[int, Ending]:
    """What has ended, by series id; a series with later values goes on, whatever was declared."""
    ended = {}
    for one in endings:
        newest = latest.get(one.series_id or 0)
        if newest is None or newest.as_of < end_of(timezone or "UTC", one.ended_on):
            ended[one.series_id or 0] = one
    return ended


async def _pace(conn: AsyncConnection, quoted: frozenset[int], latest: Mapping[int, Newest]) -> Pace | None:
    """The pace of the series that has the newest observation."""
    newest = max((latest[one] for one in quoted if one in latest), key=lambda row: row.as_of, default=None)
    if newest is None:
        return None
    [row] = (await series_by_ids(conn, [newest.series_id])).values()
    return pace_of((await read_columns(conn, row)).as_of)


def _since(batches: Sequence[BatchRow], begin: int) -> Sequence[BatchRow]:
    """The batches of the window, and the newest whatever its age."""
    return [batch for n, batch in enumerate(batches) if n == 0 or batch.known_at >= begin]


async def _aliases(conn: AsyncConnection, series: Sequence[Member]) -> dict[int, frozenset[str]]:
    found = await aliases_by_instrument_ids(conn, sorted({one.instrument_id for one in series}))
    return {
        one.id: frozenset(alias.symbol for alias in found.get(one.instrument_id, ()) if alias.source == one.source)
        for one in series
    }


async def _ceased(
    conn: AsyncConnection, dataset: DatasetRow, series: Sequence[Member], latest: Mapping[int, Newest], now: int
) -> frozenset[int]:
    """The series no longer quoted that the source declares empty from their last observation until the newest of all.

    Those that are merely silent are still expected: a source that broke looks the same.
    """
    newest = max((row.as_of for row in latest.values()), default=now)
    behind = [
        one.id
        for one in series
        if (row := latest.get(one.id)) is None or row.as_of < newest - usual_silence(dataset, one.interval, row)
    ]
    if not behind:
        return frozenset()
    ceased = set()
    for series_id, runs in (await absences_by_series_ids(conn, behind, 0, newest)).items():
        row = latest.get(series_id)
        after = [run for run in runs if row is None or run[1] > row.as_of]
        if not after or max(last for _, last in after) < newest - _SLACK:
            continue
        if row is None or min(first for first, _ in after) <= row.as_of + _SLACK:
            ceased.add(series_id)
    return frozenset(ceased)


async def _layouts(conn: AsyncConnection, batches: Sequence[BatchRow]) -> dict[int, tuple[str, ...]]:
    """The layout of the newest few different payloads of each kind, by batch id."""
    seen: dict[str, set[str]] = {}
    layouts = {}
    for batch in batches:
        hashes = seen.setdefault(kind_of(batch.url), set())
        if batch.raw_sha256 in hashes or len(hashes) >= _LAYOUTS_EACH:
            continue
        hashes.add(batch.raw_sha256)
        if batch.raw_sha256 not in _known_layouts:
            if len(_known_layouts) >= _KNOWN_LAYOUTS_MOST:
                _known_layouts.clear()
            async with aclosing(read_raw(conn, batch.raw_sha256)) as pieces:  # type: ignore[type-var]
                _known_layouts[batch.raw_sha256] = layout_of(await anext(aiter(pieces), b""))
        layouts[batch.id] = _known_layouts[batch.raw_sha256]
    return layouts


async def _twins(conn: AsyncConnection, key: str, latest: Mapping[int, Newest]) -> list[Twin]:
    pairs = [(own, other) for own, other in await twin_ids(conn, key) if own in latest]
    if not pairs:
        return []
    rows = await series_by_ids(conn, sorted({one for pair in pairs for one in pair}))
    found = []
    for own_id, other_id in pairs:
        own, other = rows[own_id], rows[other_id]
        own_columns = await read_columns(conn, own, start=latest[own_id].as_of - _TWIN_SPAN)
        theirs = await read_columns(conn, other, end=latest[own_id].as_of + MICROS_PER_DAY)
        # The other may have ended long ago: what both have last is what can be compared.
        if len(theirs) and int(theirs.as_of[-1]) < int(own_columns.as_of[0]):
            own_columns = await read_columns(conn, own, start=int(theirs.as_of[-1]) - _TWIN_SPAN)
        start = int(own_columns.as_of[0])
        found.append(Twin(own, own_columns, other, theirs.take(theirs.as_of >= start)))
    return found


async def _equal_pairs(conn: AsyncConnection, key: str, now: int) -> list[EqualPair]:
    pairs = (await same_latest(conn, key, now - _TWIN_SPAN))[:_PAIRS]
    rows = await series_by_ids(conn, sorted({one for pair in pairs for one in pair}))
    read = {}
    for one in rows.values():
        start = now - _PAIR_STEPS * interval_seconds(one.interval) * MICROS_PER_SECOND
        read[one.id] = await read_columns(conn, one, start=start)
    return [EqualPair(rows[one].symbol, read[one], rows[other].symbol, read[other]) for one, other in pairs]


async def _rarely_empty(
    conn: AsyncConnection,
    schedule: Schedule | None,
    now: datetime,
    absences: Mapping[int, Sequence[tuple[int, int]]],
    latest: Mapping[int, Newest],
) -> frozenset[int]:
    """Of the series with recent empty sessions, those that had none in the year before."""
    begun = to_micros(now) - _RARELY_LEAST
    ids = [key for key in absences if key in latest and latest[key].first_as_of < begun]
    if schedule is None or schedule.step_s is not None or not ids:
        return frozenset()
    try:
        before = slots_before(schedule, now)
    except CalendarUnavailableError:
        return frozenset()
    if not len(before):
        return frozenset()
    runs = await absences_by_series_ids(conn, ids, int(before.start[0]), int(before.end[-1]))
    return frozenset(key for key in ids if not _any_empty(before, runs.get(key, ())))


def _any_empty(slots: Slots, runs: Sequence[tuple[int, int]]) -> bool:
    return any(bool(((slots.start <= last) & (slots.end > first)).any()) for first, last in runs)


async def read_subjects(
    conn: AsyncConnection, context: CheckContext, ids: Sequence[int], *, since: int | None = None
) -> list[Subject]:
    """Some of the dataset's series with their observations: all or those since an instant; of ticks the last few."""
    rows = await series_by_ids(conn, ids)
    start = max((bound for bound in (since, _begin(context)) if bound is not None), default=None)
    counted = await _tick_counts(conn, context, ids)
    subjects = []
    for one in (rows[key] for key in ids):
        columns = await read_columns(conn, one, start=start)
        filled = counted.get(one.id) if counted is not None else fill(context.slots, columns)
        subjects.append(Subject(one, columns, filled))
    return subjects


def _begin(context: CheckContext) -> int | None:
    """From when on to read: all of daily series, the last thousands of finer ones."""
    step_s = finest_step(context.series)
    if step_s >= _DAY_S or not context.latest:
        return None
    span = step_s * _TICKS * MICROS_PER_SECOND
    if context.schedule is None or context.slots is None or not len(context.slots):
        return max(row.as_of for row in context.latest.values()) - span
    # Counted from the slot, not from the clock: the findings of one slot's time are then all alike.
    begin = int(context.slots.start[-1]) - span
    return begin if context.schedule.step_s is not None else min(begin, int(context.slots.start[0]))


def fill(slots: Slots | None, columns: Columns) -> Int64Array | None:
    """How many of the observations fall into each slot."""
    if slots is None:
        return None
    return np.searchsorted(columns.as_of, slots.end) - np.searchsorted(columns.as_of, slots.start)


async def _tick_counts(
    conn: AsyncConnection, context: CheckContext, ids: Sequence[int]
) -> dict[int, Int64Array] | None:
    """Observations by slot where slots are chunk periods, so that ticks need not be read to be counted."""
    schedule, slots = context.schedule, context.slots
    if schedule is None or slots is None or schedule.step_s is None or not len(slots):
        return None
    if schedule.step_s >= _HOUR_S:
        return None  # chunks of hours span a week, and there are few enough to read
    size = int(slots.end[0] - slots.start[0])
    first, last = int(slots.start[0]) // size, int(slots.start[-1]) // size
    counts = await counts_by_period(conn, ids, size, first, last)
    return {key: counts.get(key, np.zeros(len(slots), np.int64)) for key in ids}
