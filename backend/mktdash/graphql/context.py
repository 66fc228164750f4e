"""What a request brings with it: who asks, what the process holds, and one consistent view of the store."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self, TypeVar

import strawberry
from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.domain.clock import Clock, to_micros
from mktdash.graphql.answer_cache.dependence import Reading
from mktdash.graphql.columns.encoded_chunks import EncodedChunkCache
from mktdash.graphql.documents.trusted import TrustedDocuments
from mktdash.live.hub import Hub
from mktdash.security.buckets import Buckets, Limit, LimitState
from mktdash.security.principals import Principal
from mktdash.security.stream_limit import OpenStreams
from mktdash.store.engine.session import read_transaction
from mktdash.uncancelled import uncancelled

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Services:
    """What the process holds open and knows of itself."""

    engine: AsyncEngine
    redis: Redis
    clock: Clock
    hub: Hub
    version: str
    code_sha: str
    started_at: datetime
    anonymous_read: bool
    encoded_chunks: EncodedChunkCache = field(default_factory=EncodedChunkCache)
    buckets: Buckets | None = None
    request_limit: Limit | None = None
    cost_limit: Limit | None = None
    streams: OpenStreams = field(default_factory=OpenStreams)
    trusted: TrustedDocuments = field(default_factory=TrustedDocuments)
    most_answer_bytes: int | None = None

    @property
    def now(self) -> int:
        """The clock's time in microseconds UTC."""
        return to_micros(self.clock())

    @property
    def started(self) -> int:
        """When the process started, in microseconds UTC."""
        return to_micros(self.started_at)


class Reader:
    """Reads of one operation. A query's reads share one transaction, so that all its answers are of one instant.

    A subscription lives for hours and must not hold a view of the store open: there each read has its own.
    """

    def __init__(self, engine: AsyncEngine, *, shared: bool) -> None:
        self._engine = engine
        self._shared = shared
        self._turn = asyncio.Lock()
        self._stack = AsyncExitStack()
        self._conn: AsyncConnection | None = None
        self._user: asyncio.Task[Any] | None = None
        self._known: dict[Any, Any] = {}
        self._closed = False

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[AsyncConnection]:
        """A connection to read with; one user at a time."""
        if not self._shared:
            async with read_transaction(self._engine) as conn:
                yield conn
            return
        async with self._turn:
            if self._closed:
                # A loader that was still to run when its operation ended.
                raise asyncio.CancelledError
            self._user = asyncio.current_task()
            try:
                if self._conn is None:
                    self._conn = await self._stack.enter_async_context(read_transaction(self._engine))
                yield self._conn
            finally:
                self._user = None

    async def once(self, read: Callable[[AsyncConnection], Awaitable[T]]) -> T:
        """What a read that takes nothing gives; it is read once in one view of the store."""
        if read not in self._known:
            async with self() as conn:
                if read not in self._known:
                    found = await read(conn)
                    if not self._shared:
                        return found
                    self._known[read] = found
        known: T = self._known[read]
        return known

    async def start_over(self) -> None:
        """Forget all that was read: what is read next is of a view of its own."""
        await self._leave()

    async def aclose(self) -> None:
        """Give the connection back; a loader that still reads with it, on a task of its own, is ended."""
        self._closed = True
        if self._user is not None:
            self._user.cancel()
        # Who is cancelled once more while it waits for that loader still gives the connection back.
        await (uncancelled(self._leave()) if self._turn.locked() else self._leave())

    async def _leave(self) -> None:
        async with self._turn:
            # A transaction cut short in a statement can't be ended well any more, only left.
            cut = asyncio.CancelledError() if self._conn is not None and self._conn.invalidated else None
            self._conn = None
            self._known.clear()
            await self._stack.__aexit__(None if cut is None else type(cut), cut, None)


@dataclass(slots=True)
class RequestContext:
    """One request, or one WebSocket connection; each operation gets a copy with a reader and loaders of its own."""

    services: Services
    principal: Principal
    request_id: str
    client: str = ""
    # Whose buckets this request takes from, and how they stand.
    bearer: str = ""
    standings: dict[str, LimitState] = field(default_factory=dict)
    # How many items a list turned out to have, by its field in the document.
    sizes: dict[int, int] = field(default_factory=dict)
    # What the answer is made from, where somebody wants to keep it.
    reading: Reading | None = None
    # strawberry puts the payload of a WebSocket's connection_init here.
    connection_params: dict[str, Any] | None = None
    same_origin: bool = True
    _read: Reader | None = None
    loaders: dict[Any, Any] = field(default_factory=dict)

    @property
    def read(self) -> Reader:
        """The operation's reader."""
        if self._read is None:
            self._read = Reader(self.services.engine, shared=False)
        return self._read

    def saw(self, dataset: str) -> None:
        """Note that something of a dataset is in the answer."""
        if self.reading is not None:
            self.reading.saw(dataset)

    def for_operation(self, *, shared: bool) -> Self:
        """This request's context for one operation; close its reader when the operation is done."""
        return replace(self, _read=Reader(self.services.engine, shared=shared), loaders={}, sizes={})


Info = strawberry.Info[RequestContext, None]
