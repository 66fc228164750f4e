"""What repeats the rows for speed, chunks and latest, brought along in the transaction that changes them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.observation import Columns
from mktdash.store.engine.id_list import is_one_of
from mktdash.store.series.chunks import decode_chunk, encode_chunk
from mktdash.store.series.locking import MAX_TAIL, NEVER
from mktdash.store.series.reading import split_by_period
from mktdash.store.series.writing import FIELDS, Write, rows_of
from mktdash.store.tables import CHUNKS, LATEST, OBSERVATIONS

_TIP = FIELDS[1:]
_CHANGING = (*_TIP, "previous_as_of", "previous_value", "first_as_of", "n", "sealed_to", "tail")
# The fields of ``latest`` that come from rows, where there are none.
NOTHING: dict[str, Any] = dict.fromkeys((*_TIP, "first_as_of", "previous_as_of", "previous_value")) | {"flags": 0}


async def update_chunks_and_latest(conn: AsyncConnection, writes: Sequence[Write], *, batch_id: int) -> None:
    """Rewrite the chunks that changed, seal tails that have grown long, and set the latest of each series."""
    stale: list[dict[str, int]] = []
    fresh: list[dict[str, Any]] = []
    latest: list[dict[str, Any]] = []
    tips = await latest_from_rows(conn, [one.series_id for one in writes if _needs_rows(one)])
    for one in writes:
        sealing = one.locked.from_period is not None and _is_due(one)
        if one.locked.from_period is not None:
            for period, columns in _touched(one, sealing=sealing):
                stale.append({"of_series": one.series_id, "of_period": period})
                if len(columns):
                    fresh.append({"series_id": one.series_id, "period": period, **_chunk(columns)})
        values = _values(one, batch_id, tips.get(one.series_id), sealing=sealing)
        latest.append({"of_series": one.series_id} | {f"to_{name}": value for name, value in values.items()})
    if stale:
        here = (CHUNKS.c.series_id == bindparam("of_series")) & (CHUNKS.c.period == bindparam("of_period"))
        await conn.execute(delete(CHUNKS).where(here), stale)
    if fresh:
        await conn.execute(insert(CHUNKS), fresh)
    if latest:
        changing: dict[str, Any] = {name: bindparam(f"to_{name}") for name in _CHANGING}
        of_one = update(LATEST).where(LATEST.c.series_id == bindparam("of_series")).values(changing)
        await conn.execute(of_one, latest)


def _is_due(one: Write) -> bool:
    tail = int((one.merged.as_of > one.locked.sealed_to).sum())
    return tail > MAX_TAIL or (tail > 0 and one.locked.sealed_to == NEVER)


def _touched(one: Write, *, sealing: bool) -> list[tuple[int, Columns]]:
    """The periods whose chunk changes, with the columns it is to hold (none: the chunk goes)."""
    interval = one.locked.series.interval
    sealed_to = one.locked.sealed_to
    changed = {
        period for part in (one.new, one.revised, one.retracted) for period, _ in split_by_period(interval, part)
    }
    found = []
    for period, columns in split_by_period(interval, one.merged):
        unsealed = int(columns.as_of[-1]) > sealed_to
        if period in changed or (sealing and unsealed):
            found.append((period, columns if sealing else columns.take(columns.as_of <= sealed_to)))
        changed.discard(period)
    return found + [(period, Columns.empty()) for period in sorted(changed)]


def _chunk(columns: Columns) -> dict[str, Any]:
    chunk = encode_chunk(columns)
    return {"n": chunk.n, "last_as_of": chunk.last_as_of, "digest": chunk.digest, "payload": chunk.payload}


def _values(one: Write, batch_id: int, tip: Mapping[str, Any] | None, *, sealing: bool) -> dict[str, Any]:
    state = one.locked.state
    values: dict[str, Any] = {name: getattr(state, name) for name in (*_TIP, "previous_as_of", "previous_value")}
    values["first_as_of"] = state.first_as_of
    values["n"] = state.n + len(one.new) - len(one.retracted)
    if one.locked.from_period is None:
        _append(values, one, batch_id)
        before = [] if state.tail is None else [decode_chunk(state.tail)]
        return values | {"sealed_to": state.sealed_to, "tail": encode_tail(Columns.concat([*before, one.new]))}
    sealed_to = int(one.merged.as_of[-1]) if sealing else state.sealed_to
    tail = one.merged.take(one.merged.as_of > (NEVER if sealed_to is None else sealed_to))
    values |= {"sealed_to": sealed_to, "tail": encode_tail(tail)}
    if tip is not None:
        values |= tip
    elif _is_first(one):
        values["first_as_of"] = int(one.new.as_of[0])
        _append(values, one, batch_id)
    elif len(one.new):
        values["first_as_of"] = min(state.first_as_of, int(one.new.as_of[0]))
    return values


def _is_first(one: Write) -> bool:
    """Whether the series was empty, so that what is new is all there is."""
    return one.locked.state.n == 0 and len(one.new) > 0


def _needs_rows(one: Write) -> bool:
    """Whether rows must be read to know the newest observation, and the one before it."""
    state = one.locked.state
    if one.locked.from_period is None or _is_first(one):
        return False
    if len(one.retracted) or len(one.revised) or state.as_of is None or not _ends_before(one, state.as_of):
        return True
    return len(one.new) > 0 and int(one.new.as_of[-1]) > (state.previous_as_of or NEVER)


def _ends_before(one: Write, as_of: int) -> bool:
    return not len(one.new) or int(one.new.as_of[-1]) < as_of


def _append(values: dict[str, Any], one: Write, batch_id: int) -> None:
    if not len(one.new):
        return
    (tip,) = rows_of(one.series_id, one.new.take(slice(-1, None)), batch_id)
    before = one.new.take(slice(-2, -1))
    values["previous_as_of"] = int(before.as_of[0]) if len(before) else values["as_of"]
    values["previous_value"] = float(before.value[0]) if len(before) else values["value"]
    values |= dict(zip(_TIP, tip[1:], strict=True))


def encode_tail(columns: Columns) -> bytes | None:
    """What ``latest.tail`` holds of these columns."""
    return encode_chunk(columns).payload if len(columns) else None


async def latest_from_rows(conn: AsyncConnection, series_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """The fields of ``latest`` that come from rows, by series: the newest observation, the one before, the first."""
    found: dict[int, dict[str, Any]] = {series_id: dict(NOTHING) for series_id in series_ids}
    if not found:
        return found
    for series_id, first, *tip in reversed((await conn.execute(_tips(series_ids))).all()):
        values = found[series_id]
        before = {"previous_as_of": values["as_of"], "previous_value": values["value"]}
        values |= {**dict(zip(_TIP, tip, strict=True)), "first_as_of": first, **before}
    return found


def _tips(series_ids: Collection[int]) -> Select[Any]:
    """The two newest rows of each series, newest first, with its first instant."""
    other = OBSERVATIONS.alias("other")
    own = select(other.c.as_of).where(other.c.series_id == LATEST.c.series_id)
    first = own.order_by(other.c.as_of).limit(1).scalar_subquery()
    second = own.order_by(other.c.as_of.desc()).offset(1).limit(1).scalar_subquery()
    newest = (OBSERVATIONS.c.series_id == LATEST.c.series_id) & (OBSERVATIONS.c.as_of >= func.coalesce(second, first))
    return (
        select(LATEST.c.series_id, first, *(OBSERVATIONS.c[name] for name in _TIP))
        .join_from(LATEST, OBSERVATIONS, newest)
        .where(is_one_of(LATEST.c.series_id, series_ids))
        .order_by(LATEST.c.series_id, OBSERVATIONS.c.as_of.desc())
    )


async def mark_known(conn: AsyncConnection, series_ids: Sequence[int], known_at: int) -> None:
    """Record that a batch of that known time covered these series, whether or not it had news."""
    older = LATEST.c.known_to.is_(None) | (LATEST.c.known_to < known_at)
    await conn.execute(update(LATEST).where(is_one_of(LATEST.c.series_id, series_ids), older).values(known_to=known_at))
