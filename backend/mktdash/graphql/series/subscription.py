"""Observations of series as they are learned."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from mktdash.domain.events import OBSERVATIONS, ObservationsChanged
from mktdash.graphql.columns.points import PointsType
from mktdash.graphql.context import Info, RequestContext
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import Since
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.catalogue.instruments import instrument_by_symbol
from mktdash.store.catalogue.series import SeriesRow, series_by_ids, series_by_instrument_ids
from mktdash.store.engine.session import read_transaction
from mktdash.store.live.outbox import EventRow


@strawberry.type(description="New, revised or retracted observations of one series.")
class ObservationsEvent:
    """A change of one series."""

    cursor: str = strawberry.field(description="Pass it as `since` to resume after this event.")
    symbol: str = strawberry.field(description="The instrument's symbol.")
    source: str = strawberry.field(description="The series' source.")
    measure: str = strawberry.field(description="What its values are: price, rate, yield or index.")
    interval: str = strawberry.field(description="The spacing of its points, such as 1d or 1m.")
    dataset: str = strawberry.field(description="Key of the dataset it belongs to.")
    data_version: int = strawberry.field(description="The dataset's version after this change.")
    known_at: Instant = strawberry.field(description="When this system learned it.")
    points: PointsType = strawberry.field(description="The new and revised values.")
    retracted_as_of: list[Instant] = strawberry.field(description="The instants whose values were retracted.")
    truncated: bool = strawberry.field(
        description="Whether more changed than is listed here; if so, query the series again."
    )

    @classmethod
    def from_event(cls, cursor: str, series: SeriesRow, event: ObservationsChanged) -> "ObservationsEvent":
        """A change of a series."""
        return cls(
            cursor=cursor,
            symbol=series.symbol,
            source=series.source,
            measure=series.measure,
            interval=series.interval,
            dataset=series.dataset,
            data_version=event.data_version,
            known_at=Instant(event.known_at),
            points=PointsType.from_columns(event.points),
            retracted_as_of=[Instant(at) for at in event.retracted],
            truncated=event.truncated,
        )


@strawberry.type
class SeriesSubscription:
    """What can be followed of series."""

    @strawberry.subscription(
        description="New, revised and retracted observations. Errors: UNKNOWN_SYMBOL, CURSOR_EXPIRED, BAD_INPUT."
    )
    async def observations(
        self,
        info: Info,
        symbols: Annotated[
            list[str] | None,
            strawberry.argument(description="Only of these instruments, at most 200; of all if left out."),
        ] = None,
        since: Since = None,
    ) -> AsyncGenerator[ObservationsEvent, None]:
        """One event a change of a series."""
        context = info.context
        known = await _series_of(context, symbols)
        keys = None if symbols is None else [str(series_id) for series_id in known]
        async with aclosing(context.services.hub.stream(OBSERVATIONS, keys=keys, since=since)) as events:
            async for cursor, event in events:
                series = await _series(context, known, event)
                if series is not None:
                    changed = ObservationsChanged.from_payload(series.id, event.payload)
                    yield ObservationsEvent.from_event(str(cursor), series, changed)


async def _series_of(context: RequestContext, symbols: list[str] | None) -> dict[int, SeriesRow]:
    if symbols is None:
        return {}
    bounds.symbols(symbols)
    async with read_transaction(context.services.engine) as conn:
        ids = [(await instrument_by_symbol(conn, symbol)).id for symbol in dict.fromkeys(symbols)]
        found = await series_by_instrument_ids(conn, ids)
    return {series.id: series for rows in found.values() for series in rows}


async def _series(context: RequestContext, known: dict[int, SeriesRow], event: EventRow) -> SeriesRow | None:
    series_id = int(event.key)
    if series_id not in known:
        async with read_transaction(context.services.engine) as conn:
            known.update(await series_by_ids(conn, [series_id]))
    return known.get(series_id)
