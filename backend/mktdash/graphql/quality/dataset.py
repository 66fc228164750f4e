"""Datasets: what a source publishes together, and how far it can be relied on."""

import strawberry

from mktdash.graphql.context import Info
from mktdash.graphql.loaders import (
    CountsByDatasetLoader,
    EndingsByDatasetLoader,
    MissingByDatasetLoader,
    NewestByDatasetLoader,
    VerdictsByDatasetLoader,
    loader,
)
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
    status_of,
    until_of,
)
from mktdash.graphql.vocabulary.arguments import First
from mktdash.graphql.vocabulary.bounds import page_size
from mktdash.graphql.vocabulary.depends_on import attributes_depend_on, depends_on, never_kept
from mktdash.graphql.vocabulary.ids import global_id
from mktdash.graphql.vocabulary.node import Node
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.catalogue.datasets import DatasetRow
from mktdash.store.live.topic_versions import ABOUT, CATALOGUE, DATA, QUALITY

DATASETS = "Dataset"


@attributes_depend_on(QUALITY)
@strawberry.type(name="DatasetQuality", description="The verdicts on a dataset.")
class DatasetQualityType:
    """All that the checks say."""

    key: strawberry.Private[str]
    status: QualityStatus = strawberry.field(
        description="The worst of its verdicts; UNKNOWN before the first, and when they are too old to count."
    )
    run_at: Instant | None = strawberry.field(description="When a check last ran.")
    counts_until: Instant | None = strawberry.field(description=COUNTS_UNTIL)
    freshness: QualityMetricType | None = strawberry.field(
        metadata=depends_on(QUALITY), description="How many sessions late it is."
    )
    completeness: QualityMetricType | None = strawberry.field(
        metadata=depends_on(QUALITY), description="Present of expected sessions, over the last 7 days."
    )
    completeness30: QualityMetricType | None = strawberry.field(
        metadata=depends_on(QUALITY), description="Present of expected sessions, over the last 30 days."
    )
    metrics: list[QualityMetricType] = strawberry.field(
        metadata=depends_on(QUALITY), description="Every verdict, by metric."
    )

    @strawberry.field(
        metadata=never_kept(WHAT_IS_DUE),
        description="The sessions of the last 30 days that its series lack, newest first, each with its reason.",
    )
    async def missing(self, info: Info, first: First = 50) -> list[MissingSessionType]:
        """What is missing and why."""
        page_size(first, "first")
        rows = await loader(info.context, MissingByDatasetLoader).load(self.key)
        return [MissingSessionType.from_row(row) for row in rows[:first]]


@attributes_depend_on(CATALOGUE)
@strawberry.type(name="Dataset", description="What one source publishes together, on one schedule.")
class DatasetType(Node):
    """A dataset."""

    key: str = strawberry.field(description="Its unique name.")
    title: str = strawberry.field(description="Its title for people.")
    source: str = strawberry.field(description="The source that publishes it.")
    licence: str = strawberry.field(description="The terms it comes under, in a sentence.")
    calendar: str = strawberry.field(description="The calendar of its sessions.")
    simulated: bool = strawberry.field(description="Whether every value in it is made up.")
    version: int = strawberry.field(metadata=depends_on(DATA), description="Grows by one whenever its data change.")
    known_at: Instant | None = strawberry.field(
        metadata=depends_on(DATA),
        description="When anything in it was last learned; `newestAsOf` says of when its newest value is.",
    )
    checked_at: Instant | None = strawberry.field(
        metadata=depends_on(ABOUT), description="When its source was last asked."
    )
    last_error: str | None = strawberry.field(
        metadata=depends_on(ABOUT), description="What last went wrong with its source."
    )
    last_error_at: Instant | None = strawberry.field(metadata=depends_on(ABOUT), description="When that was.")

    @strawberry.field(metadata=depends_on(CATALOGUE, DATA), description="How many series it has.")
    async def series_count(self, info: Info) -> int:
        """Counted with the observations."""
        return (await loader(info.context, CountsByDatasetLoader).load(self.key))[0]

    @strawberry.field(
        metadata=depends_on(CATALOGUE, DATA), description="How many current observations its series have in all."
    )
    async def observation_count(self, info: Info) -> int:
        """Counted with the series."""
        return (await loader(info.context, CountsByDatasetLoader).load(self.key))[1]

    @strawberry.field(
        metadata=depends_on(CATALOGUE, DATA),
        description="The newest instant that any of its series has a value of; null before the first.",
    )
    async def newest_as_of(self, info: Info) -> Instant | None:
        """Read with that of the page's other datasets."""
        newest = await loader(info.context, NewestByDatasetLoader).load(self.key)
        return None if newest is None else Instant(newest)

    @strawberry.field(
        metadata=depends_on(QUALITY),
        description="What of it its source publishes no more: the dataset itself first, then series by symbol.",
    )
    async def ended(self, info: Info) -> list[EndingType]:
        """What operators said."""
        return [EndingType.from_row(row) for row in await loader(info.context, EndingsByDatasetLoader).load(self.key)]

    @strawberry.field(metadata=depends_on(QUALITY), description="How far it can be relied on.")
    async def quality(self, info: Info) -> DatasetQualityType:
        """The last verdict of each check."""
        rows = await loader(info.context, VerdictsByDatasetLoader).load(self.key)
        return DatasetQualityType(
            key=self.key,
            status=status_of(rows, info.context),
            run_at=Instant(max(row.run_at for row in rows.values())) if rows else None,
            counts_until=until_of(rows),
            freshness=metric_of(rows, FRESHNESS, info.context),
            completeness=metric_of(rows, COMPLETENESS, info.context),
            completeness30=metric_of(rows, COMPLETENESS_30, info.context),
            metrics=metrics_of(rows, info.context),
        )

    @classmethod
    def from_row(cls, row: DatasetRow) -> "DatasetType":
        """A dataset as stored."""
        return cls(
            id=global_id(DATASETS, row.key),
            key=row.key,
            title=row.title,
            source=row.source,
            licence=row.licence,
            calendar=row.calendar,
            simulated=row.simulated,
            version=row.version,
            known_at=None if row.known_at is None else Instant(row.known_at),
            checked_at=None if row.checked_at is None else Instant(row.checked_at),
            last_error=row.last_error,
            last_error_at=None if row.last_error_at is None else Instant(row.last_error_at),
        )
