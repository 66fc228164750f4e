"""Instruments, and what a watchlist needs of each of their series."""

import strawberry

from mktdash.domain.instrument import AssetClass
from mktdash.graphql.columns.points import ObservationType, PointsType
from mktdash.graphql.context import Info
from mktdash.graphql.loaders import (
    AliasesByInstrumentIdLoader,
    LatestBySeriesIdLoader,
    RecentBySeriesLoader,
    SeriesByInstrumentIdLoader,
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
from mktdash.graphql.vocabulary.ids import global_id, page_cursor
from mktdash.graphql.vocabulary.lazy_fields import stored
from mktdash.graphql.vocabulary.node import Node
from mktdash.graphql.vocabulary.page import PageInfo
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.catalogue.instruments import AliasRow, InstrumentRow, Page, SeriesRow
from mktdash.store.live.topic_versions import CATALOGUE, DATA, QUALITY

INSTRUMENTS = "Instrument"

strawberry.enum(AssetClass, description="Kinds of instruments.")


@attributes_depend_on(CATALOGUE)
@strawberry.type(description="What one of a value is.")
class Unit:
    """A unit."""

    name: str = strawberry.field(description="A currency code, percent, index.")
    scale: float = strawberry.field(description="Multiply a value by this for the base unit: GBX is GBP times 0.01.")


@attributes_depend_on(CATALOGUE)
@strawberry.type(name="InstrumentAlias", description="What a source calls an instrument.")
class InstrumentAliasType:
    """An alias."""

    source: str = strawberry.field(description="The source.")
    symbol: str = strawberry.field(description="Its own symbol.")
    valid_from: Instant = strawberry.field(description="Since when.")
    valid_to: Instant | None = strawberry.field(
        description="Until when, that instant not included; null where it still is."
    )

    @classmethod
    def from_row(cls, row: AliasRow) -> "InstrumentAliasType":
        """An alias as stored."""
        return cls(
            source=row.source,
            symbol=row.symbol,
            valid_from=Instant(row.valid_from),
            valid_to=None if row.valid_to is None else Instant(row.valid_to),
        )


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
        "id": lambda row: global_id("Series", row.key),
        "source": lambda row: row.source,
        "dataset": lambda row: row.dataset,
        "measure": lambda row: row.measure,
        "interval": lambda row: row.interval,
        "unit": lambda row: Unit(name=row.unit, scale=row.unit_scale),
        "simulated": lambda row: row.simulated,
    },
)


@attributes_depend_on(CATALOGUE)
@strawberry.type(name="Instrument", description="What is measured: a pair of currencies, a yield, an index.")
class InstrumentType(Node):
    """An instrument."""

    row_id: strawberry.Private[int]
    symbol: str = strawberry.field(description="mktdash's own, unique name.")
    name: str = strawberry.field(description="Its name for people.")
    asset_class: AssetClass = strawberry.field(description="Its kind.")
    currency: str | None = strawberry.field(description="ISO 4217 code of its values, where they have one.")
    mic: str | None = strawberry.field(description="ISO 10383 code of its market, where it trades on one.")
    figi: str | None = strawberry.field(description="OpenFIGI identifier, where known.")

    @strawberry.field(metadata=depends_on(CATALOGUE), description="What sources call it.")
    async def aliases(self, info: Info) -> list[InstrumentAliasType]:
        """Read with those of the page's other instruments."""
        rows = await loader(info.context, AliasesByInstrumentIdLoader).load(self.row_id)
        return [InstrumentAliasType.from_row(row) for row in rows]

    @strawberry.field(
        metadata=depends_on(CATALOGUE, notes=True), description="Its series, by source, measure and interval."
    )
    async def series(self, info: Info) -> list[SeriesSummaryType]:
        """Read with those of the page's other instruments."""
        rows = await loader(info.context, SeriesByInstrumentIdLoader).load(self.row_id)
        return [SeriesSummaryType.from_row(row) for row in rows]

    @classmethod
    def from_row(cls, row: InstrumentRow) -> "InstrumentType":
        """An instrument as stored."""
        return _INSTRUMENT(row)


_INSTRUMENT = stored(
    InstrumentType,
    {
        "row_id": lambda row: row.id,
        "id": lambda row: global_id(INSTRUMENTS, row.symbol),
        "symbol": lambda row: row.symbol,
        "name": lambda row: row.name,
        "asset_class": lambda row: AssetClass(row.asset_class),
        "currency": lambda row: row.currency,
        "mic": lambda row: row.mic,
        "figi": lambda row: row.figi,
    },
)


@attributes_depend_on(CATALOGUE)
@strawberry.type(name="InstrumentEdge", description="An instrument and its place in the list.")
class InstrumentEdge:
    """Relay edge."""

    cursor: str = strawberry.field(description="The place after this instrument.")
    node: InstrumentType = strawberry.field(metadata=depends_on(CATALOGUE), description="The instrument.")

    @classmethod
    def from_row(cls, row: InstrumentRow) -> "InstrumentEdge":
        """An instrument as stored."""
        return _EDGE(row)


_EDGE = stored(
    InstrumentEdge,
    {
        "cursor": lambda row: page_cursor(INSTRUMENTS, row.symbol),
        "node": InstrumentType.from_row,
    },
)


@attributes_depend_on(CATALOGUE)
@strawberry.type(name="InstrumentConnection", description="A page of instruments, by symbol.")
class InstrumentConnection:
    """Relay connection."""

    edges: list[InstrumentEdge] = strawberry.field(
        metadata=depends_on(CATALOGUE), description="The instruments of this page."
    )
    page_info: PageInfo = strawberry.field(metadata=depends_on(CATALOGUE), description="Where this page stands.")
    total_count: int = strawberry.field(description="How many instruments match in all.")

    @classmethod
    def from_page(cls, page: Page[InstrumentRow]) -> "InstrumentConnection":
        """A page as stored."""
        ends = [page_cursor(INSTRUMENTS, row.symbol) for row in (*page.items[:1], *page.items[-1:])]
        return cls(
            edges=[InstrumentEdge.from_row(row) for row in page.items],
            page_info=PageInfo.over(ends, has_next=page.has_next, has_previous=page.has_previous),
            total_count=page.total,
        )
