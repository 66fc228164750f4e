"""What can be read."""

from typing import Annotated

import strawberry

from mktdash.contracts.registry import CONTRACTS
from mktdash.domain.instrument import AssetClass
from mktdash.graphql.columns.downsample import Downsample
from mktdash.graphql.context import Info
from mktdash.graphql.cost_limit import note_size
from mktdash.graphql.instruments.types import INSTRUMENTS, InstrumentConnection, InstrumentType
from mktdash.graphql.nodes import NodeQueries
from mktdash.graphql.quality.alert_resolvers import AlertQueries
from mktdash.graphql.quality.dataset import DatasetType
from mktdash.graphql.replays.types import NO_VERSION, REPLAYS, ReplayRunType
from mktdash.graphql.reports.types import RUNS, ReportRunConnection, ReportRunType, ReportTemplateType
from mktdash.graphql.selected_fields import asked
from mktdash.graphql.series.history import read_history
from mktdash.graphql.series.provenance import ProvenanceType
from mktdash.graphql.series.revision import RevisionConnection, revision_after
from mktdash.graphql.series.types import SeriesType
from mktdash.graphql.server.source import SourceType
from mktdash.graphql.server.types import ServerInfoType, ViewerType
from mktdash.graphql.tokens.resolvers import TokenQueries
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
from mktdash.graphql.vocabulary.depends_on import depends_on, never_kept
from mktdash.graphql.vocabulary.ids import key_after, key_of
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.live.cursor import head_cursor
from mktdash.reports.catalogue import templates
from mktdash.store.batches.batches import provenance_of
from mktdash.store.catalogue.datasets import all_datasets, dataset_by_key
from mktdash.store.catalogue.instruments import Which, instrument_by_symbol, search_instruments, series_by_symbol
from mktdash.store.catalogue.series_lookup import locate
from mktdash.store.jobs.replays import last_replays, replay_by_id
from mktdash.store.jobs.runs import run_by_id, runs_page
from mktdash.store.live.heartbeats import beats, heard_at
from mktdash.store.live.topic_versions import CATALOGUE, DATA, REPORTS
from mktdash.store.series.revisions import revisions_page


