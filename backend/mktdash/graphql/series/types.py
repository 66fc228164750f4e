"""One series with its history, all of it read at one instant."""

from collections.abc import Sequence

import strawberry

from mktdash.graphql.columns.points import ObservationType, PointsType
from mktdash.graphql.context import RequestContext
from mktdash.graphql.instruments.types import InstrumentType
from mktdash.graphql.loaders import batched
from mktdash.graphql.quality.dataset import DatasetType
from mktdash.graphql.quality.verdicts import (
    COUNTS_UNTIL,
    WHAT_IS_DUE,
    MissingSessionType,
    QualityMetricType,
    QualityStatus,
    metrics_of,
    missing_of,
    of_datasets,
    status_of,
    until_of,
)
from mktdash.graphql.series.summary import SERIES, Unit, are_quoted
from mktdash.graphql.vocabulary.arguments import First
from mktdash.graphql.vocabulary.bounds import page_size
from mktdash.graphql.vocabulary.depends_on import attributes_depend_on, depends_on, never_kept
from mktdash.graphql.vocabulary.from_row import from_row
from mktdash.graphql.vocabulary.ids import global_id
from mktdash.graphql.vocabulary.node import Node
from mktdash.graphql.vocabulary.scalars import Instant, Json
from mktdash.store.catalogue.series import SeriesRow
from mktdash.store.live.topic_versions import CATALOGUE, DATA, QUALITY
from mktdash.store.quality.verdicts import latest_results


@attributes_depend_on(DATA)
@strawberry.type(name="SeriesQuality", description="The quality of a series' data.")
class SeriesQualityType:
    """Flags of the points read, and the verdicts on the dataset."""

    row: strawberry.Private[SeriesRow]
    flag_counts: Json = strawberry.field(
        description="How many observations of the range have each quality flag; flags that none has are left out."
    )

    @batched(
        metadata=depends_on(QUALITY),
        description="The worst verdict on its dataset; UNKNOWN once the verdicts are too old.",
    )
    @staticmethod
    async def status(parents: Sequence["SeriesQualityType"], context: RequestContext) -> list[QualityStatus]:
        """From the last verdict of each check."""
        return await of_datasets(context, [parent.row.dataset for parent in parents], latest_results, status_of)

    @batched(metadata=depends_on(QUALITY), description="All verdicts on its dataset, by metric.")
    @staticmethod
    async def metrics(parents: Sequence["SeriesQualityType"], context: RequestContext) -> list[list[QualityMetricType]]:
        """The last verdict of each check."""
        return await of_datasets(context, [parent.row.dataset for parent in parents], latest_results, metrics_of)

    @batched(metadata=depends_on(QUALITY), description=COUNTS_UNTIL)
    @staticmethod
    async def counts_until(parents: Sequence["SeriesQualityType"], context: RequestContext) -> list[Instant | None]:
        """From the newest run."""
        return await of_datasets(context, [parent.row.dataset for parent in parents], latest_results, until_of)

    @batched(
        metadata=never_kept(WHAT_IS_DUE),
        description="The sessions missing from it in the last 30 days, newest first, each with its reason.",
    )
    @staticmethod
    async def missing(
        parents: Sequence["SeriesQualityType"], context: RequestContext, first: First = 20
    ) -> list[list[MissingSessionType]]:
        """What is missing and why."""
        page_size(first, "first")
        found = await missing_of(context, {parent.row.dataset for parent in parents})
        mine = [
            [row for row in found[parent.row.dataset] if row.symbol == parent.row.symbol][:first] for parent in parents
        ]
        return [[MissingSessionType.from_row(row) for row in rows] for rows in mine]


@attributes_depend_on(CATALOGUE)
@strawberry.type(name="Series", description="One measure of one instrument from one source.")
class SeriesType(Node):
    """A series."""

    row: strawberry.Private[SeriesRow]
    instrument: InstrumentType = strawberry.field(metadata=depends_on(CATALOGUE), description="The instrument.")
    source: str = strawberry.field(description="The source.")
    dataset: DatasetType = strawberry.field(metadata=depends_on(CATALOGUE), description="The dataset it belongs to.")
    measure: str = strawberry.field(description="What the values are: price, rate, yield or index.")
    interval: str = strawberry.field(description="The spacing of its points, such as 1d or 1m.")
    unit: Unit = strawberry.field(metadata=depends_on(CATALOGUE), description="The unit of its values.")
    data_version: int = strawberry.field(
        metadata=depends_on(DATA), description="The version of its dataset that was read."
    )
    snapshot_id: str = strawberry.field(
        metadata=depends_on(CATALOGUE, DATA),
        description="A hash of the whole series as it was read: the same data have the same id on every server.",
    )
    latest: ObservationType | None = strawberry.field(
        metadata=depends_on(DATA),
        description="Its newest observation, regardless of the range; null before the first.",
    )
    quality: SeriesQualityType = strawberry.field(
        metadata=depends_on(CATALOGUE), description="The quality of its data."
    )
    points: PointsType = strawberry.field(metadata=depends_on(DATA), description="Its observations in the range.")

    @batched(
        metadata=depends_on(CATALOGUE, DATA, QUALITY),
        description="Whether it is still quoted: it has not ended, and its newest observation is no further behind its "
        "dataset's than the schedule makes usual.",
    )
    @staticmethod
    async def quoted(parents: Sequence["SeriesType"], context: RequestContext) -> list[bool]:
        """By the one rule there is."""
        return await are_quoted([parent.row for parent in parents], context)

    @classmethod
    def from_row(
        cls,
        row: SeriesRow,
        *,
        instrument: InstrumentType,
        dataset: DatasetType,
        snapshot: str,
        latest: ObservationType | None,
        points: PointsType,
        flags: dict[str, int],
    ) -> "SeriesType":
        """A series as stored, with what was read of it."""
        return from_row(
            cls,
            row,
            row=row,
            id=global_id(SERIES, row.key),
            instrument=instrument,
            dataset=dataset,
            unit=Unit(name=row.unit, scale=row.unit_scale),
            data_version=dataset.version,
            snapshot_id=snapshot,
            latest=latest,
            quality=SeriesQualityType(row=row, flag_counts=Json(flags)),
            points=points,
        )
