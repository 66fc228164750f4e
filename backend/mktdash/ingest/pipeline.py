"""From raw bytes to observations or quarantine: parsed, validated, compared and stored in one transaction."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.contracts.registry import CONTRACTS, contract_for
from mktdash.domain.clock import Clock, to_micros
from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.instrument import DatasetSpec
from mktdash.domain.observation import Columns, Int64Array
from mktdash.ingest.announce import announcements
from mktdash.ingest.merge import Difference, compare
from mktdash.ingest.validate import validate
from mktdash.providers.base import Parsed, ParsedSeries, Provider, RawPayload, Rejection
from mktdash.store.absences import note_absences
from mktdash.store.batches import NewBatch, NewQuarantine, close_batch, open_batch, quarantine
from mktdash.store.catalogue import register_dataset, register_series
from mktdash.store.datasets import note_change, note_check
from mktdash.store.events import append_events
from mktdash.store.holding import Span, hold
from mktdash.store.instruments import SeriesRow
from mktdash.store.observations import Write, write_rows
from mktdash.store.raw import keep_raw
from mktdash.store.session import write_transaction
from mktdash.store.upkeep import keep_up

# A payload gone wholly wrong must not fill the store: the counts stay true, the raw bytes keep the rest.
MAX_QUARANTINED = 10_000
ALL_TIME = (-(1 << 62), 1 << 62)


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What came of one payload.

    Attributes:
        codes: how many records were rejected, by reason code.
        version: the dataset's version after it.
        series_ids: the series whose data changed.
    """

    dataset: str
    batch_id: int
    new: int
    revised: int
    same: int
    retracted: int
    rejected: int
    version: int
    codes: Counter[str] = field(default_factory=Counter)
    series_ids: Sequence[int] = ()

    @property
    def changed(self) -> bool:
        """Whether anything in the dataset is different now."""
        return bool(self.new or self.revised or self.retracted)


async def ingest_payload(
    engine: AsyncEngine,
    provider: Provider,
    payload: RawPayload,
    *,
    clock: Clock,
    run_id: str,
    code_sha: str,
    replace_window: tuple[int, int] | bool = False,
) -> IngestReport:
    """Merge a payload into the store; the only way anything gets there.

    Args:
        engine: the store.
        provider: who can read the payload.
        payload: raw bytes with their place and times.
        clock: now.
        run_id: groups the batches of one run.
        code_sha: the code that reads it.
        replace_window: True takes the payload as the whole truth of its series, a pair of instants (microseconds, both
            included) as the whole truth between them: what it leaves out there is retracted.

    Raises:
        ProviderFormatError: the payload is not the source's format; nothing is stored.
    """
    dataset = next((spec for spec in provider.datasets if spec.key == payload.dataset), None)
    if dataset is None:
        raise ProviderFormatError(f"{provider.name} has no dataset {payload.dataset!r}", dataset=payload.dataset)
    window = ALL_TIME if replace_window is True else (replace_window or None)
    pieces = provider.parse(payload)
    # The first piece is read before the writer's place is taken: a payload that is no data at all changes nothing.
    first = await asyncio.to_thread(next, pieces, None)
    now = to_micros(clock())
    async with write_transaction(engine) as conn:
        await register_dataset(conn, dataset)
        with payload.open() as stream:
            sha256, _ = await keep_raw(conn, stream)
        batch_id = await open_batch(
            conn,
            NewBatch(
                run_id=run_id,
                source=dataset.source,
                dataset=dataset.key,
                contract=CONTRACTS[0].name,
                code_sha=code_sha,
                raw_sha256=sha256,
                url=payload.url,
                content_type=payload.content_type,
                fetched_at=to_micros(payload.fetched_at),
                known_at=to_micros(payload.known_at),
                replace_window=window is not None,
                started_at=now,
            ),
        )
        batch = _Batch(
            conn=conn,
            provider=provider,
            dataset=dataset,
            batch_id=batch_id,
            known_at=to_micros(payload.known_at),
            now=now,
            window=window,
        )
        if window is None:
            while first is not None:
                await batch.merge(first)
                first = await asyncio.to_thread(next, pieces, None)
        else:
            await batch.merge(await asyncio.to_thread(_whole, first, pieces))
        return await batch.close(clock)


def _whole(first: Parsed | None, rest: Iterator[Parsed]) -> Parsed:
    """All pieces as one: what is missing can only be told from the whole."""
    pieces = [] if first is None else [first, *rest]
    series: dict[str, list[ParsedSeries]] = {}
    for piece in pieces:
        for one in piece.series:
            series.setdefault(one.alias, []).append(one)
    return Parsed(
        series=[_joined(alias, parts) for alias, parts in series.items()],
        rejected=[rejection for piece in pieces for rejection in piece.rejected],
    )


def _joined(alias: str, parts: list[ParsedSeries]) -> ParsedSeries:
    if len(parts) == 1:
        return parts[0]
    absent = [one.absent for one in parts if one.absent is not None]
    lines = [one.lines for one in parts if one.lines is not None]
    return ParsedSeries(
        alias=alias,
        columns=Columns.concat([one.columns for one in parts]),
        absent=np.concatenate(absent) if absent else None,
        lines=np.concatenate(lines) if len(lines) == len(parts) else None,
    )


