"""Raw bytes as sources gave them: once by content, compressed in blocks, so that no file need be in memory at once."""

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import zstandard
from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import NotFoundError
from mktdash.store.engine.session import is_postgres
from mktdash.store.tables import RAW_BLOCKS, RAW_FILES

BLOCK_BYTES = 4 * 1024 * 1024
_LEVEL = 3


async def store_raw(conn: AsyncConnection, open_stream: Callable[[], BinaryIO]) -> tuple[str, int]:
    """Keep the bytes of a stream; returns their SHA-256 (hex) and their length.

    The stream is opened twice, once for its name and once for its content, unless the content is already kept.
    """
    sha256, size = await asyncio.to_thread(_hashed, open_stream)
    if (await conn.execute(select(RAW_FILES.c.sha256).where(RAW_FILES.c.sha256 == sha256))).first() is not None:
        return sha256, size
    if is_postgres(conn):
        # Two fetches of the same bytes at once: the second one waits here and finds them kept.
        await conn.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", (sha256,))
        if (await conn.execute(select(RAW_FILES.c.sha256).where(RAW_FILES.c.sha256 == sha256))).first() is not None:
            return sha256, size
    await conn.execute(insert(RAW_FILES), {"sha256": sha256, "size": size, "stored": 0, "encoding": "zstd"})
    stored = seq = 0
    with open_stream() as stream:
        while compressed := await asyncio.to_thread(_compressed, stream):
            stored += len(compressed)
            await conn.execute(insert(RAW_BLOCKS), {"sha256": sha256, "seq": seq, "payload": compressed})
            seq += 1
    await conn.execute(update(RAW_FILES).where(RAW_FILES.c.sha256 == sha256).values(stored=stored))
    return sha256, size


def _hashed(open_stream: Callable[[], BinaryIO]) -> tuple[str, int]:
    total, size = hashlib.sha256(), 0
    with open_stream() as stream:
        while block := stream.read(BLOCK_BYTES):
            total.update(block)
            size += len(block)
    return total.hexdigest(), size


def _compressed(stream: BinaryIO) -> bytes:
    block = stream.read(BLOCK_BYTES)
    return zstandard.ZstdCompressor(level=_LEVEL).compress(block) if block else b""


@asynccontextmanager
async def raw_body(conn: AsyncConnection, sha256: str) -> AsyncIterator[bytes | Path]:
    """The bytes of that hash as the body of a payload: themselves where they are few, else a file for the block.

    Raises:
        NotFoundError: no such bytes are kept.
    """
    blocks = read_raw(conn, sha256)
    first = await anext(blocks, b"")
    if len(first) < BLOCK_BYTES:
        yield first
        return
    with tempfile.NamedTemporaryFile(prefix="mktdash-raw-") as file:
        file.write(first)
        async for block in blocks:
            file.write(block)
        file.flush()
        yield Path(file.name)


async def read_raw(conn: AsyncConnection, sha256: str) -> AsyncIterator[bytes]:
    """The bytes of that hash, a block at a time.

    Raises:
        NotFoundError: no such bytes are kept.
    """
    seq = 0
    while (block := await raw_block(conn, sha256, seq)) is not None:
        yield block
        seq += 1


async def raw_block(conn: AsyncConnection, sha256: str, seq: int) -> bytes | None:
    """One block of the bytes of that hash, the first of which is 0; None after the last.

    Raises:
        NotFoundError: no such bytes are kept.
    """
    wanted = select(RAW_BLOCKS.c.payload).where(RAW_BLOCKS.c.sha256 == sha256, RAW_BLOCKS.c.seq == seq)
    compressed = (await conn.execute(wanted)).scalar_one_or_none()
    if compressed is not None:
        return zstandard.ZstdDecompressor().decompress(compressed, max_output_size=BLOCK_BYTES)
    if (
        seq == 0
        and (await conn.execute(select(RAW_FILES.c.sha256).where(RAW_FILES.c.sha256 == sha256))).first() is None
    ):
        raise NotFoundError(f"no raw bytes of hash {sha256} are kept", sha256=sha256)
    return None
