"""Things by their opaque ids, whatever they are: what clients with a cache of their own refetch by."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import NotFoundError, UnknownSymbolError
from mktdash.graphql.columns.downsample import Downsample
from mktdash.graphql.context import Info
from mktdash.graphql.cost_limit import note_size
from mktdash.graphql.instruments.types import INSTRUMENTS, InstrumentType
from mktdash.graphql.quality.alert import ALERTS, AlertType
from mktdash.graphql.quality.dataset import DatasetType
from mktdash.graphql.replays.types import REPLAYS, ReplayRunType
from mktdash.graphql.reports.types import RUNS, ReportRunType
from mktdash.graphql.series.history import read_history
from mktdash.graphql.series.provenance import BatchType
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import Text
from mktdash.graphql.vocabulary.depends_on import never_kept
from mktdash.graphql.vocabulary.ids import kind_and_key
from mktdash.graphql.vocabulary.node import Node
from mktdash.store.batches.batches import batches_by_ids
from mktdash.store.catalogue.datasets import dataset_by_key
from mktdash.store.catalogue.instruments import instrument_by_symbol, series_by_instrument_ids
from mktdash.store.catalogue.series_lookup import around
from mktdash.store.jobs.replays import replay_by_id
from mktdash.store.jobs.runs import run_by_id
from mktdash.store.quality.alerts import alert_by_id

_MOST_NODES = 50
_ANYTHING = "it may be an alert or a replay, which no kept answer tells of"
# A number with more digits is no row's id in either engine.
_MOST_DIGITS = 18


@strawberry.type
class NodeQueries:
    """Relay's object identification."""

    @strawberry.field(metadata=never_kept(_ANYTHING), description="The thing of an id; null where there is none.")
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, Text(description="The id, as some answer gave it.")],  # noqa: A002 - Relay's name
    ) -> Node | None:
        """One thing."""
        async with info.context.read() as conn:
            return await _found(info, conn, id)

    @strawberry.field(
        metadata=never_kept(_ANYTHING),
        description="The things of these ids, in their order, null for each that is not. Errors: BAD_INPUT.",
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], Text(description="The ids, at most 50.")],
    ) -> list[Node | None]:
        """Many things."""
        bounds.within(len(ids), 0, _MOST_NODES, "ids")
        async with info.context.read() as conn:
            found = [await _found(info, conn, one) for one in ids]
        # Each series read above has noted how long it is; here the list is what counts.
        note_size(info, len(ids))
        return found


async def _instrument(_: Info, conn: AsyncConnection, symbol: str) -> Node | None:
    row = await instrument_by_symbol(conn, symbol)
    return InstrumentType.from_row(row) if row.symbol == symbol else None


async def _series(info: Info, conn: AsyncConnection, key: str) -> Node | None:
    instrument = await instrument_by_symbol(conn, key.partition("|")[0])
    rows = (await series_by_instrument_ids(conn, [instrument.id])).get(instrument.id, [])
    row = next((row for row in rows if row.key == key), None)
    if row is None:
        return None
    found = await around(conn, row)
    return await read_history(info, conn, found, start=None, end=None, as_known_at=None, most=None, how=Downsample.LTTB)


async def _dataset(_: Info, conn: AsyncConnection, key: str) -> Node | None:
    return DatasetType.from_row(await dataset_by_key(conn, key))


async def _alert(info: Info, conn: AsyncConnection, key: str) -> Node | None:
    if not _is_number(key):
        return None
    return AlertType.from_row(await alert_by_id(conn, int(key)), info.context.services.now)


async def _batch(_: Info, conn: AsyncConnection, key: str) -> Node | None:
    if not _is_number(key):
        return None
    row = (await batches_by_ids(conn, [int(key)])).get(int(key))
    return None if row is None else BatchType.from_row(row)


async def _report_run(_: Info, conn: AsyncConnection, key: str) -> Node | None:
    return ReportRunType.from_row(await run_by_id(conn, key))


async def _replay_run(_: Info, conn: AsyncConnection, key: str) -> Node | None:
    return ReplayRunType.from_row(await replay_by_id(conn, key))


def _is_number(key: str) -> bool:
    return key.isascii() and key.isdigit() and len(key) <= _MOST_DIGITS


_Find = Callable[[Info, AsyncConnection, str], Awaitable[Node | None]]
_FINDERS: Mapping[str, _Find] = {
    INSTRUMENTS: _instrument,
    "Series": _series,
    "Dataset": _dataset,
    "Batch": _batch,
    ALERTS: _alert,
    RUNS: _report_run,
    REPLAYS: _replay_run,
}


async def _found(info: Info, conn: AsyncConnection, text: str) -> Node | None:
    kind, key = kind_and_key(text) or ("", "")
    find = _FINDERS.get(kind)
    if find is None or not key or "\0" in key:
        return None
    try:
        return await find(info, conn, key)
    except (NotFoundError, UnknownSymbolError):
        return None
