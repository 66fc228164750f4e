"""Merges a batch into the store: validated, compared with what is stored, written; all in one transaction."""

from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.contracts.registry import CONTRACTS, Contract, contract_for
from mktdash.domain.instrument import DatasetSpec, SeriesSpec
from mktdash.domain.observation import Int64Array
from mktdash.ingest.accept import Accepted, BatchKey, accept
from mktdash.ingest.difference import compare
from mktdash.ingest.events import PendingChange, change_of, unknown_change
from mktdash.providers.base import Parsed, ParsedSeries, Provider, Rejection, SkipReason
from mktdash.store.batches.absences import store_absences
from mktdash.store.batches.batches import NewQuarantine, quarantine
from mktdash.store.catalogue.registration import Known, register_series
from mktdash.store.catalogue.series import SeriesRow
from mktdash.store.series.chunk_upkeep import mark_known, update_chunks_and_latest
from mktdash.store.series.locking import NEVER, LockedSeries, SeriesSpan, lock_and_read, lock_series
from mktdash.store.series.rewind import rewind
from mktdash.store.series.writing import Write, write_rows

# A payload gone wholly wrong must not fill the store: the counts stay true, the raw bytes keep the rest.
MAX_QUARANTINED = 10_000


@dataclass(slots=True)
class Outcome:
    """What came of a batch so far; ``events`` and ``late`` are those of the transaction under way.

    Attributes:
        broken: nothing was retracted, because too much of the payload could not be read.
        records: how many records the payload has.
        skipped: how many of them were skipped though nothing is wrong with them.
        bounds: the first and last instant of the payload.
        changed: ids of the series whose data changed.
        late: the series, by id, that have values known later than this batch, so that those batches are replayed.
    """

    counts: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    contract: int = 1
    quarantined: int = 0
    broken: bool = False
    records: int = 0
    skipped: Counter[SkipReason] = field(default_factory=Counter)
    bounds: tuple[int, int] | None = None
    changed: set[int] = field(default_factory=set)
    events: list[PendingChange] = field(default_factory=list)
    late: dict[int, SeriesRow] = field(default_factory=dict)

    def widen(self, *instants: Int64Array | None) -> None:
        """Stretch the bounds to cover these instants."""
        for one in instants:
            if one is not None and len(one):
                low, high = self.bounds or (int(one[0]), int(one[0]))
                self.bounds = (min(low, int(one.min())), max(high, int(one.max())))

    def end_transaction(self) -> None:
        """Forget what only the transaction that just ended needs: a long file must not pile up."""
        self.events = []
        self.late = {}


