"""Instruments and what sources call them."""

from collections.abc import Sequence

import strawberry

from mktdash.domain.instrument import AssetClass
from mktdash.graphql.context import RequestContext
from mktdash.graphql.loaders import batched
from mktdash.graphql.series.summary import SeriesSummaryType
from mktdash.graphql.vocabulary.connection import Cursor
from mktdash.graphql.vocabulary.depends_on import attributes_depend_on, depends_on
from mktdash.graphql.vocabulary.from_row import from_row, lazily_from_row
from mktdash.graphql.vocabulary.ids import global_id
from mktdash.graphql.vocabulary.node import Node
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.catalogue.instruments import AliasRow, InstrumentRow, aliases_by_instrument_ids
from mktdash.store.catalogue.series import series_by_instrument_ids
from mktdash.store.live.topic_versions import CATALOGUE

INSTRUMENTS = "Instrument"
INSTRUMENT_LIST = Cursor(INSTRUMENTS, symbol=str)

strawberry.enum(AssetClass, description="Kinds of instruments.")


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
        return from_row(cls, row)


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

    @batched(metadata=depends_on(CATALOGUE), description="What sources call it.")
    @staticmethod
    async def aliases(parents: Sequence["InstrumentType"], context: RequestContext) -> list[list[InstrumentAliasType]]:
        """All that they ever called it."""
        async with context.read() as conn:
            found = await aliases_by_instrument_ids(conn, [parent.row_id for parent in parents])
        return [[InstrumentAliasType.from_row(row) for row in found.get(parent.row_id, ())] for parent in parents]

    @batched(metadata=depends_on(CATALOGUE, notes=True), description="Its series, by source, measure and interval.")
    @staticmethod
    async def series(parents: Sequence["InstrumentType"], context: RequestContext) -> list[list[SeriesSummaryType]]:
        """Without their history."""
        async with context.read() as conn:
            found = await series_by_instrument_ids(conn, [parent.row_id for parent in parents])
        for dataset in {row.dataset for rows in found.values() for row in rows}:
            context.saw(dataset)
        return [[SeriesSummaryType.from_row(row) for row in found.get(parent.row_id, ())] for parent in parents]

    @classmethod
    def from_row(cls, row: InstrumentRow) -> "InstrumentType":
        """An instrument as stored."""
        return _INSTRUMENT(row)


_INSTRUMENT = lazily_from_row(
    InstrumentType,
    {
        "row_id": lambda row: row.id,
        "id": lambda row: global_id(INSTRUMENTS, row.symbol),
    },
    within="spec",
)
