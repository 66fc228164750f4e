"""A batch on its way into the store: validated, compared with what is stored, written; all in one transaction."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.contracts.registry import CONTRACTS, Contract, contract_for
from mktdash.domain.instrument import DatasetSpec
from mktdash.domain.observation import Columns, Int64Array
from mktdash.ingest.merge import Difference, compare
from mktdash.ingest.validate import validate
from mktdash.providers.base import Parsed, ParsedSeries, Provider, Rejection
from mktdash.store.absences import note_absences
from mktdash.store.batches import NewQuarantine, quarantine
from mktdash.store.catalogue import register_series
from mktdash.store.holding import NEVER, Held, Span, hold
from mktdash.store.instruments import SeriesRow
from mktdash.store.observations import Write, write_rows
from mktdash.store.rewind import rewind
from mktdash.store.upkeep import keep_up, note_said

# A payload gone wholly wrong must not fill the store: the counts stay true, the raw bytes keep the rest.
MAX_QUARANTINED = 10_000


@dataclass(frozen=True, slots=True)
class BatchKey:
    """What a merge needs to know of its batch. Times in microseconds.

    Attributes:
        now: the instant that counts as the present in validation: when the batch was first read, also in a replay.
        window: the payload is the whole truth between these instants (both included); None where it only adds.
    """

    id: int
    known_at: int
    now: int
    window: tuple[int, int] | None


@dataclass(slots=True)
class Outcome:
    """What came of a batch so far."""

    counts: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    contract: int = 1
    bounds: tuple[int, int] | None = None
    changes: list[tuple[SeriesRow, Difference]] = field(default_factory=list)
    late: dict[int, SeriesRow] = field(default_factory=dict)

    def widen(self, *instants: Int64Array | None) -> None:
        """Stretch the bounds to cover these instants."""
        for one in instants:
            if one is not None and len(one):
                low, high = self.bounds or (int(one[0]), int(one[0]))
                self.bounds = (min(low, int(one.min())), max(high, int(one.max())))


class BatchMerge:
    """Merges the pieces of one payload, inside the caller's write transaction."""

    def __init__(self, conn: AsyncConnection, provider: Provider, dataset: DatasetSpec, key: BatchKey) -> None:
        self._conn = conn
        self._provider = provider
        self._dataset = dataset
        self.key = key
        self._quarantined = 0
        self.outcome = Outcome()

    async def merge(self, piece: Parsed) -> None:
        """Validate, compare and store a piece; refused records go to quarantine."""
        await self._refuse(piece.rejected)
        known: list[ParsedSeries] = []
        for one in piece.series:
            if self._provider.describe(self._dataset.key, one.alias) is None:
                await self._refuse([_unknown(one)], n=len(one.columns))
            else:
                known.append(one)
        valid = await self._validated(known, record=True)
        await self._store(valid)

    async def retell(self, piece: Parsed, only: Sequence[int]) -> None:
        """Merge a stored piece again into its series ``only``, which were rewound: nothing is recorded anew."""
        known = [one for one in piece.series if self._provider.describe(self._dataset.key, one.alias) is not None]
        wanted = set(only)
        valid = [one for one in await self._validated(known, record=False) if one[0].id in wanted]
        await self._store(valid)

    async def _validated(self, parsed: Sequence[ParsedSeries], *, record: bool) -> list[tuple[SeriesRow, Columns]]:
        specs = {
            one.alias: spec
            for one in parsed
            if (spec := self._provider.describe(self._dataset.key, one.alias)) is not None
        }
        rows = await register_series(self._conn, self._dataset, list(specs.values()))
        valid: list[tuple[SeriesRow, Columns]] = []
        said: list[tuple[int, Int64Array, Int64Array]] = []
        for one in parsed:
            checked = validate(one, specs[one.alias], self.key.now)
            if record:
                await self._refuse(checked.rejected)
            if len(checked.columns) or self.key.window is not None:
                valid.append((rows[one.alias], checked.columns))
                self.outcome.contract = max(self.outcome.contract, contract_for(checked.columns).version)
            if one.absent is not None and len(one.absent):
                said.append((rows[one.alias].id, np.sort(one.absent), checked.columns.as_of))
            self.outcome.widen(checked.columns.as_of, one.absent)
        if record:
            await note_absences(self._conn, self.key.id, said)
        return valid

    async def _store(self, valid: list[tuple[SeriesRow, Columns]]) -> None:
        if not valid:
            return
        spans = [self._span(series, columns) for series, columns in valid]
        held = await self._hold(spans)
        counts = self.outcome.counts
        writes = []
        for one, (series, columns) in zip(held, valid, strict=True):
            change = compare(one.columns, columns, self.key.known_at, self.key.window)
            counts["same"] += change.same
            if change.is_empty:
                continue
            counts["new"] += len(change.new)
            counts["revised"] += len(change.revised)
            counts["retracted"] += len(change.retracted)
            self.outcome.changes.append((series, change))
            writes.append(
                Write(
                    held=one,
                    new=change.new,
                    revised=change.revised,
                    superseded=change.superseded,
                    retracted=change.retracted,
                    merged=change.merged,
                )
            )
        await write_rows(self._conn, writes, batch_id=self.key.id, known_at=self.key.known_at)
        await keep_up(self._conn, writes, batch_id=self.key.id)
        await note_said(self._conn, [series.id for series, _ in valid], self.key.known_at)

    async def _hold(self, spans: list[Span]) -> list[Held]:
        retracts = self.key.window is not None
        held = await hold(self._conn, spans, retracts=retracts)
        late = [one.series for one in held if (one.state.said_at or NEVER) > self.key.known_at]
        if not late:
            return held
        # Something newer has been told of these: go back, tell this first; the newer batches are told again after it.
        await rewind(self._conn, [series.id for series in late], self.key.known_at)
        self.outcome.late |= {series.id: series for series in late}
        return await hold(self._conn, spans, retracts=retracts)

    def _span(self, series: SeriesRow, columns: Columns) -> Span:
        if self.key.window is not None:
            return Span(series, *self.key.window, len(columns))
        return Span(series, int(columns.as_of[0]), int(columns.as_of[-1]), len(columns))

    async def _refuse(self, rejected: Sequence[Rejection], n: int | None = None) -> None:
        for one in rejected:
            self.outcome.codes[one.code] += 1 if n is None else n
        room = MAX_QUARANTINED - self._quarantined
        kept = [
            NewQuarantine(one.alias, one.code, one.column, one.reason, one.raw[:500], one.line, one.as_of)
            for one in rejected[: max(room, 0)]
        ]
        self._quarantined += len(kept)
        await quarantine(self._conn, self.key.id, self._dataset.key, kept)

    @property
    def contract(self) -> Contract:
        """The contract version that everything merged so far is valid under."""
        return CONTRACTS[self.outcome.contract - 1]


def _unknown(parsed: ParsedSeries) -> Rejection:
    return Rejection(
        code="UNKNOWN_SERIES",
        column="symbol",
        reason=f"the source has no series called {parsed.alias!r} here",
        raw=parsed.alias,
        line=0,
        alias=parsed.alias,
    )