class BatchMerge:
    """Merges parts of one payload in the caller's write transaction; ``outcome`` adds up over its transactions."""

    def __init__(
        self,
        conn: AsyncConnection,
        provider: Provider,
        dataset: DatasetSpec,
        key: BatchKey,
        outcome: Outcome | None = None,
    ) -> None:
        self._conn = conn
        self._provider = provider
        self._dataset = dataset
        self.key = key
        self.outcome = outcome or Outcome()

    async def merge(self, parts: Sequence[Parsed]) -> None:
        """Validate, compare and store the parts of one transaction; refused records go to quarantine.

        All series are registered and locked before the first is written, in one order, so that batches which share
        series queue up and never deadlock.
        """
        known = await self._register(parts)
        await lock_series(self._conn, sorted({row.id for one in known.values() for row in one.series}))
        for part in parts:
            self.outcome.records += part.records or 0
            self.outcome.skipped.update(part.skipped)
            await self._refuse(part.rejected)
            for one in part.series:
                if one.alias not in known:
                    await self._refuse([_unknown(one)], n=len(one.columns))
            await self._store(await self._accepted(part, known, record=True))

    async def replay(self, parts: Sequence[Parsed], only: Container[int]) -> None:
        """Merge a stored batch again into the rewound series ``only``; quarantine and absences stay as they are."""
        known = await self._register(parts)
        for part in parts:
            accepted = await self._accepted(part, known, record=False)
            await self._store([one for one in accepted if one.series.id in only])

    async def _register(self, parts: Sequence[Parsed]) -> dict[str, Known]:
        aliases = {one.alias for part in parts for one in part.series}
        specs = series_specs(self._provider, self._dataset, aliases)
        return await register_series(self._conn, self._dataset, specs)

    async def _accepted(self, part: Parsed, known: Mapping[str, Known], *, record: bool) -> Sequence[Accepted]:
        found = accept(part, known, self.key)
        for one in found.accepted:
            if len(one.columns) or one.window is not None:
                self.outcome.contract = max(self.outcome.contract, contract_for(one.columns).version)
            self.outcome.widen(one.columns.as_of, one.absent)
        self.outcome.broken |= found.broken
        if record:
            await self._refuse(found.refused)
            absent = [(one.series.id, one.absent, one.columns.as_of) for one in found.accepted if len(one.absent)]
            await store_absences(self._conn, self.key.id, absent)
        return [one for one in found.accepted if len(one.columns) or one.window is not None]

    async def _store(self, accepted: Sequence[Accepted]) -> None:
        if not accepted:
            return
        locked = await self._lock([_span(one) for one in accepted])
        counts = self.outcome.counts
        writes = []
        for before, one in zip(locked, accepted, strict=True):
            change = compare(before.columns, one.columns, self.key.known_at, one.window, one.protected)
            counts["same"] += change.same
            counts["kept"] += change.kept
            if change.is_empty:
                continue
            counts["new"] += len(change.new)
            counts["revised"] += len(change.revised)
            counts["retracted"] += len(change.retracted)
            # Of a late batch the points may have been overtaken by those that came after it.
            late = one.series.id in self.outcome.late
            self.outcome.events.append(unknown_change(one.series.id) if late else change_of(one.series.id, change))
            self.outcome.changed.add(one.series.id)
            writes.append(
                Write(
                    locked=before,
                    new=change.new,
                    revised=change.revised,
                    superseded=change.superseded,
                    retracted=change.retracted,
                    merged=change.merged,
                )
            )
        await write_rows(self._conn, writes, batch_id=self.key.id, known_at=self.key.known_at)
        await update_chunks_and_latest(self._conn, writes, batch_id=self.key.id)
        await mark_known(self._conn, [one.series.id for one in accepted], self.key.known_at)

    async def _lock(self, spans: list[SeriesSpan]) -> list[LockedSeries]:
        retracts = self.key.window is not None
        locked = await lock_and_read(self._conn, spans, retracts=retracts)
        late = [one.series for one in locked if (one.state.known_to or NEVER) > self.key.known_at]
        if not late:
            return locked
        # These have values known later: rewind them, merge this batch first; the caller replays the later batches.
        await rewind(self._conn, [series.id for series in late], self.key.known_at)
        self.outcome.late |= {series.id: series for series in late}
        return await lock_and_read(self._conn, spans, retracts=retracts)

    async def _refuse(self, rejected: Sequence[Rejection], n: int | None = None) -> None:
        for one in rejected:
            self.outcome.codes[one.code] += 1 if n is None else n
        room = MAX_QUARANTINED - self.outcome.quarantined
        kept = [
            NewQuarantine(one.alias, one.code, one.column, one.reason, one.raw[:500], one.line, one.as_of)
            for one in rejected[: max(room, 0)]
        ]
        self.outcome.quarantined += len(kept)
        await quarantine(self._conn, self.key.id, self._dataset.key, kept)

    @property
    def contract(self) -> Contract:
        """The contract version that everything merged so far is valid under."""
        return CONTRACTS[self.outcome.contract - 1]


def series_specs(provider: Provider, dataset: DatasetSpec, aliases: Iterable[str]) -> list[SeriesSpec]:
    """The series of a source's symbols, without those that the provider does not know."""
    specs = (provider.describe(dataset.key, alias) for alias in sorted(aliases))
    return [spec for spec in specs if spec is not None]


def _span(one: Accepted) -> SeriesSpan:
    """The time over which a series must be compared."""
    first, last = one.window or (int(one.columns.as_of[0]), int(one.columns.as_of[-1]))
    return SeriesSpan(one.series, first, last, len(one.columns))


def _unknown(parsed: ParsedSeries) -> Rejection:
    return Rejection(
        code="UNKNOWN_SERIES",
        column="symbol",
        reason=f"the source has no series called {parsed.alias!r} here",
        raw=parsed.alias,
        line=0,
        alias=parsed.alias,
    )
