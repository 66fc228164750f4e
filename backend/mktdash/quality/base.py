"""What a check is: its spec (name, unit, bounds), its inputs and its result, each a type of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

from mktdash.domain.clock import to_micros
from mktdash.domain.observation import Columns, Int64Array
from mktdash.quality.expected.expected_sessions import Schedule, Slots
from mktdash.quality.expected.irregular_pace import Pace
from mktdash.store.batches.absences import QuarantineRow
from mktdash.store.batches.batches import BatchRow
from mktdash.store.catalogue.datasets import DatasetRow
from mktdash.store.catalogue.endings import Ending
from mktdash.store.catalogue.series import SeriesRow
from mktdash.store.quality.check_inputs import Member, Newest
from mktdash.store.quality.verdicts import NOTHING


class Status(StrEnum):
    """A verdict."""

    PASS = "PASS"  # noqa: S105  # a verdict, not a password
    WARN = "WARN"
    UNKNOWN = "UNKNOWN"
    FAIL = "FAIL"


# Not knowing is worse than a warning and never hides a failure.
_SEVERITY = {Status.PASS: 0, Status.WARN: 1, Status.UNKNOWN: 2, Status.FAIL: 3}


def worst(statuses: Sequence[Status]) -> Status:
    """The most severe of several verdicts: FAIL, UNKNOWN, WARN, PASS; UNKNOWN of none at all."""
    return max(statuses, key=_SEVERITY.__getitem__, default=Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class CheckSpec:
    """The name of a check, and the bounds beyond which it warns and fails.

    Attributes:
        metric: stable name, stored with every result.
        unit: of the value and both bounds.
        warn, fail: the bounds as people read them; a check may narrow them for a dataset, its result says so.
    """

    metric: str
    title: str
    unit: str
    warn: float | None = None
    fail: float | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The verdict of a check on a dataset.

    Attributes:
        summary: one sentence for people, numbers included.
        evidence: the facts behind the verdict, JSON-ready.
        window_end: the last instant the verdict covers, microseconds UTC.
    """

    metric: str
    status: Status
    value: float | None
    unit: str
    warn: float | None
    fail: float | None
    summary: str
    evidence: Mapping[str, Any]
    window_end: int


_NO_DETAIL: Mapping[str, Any] = MappingProxyType({})


class Finding(NamedTuple):
    """What a check found in a single series; stored, so that unchanged series need not be examined again.

    A tuple, because a run after an ingest makes tens of thousands of them.

    Attributes:
        value: in the unit of the check; None where it could not be measured.
        detail: JSON-ready facts, small.
    """

    status: Status
    value: float | None = None
    detail: Mapping[str, Any] = _NO_DETAIL


@dataclass(frozen=True, slots=True)
class Twin:
    """A quantity that two sources publish: the series of the dataset under check, and the other."""

    series: SeriesRow
    columns: Columns
    other: SeriesRow
    other_columns: Columns


@dataclass(frozen=True, slots=True)
class EqualPair:
    """Two series of one dataset, of different instruments, whose newest two values are equal."""

    symbol: str
    columns: Columns
    other: str
    other_columns: Columns


@dataclass(frozen=True, slots=True)
class CheckContext:
    """The inputs of one dataset's checks, read from the store in one transaction.

    Attributes:
        now: the clock's time of the run; no check asks another clock.
        quoted: ids of the series that the source still quotes.
        latest: by series id; series without observations are missing.
        schedule, slots: what is expected when, in the last weeks; both None where the schedule is unknown.
        schedule_error: why it is unknown.
        irregular: no value is due on a fixed day; ``pace`` is how often the newest series has one.
        ended: by series id, what operators declared ended; 0 stands for the dataset itself.
        absences: by series id, the ranges (first and last as_of) that the source declares empty.
        quarantined: the records refused in those weeks.
        aliases: by series id, what the source calls it.
        batches: newest first, back to the first slot.
        layouts: by batch id, the columns or keys of its raw bytes.
        twins: the series that another source has too, with the newest observations of both.
        equal_pairs: the pairs of series that may be one and the same, with the newest observations of both.
        rarely_empty: of the series with recent empty sessions, those that had none in the year before.
    """

    dataset: DatasetRow
    now: datetime
    series: Sequence[Member]
    quoted: frozenset[int]
    latest: Mapping[int, Newest]
    schedule: Schedule | None
    slots: Slots | None
    schedule_error: str = ""
    irregular: bool = False
    pace: Pace | None = None
    ended: Mapping[int, Ending] = field(default_factory=dict)
    absences: Mapping[int, Sequence[tuple[int, int]]] = field(default_factory=dict)
    quarantined: Sequence[QuarantineRow] = ()
    aliases: Mapping[int, frozenset[str]] = field(default_factory=dict)
    batches: Sequence[BatchRow] = ()
    layouts: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    twins: Sequence[Twin] = ()
    equal_pairs: Sequence[EqualPair] = ()
    rarely_empty: frozenset[int] = frozenset()

    @property
    def window_end(self) -> int:
        """The instant of the run, microseconds UTC."""
        return to_micros(self.now)

    @property
    def ending(self) -> Ending | None:
        """The end of the dataset itself, where an operator declared one."""
        return self.ended.get(0)


