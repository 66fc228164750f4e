"""Datasets: what a source publishes together, and how far it can be relied on."""

from collections.abc import Mapping, Sequence

import strawberry

from mktdash.graphql.context import RequestContext
from mktdash.graphql.loaders import batched
from mktdash.graphql.quality.ending import EndingType
from mktdash.graphql.quality.verdicts import (
    COMPLETENESS,
    COMPLETENESS_30,
    COUNTS_UNTIL,
    FRESHNESS,
    WHAT_IS_DUE,
    MissingSessionType,
    QualityMetricType,
    QualityStatus,
    metric_of,
    metrics_of,
    missing_of,
    status_of,
    until_of,
)
from mktdash.graphql.vocabulary.arguments import First
from mktdash.graphql.vocabulary.bounds import page_size
from mktdash.graphql.vocabulary.depends_on import attributes_depend_on, depends_on, never_kept
from mktdash.graphql.vocabulary.from_row import from_row
from mktdash.graphql.vocabulary.ids import global_id
from mktdash.graphql.vocabulary.node import Node
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.catalogue.datasets import DatasetRow, dataset_counts, newest_as_of
from mktdash.store.catalogue.endings import endings_by_datasets
from mktdash.store.live.topic_versions import ABOUT, CATALOGUE, DATA, QUALITY
from mktdash.store.quality.verdicts import DqRow, latest_results

DATASETS = "Dataset"


@attributes_depend_on(QUALITY)
@strawberry.type(name="DatasetQuality", description="The quality of a dataset's data.")
class DatasetQualityType:
    """All that the checks say."""

    key: strawberry.Private[str]
    status: QualityStatus = strawberry.field(
        description="The worst of its verdicts; UNKNOWN before the first, and once they are too old."
    )
    run_at: Instant | None = strawberry.field(description="When a check last ran.")
    counts_until: Instant | None = strawberry.field(description=COUNTS_UNTIL)
    freshness: QualityMetricType | None = strawberry.field(
        metadata=depends_on(QUALITY), description="How many sessions late it is."
    )
    completeness: QualityMetricType | None = strawberry.field(
        metadata=depends_on(QUALITY), description="Present divided by expected sessions, over the last 7 days."
    )
    completeness30: QualityMetricType | None = strawberry.field(
        metadata=depends_on(QUALITY), description="Present divided by expected sessions, over the last 30 days."
    )
    metrics: list[QualityMetricType] = strawberry.field(
        metadata=depends_on(QUALITY), description="All verdicts, by metric."
    )

    @batched(
        metadata=never_kept(WHAT_IS_DUE),
        description="The sessions missing from its series in the last 30 days, newest first, each with its reason.",
    )
    @staticmethod
    async def missing(
        parents: Sequence["DatasetQualityType"], context: RequestContext, first: First = 50
    ) -> list[list[MissingSessionType]]:
        """What is missing and why."""
        page_size(first, "first")
        found = await missing_of(context, {parent.key for parent in parents})
        return [[MissingSessionType.from_row(row) for row in found[parent.key][:first]] for parent in parents]

    @classmethod
    def from_rows(cls, rows: Mapping[str, DqRow], context: RequestContext, key: str) -> "DatasetQualityType":
        """What the checks said last, as it counts now."""
        return cls(
            key=key,
            status=status_of(rows, context),
            run_at=Instant(max(row.run_at for row in rows.values())) if rows else None,
            counts_until=until_of(rows, context),
            freshness=metric_of(FRESHNESS, rows, context),
            completeness=metric_of(COMPLETENESS, rows, context),
            completeness30=metric_of(COMPLETENESS_30, rows, context),
            metrics=metrics_of(rows, context),
        )


@attributes_depend_on(CATALOGUE)
@strawberry.type(name="Dataset", description="Series that one source publishes together, on one schedule.")
class DatasetType(Node):
    """A dataset."""

    key: str = strawberry.field(description="Its unique name.")
    title: str = strawberry.field(description="Its title.")
    source: str = strawberry.field(description="The source that publishes it.")
    licence: str = strawberry.field(description="The terms of use, in a sentence.")
    calendar: str = strawberry.field(description="The calendar of its sessions.")
    simulated: bool = strawberry.field(description="Whether all of its values are simulated.")
    version: int = strawberry.field(
        metadata=depends_on(DATA), description="Grows by one with every change of its data."
    )
    known_at: Instant | None = strawberry.field(
        metadata=depends_on(DATA),
        description="When it last changed here; `newestAsOf` is the instant of its newest value.",
    )
    checked_at: Instant | None = strawberry.field(
        metadata=depends_on(ABOUT), description="When its source was last polled."
    )
    last_error: str | None = strawberry.field(metadata=depends_on(ABOUT), description="The last error of its source.")
    last_error_at: Instant | None = strawberry.field(
        metadata=depends_on(ABOUT), description="When that error happened."
    )

    @batched(metadata=depends_on(CATALOGUE, DATA), description="How many series it has.")
    @staticmethod
    async def series_count(parents: Sequence["DatasetType"], context: RequestContext) -> list[int]:
        """Counted with the observations."""
        counts = await context.read.once(dataset_counts)
        return [counts.get(parent.key, (0, 0))[0] for parent in parents]

    @batched(
        metadata=depends_on(CATALOGUE, DATA), description="How many current observations its series have together."
    )
    @staticmethod
    async def observation_count(parents: Sequence["DatasetType"], context: RequestContext) -> list[int]:
        """Counted with the series."""
        counts = await context.read.once(dataset_counts)
        return [counts.get(parent.key, (0, 0))[1] for parent in parents]

    @batched(
        metadata=depends_on(CATALOGUE, DATA),
        description="The newest instant with a value in any of its series; null before the first.",
    )
    @staticmethod
    async def newest_as_of(parents: Sequence["DatasetType"], context: RequestContext) -> list[Instant | None]:
        """That of all datasets is read."""
        newest = await context.read.once(newest_as_of)
        return [Instant(newest[parent.key]) if parent.key in newest else None for parent in parents]

    @batched(
        metadata=depends_on(QUALITY),
        description="What its source publishes no more: the dataset itself first, then series by symbol.",
    )
    @staticmethod
    async def ended(parents: Sequence["DatasetType"], context: RequestContext) -> list[list[EndingType]]:
        """What operators said."""
        async with context.read() as conn:
            found = await endings_by_datasets(conn, [parent.key for parent in parents])
        return [[EndingType.from_row(row) for row in found.get(parent.key, ())] for parent in parents]

    @batched(metadata=depends_on(QUALITY), description="The quality of its data.")
    @staticmethod
    async def quality(parents: Sequence["DatasetType"], context: RequestContext) -> list[DatasetQualityType]:
        """The last verdict of each check."""
        found = await context.read.once(latest_results)
        return [DatasetQualityType.from_rows(found.get(parent.key, {}), context, parent.key) for parent in parents]

    @classmethod
    def from_row(cls, row: DatasetRow) -> "DatasetType":
        """A dataset as stored."""
        return from_row(cls, row, id=global_id(DATASETS, row.key))
