"""Locks the series of a batch in one order, and reads what is stored over the span of the batch."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.interval import chunk_period_of
from mktdash.domain.observation import Columns
from mktdash.store.catalogue.series import SeriesRow
from mktdash.store.engine.id_list import is_one_of
from mktdash.store.engine.session import is_postgres
from mktdash.store.series.chunks import decode_chunk
from mktdash.store.tables import CHUNKS, LATEST

# A tail longer than this is sealed: rewriting it with each new point costs more than a chunk now and then.
MAX_TAIL = 64
# Before every instant there is; stands for "nothing is sealed yet".
NEVER = -(1 << 62)


@dataclass(frozen=True, slots=True)
class SeriesSpan:
    """What a batch says something about: one series, from one instant to another (microseconds, both included)."""

    series: SeriesRow
    first: int
    last: int
    n: int


@dataclass(frozen=True, slots=True)
class LockedSeries:
    """A series that is locked until the end of the transaction, with what is stored of it.

    Attributes:
        state: the series' row of ``latest``, locked.
        columns: the observations from the start of ``from_period`` to the end of the series.
        from_period: None where nothing had to be read, because the batch only adds a few points behind the end.
    """

    series: SeriesRow
    state: Any
    columns: Columns
    from_period: int | None

    @property
    def sealed_to(self) -> int:
        """The last instant that chunks hold."""
        return NEVER if self.state.sealed_to is None else int(self.state.sealed_to)


async def lock_and_read(conn: AsyncConnection, spans: Sequence[SeriesSpan], *, retracts: bool) -> list[LockedSeries]:
    """Lock the series of a batch and read what is stored over the span of each; in the order of ``spans``.

    Args:
        conn: a connection in a write transaction.
        spans: what the batch says something about, one a series.
        retracts: the batch may withdraw values, so even what it only adds must be compared.
    """
    ids = sorted(span.series.id for span in spans)
    states = await lock_series(conn, ids)
    lows: dict[int, int] = {}
    for span in spans:
        state = states[span.series.id]
        # What was withdrawn from the end leaves a seal behind it: before that, points belong into chunks.
        ends = (state.as_of, state.sealed_to)
        adds_only = None not in ends and span.first > max(ends)
        if retracts or not adds_only or tail_length(state) + span.n > MAX_TAIL:
            lows[span.series.id] = _lowest(span, state)
    columns = await _read_from(conn, lows, states)
    return [
        LockedSeries(
            span.series,
            states[span.series.id],
            columns.get(span.series.id, Columns.empty()),
            lows.get(span.series.id),
        )
        for span in spans
    ]


def _lowest(span: SeriesSpan, state: Any) -> int:
    """The period from which stored columns are needed: the batch's start, or the tail's if that is earlier."""
    if state.first_as_of is None:
        return 0
    first = max(span.first, state.first_as_of)
    return chunk_period_of(span.series.interval, first if state.sealed_to is None else min(first, state.sealed_to + 1))


async def _ensure_latest(conn: AsyncConnection, ids: Sequence[int]) -> None:
    there = set((await conn.execute(select(LATEST.c.series_id).where(is_one_of(LATEST.c.series_id, ids)))).scalars())
    missing = [{"series_id": series_id, "n": 0, "flags": 0} for series_id in ids if series_id not in there]
    if not missing:
        return
    if is_postgres(conn):
        # Another batch may add the same row between our look and our write.
        await conn.execute(postgresql.insert(LATEST).on_conflict_do_nothing(), missing)
    else:
        await conn.execute(insert(LATEST), missing)


async def lock_series(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, Any]:
    """Lock series until the end of the transaction; gives the row of ``latest`` of each, made where there was none."""
    await _ensure_latest(conn, ids)
    # In id order, so that two batches that share series queue up and never block each other crosswise.
    wanted = select(LATEST).where(is_one_of(LATEST.c.series_id, ids)).order_by(LATEST.c.series_id).with_for_update()
    return {row.series_id: row for row in (await conn.execute(wanted)).all()}


async def _read_from(conn: AsyncConnection, lows: dict[int, int], states: dict[int, Any]) -> dict[int, Columns]:
    if not lows:
        return {}
    parts: dict[int, list[Columns]] = {series_id: [] for series_id in lows}
    stored = (
        select(CHUNKS.c.series_id, CHUNKS.c.period, CHUNKS.c.payload)
        .where(is_one_of(CHUNKS.c.series_id, lows), CHUNKS.c.period >= min(lows.values()))
        .order_by(CHUNKS.c.series_id, CHUNKS.c.period)
    )
    for series_id, period, payload in (await conn.execute(stored)).all():
        if period >= lows[series_id]:
            parts[series_id].append(decode_chunk(payload))
    for series_id, found in parts.items():
        if states[series_id].tail is not None:
            found.append(decode_chunk(states[series_id].tail))
    return {series_id: Columns.concat(found) for series_id, found in parts.items()}


def tail_length(state: Any) -> int:
    """How many observations of a row of ``latest`` no chunk holds yet."""
    return 0 if state.tail is None else len(decode_chunk(state.tail))
