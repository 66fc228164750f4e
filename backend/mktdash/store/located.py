"""A series with its instrument and its dataset, by the instrument's symbol, in one statement."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, String, bindparam, literal_column, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.datasets import DATASET_COLUMNS, DatasetRow, dataset_by_key, dataset_row
from mktdash.store.fetch import fetch_built
from mktdash.store.instruments import (
    DATASETS,
    INSTRUMENT_COLUMNS,
    INSTRUMENTS,
    SERIES,
    SERIES_COLUMNS,
    SERIES_ORDER,
    InstrumentRow,
    SeriesRow,
    instruments_by_ids,
    series_by_symbol,
    series_row,
)
from mktdash.store.sealed import PACKED_DIGESTS, PACKED_TAIL, Stretch, read_stretches, whole_stretches
from mktdash.store.session import is_postgres


@dataclass(frozen=True, slots=True)
class Located:
    """A series and what it belongs to."""

    series: SeriesRow
    instrument: InstrumentRow
    dataset: DatasetRow


_S, _I = len(SERIES_COLUMNS), len(SERIES_COLUMNS) + len(INSTRUMENT_COLUMNS)


async def locate(
    conn: AsyncConnection,
    symbol: str,
    *,
    source: str | None = None,
    measure: str | None = None,
    interval: str | None = None,
    at: int | None = None,
) -> Located:
    """What :func:`store.instruments.series_by_symbol` finds, with its surroundings.

    Raises:
        UnknownSymbolError: no such instrument, or it has no such series; the error lists those it has.
    """
    # Only the present can be asked by symbol alone: what was called so at an instant is another question.
    for row in () if at is not None else await fetch_built(conn, _placed, symbol=symbol):
        series = series_row(row[:_S])
        if _is_asked(series, source, measure, interval):
            return Located(series, InstrumentRow(*row[_S:_I]), dataset_row(row[_I:]))
    found = await series_by_symbol(conn, symbol, source=source, measure=measure, interval=interval, at=at)
    return await around(conn, found)


async def locate_whole(
    conn: AsyncConnection,
    symbol: str,
    *,
    source: str | None = None,
    measure: str | None = None,
    interval: str | None = None,
) -> tuple[Located, list[Stretch]]:
    """What :func:`locate` finds, and what the whole series consists of; on PostgreSQL one statement for both.

    Raises:
        UnknownSymbolError: as :func:`locate` does.
    """
    for row in await fetch_built(conn, _placed_whole, symbol=symbol) if is_postgres(conn) else ():
        series = series_row(row[:_S])
        if _is_asked(series, source, measure, interval):
            *placed, digests, tail = row
            found = Located(series, InstrumentRow(*placed[_S:_I]), dataset_row(placed[_I:]))
            return found, whole_stretches(digests, tail)
    found = await locate(conn, symbol, source=source, measure=measure, interval=interval)
    return found, await read_stretches(conn, found.series)


async def around(conn: AsyncConnection, series: SeriesRow) -> Located:
    """A series that is known already, with its surroundings."""
    instrument = (await instruments_by_ids(conn, [series.instrument_id]))[series.instrument_id]
    return Located(series, instrument, await dataset_by_key(conn, series.dataset))


def _is_asked(series: SeriesRow, source: str | None, measure: str | None, interval: str | None) -> bool:
    wanted = ((source, series.source), (measure, series.measure), (interval, series.interval))
    return all(asked in (None, own) for asked, own in wanted)


def _placed_whole(postgres: bool) -> Select[Any]:  # noqa: FBT001 - as fetch_built calls it
    return _placed(postgres).add_columns(literal_column(PACKED_DIGESTS), literal_column(PACKED_TAIL))


def _placed(_: bool) -> Select[Any]:  # noqa: FBT001 - the same for both engines
    return (
        select(*SERIES_COLUMNS, *INSTRUMENT_COLUMNS, *DATASET_COLUMNS)
        .join_from(SERIES, INSTRUMENTS, INSTRUMENTS.c.id == SERIES.c.instrument_id)
        .join(DATASETS, DATASETS.c.key == SERIES.c.dataset)
        .where(INSTRUMENTS.c.symbol == bindparam("symbol", type_=String))
        .order_by(*SERIES_ORDER)
    )
