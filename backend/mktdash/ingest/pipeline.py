"""From raw bytes to observations or quarantine: the only way anything gets into the store.

A payload is one transaction, unless it is so long that others would wait for it: then it is several, each of which
leaves the store whole. One that is interrupted between them is gone on with when the same payload is given again.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.contracts.registry import CONTRACTS
from mktdash.domain.clock import Clock, from_micros, to_micros
from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.instrument import DatasetSpec
from mktdash.ingest.announce import dated
from mktdash.ingest.batch import BatchKey, BatchMerge, Outcome
from mktdash.ingest.identity import joined_parts
from mktdash.providers.base import Parsed, ParsedSeries, Provider, RawPayload
from mktdash.providers.registry import recipe_of
from mktdash.store.batches import ALL_TIME, BatchRow, NewBatch, OpenBatch, batches_after, close_batch, open_batch
from mktdash.store.catalogue import register_contract, register_dataset
from mktdash.store.datasets import note_change, note_check
from mktdash.store.events import append_events
from mktdash.store.raw import keep_raw, raw_body
from mktdash.store.session import write_transaction

# About two seconds of writing: what another writer may have to wait for, and what stands in memory at a time.
PORTION_ROWS = 250_000
_MERGED_ROWS = 60_000


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
    """Merge a payload into the store.

    A payload that became known before others that were merged already is told in its place: its series are taken back
    to that instant, and the later batches are told again from their raw bytes. Order of arrival leaves no trace.

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
    dataset = dataset_of(provider, payload.dataset)
    window = ALL_TIME if replace_window is True else (replace_window or None)
    bounded = replace_window if isinstance(replace_window, tuple) else None
    portions = _portions(provider.parse(payload), whole=window is not None)
    # Parsed outside of transactions: a payload that is no data at all changes nothing, and nobody waits for it.
    portion, more = await asyncio.to_thread(next, portions)
    now, known_at = to_micros(clock()), to_micros(payload.known_at)
    if more:
        # A file this long takes a while to pack; whoever writes meanwhile should wait for that alone.
        async with write_transaction(engine) as conn:
            await keep_raw(conn, payload.open)
    batch: OpenBatch | None = None
    outcome = Outcome()
    while True:
        async with write_transaction(engine) as conn:
            if batch is None:
                await register_dataset(conn, dataset)
                sha256, _ = await keep_raw(conn, payload.open)
                described = NewBatch(
                    run_id=run_id,
                    source=dataset.source,
                    dataset=dataset.key,
                    contract=CONTRACTS[0].name,
                    reader=recipe_of(provider),
                    code_sha=code_sha,
                    raw_sha256=sha256,
                    url=payload.url,
                    content_type=payload.content_type,
                    fetched_at=to_micros(payload.fetched_at),
                    known_at=known_at,
                    replace_window=window is not None,
                    replace_first=None if bounded is None else bounded[0],
                    replace_last=None if bounded is None else bounded[1],
                    started_at=now,
                )
                batch = await open_batch(conn, described)
            merge = BatchMerge(conn, provider, dataset, BatchKey(batch.id, known_at, now, window), outcome)
            await merge.merge(portion)
            late = sorted(outcome.late)
            if late:
                for later in await batches_after(conn, dataset.key, known_at):
                    await retell_batch(conn, provider, dataset, later, late)
            report = await _close(merge, conn, dataset, batch, to_micros(clock()), finished=not more)
        outcome.settle()
        if not more:
            return report
        portion.clear()
        portion, more = await asyncio.to_thread(next, portions)


def _portions(pieces: Iterator[Parsed], *, whole: bool) -> Iterator[tuple[list[Parsed], bool]]:
    """What one transaction merges, and whether there is more; at least one portion, be it empty.

    What is missing can only be told from the ``whole``: that is one portion of one piece.
    """
    portion: list[Parsed] = []
    rows = 0
    for piece in _larger(pieces, whole=whole):
        if rows >= PORTION_ROWS:
            yield portion, True
            portion, rows = [], 0
        portion.append(piece)
        rows += _rows(piece)
    yield portion, False


def _larger(pieces: Iterator[Parsed], *, whole: bool) -> Iterator[Parsed]:
    """Pieces joined up to a size that is worth a round of statements."""
    some: list[Parsed] = []
    rows = 0
    for piece in pieces:
        if rows >= _MERGED_ROWS and not whole:
            yield _joined(some)
            some, rows = [], 0
        some.append(piece)
        rows += _rows(piece)
    if some:
        yield _joined(some)


def _rows(piece: Parsed) -> int:
    return sum(len(one.columns) for one in piece.series) + len(piece.rejected)


def dataset_of(provider: Provider, key: str) -> DatasetSpec:
    """The dataset of a provider by key.

    Raises:
        ProviderFormatError: the provider has none of that key.
    """
    for spec in provider.datasets:
        if spec.key == key:
            return spec
    raise ProviderFormatError(f"{provider.name} has no dataset {key!r}", source=provider.name, dataset=key)


async def retell_batch(
    conn: AsyncConnection, provider: Provider, dataset: DatasetSpec, batch: BatchRow, series_ids: Sequence[int]
) -> Outcome:
    """Merge a stored batch again, from its raw bytes, into series that were rewound to before it."""
    only = frozenset(series_ids)
    key = BatchKey(batch.id, batch.known_at, batch.started_at, batch.window)
    outcome = Outcome()
    merge = BatchMerge(conn, provider, dataset, key, outcome)
    async with raw_body(conn, batch.raw_sha256) as body:
        payload = RawPayload(
            dataset=dataset.key,
            body=body,
            url=batch.url,
            fetched_at=from_micros(batch.fetched_at),
            known_at=from_micros(batch.known_at),
            content_type=batch.content_type,
        )
        portions = _portions(provider.parse(payload), whole=key.window is not None)
        more = True
        while more:
            portion, more = await asyncio.to_thread(next, portions)
            await merge.retell(portion, only)
            outcome.settle()
    return outcome


def _joined(pieces: Sequence[Parsed]) -> Parsed:
    """All pieces as one."""
    if len(pieces) == 1:
        return pieces[0]
    series: dict[str, list[ParsedSeries]] = {}
    for piece in pieces:
        for one in piece.series:
            series.setdefault(one.alias, []).append(one)
    return Parsed(
        series=[joined_parts(parts) for parts in series.values()],
        rejected=[rejection for piece in pieces for rejection in piece.rejected],
    )


async def _close(
    merge: BatchMerge, conn: AsyncConnection, dataset: DatasetSpec, batch: OpenBatch, now: int, *, finished: bool
) -> IngestReport:
    """Store the counts, move the dataset's version if anything changed, and tell whoever listens."""
    outcome, known_at = merge.outcome, merge.key.known_at
    counts = batch.totals(outcome.counts)
    await close_batch(
        conn,
        batch.id,
        **counts,
        rejected=outcome.codes.total(),
        contract=merge.contract.name,
        window_first=None if outcome.bounds is None else outcome.bounds[0],
        window_last=None if outcome.bounds is None else outcome.bounds[1],
        finished_at=now,
        finished=finished,
    )
    await register_contract(conn, merge.contract.described(now))
    await note_check(conn, dataset.key, now)
    version = await note_change(conn, dataset.key, known_at, changed=bool(outcome.news))
    await append_events(conn, dated(outcome.news, version, known_at), now)
    return IngestReport(
        dataset=dataset.key,
        batch_id=batch.id,
        **counts,
        rejected=outcome.codes.total(),
        version=version,
        codes=outcome.codes,
        series_ids=sorted(outcome.changed),
    )
