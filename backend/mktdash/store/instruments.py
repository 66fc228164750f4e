"""Instruments and series by name: what readers ask for, what a source calls it, and the one row behind both."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Generic, TypeVar

from sqlalchemy import Row, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col

from mktdash.domain.errors import UnknownSymbolError
from mktdash.store.tables import Dataset, Instrument, InstrumentAlias, Series

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class InstrumentRow:
    """An instrument as stored."""

    id: int
    symbol: str
    name: str
    asset_class: str
    currency: str | None
    mic: str | None
    figi: str | None


@dataclass(frozen=True, slots=True)
class SeriesRow:
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

    @property
    def key(self) -> str:
        """The natural key, the same on every engine: ``EURUSD|ecb|rate|1d|none``."""
        return f"{self.symbol}|{self.source}|{self.measure}|{self.interval}|{self.adjustment}"


@dataclass(frozen=True, slots=True)
class AliasRow:
    """What a source calls an instrument; times in microseconds."""

    source: str
    symbol: str
    valid_from: int
    valid_to: int | None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a longer list."""

    items: Sequence[T]
    total: int
    has_next: bool
    has_previous: bool


_SERIES = (
    select(
        Series.id,
        Series.instrument_id,
        Instrument.symbol,
        Series.dataset,
        Series.source,
        Series.measure,
        Series.interval,
        Series.unit,
        Series.unit_scale,
        Series.positive,
        Series.adjustment,
        Dataset.calendar,
        Dataset.timezone,
        Dataset.simulated,
    )
    .join(Instrument, col(Instrument.id) == col(Series.instrument_id))
    .join(Dataset, col(Dataset.key) == col(Series.dataset))
    .order_by(Instrument.symbol, Series.source, Series.measure, Series.interval, Series.adjustment)
)
_INSTRUMENT = select(
    Instrument.id,
    Instrument.symbol,
    Instrument.name,
    Instrument.asset_class,
    Instrument.currency,
    Instrument.mic,
    Instrument.figi,
)


def _series(row: Row[tuple[object, ...]]) -> SeriesRow:
    return SeriesRow(*row)  # type: ignore[arg-type]  # the select above lists the fields in their order


def _instrument(row: Row[tuple[object, ...]]) -> InstrumentRow:
    return InstrumentRow(*row)  # type: ignore[arg-type]  # as above


async def search_instruments(
    conn: AsyncConnection,
    *,
    search: str | None = None,
    asset_class: str | None = None,
    first: int = 50,
    after: str | None = None,
) -> Page[InstrumentRow]:
    """A page of instruments by symbol; ``after`` is the last symbol of the page before.

    ``search`` looks for its text in symbols, names and sources' aliases, in any case.
    """
    wanted = _INSTRUMENT
    if asset_class is not None:
        wanted = wanted.where(col(Instrument.asset_class) == asset_class)
    if search:
        text = "%" + search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        aliased = select(InstrumentAlias.instrument_id).where(col(InstrumentAlias.symbol).ilike(text, escape="\\"))
        wanted = wanted.where(
            or_(
                col(Instrument.symbol).ilike(text, escape="\\"),
                col(Instrument.name).ilike(text, escape="\\"),
                col(Instrument.id).in_(aliased),
            )
        )
    total = (await conn.execute(select(func.count()).select_from(wanted.subquery()))).scalar_one()
    paged = wanted if after is None else wanted.where(col(Instrument.symbol) > after)
    rows = (await conn.execute(paged.order_by(Instrument.symbol).limit(first + 1))).all()
    return Page([_instrument(row) for row in rows[:first]], total, len(rows) > first, after is not None)


async def instrument_by_symbol(conn: AsyncConnection, symbol: str) -> InstrumentRow:
    """The instrument of that symbol, or the one some source calls so.

    Raises:
        UnknownSymbolError: neither; the error suggests near names.
    """
    row = (await conn.execute(_INSTRUMENT.where(col(Instrument.symbol) == symbol))).first()
    if row is None:
        by_alias = (
            _INSTRUMENT.join(InstrumentAlias, col(InstrumentAlias.instrument_id) == col(Instrument.id))
            .where(col(InstrumentAlias.symbol) == symbol)
            .order_by(col(InstrumentAlias.valid_from).desc())
            .limit(1)
        )
        row = (await conn.execute(by_alias)).first()
    if row is None:
        names = (await conn.execute(select(Instrument.symbol).order_by(Instrument.symbol))).scalars().all()
        near = get_close_matches(symbol.upper(), names, n=3, cutoff=0.5)
        raise UnknownSymbolError(f"no instrument is called {symbol!r}", symbol=symbol, suggestions=near)
    return _instrument(row)


async def series_by_symbol(
    conn: AsyncConnection,
    symbol: str,
    *,
    source: str | None = None,
    measure: str | None = None,
    interval: str | None = None,
) -> SeriesRow:
    """The series of an instrument; the first by source, measure and interval where several fit.

    Raises:
        UnknownSymbolError: no such instrument, or it has no such series; the error lists those it has.
    """
    instrument = await instrument_by_symbol(conn, symbol)
    have = (await series_by_instrument_ids(conn, [instrument.id])).get(instrument.id, [])
    for row in have:
        if source in (None, row.source) and measure in (None, row.measure) and interval in (None, row.interval):
            return row
    raise UnknownSymbolError(
        f"{instrument.symbol} has no series with the source, measure and interval asked for",
        symbol=symbol,
        source=source,
        measure=measure,
        interval=interval,
        available=[{"source": row.source, "measure": row.measure, "interval": row.interval} for row in have],
    )


async def series_by_instrument_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, list[SeriesRow]]:
    """The series of each instrument; instruments without any are left out."""
    found: dict[int, list[SeriesRow]] = defaultdict(list)
    for row in (await conn.execute(_SERIES.where(col(Series.instrument_id).in_(ids)))).all():
        series = _series(row)
        found[series.instrument_id].append(series)
    return dict(found)


async def series_by_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, SeriesRow]:
    """Series by id; ids that are not there are left out."""
    rows = (await conn.execute(_SERIES.where(col(Series.id).in_(ids)))).all()
    return {series.id: series for series in map(_series, rows)}


async def series_of_dataset(conn: AsyncConnection, key: str) -> list[SeriesRow]:
    """The series of a dataset, by symbol."""
    return [_series(row) for row in (await conn.execute(_SERIES.where(col(Series.dataset) == key))).all()]


async def instruments_by_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, InstrumentRow]:
    """Instruments by id; ids that are not there are left out."""
    rows = (await conn.execute(_INSTRUMENT.where(col(Instrument.id).in_(ids)))).all()
    return {instrument.id: instrument for instrument in map(_instrument, rows)}


async def aliases_by_instrument_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, list[AliasRow]]:
    """What sources call each instrument, by source and time."""
    wanted = (
        select(
            InstrumentAlias.instrument_id,
            InstrumentAlias.source,
            InstrumentAlias.symbol,
            InstrumentAlias.valid_from,
            InstrumentAlias.valid_to,
        )
        .where(col(InstrumentAlias.instrument_id).in_(ids))
        .order_by(InstrumentAlias.source, InstrumentAlias.valid_from)
    )
    found: dict[int, list[AliasRow]] = defaultdict(list)
    for instrument_id, *alias in (await conn.execute(wanted)).all():
        found[instrument_id].append(AliasRow(*alias))
    return dict(found)
