"""One tail of the outbox a process, however many subscribers. Woken over Redis, and by a poll when Redis is away."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing, suppress
from datetime import timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from mktdash.domain.clock import Clock, to_micros
from mktdash.live.cursor import Cursor, require_kept, resume_from
from mktdash.live.publish import WAKE_CHANNEL
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.live.outbox import PRUNED, EventRow, all_events_after, event_head, events_after, prune_events

_BATCH = 500
# A subscriber that is further behind than this reads the table again instead of filling memory.
_MOST_WAITING = 256
_POLL_SECONDS = 1.0
_RECONNECT_SECONDS = 2.0
# A reader that was away for longer queries again, which costs it little.
KEPT = timedelta(days=7)
_SECONDS_BETWEEN_UPKEEP = 3600.0

_log = logging.getLogger(__name__)


class Subscriber:
    """The events on their way to one stream; bounded, and honest when it overflowed."""

    def __init__(self, topic: str, keys: frozenset[str] | None, most_waiting: int) -> None:
        self.topic = topic
        self.keys = keys
        self.waiting: deque[EventRow] = deque()
        self.overflowed = False
        self.complete_to = 0
        self.closed = False
        self.news = asyncio.Event()
        self._most_waiting = most_waiting
        self.offered = 0

    def offer(self, event: EventRow) -> None:
        """Take an event along, unless it is of no interest or too many wait already."""
        if event.topic == PRUNED:
            # Events were forgotten before they were passed on; which ones, only the table's mark can tell.
            self._overflow()
        elif event.topic == self.topic and (self.keys is None or event.key in self.keys):
            if len(self.waiting) >= self._most_waiting:
                self._overflow()
            if not self.overflowed:
                self.waiting.append(event)
            self.news.set()
        self.offered = event.id

    def start_over(self) -> int:
        """Forget what waits, all of which is in the table; returns up to where nothing was lost by an overflow."""
        self.waiting.clear()
        self.overflowed = False
        return self.complete_to

    def _overflow(self) -> None:
        if not self.overflowed:
            self.complete_to = self.waiting[0].id - 1 if self.waiting else self.offered
            self.overflowed = True
        self.waiting.clear()
        self.news.set()

    def close(self) -> None:
        """End the stream."""
        self.closed = True
        self.news.set()


class Hub:
    """Tails the outbox and hands each event to the streams that want it, in order, once.

    Start it with :meth:`start`, end it with :meth:`close`. It reads the database only while someone listens. With a
    clock it also forgets events older than a week.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        redis: Redis | None,
        *,
        clock: Clock | None = None,
        poll_seconds: float = _POLL_SECONDS,
        most_waiting: int = _MOST_WAITING,
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._redis = redis
        self._poll_seconds = poll_seconds
        self._most_waiting = most_waiting
        self.subscribers: set[Subscriber] = set()
        self._position = 0
        self._entry = asyncio.Lock()
        self._wake = asyncio.Event()
        self._someone = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False

    def start(self) -> None:
        """Begin to tail, in tasks of the running loop."""
        self._tasks.append(asyncio.create_task(self._tail(), name="hub tail"))
        if self._redis is not None:
            self._tasks.append(asyncio.create_task(self._listen(self._redis), name="hub wake-ups"))
        if self._clock is not None:
            self._tasks.append(asyncio.create_task(self._forget(self._clock), name="hub upkeep"))

    async def close(self) -> None:
        """End every stream, then the tasks."""
        self.end_streams()
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()

    def end_streams(self) -> None:
        """Let every stream come to its end; no new one starts."""
        self._closed = True
        for subscriber in list(self.subscribers):
            subscriber.close()

    def wake(self) -> None:
        """Look at the outbox now."""
        self._wake.set()

    async def stream(
        self, topic: str, *, keys: Collection[str] | None = None, since: str | None = None
    ) -> AsyncGenerator[tuple[Cursor, EventRow], None]:
        """The events of a topic after ``since`` (from now on where None), each with the cursor to resume after it.

        It registers first, then reads the table up to its end, then takes what the tail brings, so nothing falls
        between; offsets already given are skipped, so nothing comes twice. Close it with ``aclose``.

        Raises:
            InvalidInputError: ``since`` is not a cursor.
            CursorExpiredError: the events after ``since`` are gone, or went before a slow reader had read them.
        """
        wanted = None if keys is None else frozenset(keys)
        subscriber = await self._register(topic, wanted)
        try:
            async with read_transaction(self._engine) as conn:
                cursor = await resume_from(conn, since)
            async with aclosing(self._follow(subscriber, cursor.offset)) as events:
                async for event in events:
                    yield Cursor(cursor.epoch, event.id), event
        finally:
            self._leave(subscriber)

    async def _follow(self, subscriber: Subscriber, position: int) -> AsyncGenerator[EventRow, None]:
        behind, caught_up = True, False
        while not subscriber.closed:
            if behind:
                # From here on what the tail brings is new.
                complete_to = subscriber.start_over()
                if caught_up:
                    # However long ago the last event of interest was: nothing was missed since.
                    position = max(position, complete_to)
                batch, head = await self._stored(subscriber, position)
                while batch and not subscriber.closed:
                    for event in batch:
                        position = event.id
                        yield event
                    batch, head = await self._stored(subscriber, position) if len(batch) == _BATCH else ([], head)
                # All of interest up to the end of what was looked at has been given.
                position = max(position, head)
                caught_up = True
            subscriber.news.clear()
            while subscriber.waiting and not subscriber.overflowed:
                event = subscriber.waiting.popleft()
                if event.id > position:
                    position = event.id
                    yield event
            behind = subscriber.overflowed
            if not behind and not subscriber.closed and not subscriber.waiting:
                await subscriber.news.wait()
                behind = subscriber.overflowed

    async def _stored(self, subscriber: Subscriber, position: int) -> tuple[list[EventRow], int]:
        """The next events after a position, and where the log ended when they were read."""
        async with read_transaction(self._engine) as conn:
            # Of the same view: what is forgotten between two looks would be missed without a word.
            await require_kept(conn, position)
            batch = await events_after(conn, subscriber.topic, position, keys=subscriber.keys, limit=_BATCH)
            return batch, await event_head(conn)

    async def _register(self, topic: str, keys: frozenset[str] | None) -> Subscriber:
        subscriber = Subscriber(topic, keys, self._most_waiting)
        async with self._entry:
            if not self.subscribers:
                # Nobody listened: the tail starts at the end. The newcomer reads the table after this, so what
                # was committed in between is in its first read.
                async with read_transaction(self._engine) as conn:
                    self._position = await event_head(conn)
            self.subscribers.add(subscriber)
            self._someone.set()
        if self._closed:
            subscriber.close()
        return subscriber

    def _leave(self, subscriber: Subscriber) -> None:
        self.subscribers.discard(subscriber)
        if not self.subscribers:
            self._someone.clear()

    async def _tail(self) -> None:
        while True:
            await self._someone.wait()
            self._wake.clear()
            try:
                await self._pass_on()
            except Exception as error:  # noqa: BLE001 - streams would wait for ever for a tail that has ended
                _warn("the outbox could not be read, trying again", error)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_seconds):
                    await self._wake.wait()

    async def _pass_on(self) -> None:
        while True:
            async with self._entry, read_transaction(self._engine) as conn:
                events = await all_events_after(conn, self._position, limit=_BATCH)
                for event in events:
                    for subscriber in self.subscribers:
                        subscriber.offer(event)
                    self._position = event.id
            if len(events) < _BATCH:
                return

    async def _forget(self, clock: Clock) -> None:
        while True:
            try:
                async with write_transaction(self._engine) as conn:
                    await prune_events(conn, to_micros(clock() - KEPT))
            except Exception as error:  # noqa: BLE001 - as above
                _warn("old events stay until the next hour", error)
            await asyncio.sleep(_SECONDS_BETWEEN_UPKEEP)

    async def _listen(self, redis: Redis) -> None:
        away = False
        while True:
            try:
                async with redis.pubsub() as channel:
                    await channel.subscribe(WAKE_CHANNEL)
                    away = False
                    # What was published while nobody listened here is in the outbox.
                    self._wake.set()
                    async for message in channel.listen():
                        if message["type"] == "message":
                            self._wake.set()
            except (RedisError, OSError) as error:
                if not away:
                    _log.warning("no wake-ups from Redis, polling meanwhile: %s", type(error).__name__)
                away = True
            await asyncio.sleep(_RECONNECT_SECONDS)


def _warn(what: str, error: Exception) -> None:
    # A database that is away explains itself; what nobody foresaw is shown with where it came from.
    foreseen = isinstance(error, SQLAlchemyError | OSError)
    _log.warning("%s: %s", what, type(error).__name__, exc_info=None if foreseen else error)
