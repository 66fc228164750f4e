"""Making room for what a source publishes: its datasets, instruments, aliases and series, each registered once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import Table, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.currency import scale_of
from mktdash.domain.errors import InvalidInputError
from mktdash.domain.instrument import DatasetSpec, InstrumentSpec, SeriesSpec
from mktdash.store.catalogue.instruments import SPEC_COLUMNS, instrument_spec
from mktdash.store.catalogue.series import SeriesRow, series_of_dataset
from mktdash.store.engine.id_list import is_one_of
from mktdash.store.engine.session import is_postgres
from mktdash.store.tables import ALIASES, CONTRACTS, DATASETS, INSTRUMENTS, SERIES

# An alias declared by a provider holds for all time, unless an import of instruments says otherwise: as the start of
# a period, 0 stands for always.
_ALWAYS = 0
BEGINNING, END = -(1 << 62), 1 << 62


_WORDS = {"unit_scale": "scale", "positive": "rule that values are positive", "fixing_time": "fixing time"}
# What dates the values of a dataset and says whose they are: it never changes under what is stored.
_FIXED = ("source", "timezone", "fixing_time", "simulated")
_DESCRIBED = tuple(one.name for one in fields(DatasetSpec) if one.name != "key")


async def register_dataset(conn: AsyncConnection, spec: DatasetSpec) -> None:
    """Make sure a dataset is there, with the schedule its provider declares now.

    Raises:
        InvalidInputError: it belongs to another source, or its values are dated in another way than these would be.
    """
    described = {name: getattr(spec, name) for name in _DESCRIBED}
    stored = (
        await conn.execute(select(*(DATASETS.c[name] for name in described)).where(DATASETS.c.key == spec.key))
    ).first()
    if stored is None:
        await _insert_missing(conn, DATASETS, [{"key": spec.key, "version": 0, **described}])
    elif tuple(stored) != tuple(described.values()):
        for name in _FIXED:
            if getattr(stored, name) != described[name]:
                raise _differs(f"the dataset {spec.key}", name, getattr(stored, name), described[name])
        await conn.execute(update(DATASETS).where(DATASETS.c.key == spec.key).values(**described))


async def register_contract(conn: AsyncConnection, described: Mapping[str, Any]) -> None:
    """Keep a contract version beside the data that was held to it; ``described`` has the columns of its table."""
    await _insert_missing(conn, CONTRACTS, [dict(described)])


@dataclass(frozen=True, slots=True)
class AliasPeriod:
    """What a source's symbol stands for from one instant to another (microseconds; ``until`` excluded)."""

    first: int
    until: int
    spec: SeriesSpec
    series: SeriesRow


@dataclass(frozen=True, slots=True)
class Known:
    """What a source's symbol stands for, over time; one entry for all time unless an import says more."""

    periods: Sequence[AliasPeriod]

    @property
    def series(self) -> list[SeriesRow]:
        """Every series that it has stood for."""
        return [one.series for one in self.periods]


async def register_series(conn: AsyncConnection, dataset: DatasetSpec, specs: Sequence[SeriesSpec]) -> dict[str, Known]:
    """Make sure the series of a dataset are there; returns what each of the source's own symbols stands for, and when.

    Where an import of instruments has dated what a symbol stands for, that is what counts; else what its provider
    declares holds for all time. In one order, so that two batches that register at once wait for each other in turn.

    Raises:
        InvalidInputError: a series is measured in something else than this would be; the message names both.
    """
    stands = await _stands(conn, dataset, specs)
    have = {row.key: row for row in await series_of_dataset(conn, dataset.key)}
    missing = [(alias, one.spec, one.dated) for alias, one in stands if _key(dataset, one.spec) not in have]
    if missing:
        ids = await _register_instruments(conn, dataset.source, missing)
        rows = {
            _key(dataset, spec): {
                "instrument_id": ids[spec.instrument.symbol],
                "dataset": dataset.key,
                "source": dataset.source,
                "measure": spec.measure.value,
                "interval": spec.interval,
                "unit": spec.unit,
                "unit_scale": _scale(spec),
                "positive": spec.positive,
                "adjustment": spec.adjustment,
            }
            for _, spec, _ in missing
        }
        await _insert_missing(conn, SERIES, [rows[key] for key in sorted(rows)])
        have = {row.key: row for row in await series_of_dataset(conn, dataset.key)}
    for _, one in stands:
        _refuse_another_measure(have[_key(dataset, one.spec)], one.spec)
    return _known(dataset, stands, have)


def _refuse_another_measure(series: SeriesRow, spec: SeriesSpec) -> None:
    wanted = {"unit": spec.unit, "unit_scale": _scale(spec), "positive": spec.positive}
    if spec.instrument.currency is not None and series.currency is not None:
        wanted["currency"] = spec.instrument.currency
    for name, value in wanted.items():
        if getattr(series, name) != value:
            raise _differs(f"the series {series.key}", name, getattr(series, name), value)


