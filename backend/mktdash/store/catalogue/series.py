"""Series: which there are of an instrument or a dataset, each with the names and the schedule it belongs to."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import UnknownSymbolError
from mktdash.store.catalogue.instruments import instrument_by_symbol
from mktdash.store.engine.driver_reads import fetch_built
from mktdash.store.engine.id_list import is_one_of, is_one_of_parameter
from mktdash.store.tables import DATASETS, INSTRUMENTS, SERIES


class SeriesRow(NamedTuple):
    """A series with the names and the schedule it belongs to."""

    id: int
    instrument_id: int
    symbol: str
    dataset: str
    source: str
    measure: str
    interval: str
    unit: str
    unit_scale: float
    positive: bool
    adjustment: str
    calendar: str
    timezone: str
    simulated: bool
    currency: str | None

    @property
    def key(self) -> str:
        """The natural key, the same on every engine: ``EURUSD|ecb-reference-rates|rate|1d|none``."""
        return f"{self.symbol}|{self.dataset}|{self.measure}|{self.interval}|{self.adjustment}"


class SeriesFilter(NamedTuple):
    """Which series of an instrument is meant; what is None may be any, and the first that fits is taken.

    They stand in the order of source, measure, interval, adjustment and dataset.
    """

    source: str | None = None
    measure: str | None = None
    interval: str | None = None
    dataset: str | None = None

    def fits(self, series: SeriesRow) -> bool:
        """Whether a series may be meant."""
        own = (series.source, series.measure, series.interval, series.dataset)
        return all(asked in (None, one) for asked, one in zip(self, own, strict=True))


ANY_SERIES = SeriesFilter()
_POSITIVE = SeriesRow._fields.index("positive")

_SOURCES = {
    "symbol": INSTRUMENTS,
    "currency": INSTRUMENTS,
    "calendar": DATASETS,
    "timezone": DATASETS,
    "simulated": DATASETS,
}
SERIES_COLUMNS = tuple(_SOURCES.get(name, SERIES).c[name] for name in SeriesRow._fields)

SERIES_ORDER = (
    INSTRUMENTS.c.symbol,
    *(SERIES.c[name] for name in ("source", "measure", "interval", "adjustment", "dataset")),
)

_SERIES = (
    select(*SERIES_COLUMNS)
    .join(INSTRUMENTS, INSTRUMENTS.c.id == SERIES.c.instrument_id)
    .join(DATASETS, DATASETS.c.key == SERIES.c.dataset)
    .order_by(*SERIES_ORDER)
)
_OF_INSTRUMENTS = _SERIES.where(is_one_of_parameter(SERIES.c.instrument_id, "ids"))


def series_row(row: Sequence[Any]) -> SeriesRow:
    """A series from its columns, as either engine gives them."""
    found = SeriesRow._make(row)
    # SQLite's truth values are numbers where its driver is asked.
    if type(row[_POSITIVE]) is bool:
        return found
    return found._replace(positive=bool(found.positive), simulated=bool(found.simulated))


async def series_by_symbol(
    conn: AsyncConnection, symbol: str, which: SeriesFilter = ANY_SERIES, *, at: int | None = None
) -> SeriesRow:
    """The series of an instrument; the first of those that fit.

    ``at`` says when it was called so, as for :func:`instrument_by_symbol`.

    Raises:
        UnknownSymbolError: no such instrument, or it has no such series; the error lists those it has.
    """
    instrument = await instrument_by_symbol(conn, symbol, at)
    have = (await series_by_instrument_ids(conn, [instrument.id])).get(instrument.id, [])
    for row in have:
        if which.fits(row):
            return row
    asked = which._asdict()
    raise UnknownSymbolError(
        f"{instrument.symbol} has no series with the {', '.join(asked)} asked for",
        symbol=symbol,
        **asked,
        available=[{name: getattr(row, name) for name in asked} for row in have],
    )


async def series_by_instrument_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, list[SeriesRow]]:
    """The series of each instrument; instruments without any are left out."""
    found: dict[int, list[SeriesRow]] = defaultdict(list)
    for row in await fetch_built(conn, _OF_INSTRUMENTS, ids=list(ids)):
        series = series_row(row)
        found[series.instrument_id].append(series)
    return dict(found)


async def series_by_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, SeriesRow]:
    """Series by id; ids that are not there are left out."""
    rows = (await conn.execute(_SERIES.where(is_one_of(SERIES.c.id, ids)))).all()
    return {series.id: series for series in map(series_row, rows)}


async def series_of_dataset(conn: AsyncConnection, key: str) -> list[SeriesRow]:
    """The series of a dataset, by symbol."""
    return [series_row(row) for row in (await conn.execute(_SERIES.where(SERIES.c.dataset == key))).all()]
