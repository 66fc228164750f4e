"""What a watchlist needs of a series, without its history."""

from collections.abc import Sequence
from functools import partial

import strawberry

from mktdash.domain.observation import Columns
from mktdash.graphql.columns.points import ObservationType, PointsType
from mktdash.graphql.context import RequestContext
from mktdash.graphql.loaders import batched
from mktdash.graphql.quality.verdicts import (
    COUNTS_UNTIL,
    FRESHNESS,
    QualityMetricType,
    QualityStatus,
    metric_of,
    of_datasets,
    status_of,
    until_of,
)
from mktdash.graphql.vocabulary.arguments import Last
from mktdash.graphql.vocabulary.bounds import LONGEST_RECENT, within
from mktdash.graphql.vocabulary.depends_on import attributes_depend_on, depends_on
from mktdash.graphql.vocabulary.from_row import lazily_from_row
from mktdash.graphql.vocabulary.ids import global_id
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.quality.quoted import read_quoting
from mktdash.store.catalogue.series import SeriesRow
from mktdash.store.live.topic_versions import CATALOGUE, DATA, QUALITY
from mktdash.store.quality.verdicts import latest_results, latest_verdicts
from mktdash.store.series.latest import latest_by_series_ids
from mktdash.store.series.reading import read_recent

SERIES = "Series"


@attributes_depend_on(CATALOGUE)
@strawberry.type(description="The unit of its values.")
class Unit:
    """A unit."""

    name: str = strawberry.field(description="A currency code, percent, index.")
    scale: float = strawberry.field(description="Multiply a value by this for the base unit: GBX is GBP times 0.01.")


@attributes_depend_on(CATALOGUE)
@strawberry.type(name="SeriesSummary", description="A series without its history, for lists.")
class SeriesSummaryType:
    """A series without its history."""

    row: strawberry.Private[SeriesRow]
    id: strawberry.ID = strawberry.field(description="Global id; opaque.")
    source: str = strawberry.field(description="The source.")
    dataset: str = strawberry.field(description="Key of the dataset it belongs to.")
    measure: str = strawberry.field(description="What the values are: price, rate, yield or index.")
    interval: str = strawberry.field(description="The spacing of its points, such as 1d or 1m.")
    unit: Unit = strawberry.field(metadata=depends_on(CATALOGUE), description="The unit of its values.")
    simulated: bool = strawberry.field(description="Whether its values are simulated.")

    @batched(metadata=depends_on(DATA), description="Its newest observation; null before the first.")
    @staticmethod
    async def latest(parents: Sequence["SeriesSummaryType"], context: RequestContext) -> list[ObservationType | None]:
        """As the store maintains them."""
        rows = [parent.row for parent in parents]
        async with context.read() as conn:
            found = await latest_by_series_ids(conn, [row.id for row in rows])
        return [
            None if (latest := found.get(row.id)) is None else ObservationType.from_row(latest, row.timezone)
            for row in rows
        ]

    @batched(
        metadata=depends_on(CATALOGUE, DATA, QUALITY),
        description="Whether it is still quoted: it has not ended, and its newest observation is no further behind its "
        "dataset's than the schedule makes usual.",
    )
    @staticmethod
    async def quoted(parents: Sequence["SeriesSummaryType"], context: RequestContext) -> list[bool]:
        """By its dataset's schedule."""
        return await are_quoted([parent.row for parent in parents], context)

    @batched(metadata=depends_on(DATA), description="Its last observations, oldest first; at most 500.")
    @staticmethod
    async def recent(
        parents: Sequence["SeriesSummaryType"], context: RequestContext, last: Last = 30
    ) -> list[PointsType]:
        """As many of each."""
        within(last, 1, LONGEST_RECENT, "last")
        rows = [parent.row for parent in parents]
        async with context.read() as conn:
            found = await read_recent(conn, rows, last)
        return [PointsType.from_columns(found.get(row.id) or Columns.empty()) for row in rows]

    @batched(
        metadata=depends_on(QUALITY),
        description="The worst verdict on its dataset; UNKNOWN once the verdicts are too old.",
    )
    @staticmethod
    async def quality(parents: Sequence["SeriesSummaryType"], context: RequestContext) -> list[QualityStatus]:
        """From the last verdict of each check."""
        return await of_datasets(context, [parent.dataset for parent in parents], latest_verdicts, status_of)

    @batched(metadata=depends_on(QUALITY), description="How many sessions late its dataset is.")
    @staticmethod
    async def freshness(
        parents: Sequence["SeriesSummaryType"], context: RequestContext
    ) -> list[QualityMetricType | None]:
        """The last verdict of this check."""
        metric = partial(metric_of, FRESHNESS)
        return await of_datasets(context, [parent.dataset for parent in parents], latest_results, metric)

    @batched(metadata=depends_on(QUALITY), description=COUNTS_UNTIL)
    @staticmethod
    async def quality_counts_until(
        parents: Sequence["SeriesSummaryType"], context: RequestContext
    ) -> list[Instant | None]:
        """From the newest run."""
        return await of_datasets(context, [parent.dataset for parent in parents], latest_verdicts, until_of)

    @classmethod
    def from_row(cls, row: SeriesRow) -> "SeriesSummaryType":
        """A series as stored."""
        return _SERIES(row)


_SERIES = lazily_from_row(
    SeriesSummaryType,
    {
        "row": lambda row: row,
        "id": lambda row: global_id(SERIES, row.key),
        "unit": lambda row: Unit(name=row.unit, scale=row.unit_scale),
    },
)


async def are_quoted(rows: Sequence[SeriesRow], context: RequestContext) -> list[bool]:
    """Whether each series is still quoted."""
    async with context.read() as conn:
        quoting = await read_quoting(conn, {row.dataset for row in rows})
        latest = await latest_by_series_ids(conn, [row.id for row in rows])
    return [quoting.is_quoted(row, latest.get(row.id)) for row in rows]
