"""A feed made to order for the quality studies: perfect by design, or with one fault at a known place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import combinations

import numpy as np

from mktdash.domain.clock import MICROS_PER_SECOND, from_micros, to_micros
from mktdash.domain.observation import Columns
from mktdash.domain.schedule import due_at, fixing_at, sessions_between
from mktdash.quality.base import BatchChanges, CheckContext, EqualPair, RestatedSeries, Subject
from mktdash.quality.expected.expected_sessions import schedule_of, slots_of
from mktdash.quality.loading import fill
from mktdash.store.catalogue.datasets import DatasetRow
from mktdash.store.catalogue.series import SeriesRow
from mktdash.store.quality.check_inputs import Member, Newest


def dataset(calendar: str, timezone: str, fixing_time: str, publish_delay_s: int, grace_s: int) -> DatasetRow:
    """A dataset with a schedule and nothing else."""
    return DatasetRow(
        key=f"study-{calendar.lower().replace('/', '-')}",
        title=calendar,
        source="study",
        calendar=calendar,
        timezone=timezone,
        fixing_time=fixing_time,
        publish_delay_s=publish_delay_s,
        grace_s=grace_s,
        licence="",
        simulated=False,
        version=1,
        known_at=None,
        checked_at=None,
        last_error=None,
        last_error_at=None,
    )


CALENDARS = (
    dataset("TARGET", "Europe/Berlin", "14:15", 6300, 7200),
    dataset("SIFMA_US", "America/New_York", "15:30", 9000, 10_800),
    dataset("XNYS", "America/New_York", "16:00", 3600, 7200),
    dataset("24/7", "UTC", "00:00", 600, 3600),
)


def series_row(key: int, symbol: str, dataset_key: str) -> SeriesRow:
    """A daily series of prices."""
    return SeriesRow(
        id=key,
        instrument_id=key,
        symbol=symbol,
        dataset=dataset_key,
        source="study",
        measure="price",
        interval="1d",
        unit="USD",
        unit_scale=1.0,
        positive=True,
        adjustment="none",
        calendar="",
        timezone="",
        simulated=False,
        currency=None,
    )


@dataclass(frozen=True)
class Feed:
    """Series by id on one schedule, each observation with the instant it was published.

    Attributes:
        published: microseconds, one a session, at some time within delay and grace; ``columns`` are aligned with it.
        missing: by series id, the places of sessions that never arrive.
        ends: the place of the first session that never arrives in any series; None where the feed goes on.
        empty: by series id, the places of sessions that the source itself leaves empty.
        before, told: what was known until a batch at a place gave the past anew; None where none did.
    """

    dataset: DatasetRow
    series: Sequence[SeriesRow]
    published: np.ndarray
    columns: Mapping[int, Columns]
    missing: Mapping[int, frozenset[int]] = field(default_factory=dict)
    ends: int | None = None
    empty: Mapping[int, frozenset[int]] = field(default_factory=dict)
    before: "Feed | None" = None
    told: int = 0

    def seen(self, now: datetime) -> dict[int, Columns]:
        """What has arrived of each series by then."""
        arrived = int(np.searchsorted(self.published, to_micros(now), "right"))
        if self.ends is not None:
            arrived = min(arrived, self.ends)
        found = {}
        for key, columns in self.columns.items():
            gone = self.missing.get(key)
            if gone:
                kept = np.array([place for place in range(arrived) if place not in gone], np.int64)
                found[key] = columns.take(kept)
            else:
                found[key] = columns.take(slice(0, arrived))
        return found

    def look(self, now: datetime) -> tuple[CheckContext, list[Subject]]:
        """The inputs that the checks would have then."""
        seen = self.seen(now)
        members = [Member(one.id, one.instrument_id, one.symbol, one.source, one.interval) for one in self.series]
        schedule = schedule_of(self.dataset, {one.interval for one in members})
        slots = slots_of(schedule, now)
        context = CheckContext(
            dataset=self.dataset,
            now=now,
            series=members,
            quoted=frozenset(seen),
            latest={
                key: Newest(key, int(found.as_of[0]), int(found.as_of[-1]), int(found.as_of[-1]), len(found))
                for key, found in seen.items()
                if len(found)
            },
            schedule=schedule,
            slots=slots,
            absences={
                key: [(int(self.columns[key].as_of[place]),) * 2 for place in sorted(places)]
                for key, places in self.empty.items()
            },
            # What the store says of the year before: no cell of a perfect feed is ever empty.
            rarely_empty=frozenset(self.empty),
            equal_pairs=[
                EqualPair(one.symbol, seen[one.id], other.symbol, seen[other.id])
                for one, other in combinations(self.series, 2)
                if (seen[one.id].value[-2:] == seen[other.id].value[-2:]).all()
            ],
        )
        return context, [Subject(one, seen[one.id], fill(slots, seen[one.id])) for one in self.series]

    def changes(self, now: datetime) -> BatchChanges | None:
        """What the batch that gave the past anew changed, once it is there."""
        if self.before is None or self.published[self.told] > to_micros(now):
            return None
        examined = [
            RestatedSeries(
                one, self.before.columns[one.id].take(until), self.columns[one.id].take(until), self.told, self.told
            )
            for one in self.series
            for until in [slice(0, self.told)]
            if (self.before.columns[one.id].value[: self.told] != self.columns[one.id].value[: self.told]).any()
        ]
        arrived = int(self.published[self.told])
        return BatchChanges(1, arrived, arrived, sum(one.superseded for one in examined), len(examined), examined)

    def due(self, place: int) -> datetime:
        """When the session at a place is due: a perfect feed has it by then."""
        return from_micros(due_at(self.dataset, self.session(place)))

    def session(self, place: int) -> date:
        """The session date at a place."""
        first = next(iter(self.columns))
        shifted = self.columns[first].as_of[place]
        found = sessions_between(self.dataset, *(from_micros(int(shifted)).date(),) * 2)
        return found.dates[0] if len(found) else from_micros(int(shifted)).date()


def perfect_feed(
    spec: DatasetRow, first: date, last: date, *, series: int, seed: int, bars: bool = False, walk: str = "normal"
) -> Feed:
    """Random walks on every session of a calendar, each published in time.

    Args:
        spec: the schedule.
        first: the earliest session date.
        last: the latest session date.
        series: how many walks.
        seed: the same seed gives the same feed.
        bars: with open, high, low and volume.
        walk: ``normal``, ``student`` (4 degrees of freedom) or ``clustered`` (GARCH(1,1)) daily returns of about 1%.
    """
    rng = np.random.default_rng(seed)
    found = sessions_between(spec, first, last)
    as_of = np.array([fixing_at(spec, day) for day in found.dates], np.int64)
    allowed = spec.publish_delay_s + spec.grace_s
    published = as_of + (rng.uniform(0, allowed - 1, len(as_of)) * MICROS_PER_SECOND).astype(np.int64)
    columns = {}
    for key in range(1, series + 1):
        close = rng.uniform(0.5, 200) * np.exp(np.cumsum(_returns(rng, len(as_of), walk)))
        columns[key] = _columns(rng, as_of, published, np.round(close, 6), bars=bars)
    rows = [series_row(key, f"S{key}", spec.key) for key in columns]
    return Feed(spec, rows, published, columns)


def _returns(rng: np.random.Generator, n: int, walk: str) -> np.ndarray:
    if walk == "student":
        return rng.standard_t(4, n) * 0.007
    if walk == "clustered":
        shocks, variance, steps = rng.normal(size=n), 1e-4, np.empty(n)
        for place in range(n):
            steps[place] = shocks[place] * variance**0.5
            variance = 2e-6 + 0.08 * steps[place] ** 2 + 0.90 * variance
        return steps
    return rng.normal(0, 0.01, n)


def _columns(
    rng: np.random.Generator, as_of: np.ndarray, known_at: np.ndarray, close: np.ndarray, *, bars: bool
) -> Columns:
    plain = Columns(as_of, close, np.zeros(len(as_of), np.int64), known_at)
    if not bars:
        return plain
    open_ = np.round(np.concatenate([close[:1], close[:-1]]) * (1 + rng.normal(0, 0.001, len(close))), 6)
    spread = 1 + np.abs(rng.normal(0.002, 0.002, (2, len(close)))) + 1e-4
    return replace(
        plain,
        open=open_,
        high=np.round(np.maximum(open_, close) * spread[0], 6),
        low=np.round(np.minimum(open_, close) / spread[1], 6),
        volume=np.round(rng.lognormal(10, 1, len(close))),
    )


STUDY_FIRST, STUDY_LAST = datetime(2021, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)
