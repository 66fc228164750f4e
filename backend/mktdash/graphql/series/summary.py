"""What a watchlist needs of a series, without its history."""

import strawberry

from mktdash.graphql.columns.points import ObservationType, PointsType
from mktdash.graphql.context import Info
from mktdash.graphql.loaders import (
    LatestBySeriesIdLoader,
    QuotedBySeriesLoader,
    RecentBySeriesLoader,
    VerdictsByDatasetLoader,
    loader,
)
from mktdash.graphql.quality.verdicts import (
    COUNTS_UNTIL,
    FRESHNESS,
    QualityMetricType,
    QualityStatus,
    metric_of,
    status_of,
    until_of,
)
from mktdash.graphql.vocabulary.arguments import Last
from mktdash.graphql.vocabulary.bounds import LONGEST_RECENT, within
from mktdash.graphql.vocabulary.depends_on import attributes_depend_on, depends_on
from mktdash.graphql.vocabulary.ids import global_id
from mktdash.graphql.vocabulary.lazy_fields import stored
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.catalogue.instruments import SeriesRow
from mktdash.store.live.topic_versions import CATALOGUE, DATA, QUALITY

SERIES = "Series"


@attributes_depend_on(CATALOGUE)
@strawberry.type(description="What one of a value is.")
class Unit:
    """A unit."""

    name: str = strawberry.field(description="A currency code, percent, index.")
    scale: float = strawberry.field(description="Multiply a value by this for the base unit: GBX is GBP times 0.01.")


@attributes_depend_on(CATALOGUE)
@strawberry.type(name="SeriesSummary", description="What a watchlist needs of one series.")
class SeriesSummaryType:
    """A series without its history."""

    row: strawberry.Private[SeriesRow]
    id: strawberry.ID = strawberry.field(description="Opaque id.")
    source: str = strawberry.field(description="The source.")
    dataset: str = strawberry.field(description="Key of the dataset it belongs to.")
    measure: str = strawberry.field(description="What the values are: price, rate, yield or index.")
    interval: str = strawberry.field(description="The spacing of its points, such as 1d or 1m.")
    unit: Unit = strawberry.field(metadata=depends_on(CATALOGUE), description="What one of a value is.")
    simulated: bool = strawberry.field(description="Whether its values are made up.")

    @strawberry.field(metadata=depends_on(DATA), description="Its newest observation; null before the first.")
    async def latest(self, info: Info) -> ObservationType | None:
        """Read with those of the page's other series."""
        latest = await loader(info.context, LatestBySeriesIdLoader).load(self.row.id)
        return None if latest is None else ObservationType.from_row(latest, self.row.timezone)

    @strawberry.field(
        metadata=depends_on(CATALOGUE, DATA, QUALITY),
        description="Whether it is still quoted: it has not ended, and its newest observation is no further behind its "
        "dataset's than the schedule makes usual.",
    )
    async def quoted(self, info: Info) -> bool:
        """Read with those of the page's other series."""
        return await loader(info.context, QuotedBySeriesLoader).load(self.row)

    @strawberry.field(
        metadata=depends_on(DATA), description="Its last observations, oldest first: a sparkline. At most 500."
    )
    async def recent(self, info: Info, last: Last = 30) -> PointsType:
        """Read with those of the page's other series."""
        within(last, 1, LONGEST_RECENT, "last")
        columns = await loader(info.context, RecentBySeriesLoader).load((self.row, last))
        return PointsType.from_columns(columns)

    @strawberry.field(
        metadata=depends_on(QUALITY),
        description="The worst verdict on its dataset; UNKNOWN when the verdicts are too old to count.",
    )
    async def quality(self, info: Info) -> QualityStatus:
        """Read with those of the page's other datasets."""
        rows = await loader(info.context, VerdictsByDatasetLoader).load(self.row.dataset)
        return status_of(rows, info.context)

    @strawberry.field(metadata=depends_on(QUALITY), description="How many sessions late its dataset is.")
    async def freshness(self, info: Info) -> QualityMetricType | None:
        """Read with those of the page's other datasets."""
        rows = await loader(info.context, VerdictsByDatasetLoader).load(self.row.dataset)
        return metric_of(rows, FRESHNESS, info.context)

    @strawberry.field(metadata=depends_on(QUALITY), description=COUNTS_UNTIL)
    async def quality_counts_until(self, info: Info) -> Instant | None:
        """From the newest run."""
        return until_of(await loader(info.context, VerdictsByDatasetLoader).load(self.row.dataset))

    @classmethod
    def from_row(cls, row: SeriesRow) -> "SeriesSummaryType":
        """A series as stored."""
        return _SERIES(row)


_SERIES = stored(
    SeriesSummaryType,
    {
        "row": lambda row: row,
        "id": lambda row: global_id(SERIES, row.key),
        "unit": lambda row: Unit(name=row.unit, scale=row.unit_scale),
    },
)
