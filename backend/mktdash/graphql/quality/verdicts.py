"""Verdicts on the data: what each check says, and which sessions are missing and why.

Whatever shows a verdict shows it as it counts at the request's time: an old one says nothing of the present.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from enum import Enum
from typing import TypeVar

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.clock import to_micros
from mktdash.graphql.context import RequestContext
from mktdash.graphql.loaders import batched
from mktdash.graphql.vocabulary.arguments import First
from mktdash.graphql.vocabulary.bounds import page_size
from mktdash.graphql.vocabulary.depends_on import attributes_depend_on, attributes_never_kept, depends_on
from mktdash.graphql.vocabulary.from_row import from_row
from mktdash.graphql.vocabulary.scalars import Instant, Json
from mktdash.quality.ageing import as_of_now, counts_until
from mktdash.quality.expected.missing_sessions import MissingSession
from mktdash.quality.overview import dataset_status
from mktdash.quality.runner import missing_sessions
from mktdash.store.catalogue.datasets import dataset_by_key
from mktdash.store.live.topic_versions import QUALITY
from mktdash.store.quality.verdicts import DqRow, VerdictRow, histories

R = TypeVar("R")
T = TypeVar("T")

FRESHNESS = "freshness"
COMPLETENESS = "completeness"
COMPLETENESS_30 = "completeness30"
COUNTS_UNTIL = "When these verdicts become UNKNOWN if no check runs before. Null before the first."
WHAT_IS_DUE = "the clock enters into it: a session is missing from the instant on at which it is due"


@strawberry.enum(description="A verdict of a check. What can't be checked is UNKNOWN, never PASS.")
class QualityStatus(Enum):
    """Verdicts."""

    PASS = strawberry.enum_value("PASS", description="As it should be.")
    WARN = strawberry.enum_value("WARN", description="Worth a look.")
    FAIL = strawberry.enum_value("FAIL", description="Not reliable.")
    UNKNOWN = strawberry.enum_value("UNKNOWN", description="Could not be checked, or not recently.")


@attributes_depend_on(QUALITY)
@strawberry.type(name="QualityResult", description="One stored result of a check on a dataset.")
class QualityResultType:
    """A verdict as it was stored."""

    status: QualityStatus = strawberry.field(description="The verdict.")
    value: float | None = strawberry.field(description="The value checked.")
    warn: float | None = strawberry.field(description="The threshold of WARN at that time.")
    fail: float | None = strawberry.field(description="The threshold of FAIL at that time.")
    summary: str = strawberry.field(description="The verdict in a sentence.")
    since: Instant = strawberry.field(description="When the verdict became this one.")
    run_at: Instant = strawberry.field(description="When the check last ran with this result.")
    window_end: Instant = strawberry.field(description="The end of the period checked.")
    data_version: int = strawberry.field(description="The dataset's version that was checked.")
    code_sha: str = strawberry.field(description="The version of the code that checked it.")
    evidence: Json = strawberry.field(description="What the verdict rests on, as JSON.")

    @classmethod
    def from_row(cls, row: DqRow) -> "QualityResultType":
        """A verdict as stored."""
        return from_row(cls, row, status=QualityStatus(row.status), data_version=row.dataset_version)


@attributes_depend_on(QUALITY)
@strawberry.type(name="QualityMetric", description="The last verdict of one check on a dataset.")
class QualityMetricType:
    """A verdict with its figure and its grounds."""

    dataset: strawberry.Private[str]
    metric: str = strawberry.field(description="The check's name.")
    status: QualityStatus = strawberry.field(
        description="The verdict; UNKNOWN once it is too old: `summary` then names the last run."
    )
    value: float | None = strawberry.field(description="The value checked.")
    unit: str = strawberry.field(description="The unit of `value`, `warn` and `fail`.")
    warn: float | None = strawberry.field(description="The threshold of WARN.")
    fail: float | None = strawberry.field(description="The threshold of FAIL.")
    summary: str = strawberry.field(description="The verdict in a sentence.")
    since: Instant = strawberry.field(description="When the verdict became this one.")
    run_at: Instant = strawberry.field(description="When the check last ran.")
    data_version: int = strawberry.field(description="The dataset's version that was checked.")
    code_sha: str = strawberry.field(description="The version of the code that checked it.")
    evidence: Json = strawberry.field(description="What the verdict rests on, as JSON.")

    @batched(
        metadata=depends_on(QUALITY),
        description="Its results, newest first, with the present one: one for each day and each change.",
    )
    @staticmethod
    async def history(
        parents: Sequence["QualityMetricType"], context: RequestContext, first: First = 30
    ) -> list[list[QualityResultType]]:
        """The results stored."""
        page_size(first, "first")
        asked = [(parent.dataset, parent.metric) for parent in parents]
        async with context.read() as conn:
            found = await histories(conn, set(asked), first)
        return [[QualityResultType.from_row(row) for row in found.get(one, ())] for one in asked]

    @classmethod
    def from_row(cls, row: DqRow) -> "QualityMetricType":
        """A verdict as stored."""
        return from_row(
            cls, row, dataset=row.dataset, status=QualityStatus(row.status), data_version=row.dataset_version
        )


@attributes_never_kept(WHAT_IS_DUE)
@strawberry.type(name="MissingSession", description="A session missing from a series, and why.")
class MissingSessionType:
    """A missing session."""

    symbol: str = strawberry.field(description="The instrument's symbol.")
    session: str = strawberry.field(description="The session's date, or its first instant if it is shorter than a day.")
    reason: str = strawberry.field(
        description="NOT_YET_DUE, SOURCE_SAYS_NONE, PROVIDER_GAP, QUARANTINED or NEVER_FETCHED."
    )
    detail: str = strawberry.field(description="More about the reason.")

    @classmethod
    def from_row(cls, row: MissingSession) -> "MissingSessionType":
        """A missing session as found."""
        return from_row(cls, row, reason=row.reason.value)


async def of_datasets(
    context: RequestContext,
    datasets: Sequence[str],
    read: Callable[[AsyncConnection], Awaitable[Mapping[str, Mapping[str, R]]]],
    say: Callable[[Mapping[str, R], RequestContext], T],
) -> list[T]:
    """What is said of the verdicts on each dataset; there are few datasets, so those on all of them are read."""
    found = await context.read.once(read)
    statuses = {one: say(found.get(one, {}), context) for one in set(datasets)}
    return [statuses[one] for one in datasets]


async def missing_of(context: RequestContext, datasets: Collection[str]) -> dict[str, list[MissingSession]]:
    """The sessions that the series of datasets lack, newest first, with their reasons."""
    now = context.services.clock()
    async with context.read() as conn:
        return {key: await missing_sessions(conn, await dataset_by_key(conn, key), now) for key in datasets}


def _counted(rows: Mapping[str, DqRow], context: RequestContext) -> Mapping[str, DqRow]:
    """A dataset's verdicts as they count at this request's time."""
    now = to_micros(context.services.clock())
    _ends(rows, now, context)
    return as_of_now(rows, now)


def _ends(rows: Mapping[str, DqRow] | Mapping[str, VerdictRow], now: int, context: RequestContext) -> None:
    """Let the answer end with the verdicts that are in it: what depends on the clock is kept no longer."""
    until = counts_until(rows)
    if context.reading is not None and until is not None and until >= now:
        context.reading.ends(until + 1)


def metrics_of(rows: Mapping[str, DqRow], context: RequestContext) -> list[QualityMetricType]:
    """The verdicts of a dataset, by metric."""
    now = _counted(rows, context)
    return [QualityMetricType.from_row(now[name]) for name in sorted(now)]


def metric_of(name: str, rows: Mapping[str, DqRow], context: RequestContext) -> QualityMetricType | None:
    """One verdict; None where it was never given."""
    row = _counted(rows, context).get(name)
    return None if row is None else QualityMetricType.from_row(row)


def status_of(rows: Mapping[str, DqRow] | Mapping[str, VerdictRow], context: RequestContext) -> QualityStatus:
    """The worst of a dataset's verdicts; UNKNOWN where there are none, or they are old."""
    now = to_micros(context.services.clock())
    _ends(rows, now, context)
    return QualityStatus(dataset_status(as_of_now(rows, now)).value)


def until_of(rows: Mapping[str, DqRow] | Mapping[str, VerdictRow], _: RequestContext) -> Instant | None:
    """Until when a dataset's verdicts count; None where it was never judged. The same whatever the time is."""
    until = counts_until(rows)
    return None if until is None else Instant(until)
