"""Whether a series is still quoted: the one rule for checks, reports and the API.

It is, unless an operator recorded its end, or its dataset went on without it for longer than the schedule makes usual.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.calendar import CalendarUnavailableError
from mktdash.domain.clock import MICROS_PER_DAY, MICROS_PER_SECOND
from mktdash.domain.schedule import end_of
from mktdash.quality.expected.expected_sessions import schedule_of
from mktdash.store.catalogue.datasets import DatasetRow, all_datasets, newest_as_of
from mktdash.store.catalogue.endings import Ending, endings_by_datasets
from mktdash.store.catalogue.series import SeriesRow

# Twenty sessions, whatever holidays are among them.
_SESSIONS = 31 * MICROS_PER_DAY
_PERIODS = 4
_GAPS = 4


class Reach(Protocol):
    """How far the observations of a series reach. Times in microseconds."""

    @property
    def n(self) -> int:
        """How many there are."""

    @property
    def first_as_of(self) -> int:
        """The oldest."""

    @property
    def as_of(self) -> int:
        """The newest."""


def usual_silence(dataset: DatasetRow, interval: str, reach: Reach) -> int:
    """How long (microseconds) a series may have no value while its dataset goes on, and still be quoted.

    That is 20 sessions; of a week, month, quarter or year four of them and what they take to be published; where no
    calendar says when a value is due, four of the series' own usual gaps, and not less than 20 sessions.
    """
    try:
        schedule = schedule_of(dataset, [interval])
    except CalendarUnavailableError:
        gap = (reach.as_of - reach.first_as_of) // max(reach.n - 1, 1)
        return max(_GAPS * gap, _SESSIONS)
    period = schedule.period
    if period is None:
        return _SESSIONS
    delay = timedelta(seconds=schedule.publish_delay_s) or period.delay
    return _PERIODS * period.days * MICROS_PER_DAY + int(delay.total_seconds()) * MICROS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Quoting:
    """What decides whether series are quoted: their datasets, how far each of these reaches, and what has ended."""

    datasets: Mapping[str, DatasetRow]
    newest: Mapping[str, int]
    endings: Mapping[str, Sequence[Ending]]

    def is_quoted(self, series: SeriesRow, reach: Reach | None) -> bool:
        """Whether a series is quoted at present; one that has no observation is not."""
        if reach is None:
            return False
        return not self._ended(series, reach.as_of) and reach.as_of >= self.quoted_since(series, reach)

    def quoted_since(self, series: SeriesRow, reach: Reach, at: int | None = None) -> int:
        """The instant since which a series must have a value to be quoted: at present, or at an instant of the past."""
        newest = self.newest.get(series.dataset, reach.as_of)
        newest = newest if at is None else min(newest, at)
        return newest - usual_silence(self.datasets[series.dataset], series.interval, reach)

    def _ended(self, series: SeriesRow, as_of: int) -> bool:
        # What has later values goes on, whatever was recorded.
        return any(
            one.series_id in {None, series.id} and as_of < end_of(series.timezone or "UTC", one.ended_on)
            for one in self.endings.get(series.dataset, ())
        )


async def read_quoting(conn: AsyncConnection, keys: Collection[str]) -> Quoting:
    """What decides whether the series of some datasets are quoted."""
    datasets = {one.key: one for one in await all_datasets(conn) if one.key in keys}
    return Quoting(datasets, await newest_as_of(conn), await endings_by_datasets(conn, keys))