@strawberry.type(description="What can be read.")
class Query(AlertQueries, TokenQueries, NodeQueries):
    """The root of reads."""

    @strawberry.field(
        metadata=depends_on(CATALOGUE), description="Instruments by symbol, a page at a time. Errors: BAD_INPUT."
    )
    async def instruments(  # noqa: PLR0917 - arguments of the field, given by name
        self,
        info: Info,
        search: Annotated[str | None, Text(description="Text to find in symbols, names and sources' aliases.")] = None,
        asset_class: Annotated[AssetClass | None, Text(description="Of this kind only.")] = None,
        symbols: Annotated[
            list[str] | None, Text(description="Those of these symbols only, at most 200; unknown ones are left out.")
        ] = None,
        first: First = 50,
        after: After = None,
    ) -> InstrumentConnection:
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
                after=key_after(INSTRUMENTS, after),
                counted="totalCount" in asked(info),
            )
        note_size(info, len(page.items))
        return InstrumentConnection.from_page(page)

    @strawberry.field(
        metadata=depends_on(CATALOGUE), description="One instrument. Errors: UNKNOWN_SYMBOL with suggestions."
    )
    async def instrument(self, info: Info, symbol: Symbol) -> InstrumentType | None:
        """An instrument by its symbol."""
        bounds.name(symbol, "symbol")
        async with info.context.read() as conn:
            return InstrumentType.from_row(await instrument_by_symbol(conn, symbol))

    @strawberry.field(
        metadata=depends_on(CATALOGUE, notes=True),
        description="One series with its history, all read at one instant. Errors: UNKNOWN_SYMBOL with suggestions; "
        "BAD_INPUT for a reversed or absurd range, asKnownAt in the future, maxPoints out of 2..100000.",
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
            Text(name="from", description="The first instant wanted; from the beginning where left out."),
        ] = None,
        to: Annotated[Instant | None, Text(description="The last instant wanted; to the end where left out.")] = None,
        as_known_at: AsKnownAt = None,
        max_points: Annotated[
            int | None, Text(description="Thin the points out to at most so many, 2 to 100000; none is made up.")
        ] = None,
        downsample: Annotated[Downsample, Text(description="How to choose the points that stay.")] = Downsample.LTTB,
    ) -> SeriesType | None:
        """A series and whatever was asked of it."""
        which = Which(source, measure, interval, dataset)
        for argument, text in {"symbol": symbol, **which._asdict()}.items():
            if text is not None:
                bounds.name(text, argument)
        now = info.context.services.clock()
        bounds.span(from_, to, now)
        bounds.knowledge(as_known_at, now)
        if max_points is not None:
            bounds.within(max_points, bounds.FEWEST_POINTS, bounds.MOST_POINTS, "maxPoints")
        async with info.context.read() as conn:
            found = await locate(conn, symbol, which, at=to)
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

    @strawberry.field(metadata=depends_on(CATALOGUE), description="Every dataset, by key.")
    async def datasets(self, info: Info) -> list[DatasetType]:
        """All datasets."""
        async with info.context.read() as conn:
            return [DatasetType.from_row(row) for row in await all_datasets(conn)]

    @strawberry.field(metadata=depends_on(CATALOGUE, notes=True), description="One dataset. Errors: NOT_FOUND.")
    async def dataset(
        self, info: Info, key: Annotated[str, Text(description="The dataset's key.")]
    ) -> DatasetType | None:
        """A dataset by its key."""
        bounds.name(key, "key")
        async with info.context.read() as conn:
            info.context.saw(key)
            return DatasetType.from_row(await dataset_by_key(conn, key))

    @strawberry.field(
        metadata=depends_on(CATALOGUE, DATA, notes=True),
        description="Where the value at an instant comes from. Errors: UNKNOWN_SYMBOL, NOT_FOUND, BAD_INPUT.",
    )
    async def provenance(  # noqa: PLR0917 - GraphQL names its arguments
        self,
        info: Info,
        symbol: Symbol,
        as_of: Annotated[Instant, Text(description="When the value holds, exactly.")],
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
            series = await series_by_symbol(conn, symbol, Which(source, measure, interval, dataset))
            info.context.saw(series.dataset)
            return ProvenanceType.from_row(series, await provenance_of(conn, series, as_of, as_known_at))

    @strawberry.field(
        metadata=depends_on(CATALOGUE, DATA, notes=True),
        description="What changed in a series, newest first, a page at a time. Errors: UNKNOWN_SYMBOL, BAD_INPUT.",
    )
    async def revisions(  # noqa: PLR0917 - GraphQL names its arguments
        self,
        info: Info,
        symbol: Symbol,
        source: Source = None,
        measure: Measure = None,
        interval: Interval = None,
        dataset: Dataset = None,
        since: Annotated[Instant | None, Text(description="Changes learned then or later; all where left out.")] = None,
        first: First = 50,
        after: After = None,
    ) -> RevisionConnection | None:
        """Old values with their successors."""
        bounds.name(symbol, "symbol")
        bounds.page_size(first, "first")
        async with info.context.read() as conn:
            series = await series_by_symbol(conn, symbol, Which(source, measure, interval, dataset))
            info.context.saw(series.dataset)
            page = await revisions_page(conn, [series.id], since=since or 0, first=first, after=revision_after(after))
        note_size(info, len(page.items))
        return RevisionConnection.from_page(page)

    @strawberry.field(
        metadata=never_kept("it is the last word of other processes, of which no version tells"),
        description="How each source is doing, as the feed says: its circuit and its last trouble.",
    )
    async def sources(self, info: Info) -> list[SourceType]:
        """From the feeds' heartbeats."""
        async with info.context.read() as conn:
            return SourceType.from_beats(await beats(conn))

    @strawberry.field(metadata=depends_on(), description="Every kind of report that can be asked for.")
    def report_templates(self) -> list[ReportTemplateType]:
        """The catalogue."""
        return [ReportTemplateType.from_row(template) for template in templates()]

    @strawberry.field(
        metadata=depends_on(REPORTS), description="Report runs, newest first, a page at a time. Errors: BAD_INPUT."
    )
    async def report_runs(self, info: Info, first: First = 20, after: After = None) -> ReportRunConnection:
        """A page of runs."""
        bounds.page_size(first, "first")
        async with info.context.read() as conn:
            page = await runs_page(conn, first=first, after=key_after(RUNS, after))
        note_size(info, len(page.items))
        return ReportRunConnection.from_page(page)

    @strawberry.field(metadata=depends_on(REPORTS), description="One report run. Errors: NOT_FOUND.")
    async def report_run(
        self,
        info: Info,
        id: Annotated[strawberry.ID, Text(description="Its id or its runId.")],  # noqa: A002 - the agreed name
    ) -> ReportRunType | None:
        """A run by its id."""
        bounds.name(id, "id")
        async with info.context.read() as conn:
            return ReportRunType.from_row(await run_by_id(conn, key_of(RUNS, id)))

    @strawberry.field(metadata=never_kept(NO_VERSION), description="The last replays, newest first. Errors: BAD_INPUT.")
    async def replay_runs(self, info: Info, first: First = 20) -> list[ReplayRunType]:
        """The newest replays."""
        bounds.page_size(first, "first")
        async with info.context.read() as conn:
            return [ReplayRunType.from_row(row) for row in await last_replays(conn, first)]

    @strawberry.field(metadata=never_kept(NO_VERSION), description="One replay. Errors: NOT_FOUND.")
    async def replay_run(
        self,
        info: Info,
        id: Annotated[strawberry.ID, Text(description="Its id or its runId.")],  # noqa: A002 - as reportRun has it
    ) -> ReplayRunType | None:
        """A replay by its id."""
        bounds.name(id, "id")
        async with info.context.read() as conn:
            return ReplayRunType.from_row(await replay_by_id(conn, key_of(REPLAYS, id)))

    @strawberry.field(
        metadata=never_kept("it is of this process and of this instant"),
        description="What this server is and what it runs on.",
    )
    async def server_info(self, info: Info) -> ServerInfoType:
        """Facts of the process and of the store."""
        services = info.context.services
        async with info.context.read() as conn:
            head = await head_cursor(conn)
            heard = await heard_at(conn, "feed") if "feedHeardAt" in asked(info) else None
        return ServerInfoType(
            version=services.version,
            code_sha=services.code_sha,
            epoch=head.epoch,
            cursor=str(head),
            now=Instant(services.now),
            started_at=Instant(services.started),
            feed_heard_at=None if heard is None else Instant(heard),
            database=services.engine.dialect.name,
            contracts=[contract.name for contract in CONTRACTS],
            anonymous_read=services.anonymous_read,
        )

    @strawberry.field(metadata=never_kept("it is of whoever asks"), description="Who is asking, and what they may do.")
    def viewer(self, info: Info) -> ViewerType:
        """The principal of this request."""
        return ViewerType.from_principal(info.context.principal)
