"""Replay: everything learned in a window is told again from its raw bytes, and what differs is shown or applied.

The series are taken back to before the window and every batch since is told again by the recipe it was read with, which
changes nothing, exactly. Where it is read anew, by the present parsers, the difference is their effect, and the batch
carries their recipe from then on. One dataset is one transaction, so a replay that is killed has either finished a
dataset or not touched it, and can simply be run again.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Container, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.contracts.registry import CONTRACTS
from mktdash.domain.clock import Clock, to_micros
from mktdash.ingest.merge import Difference, compare
from mktdash.ingest.reparse import ProviderOf, reader_of, retell_batch
from mktdash.providers.registry import recipe_of
from mktdash.store.batches.batches import ALL_TIME, batches_after, close_batch
from mktdash.store.catalogue.datasets import all_datasets, mark_changed
from mktdash.store.catalogue.instruments import SeriesRow, series_of_dataset
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.live.outbox import NewEvent, append_events
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
        batches: how many were told again.
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
    provider_of: ProviderOf = reader_of,
    *,
    since: int,
    clock: Clock,
    source: str | None = None,
    dry_run: bool = False,
    done: Container[str] = (),
    settle: Callable[[AsyncConnection, ReplayReport], Awaitable[None]] | None = None,
) -> AsyncIterator[ReplayReport]:
    """Replay from raw bytes all datasets (of a source), one report each as it is done.

    Args:
        engine: the store.
        provider_of: who reads a batch; as it was read before, unless another is given.
        since: batches known after this instant (microseconds) are told again.
        clock: now.
        source: only this source's datasets.
        dry_run: work out and report the difference, and leave the store as it is.
        done: datasets to leave out, because an interrupted replay has finished them.
        settle: awaited in the transaction of each dataset, before its commit; what it raises undoes that dataset.

    Raises:
        NotFoundError: a batch can't be read again as it was; its dataset and those after it are left alone.
    """
    for key in await datasets_to_replay(engine, source):
        if key in done:
            continue
        async with write_transaction(engine, keep=not dry_run) as conn:
            report = await _replay_dataset(conn, provider_of, key, since, clock)
            if settle is not None:
                await settle(conn, report)
        yield replace(report, applied=not dry_run)


async def datasets_to_replay(engine: AsyncEngine, source: str | None = None) -> list[str]:
    """The keys of all datasets (of a source), in the order in which they are replayed."""
    async with read_transaction(engine) as conn:
        return [one.key for one in await all_datasets(conn) if source in {None, one.source}]


async def _replay_dataset(
    conn: AsyncConnection,
    provider_of: ProviderOf,
    key: str,
    since: int,
    clock: Clock,
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
            provider = provider_of(batch)
            outcome = await retell_batch(conn, provider, batch, ids)
            if (recipe := recipe_of(provider)) != batch.parser:
                await close_batch(conn, batch.id, parser=recipe, contract=CONTRACTS[outcome.contract - 1].name)
            if not batch.finished:
                # It was interrupted; told whole, it is done.
                counts = {name: outcome.counts[name] for name in ("new", "revised", "same", "retracted")}
                await close_batch(conn, batch.id, **counts, finished=True)
    after = snapshot_id(await read_chunk_digests(conn, series))
    changes = []
    for one in series if after != before else ():
        now = await read_columns(conn, one)
        difference = compare(current[one.id], now, 0, window=ALL_TIME)
        if not difference.is_empty:
            changes.append(SeriesChange(one, difference))
    if after != before or await history_digest(conn, ids) != history_before:
        at = to_micros(clock())
        version = await mark_changed(conn, key, at, changed=True)
        await append_events(conn, [_event(one.series, version, at) for one in changes], at)
    return ReplayReport(
        dataset=key,
        batches=len(batches),
        observations=sum(len(columns) for columns in current.values()),
        snapshot_before=before,
        snapshot_after=after,
        changes=changes,
        applied=True,
    )


def _event(series: SeriesRow, version: int, at: int) -> NewEvent:
    payload = {"as_of": [], "value": [], "flags": [], "retracted": [], "truncated": True}
    return NewEvent("observations", str(series.id), payload | {"data_version": version, "known_at": at})
