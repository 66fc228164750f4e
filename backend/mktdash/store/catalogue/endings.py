"""Series and datasets that their source publishes no more, as operators recorded. Proposals are in the verdicts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.clock import from_micros
from mktdash.domain.errors import InvalidInputError, NotFoundError, UnknownSymbolError
from mktdash.store.access.audit import append_audit
from mktdash.store.catalogue.datasets import dataset_by_key
from mktdash.store.tables import ENDED, INSTRUMENTS, SERIES

LONGEST_REASON = 500
_WHOLE = 0


@dataclass(frozen=True, slots=True)
class Ending:
    """That a series (or, without a symbol, a dataset) has ended: its last session, why, who recorded it and when."""

    series_id: int | None
    symbol: str | None
    ended_on: date
    reason: str
    recorded_by: str
    recorded_at: int


async def endings_of_dataset(conn: AsyncConnection, key: str) -> list[Ending]:
    """What has ended of a dataset: the dataset itself first, then its series by symbol."""
    return (await endings_by_datasets(conn, [key])).get(key, [])


async def endings_by_datasets(conn: AsyncConnection, keys: Collection[str]) -> dict[str, list[Ending]]:
    """What has ended, by dataset, each as :func:`endings_of_dataset`; those of which nothing has are left out."""
    wanted = (
        sa.select(
            ENDED.c.dataset,
            ENDED.c.series_id,
            INSTRUMENTS.c.symbol,
            ENDED.c.ended_on,
            ENDED.c.reason,
            ENDED.c.recorded_by,
            ENDED.c.recorded_at,
        )
        .outerjoin(SERIES, SERIES.c.id == ENDED.c.series_id)
        .outerjoin(INSTRUMENTS, INSTRUMENTS.c.id == SERIES.c.instrument_id)
        # There are few, so all are read.
        .order_by(ENDED.c.dataset, ENDED.c.series_id != _WHOLE, INSTRUMENTS.c.symbol, ENDED.c.series_id)
    )
    found: dict[str, list[Ending]] = {}
    for dataset, series_id, symbol, on, reason, by, at in (await conn.execute(wanted)).all():
        if dataset in keys:
            ending = Ending(series_id or None, symbol, date.fromisoformat(on), reason, by, at)
            found.setdefault(dataset, []).append(ending)
    return found


async def end_dataset(
    conn: AsyncConnection, key: str, symbol: str | None, *, on: date, reason: str, by: str, now: int
) -> None:
    """Write down that a dataset, or its series of a symbol, has ended, in place of what was recorded before.

    Raises:
        InvalidInputError: no reason is given, or a very long one, or the day is still to come.
        NotFoundError: there is no such dataset.
        UnknownSymbolError: the dataset has no series of this symbol.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= LONGEST_REASON:
        raise InvalidInputError(f"the reason must have 1..{LONGEST_REASON} characters", argument="reason")
    if on > from_micros(now).date():
        raise InvalidInputError(
            f"{on} is still to come; record the end when it has come", argument="on", value=on.isoformat()
        )
    ids = await _meant(conn, key, symbol)
    await _forget(conn, key, ids)
    values = {"dataset": key, "ended_on": on.isoformat(), "reason": reason, "recorded_by": by, "recorded_at": now}
    await conn.execute(sa.insert(ENDED), [{**values, "series_id": one} for one in ids])
    await append_audit(
        conn,
        at=now,
        principal=by,
        action="endDataset",
        target=_target(key, symbol),
        detail={"on": on.isoformat(), "reason": reason},
    )


async def reopen_dataset(conn: AsyncConnection, key: str, symbol: str | None, *, by: str, now: int) -> None:
    """Take back that a dataset, or its series of a symbol, has ended.

    Raises:
        NotFoundError: there is no such dataset, or no end of it is recorded.
        UnknownSymbolError: the dataset has no series of this symbol.
    """
    ids = await _meant(conn, key, symbol)
    if not await _forget(conn, key, ids):
        raise NotFoundError(f"no end of {_target(key, symbol)} is recorded", dataset=key, symbol=symbol)
    await append_audit(conn, at=now, principal=by, action="reopenDataset", target=_target(key, symbol), detail={})


async def _meant(conn: AsyncConnection, key: str, symbol: str | None) -> Sequence[int]:
    await dataset_by_key(conn, key)
    if symbol is None:
        return [_WHOLE]
    wanted = (
        sa.select(SERIES.c.id)
        .join(INSTRUMENTS, INSTRUMENTS.c.id == SERIES.c.instrument_id)
        .where(SERIES.c.dataset == key, INSTRUMENTS.c.symbol == symbol)
        .order_by(SERIES.c.id)
    )
    found = [one for one in (await conn.execute(wanted)).scalars() if one is not None]
    if not found:
        raise UnknownSymbolError(f"{key} has no series of {symbol!r}", symbol=symbol, dataset=key)
    return found


async def _forget(conn: AsyncConnection, key: str, ids: Sequence[int]) -> int:
    done = await conn.execute(sa.delete(ENDED).where(ENDED.c.dataset == key, ENDED.c.series_id.in_(ids)))
    return done.rowcount


def _target(key: str, symbol: str | None) -> str:
    return f"dataset {key}" if symbol is None else f"series {symbol} of dataset {key}"
