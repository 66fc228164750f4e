"""The hub gives every event once, in order, whatever else happens: many writers, slow readers, lost wake-ups."""

import asyncio
import random
from contextlib import aclosing
from datetime import timedelta
from itertools import count

import pytest
from tests.factories.waiting import wait_until

from mktdash.domain.clock import EPOCH
from mktdash.domain.errors import CursorExpiredError
from mktdash.live.cursor import Cursor, require_kept, resume_from
from mktdash.live.hub import KEPT, Hub
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.live.outbox import (
    NewEvent,
    append_events,
    ensure_epoch,
    event_epoch,
    event_head,
    prune_events,
    pruned_to,
)


@pytest.fixture
async def hub(engine):
    async with write_transaction(engine) as conn:
        await ensure_epoch(conn)
    opened = Hub(engine, None, poll_seconds=0.01, most_waiting=4)
    opened.start()
    yield opened
    await opened.close()


async def append(engine, *numbers, topic="observations", key="1"):
    async with write_transaction(engine) as conn:
        await append_events(conn, [NewEvent(topic, key, {"n": n}) for n in numbers], 0)


async def append_and_fail(engine):
    async with write_transaction(engine) as conn:
        await append_events(conn, [NewEvent("observations", "1", {"n": 1})], 0)
        raise RuntimeError("undone")


async def take(stream, n):
    taken = []
    async with asyncio.timeout(60):
        while len(taken) < n:
            _, event = await anext(stream)
            taken.append(event.payload["n"])
    return taken


async def start_of(engine):
    async with read_transaction(engine) as conn:
        return str(Cursor(await event_epoch(conn), await event_head(conn)))


async def test_many_writers_and_a_reader_that_comes_and_goes_lose_nothing(engine, hub):
    since, each = await start_of(engine), 25

    async def write(writer):
        for n in range(each):
            await append(engine, [writer, n])
            await asyncio.sleep(random.random() / 200)  # noqa: S311 - jitter, not a secret

    writers = [asyncio.create_task(write(writer)) for writer in range(4)]
    seen, offsets = [], []
    while len(seen) < 4 * each:
        async with aclosing(hub.stream("observations", since=since)) as stream, asyncio.timeout(60):
            for _ in range(min(random.randint(1, 9), 4 * each - len(seen))):  # noqa: S311
                cursor, event = await anext(stream)
                seen.append(tuple(event.payload["n"]))
                offsets.append(event.id)
                since = str(cursor)
    await asyncio.gather(*writers)

    assert sorted(seen) == sorted((writer, n) for writer in range(4) for n in range(each))
    assert offsets == sorted(set(offsets))


async def test_a_slow_reader_catches_up_from_the_table(engine, hub):
    async with aclosing(hub.stream("observations", since=await start_of(engine))) as stream:
        await append(engine, 0)
        assert await take(stream, 1) == [0]
        # far more than the four that may wait
        for n in range(1, 40):
            await append(engine, n)
        await wait_until(lambda: any(subscriber.overflowed for subscriber in hub.subscribers))

        assert await take(stream, 39) == list(range(1, 40))
        assert all(len(subscriber.waiting) <= 4 for subscriber in hub.subscribers)


async def test_a_stream_carries_its_own_topic_and_keys_only(engine, hub):
    async with aclosing(hub.stream("observations", keys=["7"], since=await start_of(engine))) as stream:
        await append(engine, 1, key="8")
        await append(engine, 2, topic="report", key="7")
        await append(engine, 3, key="7")

        assert await take(stream, 1) == [3]


async def test_without_a_cursor_a_stream_begins_now(engine, hub):
    await append(engine, 1)
    async with aclosing(hub.stream("observations")) as stream:
        waiting = asyncio.create_task(take(stream, 1))
        # Whether the stream has read the head cannot be seen from outside; what comes first must be new in any case.
        async with asyncio.timeout(300):
            for n in count(2):
                await append(engine, n)
                if waiting.done():
                    break

        assert (await waiting)[0] >= 2


async def test_a_rolled_back_event_is_never_seen(engine, hub):
    async with aclosing(hub.stream("observations", since=await start_of(engine))) as stream:
        with pytest.raises(RuntimeError, match="undone"):
            await append_and_fail(engine)
        await append(engine, 2)

        assert await take(stream, 1) == [2]


async def test_a_cursor_beyond_the_head_is_of_another_log(engine, hub):
    async with read_transaction(engine) as conn:
        epoch = await event_epoch(conn)
    with pytest.raises(CursorExpiredError):
        await anext(hub.stream("observations", since=f"{epoch}:99999"))


async def test_closing_the_hub_ends_every_stream(engine, hub):
    async with aclosing(hub.stream("observations", since=await start_of(engine))) as stream:
        waiting = asyncio.create_task(anext(stream, None))
        await wait_until(lambda: hub.subscribers)
        hub.end_streams()

        assert await waiting is None
    assert not hub.subscribers


async def test_an_hour_without_listeners_is_not_replayed_to_the_next_one(engine, hub):
    await append(engine, *range(50))
    async with aclosing(hub.stream("observations", since=await start_of(engine))) as stream:
        await append(engine, 99)

        assert await take(stream, 1) == [99]