def _differs(what: str, name: str, has: object, given: object) -> InvalidInputError:
    return InvalidInputError(
        f"{what} has the {_WORDS.get(name, name)} {has!r}, and what is given has {given!r}: nothing is stored; if both"
        " are right, give it another dataset",
        differs=name,
        has=has,
        given=given,
    )


def _scale(spec: SeriesSpec) -> float:
    return scale_of(spec.unit) if spec.unit_scale == 1.0 else spec.unit_scale


async def known_series(conn: AsyncConnection, dataset: DatasetSpec, specs: Sequence[SeriesSpec]) -> dict[str, Known]:
    """What :func:`register_series` returns, for the series that are there already; nothing is written."""
    have = {row.key: row for row in await series_of_dataset(conn, dataset.key)}
    return _known(dataset, await _stands(conn, dataset, specs), have)


@dataclass(frozen=True, slots=True)
class _Period:
    first: int
    until: int
    spec: SeriesSpec
    dated: bool


async def _stands(
    conn: AsyncConnection, dataset: DatasetSpec, specs: Sequence[SeriesSpec]
) -> list[tuple[str, _Period]]:
    ordered = sorted(specs, key=lambda spec: spec.alias)
    dated = await imported_periods(conn, dataset.source, [spec.alias for spec in ordered])
    return [(spec.alias, period) for spec in ordered for period in _periods(spec, dated.get(spec.alias))]


def _known(
    dataset: DatasetSpec, stands: Sequence[tuple[str, _Period]], have: Mapping[str, SeriesRow]
) -> dict[str, Known]:
    known: dict[str, list[AliasPeriod]] = {}
    for alias, one in stands:
        if (series := have.get(_key(dataset, one.spec))) is not None:
            known.setdefault(alias, []).append(AliasPeriod(one.first, one.until, one.spec, series))
    return {alias: Known(periods) for alias, periods in known.items()}


def _periods(spec: SeriesSpec, dated: Sequence[tuple[int, int | None, InstrumentSpec]] | None) -> list[_Period]:
    if dated is None:
        return [_Period(BEGINNING, END, spec, dated=False)]
    return [
        _Period(first or BEGINNING, END if until is None else until, replace(spec, instrument=instrument), dated=True)
        for first, until, instrument in dated
    ]


async def imported_periods(
    conn: AsyncConnection, source: str, aliases: Sequence[str]
) -> dict[str, list[tuple[int, int | None, InstrumentSpec]]]:
    """What imports of instruments say a source's symbols stand for: (from, until, instrument), by time."""
    dated = (
        select(ALIASES.c.symbol, ALIASES.c.valid_from, ALIASES.c.valid_to, *SPEC_COLUMNS)
        .join(INSTRUMENTS, INSTRUMENTS.c.id == ALIASES.c.instrument_id)
        .where(ALIASES.c.source == source, ALIASES.c.imported)
        .order_by(ALIASES.c.symbol, ALIASES.c.valid_from)
    )
    wanted = set(aliases)
    found: dict[str, list[tuple[int, int | None, InstrumentSpec]]] = {}
    for alias, first, until, *spec in (await conn.execute(dated)).all():
        if alias in wanted:
            found.setdefault(alias, []).append((first, until, instrument_spec(spec)))
    return found


def _key(dataset: DatasetSpec, spec: SeriesSpec) -> str:
    return f"{spec.instrument.symbol}|{dataset.key}|{spec.measure.value}|{spec.interval}|{spec.adjustment}"


async def _register_instruments(
    conn: AsyncConnection, source: str, specs: Sequence[tuple[str, SeriesSpec, bool]]
) -> dict[str, int]:
    instruments = {spec.instrument.symbol: spec.instrument for _, spec, _ in specs}
    await _insert_missing(conn, INSTRUMENTS, [instruments[symbol]._asdict() for symbol in sorted(instruments)])
    wanted = select(INSTRUMENTS.c.symbol, INSTRUMENTS.c.id).where(is_one_of(INSTRUMENTS.c.symbol, instruments))
    ids: dict[str, int] = {symbol: one for symbol, one in (await conn.execute(wanted)).all() if one is not None}
    await _insert_missing(
        conn,
        ALIASES,
        [
            {
                "source": source,
                "symbol": alias,
                "valid_from": _ALWAYS,
                "valid_to": None,
                "instrument_id": ids[spec.instrument.symbol],
                "imported": False,
            }
            for alias, spec, dated in specs
            if not dated
        ],
    )
    return ids


async def _insert_missing(conn: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    dialect = postgresql if is_postgres(conn) else sqlite
    await conn.execute(dialect.insert(table).on_conflict_do_nothing(), rows)
