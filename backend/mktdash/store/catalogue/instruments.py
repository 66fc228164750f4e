"""Instruments and series by name: what readers ask for, what a source calls it, and the one row behind both."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Select, String, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import UnknownSymbolError
from mktdash.domain.instrument import AssetClass, InstrumentSpec
from mktdash.store.engine.driver_reads import fetch_built
from mktdash.store.engine.id_list import is_in_list, is_one_of, list_parameter
from mktdash.store.engine.session import is_postgres
from mktdash.store.tables import metadata

DATASETS = metadata.tables["dataset"]
INSTRUMENTS = metadata.tables["instrument"]
ALIASES = metadata.tables["instrument_alias"]
SERIES = metadata.tables["series"]

T = TypeVar("T")

_POSITIVE = 9


class InstrumentRow(NamedTuple):
    """An instrument as stored."""

    id: int
    spec: InstrumentSpec

    @property
    def symbol(self) -> str:
        """Its unique name here."""
        return self.spec.symbol


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


SERIES_COLUMNS = (
    SERIES.c.id,
    SERIES.c.instrument_id,
    INSTRUMENTS.c.symbol,
    SERIES.c.dataset,
    SERIES.c.source,
    SERIES.c.measure,
    SERIES.c.interval,
    SERIES.c.unit,
    SERIES.c.unit_scale,
    SERIES.c.positive,
    SERIES.c.adjustment,
    DATASETS.c.calendar,
    DATASETS.c.timezone,
    DATASETS.c.simulated,
    INSTRUMENTS.c.currency,
)
SPEC_COLUMNS = tuple(INSTRUMENTS.c[name] for name in InstrumentSpec._fields)
INSTRUMENT_COLUMNS = (INSTRUMENTS.c.id, *SPEC_COLUMNS)
SERIES_ORDER = (
    INSTRUMENTS.c.symbol,
    SERIES.c.source,
    SERIES.c.measure,
    SERIES.c.interval,
    SERIES.c.adjustment,
    SERIES.c.dataset,
)
_SERIES = (
    select(*SERIES_COLUMNS)
    .join(INSTRUMENTS, INSTRUMENTS.c.id == SERIES.c.instrument_id)
    .join(DATASETS, DATASETS.c.key == SERIES.c.dataset)
    .order_by(*SERIES_ORDER)
)
_INSTRUMENT = select(*INSTRUMENT_COLUMNS)


def _of_instruments(postgres: bool) -> Select[Any]:  # noqa: FBT001 - called by the engine's name
    return _SERIES.where(is_in_list(SERIES.c.instrument_id, "ids", postgres=postgres))


def series_row(row: Sequence[Any]) -> SeriesRow:
    """A series from its columns, as either engine gives them."""
    found = SeriesRow._make(row)
    # SQLite's truth values are numbers where its driver is asked.
    if type(row[_POSITIVE]) is bool:
        return found
    return found._replace(positive=bool(found.positive), simulated=bool(found.simulated))


def _count(_: bool) -> Select[Any]:  # noqa: FBT001 - the same for both engines
    return select(func.count()).select_from(INSTRUMENTS)


def _page(_: bool) -> Select[Any]:  # noqa: FBT001 - as above
    # No symbol is empty, so every one comes after that.
    after = INSTRUMENTS.c.symbol > bindparam("after", type_=String)
    return _INSTRUMENT.where(after).order_by(INSTRUMENTS.c.symbol).limit(bindparam("most", type_=BigInteger))


def _of_ids(postgres: bool) -> Select[Any]:  # noqa: FBT001 - called by the engine's name
    return _INSTRUMENT.where(is_in_list(INSTRUMENTS.c.id, "ids", postgres=postgres))


def instrument_spec(row: Sequence[Any]) -> InstrumentSpec:
    """An instrument from ``SPEC_COLUMNS``."""
    symbol, name, asset_class, *rest = row
    return InstrumentSpec(symbol, name, AssetClass(asset_class), *rest)


def instrument_row(row: Sequence[Any]) -> InstrumentRow:
    """An instrument from ``INSTRUMENT_COLUMNS``."""
    return InstrumentRow(row[0], instrument_spec(row[1:]))


async def search_instruments(
    conn: AsyncConnection,
    *,
    search: str | None = None,
    asset_class: str | None = None,
    symbols: Sequence[str] | None = None,
    first: int = 50,
    after: str | None = None,
    counted: bool = True,
) -> Page[InstrumentRow]:
    """A page of instruments by symbol; ``after`` is the last symbol of the page before.

    Unless it is to be ``counted``, the page's total is 0.
    Of ``symbols`` those that are known are given.
    ``search`` looks for its text in symbols, names and sources' aliases, in any case.
    """
    wanted = _INSTRUMENT
    if asset_class is not None:
        wanted = wanted.where(INSTRUMENTS.c.asset_class == asset_class)
    if symbols is not None:
        wanted = wanted.where(INSTRUMENTS.c.symbol.in_(symbols))
    if search:
        text = "%" + search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        aliased = select(ALIASES.c.instrument_id).where(ALIASES.c.symbol.ilike(text, escape="\\"))
        wanted = wanted.where(
            or_(
                INSTRUMENTS.c.symbol.ilike(text, escape="\\"),
                INSTRUMENTS.c.name.ilike(text, escape="\\"),
                INSTRUMENTS.c.id.in_(aliased),
            )
        )
    if asset_class is None and symbols is None and not search:
        total = (await fetch_built(conn, _count))[0][0] if counted else 0
        rows = await fetch_built(conn, _page, after=after or "", most=first + 1)
        return Page([instrument_row(row) for row in rows[:first]], total, len(rows) > first, after is not None)
    total = (await conn.execute(select(func.count()).select_from(wanted.subquery()))).scalar_one()
    paged = wanted if after is None else wanted.where(INSTRUMENTS.c.symbol > after)
    rows = (await conn.execute(paged.order_by(INSTRUMENTS.c.symbol).limit(first + 1))).all()
    return Page([instrument_row(row) for row in rows[:first]], total, len(rows) > first, after is not None)


async def instrument_by_symbol(conn: AsyncConnection, symbol: str, at: int | None = None) -> InstrumentRow:
    """The instrument of that symbol, or the one some source calls so.

    Args:
        conn: a connection.
        symbol: mktdash's own, or a source's.
        at: when it was called so, microseconds: a renamed ticker is then found by its old name, and a name that has
            passed on to another instrument means the one of that time. None asks for the present.

    Raises:
        UnknownSymbolError: neither; the error suggests near names.
    """
    row = None if at is None else (await conn.execute(_called(symbol).where(_covers(at)))).first()
    row = row or next(iter(await fetch_built(conn, _named, symbol=symbol)), None)
    row = row or (await conn.execute(_called(symbol))).first()
    if row is None:
        names = (await conn.execute(select(INSTRUMENTS.c.symbol).order_by(INSTRUMENTS.c.symbol))).scalars().all()
        near = get_close_matches(symbol.upper(), names, n=3, cutoff=0.5)
        raise UnknownSymbolError(f"no instrument is called {symbol!r}", symbol=symbol, suggestions=near)
    return instrument_row(row)


def _named(_: bool) -> Select[Any]:  # noqa: FBT001 - the same for both engines
    return _INSTRUMENT.where(INSTRUMENTS.c.symbol == bindparam("symbol", type_=String))


def _called(symbol: str) -> Select[Any]:
    """The instruments that some source calls, or called, by a symbol, the latest first."""
    named = _INSTRUMENT.join(ALIASES, ALIASES.c.instrument_id == INSTRUMENTS.c.id).where(ALIASES.c.symbol == symbol)
    return named.order_by(ALIASES.c.valid_from.desc(), ALIASES.c.source).limit(1)


def _covers(at: int) -> ColumnElement[bool]:
    begun = or_(ALIASES.c.valid_from == 0, ALIASES.c.valid_from <= at)
    return and_(ALIASES.c.imported, begun, or_(ALIASES.c.valid_to.is_(None), ALIASES.c.valid_to > at))


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
    for row in await fetch_built(conn, _of_instruments, ids=list_parameter(ids, postgres=is_postgres(conn))):
        series = series_row(row)
        found[series.instrument_id].append(series)
    return dict(found)


async def series_by_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, SeriesRow]:
    """Series by id; ids that are not there are left out."""
    rows = (await conn.execute(_SERIES.where(is_one_of(conn, SERIES.c.id, ids)))).all()
    return {series.id: series for series in map(series_row, rows)}


async def series_of_dataset(conn: AsyncConnection, key: str) -> list[SeriesRow]:
    """The series of a dataset, by symbol."""
    return [series_row(row) for row in (await conn.execute(_SERIES.where(SERIES.c.dataset == key))).all()]


async def instruments_by_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, InstrumentRow]:
    """Instruments by id; ids that are not there are left out."""
    rows = await fetch_built(conn, _of_ids, ids=list_parameter(ids, postgres=is_postgres(conn)))
    return {instrument.id: instrument for instrument in map(instrument_row, rows)}


async def aliases_by_instrument_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, list[AliasRow]]:
    """What sources call each instrument, by source and time."""
    wanted = (
        select(
            ALIASES.c.instrument_id,
            ALIASES.c.source,
            ALIASES.c.symbol,
            ALIASES.c.valid_from,
            ALIASES.c.valid_to,
        )
        .where(is_one_of(conn, ALIASES.c.instrument_id, ids))
        .order_by(ALIASES.c.source, ALIASES.c.valid_from)
    )
    found: dict[int, list[AliasRow]] = defaultdict(list)
    for instrument_id, *alias in (await conn.execute(wanted)).all():
        found[instrument_id].append(AliasRow(*alias))
    return dict(found)
