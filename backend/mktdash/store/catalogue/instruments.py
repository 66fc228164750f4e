"""Instruments and what sources call them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, String, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import UnknownSymbolError
from mktdash.domain.instrument import AssetClass, InstrumentSpec
from mktdash.store.engine.driver_reads import fetch_built
from mktdash.store.engine.id_list import is_one_of, is_one_of_parameter
from mktdash.store.engine.page import Page, read_page
from mktdash.store.tables import ALIASES, INSTRUMENTS


class InstrumentRow(NamedTuple):
    """An instrument as stored."""

    id: int
    spec: InstrumentSpec

    @property
    def symbol(self) -> str:
        """Its unique name here."""
        return self.spec.symbol


@dataclass(frozen=True, slots=True)
class AliasRow:
    """What a source calls an instrument; times in microseconds."""

    source: str
    symbol: str
    valid_from: int
    valid_to: int | None


SPEC_COLUMNS = tuple(INSTRUMENTS.c[name] for name in InstrumentSpec._fields)

INSTRUMENT_COLUMNS = (INSTRUMENTS.c.id, *SPEC_COLUMNS)

_INSTRUMENT = select(*INSTRUMENT_COLUMNS)
_COUNT = select(func.count()).select_from(INSTRUMENTS)
# No symbol is empty, so every one comes after that.
_PAGE = (
    _INSTRUMENT.where(INSTRUMENTS.c.symbol > bindparam("after", type_=String))
    .order_by(INSTRUMENTS.c.symbol)
    .limit(bindparam("most", type_=BigInteger))
)
_BY_IDS = _INSTRUMENT.where(is_one_of_parameter(INSTRUMENTS.c.id, "ids"))
_BY_SYMBOL = _INSTRUMENT.where(INSTRUMENTS.c.symbol == bindparam("symbol", type_=String))


def instrument_spec(row: Sequence[Any]) -> InstrumentSpec:
    """An instrument from ``SPEC_COLUMNS``."""
    symbol, name, asset_class, *rest = row
    return InstrumentSpec(symbol, name, AssetClass(asset_class), *rest)


def instrument_row(row: Sequence[Any]) -> InstrumentRow:
    """An instrument from ``INSTRUMENT_COLUMNS``."""
    return InstrumentRow(row[0], instrument_spec(row[1:]))


def _instrument(*row: Any) -> InstrumentRow:
    return instrument_row(row)


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
        total = (await fetch_built(conn, _COUNT))[0][0] if counted else 0
        rows = await fetch_built(conn, _PAGE, after=after or "", most=first + 1)
        return Page([instrument_row(row) for row in rows[:first]], total, len(rows) > first, after is not None)
    last = None if after is None else (after,)
    return await read_page(conn, wanted, _instrument, [(INSTRUMENTS.c.symbol, False)], first=first, after=last)


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
    row = row or next(iter(await fetch_built(conn, _BY_SYMBOL, symbol=symbol)), None)
    row = row or (await conn.execute(_called(symbol))).first()
    if row is None:
        names = (await conn.execute(select(INSTRUMENTS.c.symbol).order_by(INSTRUMENTS.c.symbol))).scalars().all()
        near = get_close_matches(symbol.upper(), names, n=3, cutoff=0.5)
        raise UnknownSymbolError(f"no instrument is called {symbol!r}", symbol=symbol, suggestions=near)
    return instrument_row(row)


def _called(symbol: str) -> Select[Any]:
    """The instruments that some source calls, or called, by a symbol, the latest first."""
    named = _INSTRUMENT.join(ALIASES, ALIASES.c.instrument_id == INSTRUMENTS.c.id).where(ALIASES.c.symbol == symbol)
    return named.order_by(ALIASES.c.valid_from.desc(), ALIASES.c.source).limit(1)


def _covers(at: int) -> ColumnElement[bool]:
    begun = or_(ALIASES.c.valid_from == 0, ALIASES.c.valid_from <= at)
    return and_(ALIASES.c.imported, begun, or_(ALIASES.c.valid_to.is_(None), ALIASES.c.valid_to > at))


async def instruments_by_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, InstrumentRow]:
    """Instruments by id; ids that are not there are left out."""
    rows = await fetch_built(conn, _BY_IDS, ids=list(ids))
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
        .where(is_one_of(ALIASES.c.instrument_id, ids))
        .order_by(ALIASES.c.source, ALIASES.c.valid_from)
    )
    found: dict[int, list[AliasRow]] = defaultdict(list)
    for instrument_id, *alias in (await conn.execute(wanted)).all():
        found[instrument_id].append(AliasRow(*alias))
    return dict(found)
