"""A payload too long for one transaction: others get between, an interruption is gone on with, nothing counts twice."""

import sqlite3
from datetime import UTC, datetime, timedelta

import pytest
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import ScriptedProvider, scripted

from mktdash.domain.clock import to_micros
from mktdash.ingest.replay import replay_from_raw
from mktdash.ingest.transactions import USUAL_SIZE, TransactionSize
from mktdash.store.batches.batches import last_batches, unfinished_batches
from mktdash.store.catalogue.series import series_of_dataset
from mktdash.store.engine.session import read_transaction
from mktdash.store.series.check import check_raw, check_series, series_ids
from mktdash.store.series.reading import read_chunk_digests, snapshot_id

KNOWN = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SAID = {"AAA": {n: float(n) for n in range(1, 21)}, "BBB": {n: n / 2 for n in range(1, 21)}}
PIECES = 5
SHORT = TransactionSize(rows=8, part=1)


class CrashError(Exception):
    """Stands for a process killed between two transactions."""


class Interrupted(ScriptedProvider):
    """Reads ``n`` pieces and is killed; but not when it looks ahead."""

    def __init__(self, n):
        super().__init__(PIECES)
        self._n = n
        self._merging = None

    def parse(self, payload):
        merging, self._merging = self._merging is None, True
        for at, piece in enumerate(super().parse(payload)):
            if merging and at == self._n:
                raise CrashError
            yield piece


async def ingest_pieces(engine, provider, said=SAID, hours=0, size=SHORT):
    return await ingest(engine, scripted(said, KNOWN + timedelta(hours=hours)), provider, now=NOW, size=size)


async def state(engine):
    async with read_transaction(engine) as conn:
        series = await series_of_dataset(conn, "scripted-daily")
        problems = [problem for one in await series_ids(conn) for problem in await check_series(conn, one)]
        problems += [problem async for _, problem in check_raw(conn) if problem]
        assert problems == []
        return snapshot_id(await read_chunk_digests(conn, series))


def counts(one):
    return one.new, one.revised, one.same, one.retracted


async def test_a_long_payload_ends_as_a_short_one_does_in_several_versions(engine):
    report = await ingest_pieces(engine, ScriptedProvider(PIECES))
    assert (counts(report), report.version) == ((40, 0, 0, 0), PIECES)
    long = await state(engine)
    again = await ingest_pieces(engine, ScriptedProvider(), size=USUAL_SIZE)
    assert (counts(again), await state(engine)) == ((0, 0, 40, 0), long)


@pytest.mark.parametrize("n", [1, 3, 4])
async def test_an_interrupted_payload_is_gone_on_with_when_it_is_given_again(engine, n):
    with pytest.raises(CrashError):
        await ingest_pieces(engine, Interrupted(n))
    async with read_transaction(engine) as conn:
        waiting = await unfinished_batches(conn)
    assert [one.new for one in waiting] == ([] if n == 1 else [(n - 2) * 8])
    report = await ingest_pieces(engine, ScriptedProvider(PIECES))
    assert counts(report) == (40, 0, 0, 0)
    async with read_transaction(engine) as conn:
        (batch,) = await last_batches(conn, "scripted-daily", 5)
        assert (counts(batch), batch.finished, await unfinished_batches(conn)) == ((40, 0, 0, 0), True, [])
    await state(engine)


async def test_a_replay_finishes_what_was_interrupted(engine):
    await ingest_pieces(engine, ScriptedProvider(), {"AAA": {1: 9.0}}, hours=-1)
    with pytest.raises(CrashError):
        await ingest_pieces(engine, Interrupted(3))
    reports = replay_from_raw(
        engine,
        lambda _batch: ScriptedProvider(PIECES),
        since=to_micros(KNOWN - timedelta(days=1)),
        clock=lambda: NOW,
    )
    (report,) = [one async for one in reports]
    assert report.new == 32
    async with read_transaction(engine) as conn:
        (batch, _) = await last_batches(conn, "scripted-daily", 5)
        assert (counts(batch), batch.finished) == ((39, 1, 0, 0), True)
    await state(engine)


async def test_a_newer_batch_between_two_transactions_stays_the_newest(engine):
    with pytest.raises(CrashError):
        await ingest_pieces(engine, Interrupted(3))
    await ingest_pieces(engine, ScriptedProvider(), {"AAA": {20: 99.0}, "BBB": {1: 98.0}}, hours=1)
    await ingest_pieces(engine, ScriptedProvider(PIECES))
    mixed = await state(engine)
    async with read_transaction(engine) as conn:
        newest = await read_chunk_digests(conn, await series_of_dataset(conn, "scripted-daily"))
    assert len(newest) == 2
    await ingest_pieces(engine, ScriptedProvider(), {"AAA": {20: 99.0}, "BBB": {1: 98.0}}, hours=2)
    assert await state(engine) == mixed


async def test_other_writers_of_sqlite_get_between_the_transactions(sqlite_engine):
    path = sqlite_engine.url.database
    wrote = []

    class Neighbour(ScriptedProvider):
        def parse(self, payload):
            for piece in super().parse(payload):
                other = sqlite3.connect(path, timeout=0)
                other.execute("UPDATE dataset SET last_error = NULL")
                other.commit()
                other.close()
                wrote.append(piece)
                yield piece

    await ingest_pieces(sqlite_engine, Neighbour(PIECES))
    # Once while it looks ahead, and once while it merges.
    assert len(wrote) == 2 * PIECES
