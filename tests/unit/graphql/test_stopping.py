"""A stream that is told to end gives nothing after that, and leaves nothing running."""

import asyncio

import pytest

from mktdash.graphql.transport.stream_stop import Stop, until

GUARD_S = 60


class Source:
    """Gives what a test puts in; notes that it was closed."""

    def __init__(self):
        self.items = asyncio.Queue()
        self.closed = False

    async def stream(self):
        try:
            while (item := await self.items.get()) is not None:
                yield item
        finally:
            self.closed = True


async def test_all_items_come_to_the_end():
    source = Source()
    for item in (1, 2, None):
        source.items.put_nowait(item)

    assert [item async for item in until(source.stream(), Stop())] == [1, 2]
    assert source.closed


async def test_told_to_end_while_it_waits_it_ends_and_closes_what_it_read():
    source, stop = Source(), Stop()
    source.items.put_nowait(1)
    stream = until(source.stream(), stop)
    assert await anext(stream) == 1
    asyncio.get_running_loop().call_soon(stop.set, "why")

    with pytest.raises(StopAsyncIteration):
        await asyncio.wait_for(anext(stream), GUARD_S)
    assert stop.reason == "why"
    assert source.closed


async def test_what_is_there_when_it_is_told_to_end_is_not_given():
    source, stop = Source(), Stop()
    stream = until(source.stream(), stop)
    source.items.put_nowait(1)
    stop.set("why")

    assert [item async for item in stream] == []


async def test_a_reader_who_leaves_closes_what_was_read():
    source = Source()
    stream = until(source.stream(), Stop())
    reader = asyncio.create_task(anext(stream))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    reader.cancel()

    with pytest.raises(asyncio.CancelledError):
        await reader
    assert source.closed
    assert len(asyncio.all_tasks()) == 1


async def test_an_error_of_the_stream_is_its_readers():
    async def failing():
        yield 1
        raise OSError("away")

    stream = until(failing(), Stop())
    assert await anext(stream) == 1
    with pytest.raises(OSError, match="away"):
        await anext(stream)
