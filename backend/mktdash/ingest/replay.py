"""Replay: reparse every batch of a window from its raw bytes, and show or apply the difference.

The series are rewound to before the window, and every batch since is reparsed by the parser version it was parsed with,
which changes nothing, exactly. With the current parsers the difference is their effect, and the batch carries their
version from then on. One dataset is one transaction, so a replay that is killed has either finished a dataset or not
touched it, and can simply be run again.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Container, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.contracts.registry import CONTRACTS
from mktdash.domain.clock import Clock, to_micros
from mktdash.ingest.difference import Difference, compare
from mktdash.ingest.events import announce, unknown_change
from mktdash.ingest.reparse import ParserOf, original_parser, replay_batch
from mktdash.providers.registry import describe_parser
from mktdash.store.batches.batches import ALL_TIME, batches_after, close_batch
from mktdash.store.catalogue.datasets import all_datasets, mark_changed
from mktdash.store.catalogue.series import SeriesRow, series_of_dataset
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.series.locking import lock_series
from mktdash.store.series.reading import read_chunk_digests, read_columns, snapshot_id
from mktdash.store.series.revisions import history_digest
from mktdash.store.series.rewind import rewind


@dataclass(frozen=True, slots=True)
class SeriesChange:
    """What a replay changes in the current values of one series."""

    series: SeriesRow
    difference: Difference


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What a replay of one dataset came to.

    Attributes:
        batches: how many were reparsed.
        snapshot_before, snapshot_after: the id over all its series; equal where nothing changed.
        changes: the series whose current values differ.
        applied: False in a dry run, where the store is as it was.
    """

    dataset: str
    batches: int
    observations: int
    snapshot_before: str
    snapshot_after: str
    changes: Sequence[SeriesChange]
    applied: bool

    @property
    def new(self) -> int:
        """Values that were not there before."""
        return sum(len(one.difference.new) for one in self.changes)

    @property
    def revised(self) -> int:
        """Values that are different now."""
        return sum(len(one.difference.revised) for one in self.changes)

    @property
    def retracted(self) -> int:
        """Values that are gone now."""
        return sum(len(one.difference.retracted) for one in self.changes)


async def replay_from_raw(
    engine: AsyncEngine,
    parser_of: ParserOf = original_parser,
    *,
    since: int,
    clock: Clock,
    source: str | None = None,
    dry_run: bool = False,
    skip: Container[str] = (),
    before_commit: Callable[[AsyncConnection, ReplayReport], Awaitable[None]] | None = None,
) -> AsyncIterator[ReplayReport]:
    """Replay from raw bytes all datasets (of a source), one report each as it is done.

    Args:
        engine: the store.
        parser_of: which provider parses a batch; by default the one it was parsed with.
        since: batches known after this instant (microseconds) are replayed.
        clock: now.
        source: only this source's datasets.
        dry_run: report the difference, and leave the store as it is.
        skip: datasets that an interrupted replay has finished already.
        before_commit: awaited in the transaction of each dataset; what it raises undoes that dataset.

    Raises:
        NotFoundError: a batch's parser version is gone; its dataset and those after it are left alone.
    """
    for key in await datasets_to_replay(engine, source):
        if key in skip:
            continue
        async with write_transaction(engine, keep=not dry_run) as conn:
            report = await _replay_dataset(conn, parser_of, key, since, clock, before_commit=before_commit)
        yield replace(report, applied=not dry_run)


async def datasets_to_replay(engine: AsyncEngine, source: str | None = None) -> list[str]:
    """The keys of all datasets (of a source), in the order in which they are replayed."""
    async with read_transaction(engine) as conn:
        return [one.key for one in await all_datasets(conn) if source in {None, one.source}]


async def _replay_dataset(
    conn: AsyncConnection,
    parser_of: ParserOf,
    key: str,
    since: int,
    clock: Clock,
    *,
    before_commit: Callable[[AsyncConnection, ReplayReport], Awaitable[None]] | None,
) -> ReplayReport:
    series = await series_of_dataset(conn, key)
    ids = [one.id for one in series]
    await lock_series(conn, ids)
    batches = await batches_after(conn, key, since)
    before = snapshot_id(await read_chunk_digests(conn, series))
    history_before = await history_digest(conn, ids)
    current = {one.id: await read_columns(conn, one) for one in series}
    if batches:
        await rewind(conn, ids, since)
        for batch in batches:
            provider = parser_of(batch)
            outcome = await replay_batch(conn, provider, batch, ids)
            if (parser := describe_parser(provider)) != batch.parser:
                await close_batch(conn, batch.id, parser=parser, contract=CONTRACTS[outcome.contract - 1].name)
            if not batch.finished:
                # It was interrupted; replayed to its end, it is finished.
                counts = {name: outcome.counts[name] for name in ("new", "revised", "same", "retracted")}
                await close_batch(conn, batch.id, **counts, finished=True)
    after = snapshot_id(await read_chunk_digests(conn, series))
    changes = []
    for one in series if after != before else ():
        now = await read_columns(conn, one)
        difference = compare(current[one.id], now, 0, window=ALL_TIME)
        if not difference.is_empty:
            changes.append(SeriesChange(one, difference))
    changed = after != before or await history_digest(conn, ids) != history_before
    report = ReplayReport(
        dataset=key,
        batches=len(batches),
        observations=sum(len(columns) for columns in current.values()),
        snapshot_before=before,
        snapshot_after=after,
        changes=changes,
        applied=True,
    )
    # Before the outbox is locked: whoever changes a run locks its row first, and then the outbox.
    if before_commit is not None:
        await before_commit(conn, report)
    if changed:
        at = to_micros(clock())
        version = await mark_changed(conn, key, at, changed=True)
        events = [unknown_change(one.series.id) for one in changes]
        await announce(conn, events, version=version, known_at=at, now=at)
    return report
