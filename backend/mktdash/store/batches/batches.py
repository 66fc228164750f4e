"""Batches: what arrived, from where, when, read by which code, and what came of it; the provenance of one number."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Select, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.clock import CLOCKS_DIFFER, iso
from mktdash.domain.errors import InvalidInputError, NotFoundError
from mktdash.store.catalogue.series import SeriesRow
from mktdash.store.engine.id_list import is_one_of
from mktdash.store.tables import BATCHES, OBSERVATIONS, QUARANTINE, RAW_FILES, REVISIONS

# From before every instant to after it.
ALL_TIME = (-(1 << 62), 1 << 62)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """A batch before its counts are known. Times in microseconds."""

    run_id: str
    source: str
    dataset: str
    contract: str
    parser: dict[str, Any]
    code_sha: str
    raw_sha256: str
    url: str
    content_type: str | None
    fetched_at: int
    known_at: int
    replace_window: bool
    replace_first: int | None
    replace_last: int | None
    started_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRow(NewBatch):
    """A batch as stored, with the size of its raw bytes. Times in microseconds."""

    id: int
    window_first: int | None
    window_last: int | None
    new: int
    revised: int
    same: int
    retracted: int
    rejected: int
    finished_at: int
    raw_size: int
    finished: bool = True

    @property
    def window(self) -> tuple[int, int] | None:
        """The instants of which the batch was the whole truth; None where it only added."""
        if not self.replace_window:
            return None
        low = ALL_TIME[0] if self.replace_first is None else self.replace_first
        return low, ALL_TIME[1] if self.replace_last is None else self.replace_last


@dataclass(frozen=True, slots=True)
class ProvenanceRow:
    """One number and where it comes from; ``superseded_at`` is None while it is current."""

    as_of: int
    value: float
    flags: int
    known_at: int
    superseded_at: int | None
    batch: BatchRow


@dataclass(frozen=True, slots=True)
class NewQuarantine:
    """A refused record on its way into quarantine."""

    alias: str | None
    code: str
    field: str
    reason: str
    raw: str
    line: int
    as_of: int | None = None


_BATCH = select(
    *(BATCHES.c[name] for name in BatchRow.__dataclass_fields__ if name != "raw_size"),
    RAW_FILES.c.size.label("raw_size"),
).join(RAW_FILES, RAW_FILES.c.sha256 == BATCHES.c.raw_sha256)


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """A batch in the making, and what it came to before it was interrupted, if it was."""

    id: int
    before: Mapping[str, int] = field(default_factory=dict)

    def totals(self, counts: Mapping[str, int]) -> dict[str, int]:
        """The counts of the whole batch, given those of going through all of it (again)."""
        own = {name: self.before.get(name, 0) for name in ("new", "revised", "retracted")}
        totals = {name: n + counts.get(name, 0) for name, n in own.items()}
        # What it had stored itself before it was interrupted looks the same now.
        return totals | {"same": max(counts.get("same", 0) - own["new"] - own["revised"], 0)}


def require_known_before(known_at: int, now: int) -> None:
    """Refuse what is said to become known at an instant (microseconds) that is still to come.

    Raises:
        InvalidInputError: it is; the message names both instants.
    """
    if known_at > now + CLOCKS_DIFFER:
        raise InvalidInputError(
            f"nothing can be known at {_instant(known_at)} yet: now is {iso(now)}",
            known_at=_instant(known_at),
            now=iso(now),
        )


def _instant(micros: int) -> str:
    try:
        return iso(micros)
    except OverflowError:
        return f"{micros} us"


async def open_batch(conn: AsyncConnection, batch: NewBatch) -> OpenBatch:
    """Store a batch with no counts yet; or go on with one of the same bytes that was interrupted.

    Raises:
        InvalidInputError: it is said to become known after it was begun.
    """
    require_known_before(batch.known_at, batch.started_at)
    same = ("dataset", "raw_sha256", "known_at", "parser", "replace_window")
    interrupted = (
        select(BATCHES.c.id, BATCHES.c.new, BATCHES.c.revised, BATCHES.c.retracted, BATCHES.c.parser)
        .where(*(BATCHES.c[name] == getattr(batch, name) for name in same if name != "parser"), ~BATCHES.c.finished)
        .order_by(BATCHES.c.id)
    )
    for row in (await conn.execute(interrupted)).all():
        if row.parser == batch.parser:
            await conn.execute(delete(QUARANTINE).where(QUARANTINE.c.batch_id == row.id))
            return OpenBatch(row.id, {"new": row.new, "revised": row.revised, "retracted": row.retracted})
    counts = {"new": 0, "revised": 0, "same": 0, "retracted": 0, "rejected": 0, "finished_at": batch.started_at}
    made = insert(BATCHES).values(**asdict(batch), **counts, finished=False).returning(BATCHES.c.id)
    return OpenBatch(int((await conn.execute(made)).scalar_one()))


async def unfinished_batches(conn: AsyncConnection) -> list[BatchRow]:
    """Batches of which only a part was merged: at work just now, or interrupted; oldest first."""
    return await _batches(conn, _BATCH.where(~BATCHES.c.finished).order_by(BATCHES.c.id))


async def close_batch(conn: AsyncConnection, batch_id: int, **values: Any) -> None:
    """Store the counts, the window and the end of a batch."""
    await conn.execute(update(BATCHES).where(BATCHES.c.id == batch_id).values(**values))


async def quarantine(conn: AsyncConnection, batch_id: int, dataset: str, records: Sequence[NewQuarantine]) -> None:
    """Store refused records with their reasons."""
    if records:
        await conn.execute(
            insert(QUARANTINE), [{"batch_id": batch_id, "dataset": dataset, **asdict(one)} for one in records]
        )


async def _batches(conn: AsyncConnection, wanted: Select[Any]) -> list[BatchRow]:
    return [BatchRow(**row) for row in (await conn.execute(wanted)).mappings()]


async def batches_by_ids(conn: AsyncConnection, ids: Sequence[int]) -> dict[int, BatchRow]:
    """Batches by id; ids that are not there are left out."""
    return {row.id: row for row in await _batches(conn, _BATCH.where(is_one_of(BATCHES.c.id, ids)))}


async def last_batches(conn: AsyncConnection, dataset: str, n: int) -> list[BatchRow]:
    """The newest batches of a dataset, newest first."""
    wanted = _BATCH.where(BATCHES.c.dataset == dataset).order_by(BATCHES.c.id.desc()).limit(n)
    return await _batches(conn, wanted)


async def batches_after(conn: AsyncConnection, dataset: str, known_at: int) -> list[BatchRow]:
    """The batches of a dataset that became known after an instant, in the order in which they did."""
    wanted = _BATCH.where(BATCHES.c.dataset == dataset, BATCHES.c.known_at > known_at)
    return await _batches(conn, wanted.order_by(BATCHES.c.known_at, BATCHES.c.id))


async def provenance_of(
    conn: AsyncConnection, series: SeriesRow, as_of: int, as_known_at: int | None = None
) -> ProvenanceRow:
    """Where the value of a series at an instant comes from: as it stands, or as it was known.

    Raises:
        NotFoundError: there is, or was, no value at that instant.
    """
    fields = ("as_of", "value", "flags", "known_at", "batch_id")
    current = select(*(OBSERVATIONS.c[name] for name in fields)).where(
        OBSERVATIONS.c.series_id == series.id, OBSERVATIONS.c.as_of == as_of
    )
    row = (await conn.execute(current)).first()
    until: int | None = None
    if as_known_at is not None and (row is None or row.known_at > as_known_at):
        earlier = select(*(REVISIONS.c[name] for name in fields), REVISIONS.c.superseded_at).where(
            REVISIONS.c.series_id == series.id,
            REVISIONS.c.as_of == as_of,
            REVISIONS.c.known_at <= as_known_at,
            REVISIONS.c.superseded_at > as_known_at,
        )
        row = (await conn.execute(earlier)).first()
        until = None if row is None else row.superseded_at
    if row is None:
        raise NotFoundError(
            f"{series.symbol} from {series.source} has no value at {iso(as_of)}",
            symbol=series.symbol,
            source=series.source,
            as_of=iso(as_of),
        )
    batch = (await batches_by_ids(conn, [row.batch_id]))[row.batch_id]
    return ProvenanceRow(row.as_of, row.value, row.flags, row.known_at, until, batch)
