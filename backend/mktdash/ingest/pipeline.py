"""From raw bytes to observations or quarantine: the only way anything gets into the store.

A payload is one transaction, unless it is so long that others would wait for it: then it is several, each of which
leaves the store consistent. One interrupted between them is resumed when the same payload is ingested again.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.contracts.registry import CONTRACTS
from mktdash.domain.clock import Clock, to_micros
from mktdash.domain.instrument import DatasetSpec
from mktdash.ingest.accept import BatchKey
from mktdash.ingest.batch import BatchMerge, Outcome, series_specs
from mktdash.ingest.events import announce
from mktdash.ingest.reparse import dataset_of, original_parser, replay_batch
from mktdash.ingest.transactions import USUAL_SIZE, TransactionSize, split_by_transaction
from mktdash.providers.base import Parsed, Provider, RawPayload, SkipReason
from mktdash.providers.registry import describe_parser
from mktdash.store.batches.batches import (
    ALL_TIME,
    NewBatch,
    OpenBatch,
    batches_after,
    close_batch,
    open_batch,
    require_known_before,
)
from mktdash.store.batches.raw_files import store_raw
from mktdash.store.catalogue.datasets import mark_changed, mark_checked
from mktdash.store.catalogue.registration import register_contract, register_dataset, register_series
from mktdash.store.engine.session import write_transaction


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What came of one payload.

    Attributes:
        codes: how many records were rejected, by reason code.
        kept: how many values it leaves out, and keep because a record of it could not be read.
        broken: nothing was retracted, because too much of it could not be read.
        records: how many records it has, where its parser counts them.
        skipped: how many of them were skipped though nothing is wrong with them, by reason.
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
    kept: int = 0
    broken: bool = False
    records: int = 0
    skipped: Counter[SkipReason] = field(default_factory=Counter)

    @property
    def changed(self) -> bool:
        """Whether it changed any data."""
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
    size: TransactionSize = USUAL_SIZE,
) -> IngestReport:
    """Merge a payload into the store.

    A payload known before others that were merged already goes in its place: its series are rewound to that instant,
    and the later batches are replayed from their raw bytes. Order of arrival leaves no trace.

    Args:
        engine: the store.
        provider: parses the payload.
        payload: raw bytes with their place and times.
        clock: now.
        run_id: groups the batches of one run.
        code_sha: the code that parses it.
        replace_window: True says that the payload is complete for its series, a pair of instants (microseconds, both
            included) that it is between them: what it leaves out there is retracted.
        size: how much of it one transaction takes.

    Raises:
        ProviderFormatError: the payload is not the source's format; nothing is stored.
        InvalidInputError: its known-at lies in the future, or one of its series has another unit than before; nothing
            is stored.
        NotFoundError: a batch known later can't be replayed, its parser version is gone; nothing is stored.
    """
    now, known_at = to_micros(clock()), to_micros(payload.known_at)
    require_known_before(known_at, now)
    dataset = dataset_of(provider, payload.dataset)
    window = ALL_TIME if replace_window is True else (replace_window or None)
    bounded = replace_window if isinstance(replace_window, tuple) else None
    groups = split_by_transaction(provider.parse(payload), complete=window is not None, size=size)
    # Parsed outside of transactions: a payload that is no data at all changes nothing, and nobody waits for it.
    group, more = await asyncio.to_thread(next, groups)
    every: list[str] = []
    if more:
        # A payload that is refused must be refused before a part of it is stored, so it is read to its end first.
        every = await asyncio.to_thread(_symbols, provider.parse(payload))
        # A file this long takes a while to compress; other writers should wait for that alone.
        async with write_transaction(engine) as conn:
            await store_raw(conn, payload.open)
    batch: OpenBatch | None = None
    outcome = Outcome()
    while True:
        async with write_transaction(engine) as conn:
            if batch is None:
                await register_dataset(conn, dataset)
                sha256, _ = await store_raw(conn, payload.open)
                new = NewBatch(
                    run_id=run_id,
                    source=dataset.source,
                    dataset=dataset.key,
                    contract=CONTRACTS[0].name,
                    parser=describe_parser(provider),
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
                batch = await open_batch(conn, new)
                await register_series(conn, dataset, series_specs(provider, dataset, every))
            merge = BatchMerge(conn, provider, dataset, BatchKey(batch.id, known_at, window), outcome)
            await merge.merge(group)
            late = sorted(outcome.late)
            if late:
                for later in await batches_after(conn, dataset.key, known_at):
                    await replay_batch(conn, original_parser(later, candidate=provider), later, late)
            report = await _close(merge, conn, dataset, batch, to_micros(clock()), finished=not more)
        outcome.end_transaction()
        if not more:
            return report
        group.clear()
        group, more = await asyncio.to_thread(next, groups)


def _symbols(parts: Iterator[Parsed]) -> list[str]:
    return sorted({one.alias for part in parts for one in part.series})


async def _close(
    merge: BatchMerge, conn: AsyncConnection, dataset: DatasetSpec, batch: OpenBatch, now: int, *, finished: bool
) -> IngestReport:
    """Store the counts, raise the dataset's version if anything changed, and write the events."""
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
    await mark_checked(conn, dataset.key, now)
    version = await mark_changed(conn, dataset.key, known_at, changed=bool(outcome.events))
    await announce(conn, outcome.events, version=version, known_at=known_at, now=now)
    return IngestReport(
        dataset=dataset.key,
        batch_id=batch.id,
        **counts,
        rejected=outcome.codes.total(),
        version=version,
        codes=outcome.codes,
        series_ids=sorted(outcome.changed),
        kept=outcome.counts["kept"],
        broken=outcome.broken,
        records=outcome.records,
        skipped=outcome.skipped,
    )
