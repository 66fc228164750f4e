"""What a watchlist asks of many parents, asked once for all: by plans, in place of a coroutine and a future each.

Each of these answers what the resolver of the same field answers for each parent.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from mktdash.graphql.context import RequestContext
from mktdash.graphql.loaders import VerdictsByDatasetLoader, loader
from mktdash.graphql.types.instrument import InstrumentType, SeriesSummaryType
from mktdash.graphql.types.points import ObservationType
from mktdash.graphql.types.quality import QualityStatus, status_of
from mktdash.store.instruments import series_by_instrument_ids
from mktdash.store.latest import latest_by_series_ids

Bulk = Callable[[Sequence[Any], RequestContext], Awaitable[list[Any]]]


async def series(parents: Sequence[InstrumentType], context: RequestContext) -> list[list[SeriesSummaryType]]:
    """``Instrument.series``."""
    async with context.read() as conn:
        found = await series_by_instrument_ids(conn, [parent.row_id for parent in parents])
    for dataset in {row.dataset for rows in found.values() for row in rows}:
        context.saw(dataset)
    return [[SeriesSummaryType.from_row(row) for row in found.get(parent.row_id, ())] for parent in parents]


async def latest(parents: Sequence[SeriesSummaryType], context: RequestContext) -> list[ObservationType | None]:
    """``SeriesSummary.latest``."""
    async with context.read() as conn:
        found = await latest_by_series_ids(conn, [parent.row.id for parent in parents])
    return [
        None if (row := found.get(parent.row.id)) is None else ObservationType.from_row(row, parent.row.timezone)
        for parent in parents
    ]


async def quality(parents: Sequence[SeriesSummaryType], context: RequestContext) -> list[QualityStatus]:
    """``SeriesSummary.quality``."""
    verdicts = loader(context, VerdictsByDatasetLoader)
    keys = list({parent.row.dataset for parent in parents})
    found = dict(zip(keys, await verdicts.load_many(keys), strict=True))
    return [status_of(found[parent.row.dataset], context) for parent in parents]


BULK: Mapping[str, Bulk] = {
    "Instrument.series": series,
    "SeriesSummary.latest": latest,
    "SeriesSummary.quality": quality,
}
