"""The feed: each source on its own, one feed at a time per source, and nothing lost where Redis is."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from redis.asyncio import Redis
from tests.factories.sources.fetching import SAMPLES
from tests.factories.sources.stream import stream_server
from tests.factories.sources.wire import Answer, wire_server
from tests.factories.waiting import wait_until

from mktdash import feed
from mktdash.domain.clock import system_clock
from mktdash.domain.errors import ProviderUnavailableError
from mktdash.feed.source import SourceLoop
from mktdash.feed.source_lease import Lease
from mktdash.providers.base import Policy
from mktdash.providers.ecb.client import DATASET, RECORDED_URL, EcbProvider
from mktdash.providers.fetch.fetcher import open_fetchers
from mktdash.providers.kraken.client import KrakenProvider
from mktdash.providers.sim.client import SimProvider
from mktdash.resources import Resources
from mktdash.settings import Settings
from mktdash.store.batches.batches import last_batches
from mktdash.store.catalogue.datasets import dataset_by_key
from mktdash.store.engine.session import read_transaction
from mktdash.store.live.heartbeats import beats
from mktdash.store.series.latest import newest_by_dataset

NOWHERE = "redis://127.0.0.1:1"


@asynccontextmanager
async def resources_of(engine, redis_url=NOWHERE, **settings) -> AsyncIterator[Resources]:
    redis = Redis.from_url(redis_url)
    try:
        yield Resources(
            settings=Settings(**{"network": "off", **settings}),
            engine=engine,
            redis=redis,
            clock=system_clock,
            code_sha="test",
            started_at=datetime.now(UTC),
        )
    finally:
        await redis.aclose()


@asynccontextmanager
async def loop_of(resources, provider, network="auto") -> AsyncIterator[SourceLoop]:
    async with open_fetchers(clock=resources.clock, network=network) as fetchers:
        yield SourceLoop(
            provider=provider,
            fetcher=fetchers.of(provider),
            resources=resources,
            lease=Lease(resources.redis, provider.name),
            touched=lambda _: None,
        )


async def held(engine, key):
    async with read_transaction(engine) as conn:
        return (await newest_by_dataset(conn, [key])).get(key)


class Hanging(SimProvider):
    """A source that never answers."""

    name = "hanging"
    datasets = (replace(SimProvider.datasets[0], key="hanging", source="hanging"),)

    async def fetch(self, *_):
        await asyncio.Event().wait()
        yield


class Broken(SimProvider):
    """A source whose client has a fault of ours."""

    name = "broken"
    datasets = (replace(SimProvider.datasets[0], key="broken", source="broken"),)

    async def fetch(self, *_):
        raise ZeroDivisionError
        yield


async def test_a_source_that_hangs_or_breaks_never_delays_another(engine):
    every = {"sim": SimProvider(7), "hanging": Hanging(7), "broken": Broken(7)}
    stop = asyncio.Event()

    async with resources_of(engine, sources=("hanging", "broken", "sim")) as resources:
        running = asyncio.create_task(feed.feed_until(stop, resources, every))

        async def sim_and_beat():
            async with read_transaction(engine) as conn:
                said = [row.detail["sources"]["broken"]["poll_error"] for row in await beats(conn)]
            return any(said) and await held(engine, "sim-ticks")

        await wait_until(sim_and_beat)
        async with read_transaction(engine) as conn:
            (beat,) = await beats(conn)
        stop.set()
        async with asyncio.timeout(60):
            await running

    assert beat.kind == "feed"
    states = beat.detail["sources"]
    assert states["broken"]["poll_error"] == "internal error (ZeroDivisionError)"
    assert (states["sim"]["role"], states["sim"]["circuit"]) == ("active", "closed")
    async with read_transaction(engine) as conn:
        assert await beats(conn) == [], "a feed that ended in good order takes its beat along"


async def test_without_a_network_the_recorded_history_is_taken_once(sqlite_engine):
    async with resources_of(sqlite_engine) as resources, loop_of(resources, EcbProvider(), network="off") as loop:
        await loop.poll()
        assert loop.last_error is None
        await loop.poll()

        assert loop.last_error == "ecb: the network is switched off"
        async with read_transaction(sqlite_engine) as conn:
            (batch,) = await last_batches(conn, DATASET, 5)
            dataset = await dataset_by_key(conn, DATASET)
    assert (batch.url, batch.new) == (RECORDED_URL, 221_702)
    assert dataset.last_error == "ecb: the network is switched off"


async def test_the_same_bytes_are_not_taken_in_twice_and_a_failure_changes_nothing(ecb_engine):
    # Later than all that is recorded, and as old as the file of 90 days is asked for.
    session = system_clock().date() - timedelta(days=2)
    while session.weekday() > 4:
        session -= timedelta(days=1)
    day = b"""<Envelope><Cube><Cube time='%b'>
    <Cube currency='USD' rate='1.12'/><Cube currency='JPY' rate='176'/>
    <Cube currency='GBP' rate='0.83'/><Cube currency='CHF' rate='0.92'/></Cube></Cube></Envelope>"""
    day %= session.isoformat().encode()
    page = Answer(b"<html>Down for maintenance</html>")
    async with wire_server(Answer(day), Answer(day), page, Answer(day.replace(b"1.12", b"1.13"))) as wire:
        provider = EcbProvider(wire.url)
        provider.policy = Policy(cache_s=0.0, requests_per_s=1000.0)
        async with resources_of(ecb_engine) as resources, loop_of(resources, provider) as loop:
            for _ in range(4):
                await loop.poll()
        async with read_transaction(ecb_engine) as conn:
            newest, older, *_ = [batch for batch in await last_batches(conn, DATASET, 9) if batch.new or batch.revised]
            dataset = await dataset_by_key(conn, DATASET)

    assert [asked.path for asked in wire.asked][1:] == ["/eurofxref-hist-90d.xml"] * 3
    assert (older.new, older.revised) == (4, 0)
    assert (newest.new, newest.revised, newest.same) == (0, 1, 3)
    assert dataset.version == 3
    assert "web page" in dataset.last_error


async def test_only_one_of_two_feeds_asks_and_the_other_takes_over(redis_url):
    one, other = Redis.from_url(redis_url), Redis.from_url(redis_url)
    try:
        first, second = Lease(one, "ecb"), Lease(other, "ecb")
        assert await first.take()
        assert not await second.take()
        assert await first.take(), "who holds it may prolong it"
        await second.give_back()
        assert not await second.take(), "nobody gives back what another holds"
        await first.give_back()
        assert await second.take()
    finally:
        await one.aclose()
        await other.aclose()


async def test_without_redis_everyone_may_ask():
    async with Redis.from_url(NOWHERE) as redis:
        assert await Lease(redis, "ecb").take()
        await Lease(redis, "ecb").give_back()


async def test_a_loop_without_the_lease_stands_by_and_asks_nobody(sqlite_engine, redis_url):
    async with resources_of(sqlite_engine, redis_url) as resources, loop_of(resources, SimProvider(7)) as loop:
        holder = Lease(resources.redis, "sim")
        await holder.take()
        running = asyncio.create_task(loop.run())

        async def standing_by():
            return loop.role == "standby"

        await wait_until(standing_by)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        assert not await Lease(resources.redis, "sim").take(), "the holder still has it"
    assert await held(sqlite_engine, "sim-ticks") is None


async def test_an_unknown_source_in_the_settings_is_said_at_once(sqlite_engine):
    async with resources_of(sqlite_engine, sources=("ebc",)) as resources:
        with pytest.raises(Exception, match="unknown source 'ebc'"):
            await feed.feed_until(asyncio.Event(), resources)


async def test_an_unavailable_source_is_an_error_that_names_it(sqlite_engine):
    async with resources_of(sqlite_engine) as resources, loop_of(resources, EcbProvider(), network="off") as loop:
        with pytest.raises(ProviderUnavailableError) as error:
            await loop.fetcher.get("https://example.invalid/", dataset=DATASET)
    assert error.value.data == {"source": "ecb"}


async def test_sigterm_ends_the_feed_process_in_good_order_within_two_seconds(make_database, tmp_path):
    url = await make_database("sqlite", "empty")
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "REDIS_URL": NOWHERE,
        "MKTDASH_HOME": str(tmp_path),
        "MKTDASH_NETWORK": "off",
        "MKTDASH_SOURCES": '["sim"]',
    }
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("mktdash"), "feed", env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(60):
            while b"runs sim" not in (line := await process.stderr.readline()):
                assert line, "the feed ended before it began"
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(60):
            said = await process.stderr.read()
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert b"has stopped" in said
    assert b"Traceback" not in said


async def test_a_stream_that_falls_silent_is_listened_to_again_after_a_poll_for_what_it_missed(sqlite_engine):
    at = datetime.now(UTC)
    stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    trade = {"symbol": "BTC/USD", "price": 67800.1, "qty": 0.5, "trade_id": 1, "timestamp": stamp}
    heartbeat = {"channel": "heartbeat"}

    async def talk(connection, number):
        if number == 1:
            for message in ({"channel": "trade", "type": "snapshot", "data": [trade]}, *[heartbeat] * 3):
                await connection.send(orjson.dumps(message).decode())

    candles = Answer((SAMPLES / "kraken" / "ohlc-XBTUSD.json").read_bytes())
    none = Answer(b'{"error":[],"result":{"XXBTZUSD":[],"last":"1"}}')

    async with (
        wire_server(script=lambda asked: candles if asked.path == "/OHLC" else none) as wire,
        stream_server(talk, subscriptions=2) as stream,
        resources_of(sqlite_engine, network="auto") as resources,
    ):
        provider = KrakenProvider(wire.url, stream.url, silence_s=0.1)
        provider.policy = Policy(requests_per_s=1000.0, poll_s=3600.0, cache_s=0.0)
        async with loop_of(resources, provider) as loop:
            running = asyncio.create_task(loop.run())

            async def listened_twice():
                polls = sum(asked.path == "/OHLC" for asked in wire.asked)
                return (
                    stream.connections >= 2
                    and polls >= 4
                    and "no message on the stream" in (loop.state["stream"] or "")
                )

            await wait_until(listened_twice)
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running

    assert "no message on the stream for 0.1 s" in loop.state["stream"]
    assert loop.state["poll_error"] is None
    assert await held(sqlite_engine, "kraken-ohlc-1m") is not None
