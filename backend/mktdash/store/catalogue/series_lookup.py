"""A series with its instrument and its dataset, by the instrument's symbol, in one statement."""

from dataclasses import dataclass

from sqlalchemy import String, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.catalogue.datasets import DATASET_COLUMNS, DatasetRow, dataset_by_key, dataset_row
from mktdash.store.catalogue.instruments import INSTRUMENT_COLUMNS, InstrumentRow, instrument_row, instruments_by_ids
from mktdash.store.catalogue.series import (
    ANY_SERIES,
    SERIES_COLUMNS,
    SERIES_ORDER,
    SeriesFilter,
    SeriesRow,
    series_by_symbol,
    series_row,
)
from mktdash.store.engine.driver_reads import fetch_built
from mktdash.store.tables import DATASETS, INSTRUMENTS, SERIES


@dataclass(frozen=True, slots=True)
class SeriesDetails:
    """A series and what it belongs to."""

    series: SeriesRow
    instrument: InstrumentRow
    dataset: DatasetRow


_S, _I = len(SERIES_COLUMNS), len(SERIES_COLUMNS) + len(INSTRUMENT_COLUMNS)
_BY_SYMBOL = (
    select(*SERIES_COLUMNS, *INSTRUMENT_COLUMNS, *DATASET_COLUMNS)
    .join_from(SERIES, INSTRUMENTS, INSTRUMENTS.c.id == SERIES.c.instrument_id)
    .join(DATASETS, DATASETS.c.key == SERIES.c.dataset)
    .where(INSTRUMENTS.c.symbol == bindparam("symbol", type_=String))
    .order_by(*SERIES_ORDER)
)


async def find_series(
    conn: AsyncConnection, symbol: str, which: SeriesFilter = ANY_SERIES, *, at: int | None = None
) -> SeriesDetails:
    """What :func:`store.catalogue.series.series_by_symbol` finds, with its instrument and its dataset.

    Raises:
        UnknownSymbolError: no such instrument, or it has no such series; the error lists those it has.
    """
    # Only the present can be asked by symbol alone: what was called so at an instant is another question.
    for row in () if at is not None else await fetch_built(conn, _BY_SYMBOL, symbol=symbol):
        series = series_row(row[:_S])
        if which.fits(series):
            return SeriesDetails(series, instrument_row(row[_S:_I]), dataset_row(row[_I:]))
    found = await series_by_symbol(conn, symbol, which, at=at)
    return await details_of(conn, found)


async def details_of(conn: AsyncConnection, series: SeriesRow) -> SeriesDetails:
    """A series that is known already, with its instrument and its dataset."""
    instrument = (await instruments_by_ids(conn, [series.instrument_id]))[series.instrument_id]
    return SeriesDetails(series, instrument, await dataset_by_key(conn, series.dataset))