async def test_events_of_last_week_are_forgotten_and_their_cursors_with_them(engine):
    async with write_transaction(engine) as conn:
        await ensure_epoch(conn)
    since = await start_of(engine)
    await append(engine, 1, 2, 3)
    now = EPOCH + KEPT + timedelta(seconds=1)
    tidy = Hub(engine, None, clock=lambda: now)
    tidy.start()
    async with asyncio.timeout(60):
        while not await gone(engine):  # noqa: ASYNC110 - what the upkeep has done can only be looked at
            await asyncio.sleep(0.005)

    with pytest.raises(CursorExpiredError):
        await anext(tidy.stream("observations", since=since))
    await tidy.close()


async def forget_all(engine):
    """Forget every event but the newest."""
    async with write_transaction(engine) as conn:
        assert await prune_events(conn, 1)


async def test_what_is_forgotten_while_a_reader_resumes_is_told_not_missed(engine, hub, monkeypatch):
    since = await start_of(engine)
    await append(engine, 1, 2, 3)

    async def resumed(conn, text):
        cursor = await resume_from(conn, text)
        await forget_all(engine)
        return cursor

    monkeypatch.setattr("mktdash.live.hub.resume_from", resumed)
    async with aclosing(hub.stream("observations", since=since)) as stream:
        with pytest.raises(CursorExpiredError, match="gone"):
            await take(stream, 1)


async def test_a_reader_that_is_overrun_while_it_resumes_misses_nothing(engine, hub, monkeypatch):
    since = await start_of(engine)
    await append(engine, 1, 2, 3)

    async def resumed(conn, text):
        cursor = await resume_from(conn, text)
        await append(engine, *range(4, 20))
        await wait_until(lambda: all(subscriber.overflowed for subscriber in hub.subscribers))
        return cursor

    monkeypatch.setattr("mktdash.live.hub.resume_from", resumed)
    async with aclosing(hub.stream("observations", since=since)) as stream:
        assert await take(stream, 19) == list(range(1, 20))


async def test_what_is_forgotten_before_it_was_passed_on_is_told_not_missed(engine, hub, monkeypatch):
    async with aclosing(hub.stream("observations", keys=["7"], since=await start_of(engine))) as stream:
        await append(engine, 1, key="7")
        assert await take(stream, 1) == [1]

        tried = asyncio.Event()

        async def unreadable(*_, **__):
            tried.set()
            raise OSError

        with monkeypatch.context() as patched:
            patched.setattr("mktdash.live.hub.all_events_after", unreadable)
            await tried.wait()
            await append(engine, 2, 3, key="7")
            await append(engine, 4, key="8")
            await forget_all(engine)

        with pytest.raises(CursorExpiredError, match="gone"):
            await take(stream, 1)


async def test_a_quiet_series_goes_on_when_all_between_its_events_is_forgotten(engine, hub):
    async with aclosing(hub.stream("observations", keys=["7"], since=await start_of(engine))) as stream:
        await append(engine, 0, key="7")
        assert await take(stream, 1) == [0]
        await append(engine, *range(9), key="8")
        await wait_until(lambda: all(subscriber.offered >= 10 for subscriber in hub.subscribers))
        await forget_all(engine)
        await append(engine, *range(1, 40), key="7")
        await wait_until(lambda: all(subscriber.overflowed for subscriber in hub.subscribers))

        assert await take(stream, 39) == list(range(1, 40))


async def test_what_a_reader_has_seen_past_its_own_events_may_be_forgotten(engine, hub, monkeypatch):
    since = await start_of(engine)
    overrun = []

    async def looked(conn, offset):
        if not overrun:
            # Before the view that it reads in: all of this is seen there, and offered by the tail too.
            overrun.append(offset)
            await append(engine, *range(1, 20), key="7")
            await wait_until(lambda: all(subscriber.overflowed for subscriber in hub.subscribers))
            await append(engine, *range(9), key="8")
        await require_kept(conn, offset)

    monkeypatch.setattr("mktdash.live.hub.require_kept", looked)
    async with aclosing(hub.stream("observations", keys=["7"], since=since)) as stream:
        assert await take(stream, 19) == list(range(1, 20))
        await forget_all(engine)
        await append(engine, 20, key="7")

        assert await take(stream, 1) == [20]


async def test_a_tail_goes_on_after_whatever_kept_it_from_reading(engine, hub, monkeypatch):
    tried = asyncio.Event()

    async def broken(*_, **__):
        tried.set()
        raise RuntimeError

    async with aclosing(hub.stream("observations", since=await start_of(engine))) as stream:
        await append(engine, 1)
        assert await take(stream, 1) == [1]
        with monkeypatch.context() as patched:
            patched.setattr("mktdash.live.hub.all_events_after", broken)
            await tried.wait()
            await append(engine, 2)

        assert await take(stream, 1) == [2]


async def gone(engine):
    async with read_transaction(engine) as conn:
        return await pruned_to(conn)
