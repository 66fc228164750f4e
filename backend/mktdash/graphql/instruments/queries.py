"""Instruments by symbol, and a page of them."""

from typing import Annotated

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.instrument import AssetClass
from mktdash.graphql.context import Info
from mktdash.graphql.cost_charging import note_size
from mktdash.graphql.instruments.types import INSTRUMENT_LIST, INSTRUMENTS, InstrumentType
from mktdash.graphql.nodes import finds
from mktdash.graphql.selected_fields import asked
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import (
    After,
    First,
    Symbol,
    Text,
)
from mktdash.graphql.vocabulary.connection import Connection
from mktdash.graphql.vocabulary.depends_on import depends_on
from mktdash.graphql.vocabulary.node import Node
from mktdash.store.catalogue.instruments import instrument_by_symbol, search_instruments
from mktdash.store.live.topic_versions import CATALOGUE


@strawberry.type
class InstrumentQueries:
    """What can be read of instruments."""

    @strawberry.field(metadata=depends_on(CATALOGUE), description="Instruments by symbol, in pages. Errors: BAD_INPUT.")
    async def instruments(  # noqa: PLR0917 - arguments of the field, given by name
        self,
        info: Info,
        search: Annotated[str | None, Text(description="Text to find in symbols, names and sources' aliases.")] = None,
        asset_class: Annotated[AssetClass | None, Text(description="Only of this kind.")] = None,
        symbols: Annotated[
            list[str] | None, Text(description="Only those of these symbols, at most 200; unknown ones are left out.")
        ] = None,
        first: First = 50,
        after: After = None,
    ) -> Connection[InstrumentType]:
        """A page of instruments."""
        bounds.page_size(first, "first")
        if search:
            bounds.name(search, "search")
        if symbols is not None:
            bounds.symbols(symbols)
        kind = None if asset_class is None else asset_class.value
        async with info.context.read() as conn:
            page = await search_instruments(
                conn,
                search=search,
                asset_class=kind,
                symbols=symbols,
                first=first,
                after=INSTRUMENT_LIST.after(after),
                counted="totalCount" in asked(info),
            )
        note_size(info, len(page.items))
        return Connection.from_page(page, INSTRUMENT_LIST, InstrumentType.from_row)

    @strawberry.field(
        metadata=depends_on(CATALOGUE), description="One instrument. Errors: UNKNOWN_SYMBOL with suggestions."
    )
    async def instrument(self, info: Info, symbol: Symbol) -> InstrumentType | None:
        """An instrument by its symbol."""
        bounds.name(symbol, "symbol")
        async with info.context.read() as conn:
            return InstrumentType.from_row(await instrument_by_symbol(conn, symbol))


@finds(INSTRUMENTS)
async def _instrument(_: Info, conn: AsyncConnection, symbol: str) -> Node | None:
    row = await instrument_by_symbol(conn, symbol)
    return InstrumentType.from_row(row) if row.symbol == symbol else None
