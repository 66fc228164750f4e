"""A series with its instrument and its dataset, by the instrument's symbol, in one statement."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, String, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.store.catalogue.datasets import DATASET_COLUMNS, DatasetRow, dataset_by_key, dataset_row
from mktdash.store.catalogue.instruments import (
    ANY_SERIES,
    DATASETS,
    INSTRUMENT_COLUMNS,
    INSTRUMENTS,
    SERIES,
    SERIES_COLUMNS,
    SERIES_ORDER,
    InstrumentRow,
    SeriesFilter,
    SeriesRow,
    instrument_row,
    instruments_by_ids,
    series_by_symbol,
    series_row,
)
from mktdash.store.engine.driver_reads import fetch_built


@dataclass(frozen=True, slots=True)
class SeriesDetails:
    """A series and what it belongs to."""

    series: SeriesRow
    instrument: InstrumentRow
    dataset: DatasetRow


_S, _I = len(SERIES_COLUMNS), len(SERIES_COLUMNS) + len(INSTRUMENT_COLUMNS)
# Of a row that ``_details_from`` reads.
WIDTH = _I + len(DATASET_COLUMNS)
SYMBOL = SERIES_COLUMNS.index(INSTRUMENTS.c.symbol)


async def find_series(
    conn: AsyncConnection,
    symbol: str,
    which: SeriesFilter = ANY_SERIES,
    *,
    at: int | None = None,
) -> SeriesDetails:
    """What :func:`store.instruments.series_by_symbol` finds, with its surroundings.

    Raises:
        UnknownSymbolError: no such instrument, or it has no such series; the error lists those it has.
    """
    # Only the present can be asked by symbol alone: what was called so at an instant is another question.
    for row in () if at is not None else await fetch_built(conn, _named, symbol=symbol):
        known = _details_from(row, which)
        if known is not None:
            return known
    found = await series_by_symbol(conn, symbol, which, at=at)
    return await details_of(conn, found)


async def details_of(conn: AsyncConnection, series: SeriesRow) -> SeriesDetails:
    """A series that is known already, with its surroundings."""
    instrument = (await instruments_by_ids(conn, [series.instrument_id]))[series.instrument_id]
    return SeriesDetails(series, instrument, await dataset_by_key(conn, series.dataset))


def _details_where(condition: ColumnElement[bool]) -> Select[Any]:
    """Series with their surroundings, in rows as :func:`_details_from` reads them, the preferred ones first."""
    return (
        select(*SERIES_COLUMNS, *INSTRUMENT_COLUMNS, *DATASET_COLUMNS)
        .join_from(SERIES, INSTRUMENTS, INSTRUMENTS.c.id == SERIES.c.instrument_id)
        .join(DATASETS, DATASETS.c.key == SERIES.c.dataset)
        .where(condition)
        .order_by(*SERIES_ORDER)
    )


def _details_from(row: Sequence[Any], which: SeriesFilter) -> SeriesDetails | None:
    """What a row says; None where it is of a series that is not asked for."""
    series = series_row(row[:_S])
    if not which.fits(series):
        return None
    return SeriesDetails(series, instrument_row(row[_S:_I]), dataset_row(row[_I:]))


def _named(_: bool) -> Select[Any]:  # noqa: FBT001 - the same for both engines
    return _details_where(INSTRUMENTS.c.symbol == bindparam("symbol", type_=String))