@dataclass(frozen=True, slots=True)
class Subject:
    """One series under a check.

    Attributes:
        columns: its newest observations, ascending.
        filled: how many observations each slot of the context has; None where there are no slots.
    """

    series: SeriesRow
    columns: Columns
    filled: Int64Array | None


@dataclass(frozen=True, slots=True)
class RestatedSeries:
    """One series before and after a batch that superseded values of it.

    Attributes:
        before, after: what was known just before the batch, and with it; of ticks around the change only.
        count_before: how many values there were.
        superseded: how many of them the batch changed or retracted.
        usual: the shares of its values that earlier batches superseded.
    """

    series: SeriesRow
    before: Columns
    after: Columns
    count_before: int
    superseded: int
    usual: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class BatchChanges:
    """The values known before a batch that it changed.

    Attributes:
        id, known_at: the batch, and when it became known, microseconds UTC.
        arrived: when it was stored, microseconds UTC.
        superseded, series_count: how many values of how many series it changed or retracted.
        examined: the series that changed most, as many as a run examines.
    """

    id: int
    known_at: int
    arrived: int
    superseded: int
    series_count: int
    examined: Sequence[RestatedSeries]


class DatasetCheck(Protocol):
    """A check that judges a dataset as a whole, cheaply."""

    @property
    def spec(self) -> CheckSpec:
        """Its name and bounds."""

    def judge(self, context: CheckContext) -> CheckResult:
        """The verdict; pure, the same for the same context."""


class SeriesCheck(Protocol):
    """A check that examines each series and then sums up."""

    @property
    def spec(self) -> CheckSpec:
        """Its name and bounds."""

    def measure(self, context: CheckContext, subjects: Sequence[Subject]) -> Mapping[int, Finding]:
        """The findings of some series, by series id; pure, and the same until another slot is due."""

    def combine(self, context: CheckContext, findings: Mapping[int, Finding]) -> CheckResult:
        """The verdict over the findings of all the dataset's series, by series id."""


class BatchCheck(Protocol):
    """A check that judges each batch once, and then sums up the recent ones."""

    @property
    def spec(self) -> CheckSpec:
        """Its name and bounds."""

    def measure(self, context: CheckContext, batch: BatchChanges) -> Finding:
        """The finding of a batch; pure, and the same until an earlier batch is added."""

    def combine(self, context: CheckContext, findings: Mapping[int, Finding]) -> CheckResult:
        """The verdict over the findings by batch id; only batches with a finding are in it."""


class HistoryCheck(Protocol):
    """A check that judges the full history of a series, once for each state of it."""

    @property
    def spec(self) -> CheckSpec:
        """Its name and bounds."""

    def measure(self, context: CheckContext, subject: Subject) -> Finding:
        """The finding of one series' history; pure, the same for the same values."""

    def merge(self, earlier: Finding, later: Finding, observations: int) -> Finding:
        """The finding over two consecutive parts of a history, which have so many observations."""

    def combine(self, context: CheckContext, findings: Mapping[int, Finding]) -> CheckResult:
        """The verdict over the findings of all the dataset's series, by series id."""


def nothing_to_judge(spec: CheckSpec, context: CheckContext, why: str = "") -> CheckResult:
    """The result where there is too little data: not a pass, and no reason for an alarm either."""
    return unknown(spec, context, why or "too few observations to judge", **{NOTHING: True})


def unknown(spec: CheckSpec, context: CheckContext, why: str, **evidence: Any) -> CheckResult:
    """The result of a check that can't answer."""
    return CheckResult(
        spec.metric, Status.UNKNOWN, None, spec.unit, spec.warn, spec.fail, why, evidence, context.window_end
    )


def unscheduled(spec: CheckSpec, context: CheckContext) -> CheckResult:
    """The result where the schedule is unknown: an alarm, unless the dataset declares that it has none."""
    if context.irregular:
        return nothing_to_judge(spec, context, "irregular: no value is due on a fixed day")
    why = f"no schedule: {context.schedule_error}"
    return unknown(spec, context, why) if context.dataset.calendar else nothing_to_judge(spec, context, why)
