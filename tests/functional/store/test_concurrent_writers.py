"""Writers at once on PostgreSQL: those of one series take turns, those of different ones do not wait."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import DBAPIError
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import ScriptedProvider, scripted

from mktdash.domain.clock import to_micros
from mktdash.ingest import pipeline
from mktdash.ingest.batch import BatchKey, BatchMerge
from mktdash.ingest.transactions import TransactionSize
from mktdash.store.batches.batches import NewBatch, open_batch
from mktdash.store.batches.raw_files import store_raw
from mktdash.store.catalogue.datasets import dataset_by_key, mark_changed
from mktdash.store.catalogue.series import series_of_dataset
from mktdash.store.engine.session import open_engine, read_transaction, write_transaction
from mktdash.store.live.outbox import append_events, event_head
from mktdash.store.series.check import check_series, series_ids
from mktdash.store.series.reading import read_chunk_digests, snapshot_id

pytestmark = pytest.mark.postgres
KNOWN = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
DATASET = ScriptedProvider.datasets[0]
close = pipeline._close  # noqa: SLF001 - the last moment of a commit, which tests hold apart from what comes before


@pytest.fixture
async def impatient(databases):
    """A store in which nobody waits for a lock longer than a moment."""
    url = await databases.make("postgres", "empty")
    name = url.split("/")[-1].split("?")[0]
    await databases.statement(f"ALTER DATABASE {name} SET lock_timeout = '300ms'")
    engine = open_engine(url)
    yield engine
    await engine.dispose()


async def ingest_values(engine, said, hours=0, provider=None):
    return await ingest(
        engine, scripted(said, KNOWN + timedelta(hours=hours)), provider, now=NOW, size=TransactionSize(part=1)
    )


@asynccontextmanager
async def merging(engine, said, hours):
    """A batch whose rows are written and whose transaction is still open."""
    payload = scripted(said, KNOWN + timedelta(hours=hours))
    known_at = to_micros(payload.known_at)
    async with write_transaction(engine) as conn:
        sha256, _ = await store_raw(conn, payload.open)
        batch = await open_batch(
            conn,
            NewBatch(
                run_id="open",
                source=DATASET.source,
                dataset=DATASET.key,
                contract="observation.v1",
                parser={"source": "scripted"},
                code_sha="c",
                raw_sha256=sha256,
                url=payload.url,
                content_type=None,
                fetched_at=known_at,
                known_at=known_at,
                replace_window=False,
                replace_first=None,
                replace_last=None,
                started_at=known_at,
            ),
        )
        merge = BatchMerge(conn, ScriptedProvider(), DATASET, BatchKey(batch.id, known_at, None))
        await merge.merge(list(ScriptedProvider().parse(payload)))
        yield merge, conn, batch


async def test_writers_of_different_series_do_not_wait_for_each_other(impatient):
    await ingest_values(impatient, {"AAA": {1: 1.0}, "BBB": {1: 1.0}})
    async with merging(impatient, {"AAA": {2: 2.0}}, hours=1) as (merge, conn, batch):
        # The other one begins, writes and commits while this one has written and not committed.
        other = await ingest_values(impatient, {"BBB": {2: 2.0}, "CCC": {1: 1.0}}, hours=2)
        assert (other.new, other.version) == (2, 2)
        mine = await close(merge, conn, DATASET, batch, to_micros(NOW), finished=True)
        assert (mine.new, mine.version) == (1, 3)


async def test_writers_of_one_series_take_turns(impatient):
    await ingest_values(impatient, {"AAA": {1: 1.0}, "BBB": {1: 1.0}})
    async with merging(impatient, {"AAA": {2: 2.0}}, hours=1):
        with pytest.raises(DBAPIError, match="lock timeout"):
            await ingest_values(impatient, {"AAA": {3: 3.0}}, hours=2)


async def test_only_the_last_moment_of_a_commit_is_one_at_a_time(impatient):
    await ingest_values(impatient, {"AAA": {1: 1.0}, "BBB": {1: 1.0}})
    async with write_transaction(impatient) as conn:
        # Whoever has got as far as this has nothing left to do but to commit.
        await mark_changed(conn, DATASET.key, to_micros(KNOWN), changed=True)
        await append_events(conn, [], to_micros(NOW))
        async with merging(impatient, {"BBB": {2: 2.0}}, hours=1) as (merge, tail, batch):
            with pytest.raises(DBAPIError, match="lock timeout"):
                await close(merge, tail, DATASET, batch, to_micros(NOW), finished=True)
            await tail.rollback()


async def test_many_writers_at_once_end_as_if_one_came_after_the_other(databases):
    # Pieces that name the series in opposite orders: crosswise waiting, if locks were taken as they come.
    aliases = ["AAA", "BBB", "CCC", "DDD"]
    batches = [
        (
            {alias: {n % 7: float(n), 400 + n: n / 2} for alias in (aliases if n % 2 else aliases[::-1])[: 2 + n % 3]},
            n,
        )
        for n in range(12)
    ]
    ids = []
    for at_once in (False, True):
        engine = open_engine(await databases.make("postgres", "empty"))
        try:
            if at_once:
                providers = [ScriptedProvider(pieces=2) for _ in batches]
                done = await asyncio.gather(
                    *(ingest_values(engine, said, n, one) for (said, n), one in zip(batches, providers, strict=True))
                )
                assert len({one.batch_id for one in done}) == len(batches)
            else:
                for said, n in batches:
                    await ingest_values(engine, said, n, ScriptedProvider(pieces=2))
            async with read_transaction(engine) as conn:
                assert [p for one in await series_ids(conn) for p in await check_series(conn, one)] == []
                ids.append(snapshot_id(await read_chunk_digests(conn, await series_of_dataset(conn, DATASET.key))))
                version = (await dataset_by_key(conn, DATASET.key)).version
                assert (version, await event_head(conn) > 0) == (len(batches), True)
        finally:
            await engine.dispose()
    assert ids[0] == ids[1]
