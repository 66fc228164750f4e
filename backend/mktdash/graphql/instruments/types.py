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

strawberry.enum(AssetClass, description="The kinds of instruments.")
_CLASSES = {
    AssetClass.FX: "A currency pair.",
    AssetClass.RATE: "An interest rate or yield.",
    AssetClass.INDEX: "An index.",
    AssetClass.EQUITY: "A share.",
    AssetClass.COMMODITY: "A commodity.",
    AssetClass.CRYPTO: "A crypto asset.",
    AssetClass.MACRO: "An economic figure, such as consumer prices.",
    AssetClass.SIMULATED: "Simulated by mktdash.",
}
for _value in AssetClass.__strawberry_definition__.values:  # type: ignore[attr-defined]  # strawberry adds it
    _value.description = _CLASSES[AssetClass[_value.name]]


@attributes_depend_on(CATALOGUE)
@strawberry.type(name="InstrumentAlias", description="A source's name for an instrument.")
class InstrumentAliasType:
    """An alias."""

    source: str = strawberry.field(description="The source.")
    symbol: str = strawberry.field(description="The source's symbol.")
    valid_from: Instant = strawberry.field(description="The first instant of its use.")
    valid_to: Instant | None = strawberry.field(
        description="The end of its use, not included; null while it is in use."
    )

    @classmethod
    def from_row(cls, row: AliasRow) -> "InstrumentAliasType":
        """An alias as stored."""
        return from_row(cls, row)


@attributes_depend_on(CATALOGUE)
@strawberry.type(name="Instrument", description="What is measured: a currency pair, a yield, an index.")
class InstrumentType(Node):
    """An instrument."""

    row_id: strawberry.Private[int]
    symbol: str = strawberry.field(description="Its unique name in mktdash.")
    name: str = strawberry.field(description="Its full name.")
    asset_class: AssetClass = strawberry.field(description="Its kind.")
    currency: str | None = strawberry.field(description="ISO 4217 code of its values, where they have one.")
    mic: str | None = strawberry.field(description="ISO 10383 code of its market, where it trades on one.")
    figi: str | None = strawberry.field(description="OpenFIGI identifier, where known.")

    @batched(metadata=depends_on(CATALOGUE), description="The sources' names for it.")
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
