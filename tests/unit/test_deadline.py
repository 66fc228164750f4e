"""Waiting for somebody else, without holding our own standstill against them."""

import asyncio
import socket
import time

import pytest

from mktdash.deadline import deadline

pytestmark = pytest.mark.both_loops


async def test_what_arrived_while_this_process_stood_still_is_an_answer():
    here, there = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=here)

    def stand_still():
        time.sleep(0.3)
        there.send(b"!")

    asyncio.get_running_loop().call_soon(stand_still)
    async with deadline(0.1):
        answer = await reader.readexactly(1)
    writer.close()
    await writer.wait_closed()
    there.close()

    assert answer == b"!"


async def test_patience_ends():
    with pytest.raises(TimeoutError):
        async with deadline(0.05):
            await asyncio.Event().wait()


async def test_who_is_cancelled_while_waiting_is_cancelled():
    async def wait():
        async with deadline(60):
            await asyncio.Event().wait()

    waiting = asyncio.create_task(wait())
    await asyncio.sleep(0)
    waiting.cancel()

    with pytest.raises(asyncio.CancelledError):
        await waiting
