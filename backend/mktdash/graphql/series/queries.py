"""Series, what changed in them, and where their values come from."""

from typing import Annotated

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.graphql.columns.downsample import Downsample
from mktdash.graphql.context import Info
from mktdash.graphql.cost_charging import note_size
from mktdash.graphql.nodes import finds
from mktdash.graphql.series.history import read_history
from mktdash.graphql.series.provenance import BATCHES, BatchType, ProvenanceType
from mktdash.graphql.series.revision import REVISION_LIST, RevisionType
from mktdash.graphql.series.summary import SERIES
from mktdash.graphql.series.types import SeriesType
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import (
    After,
    AsKnownAt,
    Dataset,
    First,
    Interval,
    Measure,
    Source,
    Symbol,
    Text,
)
from mktdash.graphql.vocabulary.connection import Connection
from mktdash.graphql.vocabulary.depends_on import depends_on
from mktdash.graphql.vocabulary.ids import number_of
from mktdash.graphql.vocabulary.node import Node
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.batches.batches import batches_by_ids, provenance_of
from mktdash.store.catalogue.instruments import instrument_by_symbol
from mktdash.store.catalogue.series import SeriesFilter, series_by_instrument_ids, series_by_symbol
from mktdash.store.catalogue.series_lookup import details_of, find_series
from mktdash.store.live.topic_versions import CATALOGUE, DATA
from mktdash.store.series.revisions import revisions_page


@strawberry.type
class SeriesQueries:
    """What can be read of series."""

    @strawberry.field(
        metadata=depends_on(CATALOGUE, notes=True),
        description="One series with its history. Errors: UNKNOWN_SYMBOL with suggestions; BAD_INPUT for a reversed or "
        "impossible range, asKnownAt in the future, maxPoints out of 2..100000.",
    )
    async def series(  # noqa: PLR0917 - arguments of the field, given by name
        self,
        info: Info,
        symbol: Symbol,
        source: Source = None,
        measure: Measure = None,
        interval: Interval = None,
        dataset: Dataset = None,
        from_: Annotated[
            Instant | None,
            Text(name="from", description="The first instant; the beginning if left out."),
        ] = None,
        to: Annotated[Instant | None, Text(description="The last instant; the end if left out.")] = None,
        as_known_at: AsKnownAt = None,
        max_points: Annotated[
            int | None,
            Text(description="Downsample to at most this many points, 2 to 100000. Only stored points are given."),
        ] = None,
        downsample: Annotated[Downsample, Text(description="How to choose the points to keep.")] = Downsample.LTTB,
    ) -> SeriesType | None:
        """A series and whatever was asked of it."""
        which = SeriesFilter(source, measure, interval, dataset)
        for argument, text in {"symbol": symbol, **which._asdict()}.items():
            if text is not None:
                bounds.name(text, argument)
        now = info.context.services.clock()
        bounds.span(from_, to, now)
        bounds.knowledge(as_known_at, now)
        if max_points is not None:
            bounds.within(max_points, bounds.FEWEST_POINTS, bounds.MOST_POINTS, "maxPoints")
        async with info.context.read() as conn:
            found = await find_series(conn, symbol, which, at=to)
            return await read_history(
                info,
                conn,
                found,
                start=from_,
                end=to,
                as_known_at=as_known_at,
                most=max_points,
                how=downsample,
            )

    @strawberry.field(
        metadata=depends_on(CATALOGUE, DATA, notes=True),
        description="Where the value of an instant comes from. Errors: UNKNOWN_SYMBOL, NOT_FOUND, BAD_INPUT.",
    )
    async def provenance(  # noqa: PLR0917 - GraphQL names its arguments
        self,
        info: Info,
        symbol: Symbol,
        as_of: Annotated[Instant, Text(description="The exact instant of the value.")],
        source: Source = None,
        measure: Measure = None,
        interval: Interval = None,
        dataset: Dataset = None,
        as_known_at: AsKnownAt = None,
    ) -> ProvenanceType | None:
        """The batch and the raw bytes behind one number."""
        bounds.name(symbol, "symbol")
        now = info.context.services.clock()
        bounds.span(as_of, None, now)
        bounds.knowledge(as_known_at, now)
        async with info.context.read() as conn:
            series = await series_by_symbol(conn, symbol, SeriesFilter(source, measure, interval, dataset))
            info.context.saw(series.dataset)
            return ProvenanceType.from_row(series, await provenance_of(conn, series, as_of, as_known_at))

    @strawberry.field(
        metadata=depends_on(CATALOGUE, DATA, notes=True),
        description="Revisions and retractions of a series, newest first, in pages. Errors: UNKNOWN_SYMBOL, BAD_INPUT.",
    )
    async def revisions(  # noqa: PLR0917 - GraphQL names its arguments
        self,
        info: Info,
        symbol: Symbol,
        source: Source = None,
        measure: Measure = None,
        interval: Interval = None,
        dataset: Dataset = None,
        since: Annotated[Instant | None, Text(description="Only those known at this instant or later.")] = None,
        first: First = 50,
        after: After = None,
    ) -> Connection[RevisionType] | None:
        """Old values with their successors."""
        bounds.name(symbol, "symbol")
        bounds.page_size(first, "first")
        async with info.context.read() as conn:
            series = await series_by_symbol(conn, symbol, SeriesFilter(source, measure, interval, dataset))
            info.context.saw(series.dataset)
            page = await revisions_page(
                conn, [series.id], since=since or 0, first=first, after=REVISION_LIST.after(after)
            )
        note_size(info, len(page.items))
        return Connection.from_page(page, REVISION_LIST, RevisionType.from_row)


@finds(SERIES)
async def _series(info: Info, conn: AsyncConnection, key: str) -> Node | None:
    instrument = await instrument_by_symbol(conn, key.partition("|")[0])
    rows = (await series_by_instrument_ids(conn, [instrument.id])).get(instrument.id, [])
    row = next((row for row in rows if row.key == key), None)
    if row is None:
        return None
    found = await details_of(conn, row)
    return await read_history(info, conn, found, start=None, end=None, as_known_at=None, most=None, how=Downsample.LTTB)


@finds(BATCHES)
async def _batch(_: Info, conn: AsyncConnection, key: str) -> Node | None:
    number = number_of(key)
    row = None if number is None else (await batches_by_ids(conn, [number])).get(number)
    return None if row is None else BatchType.from_row(row)
