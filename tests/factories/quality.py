"""Contexts of checks built by hand: a dataset, its series, and what the store would say of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from mktdash.domain.calendar import CalendarUnavailableError
from mktdash.domain.clock import to_micros
from mktdash.domain.observation import Columns
from mktdash.domain.schedule import fixing_at, sessions_between
from mktdash.quality.base import CheckContext, Subject
from mktdash.quality.expected.expected_sessions import schedule_of, slots_of
from mktdash.quality.loading import fill
from mktdash.store.batches.batches import BatchRow
from mktdash.store.catalogue.datasets import DatasetRow
from mktdash.store.catalogue.series import SeriesRow
from mktdash.store.quality.check_inputs import Member, Newest

DATASET = DatasetRow(
    key="ecb-reference-rates",
    title="ECB",
    source="ecb",
    calendar="TARGET",
    timezone="Europe/Berlin",
    fixing_time="14:15",
    publish_delay_s=6300,
    grace_s=7200,
    licence="",
    simulated=False,
    version=7,
    known_at=None,
    checked_at=None,
    last_error=None,
    last_error_at=None,
)


def at(text: str) -> datetime:
    """An instant from ISO text in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def series_row(series_id: int = 1, symbol: str = "EURUSD", **changes: Any) -> SeriesRow:
    """A daily series of the dataset."""
    row = SeriesRow(
        id=series_id,
        instrument_id=series_id,
        symbol=symbol,
        dataset=DATASET.key,
        source="ecb",
        measure="rate",
        interval="1d",
        unit="USD",
        unit_scale=1.0,
        currency="USD",
        positive=True,
        adjustment="none",
        calendar="TARGET",
        timezone="Europe/Berlin",
        simulated=False,
    )
    return row._replace(**changes)


def columns(as_of: Sequence[int], value: Sequence[float] | None = None, **bars: Sequence[float]) -> Columns:
    """Observations; values default to 1.0, known at once."""
    times = np.array(as_of, np.int64)
    return Columns(
        as_of=times,
        value=np.ones(len(times)) if value is None else np.array(value, np.float64),
        flags=np.zeros(len(times), np.int64),
        known_at=times.copy(),
        **{name: np.array(column, np.float64) for name, column in bars.items()},
    )


def fixings(first: str, last: str, dataset: DatasetRow = DATASET, without: Sequence[str] = ()) -> list[int]:
    """The instants of a dataset's sessions between two dates."""
    found = sessions_between(dataset, date.fromisoformat(first), date.fromisoformat(last))
    return [fixing_at(dataset, day) for day in found.dates if day.isoformat() not in without]


def newest_of(series_id: int, found: Columns) -> Newest:
    """How far some observations reach."""
    return Newest(series_id, int(found.as_of[0]), int(found.as_of[-1]), int(found.as_of[-1]), len(found))


def batch_row(known_at: str, first: str, last: str, batch_id: int = 1, **changes: Any) -> BatchRow:
    """A batch that arrived at an instant and covers a window."""
    arrived = to_micros(at(known_at))
    row = BatchRow(
        id=batch_id,
        run_id="run",
        source="ecb",
        dataset=DATASET.key,
        contract="observation.v1",
        parser={},
        code_sha="code",
        raw_sha256="00",
        url="https://example.org/rates",
        content_type=None,
        fetched_at=arrived,
        known_at=arrived,
        replace_window=False,
        replace_first=None,
        replace_last=None,
        window_first=to_micros(at(first)),
        window_last=to_micros(at(last)),
        new=1,
        revised=0,
        same=0,
        retracted=0,
        rejected=0,
        started_at=arrived,
        finished_at=arrived,
        raw_size=100,
    )
    return replace(row, **changes)


def context(
    now: str,
    data: Mapping[int, Columns],
    *,
    dataset: DatasetRow = DATASET,
    series: Sequence[SeriesRow] | None = None,
    ceased: Sequence[int] = (),
    **more: Any,
) -> CheckContext:
    """A context over columns by series id."""
    whole = [series_row(series_id, f"SERIES{series_id}") for series_id in data] if series is None else series
    rows = [Member(row.id, row.instrument_id, row.symbol, row.source, row.interval) for row in whole]
    schedule = slots = None
    trouble = ""
    try:
        schedule = schedule_of(dataset, [row.interval for row in rows])
        slots = slots_of(schedule, at(now))
    except CalendarUnavailableError as error:
        schedule, trouble = None, error.message
    return CheckContext(
        dataset=dataset,
        now=at(now),
        series=rows,
        quoted=frozenset(row.id for row in rows) - frozenset(ceased),
        latest={series_id: newest_of(series_id, found) for series_id, found in data.items() if len(found)},
        schedule=schedule,
        slots=slots,
        schedule_error=trouble,
        **more,
    )


def subjects(made: CheckContext, data: Mapping[int, Columns], **changes: Any) -> list[Subject]:
    """The series of a context with their columns; ``changes`` are to the rows of all series."""
    rows = [series_row(row.id, row.symbol, interval=row.interval, **changes) for row in made.series]
    return [Subject(row, data[row.id], fill(made.slots, data[row.id])) for row in rows]
