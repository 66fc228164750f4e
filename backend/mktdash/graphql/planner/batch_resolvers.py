"""What a watchlist asks of many parents, asked once for all: by plans, in place of a coroutine and a future each.

Each of these answers what the resolver of the same field answers for each parent.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from mktdash.graphql.columns.points import ObservationType
from mktdash.graphql.context import RequestContext
from mktdash.graphql.instruments.types import InstrumentType
from mktdash.graphql.quality.verdicts import QualityStatus, status_of, until_of
from mktdash.graphql.series.summary import SeriesSummaryType
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.catalogue.instruments import series_by_instrument_ids
from mktdash.store.quality.verdicts import latest_verdicts
from mktdash.store.series.latest import latest_by_series_ids

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
    asked = [parent.row for parent in parents]
    async with context.read() as conn:
        found = await latest_by_series_ids(conn, [series.id for series in asked])
    return [
        None if (row := found.get(series.id)) is None else ObservationType.from_row(row, series.timezone)
        for series in asked
    ]


async def quality(parents: Sequence[SeriesSummaryType], context: RequestContext) -> list[QualityStatus]:
    """``SeriesSummary.quality``."""
    async with context.read() as conn:
        found = await latest_verdicts(conn)
    datasets = [parent.dataset for parent in parents]
    statuses = {one: status_of(found.get(one, {}), context) for one in set(datasets)}
    return [statuses[one] for one in datasets]


async def quality_counts_until(parents: Sequence[SeriesSummaryType], context: RequestContext) -> list[Instant | None]:
    """``SeriesSummary.qualityCountsUntil``."""
    async with context.read() as conn:
        found = await latest_verdicts(conn)
    return [until_of(found.get(parent.dataset, {})) for parent in parents]


BULK: Mapping[str, Bulk] = {
    "Instrument.series": series,
    "SeriesSummary.latest": latest,
    "SeriesSummary.quality": quality,
    "SeriesSummary.qualityCountsUntil": quality_counts_until,
}
