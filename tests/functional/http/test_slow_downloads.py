"""A client that takes its time over a large file, or leaves in the middle of it, holds nothing of the store."""

import asyncio
import random
from io import BytesIO

import pytest
from tests.factories.leftovers import Outside, until_none
from tests.factories.web.application import resources_over, served

from mktdash.store.batches.raw_files import BLOCK_BYTES, store_raw
from mktdash.store.engine.session import write_transaction


@pytest.fixture
async def outside(engine):
    opened = Outside(engine)
    await opened.open()
    yield opened
    await opened.close()


async def test_a_download_that_waits_for_its_client_holds_no_view_and_no_connection(engine, outside):
    # More than the system keeps between two sockets, and nothing that compression shrinks.
    content = random.Random(0).randbytes(8 * BLOCK_BYTES)  # noqa: S311 - no secret hangs on it
    async with write_transaction(engine) as conn:
        sha256, _ = await store_raw(conn, lambda: BytesIO(content))

    async def not_back():
        return None if engine.pool.checkedout() <= idle else f"{engine.pool.checkedout()} lent"

    async with served(resources_over(engine)) as address:
        idle = engine.pool.checkedout()
        host, port = address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET /api/raw/{sha256} HTTP/1.1\r\nhost: {address}\r\n\r\n".encode())
        assert b" 200 " in await reader.readline()

        await until_none(not_back, "connections of a download that waits", "after its head")
        await until_none(outside.open_views, "transactions of a download that waits", "after its head")
        writer.transport.abort()


async def test_a_download_that_is_read_comes_whole(engine):
    content = random.Random(1).randbytes(BLOCK_BYTES + 5)  # noqa: S311 - as above
    async with write_transaction(engine) as conn:
        sha256, _ = await store_raw(conn, lambda: BytesIO(content))

    async with served(resources_over(engine)) as address:
        host, port = address.split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(f"GET /api/raw/{sha256} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n".encode())
        said = await reader.read()
        writer.close()

    # In chunks, whose sizes stand between them.
    assert said.startswith(b"HTTP/1.1 200 ")
    assert content[-5:] in said
    assert len(said) > len(content)