class _Batch:
    """A batch on its way into the store, inside one write transaction."""

    def __init__(
        self,
        *,
        conn: AsyncConnection,
        provider: Provider,
        dataset: DatasetSpec,
        batch_id: int,
        known_at: int,
        now: int,
        window: tuple[int, int] | None,
    ) -> None:
        self._conn = conn
        self._provider = provider
        self._dataset = dataset
        self._batch_id = batch_id
        self._known_at = known_at
        self._now = now
        self._window = window
        self._counts: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self._quarantined = 0
        self._contract = CONTRACTS[0]
        self._bounds: tuple[int, int] | None = None
        self._changes: list[tuple[SeriesRow, Difference]] = []

    async def merge(self, piece: Parsed) -> None:
        """Validate, compare and store a piece."""
        await self._refuse(piece.rejected)
        specs = {}
        for one in piece.series:
            spec = self._provider.describe(self._dataset.key, one.alias)
            if spec is None:
                await self._refuse([_unknown(one)], n=len(one.columns))
            else:
                specs[one.alias] = spec
        rows = await register_series(self._conn, self._dataset, list(specs.values()))
        valid: list[tuple[SeriesRow, Columns]] = []
        said: list[tuple[int, Int64Array, Int64Array]] = []
        for one in piece.series:
            if one.alias not in specs:
                continue
            checked = validate(one, specs[one.alias], self._now)
            await self._refuse(checked.rejected)
            if len(checked.columns) or self._window is not None:
                valid.append((rows[one.alias], checked.columns))
                self._contract = max(self._contract, contract_for(checked.columns), key=lambda one: one.version)
            if one.absent is not None and len(one.absent):
                said.append((rows[one.alias].id, np.sort(one.absent), checked.columns.as_of))
            self._widen(checked.columns.as_of, one.absent)
        await self._store(valid)
        await note_absences(self._conn, self._batch_id, said)

    async def _store(self, valid: list[tuple[SeriesRow, Columns]]) -> None:
        if not valid:
            return
        spans = [self._span(series, columns) for series, columns in valid]
        writes = []
        for held, (series, columns) in zip(
            await hold(self._conn, spans, retracts=self._window is not None), valid, strict=True
        ):
            change = compare(held.columns, columns, self._known_at, self._window)
            self._counts["same"] += change.same
            if change.is_empty:
                continue
            self._counts["new"] += len(change.new)
            self._counts["revised"] += len(change.revised)
            self._counts["retracted"] += len(change.retracted)
            self._changes.append((series, change))
            writes.append(
                Write(
                    held=held,
                    new=change.new,
                    revised=change.revised,
                    superseded=change.superseded,
                    retracted=change.retracted,
                    merged=change.merged,
                )
            )
        await write_rows(self._conn, writes, batch_id=self._batch_id, known_at=self._known_at)
        await keep_up(self._conn, writes, batch_id=self._batch_id)

    def _span(self, series: SeriesRow, columns: Columns) -> Span:
        if self._window is not None:
            return Span(series, *self._window, len(columns))
        return Span(series, int(columns.as_of[0]), int(columns.as_of[-1]), len(columns))

    def _widen(self, *instants: Int64Array | None) -> None:
        for one in instants:
            if one is not None and len(one):
                low, high = int(one.min()), int(one.max())
                self._bounds = (
                    (low, high) if self._bounds is None else (min(low, self._bounds[0]), max(high, self._bounds[1]))
                )

    async def _refuse(self, rejected: Sequence[Rejection], n: int | None = None) -> None:
        for one in rejected:
            self._codes[one.code] += 1 if n is None else n
        room = MAX_QUARANTINED - self._quarantined
        kept = [
            NewQuarantine(one.alias, one.code, one.column, one.reason, one.raw[:500], one.line, one.as_of)
            for one in rejected[: max(room, 0)]
        ]
        self._quarantined += len(kept)
        await quarantine(self._conn, self._batch_id, self._dataset.key, kept)

    async def close(self, clock: Clock) -> IngestReport:
        """Store the counts, move the dataset's version if anything changed, and tell whoever listens."""
        changed = bool(self._changes)
        finished = to_micros(clock())
        counts = {name: self._counts[name] for name in ("new", "revised", "same", "retracted")}
        rejected = self._codes.total()
        await close_batch(
            self._conn,
            self._batch_id,
            **counts,
            rejected=rejected,
            contract=self._contract.name,
            window_first=None if self._bounds is None else self._bounds[0],
            window_last=None if self._bounds is None else self._bounds[1],
            finished_at=finished,
        )
        await note_check(self._conn, self._dataset.key, finished)
        version = await note_change(self._conn, self._dataset.key, self._known_at, changed=changed)
        await append_events(self._conn, announcements(self._changes, version, self._known_at), finished)
        return IngestReport(
            dataset=self._dataset.key,
            batch_id=self._batch_id,
            **counts,
            rejected=rejected,
            version=version,
            codes=self._codes,
            series_ids=sorted({series.id for series, _ in self._changes}),
        )


def _unknown(parsed: ParsedSeries) -> Rejection:
    return Rejection(
        code="UNKNOWN_SERIES",
        column="symbol",
        reason=f"the source has no series called {parsed.alias!r} here",
        raw=parsed.alias,
        line=0,
        alias=parsed.alias,
    )
