"""Making room for what a source publishes: its datasets, instruments, aliases and series, each registered once."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Table, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.instrument import DatasetSpec, InstrumentSpec, SeriesSpec
from mktdash.store.instruments import SeriesRow, series_of_dataset
from mktdash.store.session import is_postgres
from mktdash.store.tables import metadata

CONTRACT_VERSIONS = metadata.tables["contract_version"]
DATASETS = metadata.tables["dataset"]
INSTRUMENTS = metadata.tables["instrument"]
ALIASES = metadata.tables["instrument_alias"]
SERIES = metadata.tables["series"]

# An alias declared by a provider holds for all time, unless an import of instruments says otherwise.
_ALWAYS = 0


async def register_dataset(conn: AsyncConnection, spec: DatasetSpec) -> None:
    """Make sure a dataset is there, with the schedule its provider declares now."""
    described: dict[str, Any] = {
        "title": spec.title,
        "source": spec.source,
        "calendar": spec.calendar,
        "timezone": spec.timezone,
        "fixing_time": spec.fixing_time,
        "publish_delay_s": spec.publish_delay_s,
        "grace_s": spec.grace_s,
        "licence": spec.licence,
        "simulated": spec.simulated,
    }
    stored = (
        await conn.execute(select(*(DATASETS.c[name] for name in described)).where(DATASETS.c.key == spec.key))
    ).first()
    if stored is None:
        await _insert_missing(conn, DATASETS, [{"key": spec.key, "version": 0, **described}])
    elif tuple(stored) != tuple(described.values()):
        await conn.execute(update(DATASETS).where(DATASETS.c.key == spec.key).values(**described))


async def register_contract(conn: AsyncConnection, described: Mapping[str, Any]) -> None:
    """Keep a contract version beside the data that was held to it; ``described`` has the columns of its table."""
    await _insert_missing(conn, CONTRACT_VERSIONS, [dict(described)])


async def register_series(
    conn: AsyncConnection, dataset: DatasetSpec, specs: Sequence[SeriesSpec]
) -> dict[str, SeriesRow]:
    """Make sure the series of a dataset are there; returns them by the source's own symbol."""
    have = {row.key: row for row in await series_of_dataset(conn, dataset.key)}
    missing = [spec for spec in specs if _key(dataset, spec) not in have]
    if missing:
        ids = await _register_instruments(conn, dataset.source, missing)
        await _insert_missing(
            conn,
            SERIES,
            [
                {
                    "instrument_id": ids[spec.instrument.symbol],
                    "dataset": dataset.key,
                    "source": dataset.source,
                    "measure": spec.measure.value,
                    "interval": spec.interval,
                    "unit": spec.unit,
                    "unit_scale": spec.unit_scale,
                    "positive": spec.positive,
                    "adjustment": spec.adjustment,
                }
                for spec in missing
            ],
        )
        have = {row.key: row for row in await series_of_dataset(conn, dataset.key)}
    return {spec.alias: have[_key(dataset, spec)] for spec in specs}


def _key(dataset: DatasetSpec, spec: SeriesSpec) -> str:
    return f"{spec.instrument.symbol}|{dataset.source}|{spec.measure.value}|{spec.interval}|{spec.adjustment}"


async def _register_instruments(conn: AsyncConnection, source: str, specs: Sequence[SeriesSpec]) -> dict[str, int]:
    instruments = {spec.instrument.symbol: spec.instrument for spec in specs}
    await _insert_missing(conn, INSTRUMENTS, [_instrument(one) for one in instruments.values()])
    wanted = select(INSTRUMENTS.c.symbol, INSTRUMENTS.c.id).where(INSTRUMENTS.c.symbol.in_(list(instruments)))
    ids: dict[str, int] = {symbol: one for symbol, one in (await conn.execute(wanted)).all() if one is not None}
    await _insert_missing(
        conn,
        ALIASES,
        [
            {
                "source": source,
                "symbol": spec.alias,
                "valid_from": _ALWAYS,
                "valid_to": None,
                "instrument_id": ids[spec.instrument.symbol],
            }
            for spec in specs
        ],
    )
    return ids


def _instrument(spec: InstrumentSpec) -> dict[str, Any]:
    return {
        "symbol": spec.symbol,
        "name": spec.name,
        "asset_class": spec.asset_class.value,
        "currency": spec.currency,
        "mic": spec.mic,
        "figi": spec.figi,
    }


async def _insert_missing(conn: AsyncConnection, table: Table, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    dialect = postgresql if is_postgres(conn) else sqlite
    await conn.execute(dialect.insert(table).on_conflict_do_nothing(), rows)
