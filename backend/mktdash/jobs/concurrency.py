"""The concurrency limit of a worker: a few runs beside each other, or one that has crashed a worker before, alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class ConcurrencyLimit:
    """Lets up to ``capacity`` in, or one alone. Newcomers do not overtake one that waits to be alone."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._inside = 0
        self._closed = False
        self._waiting_alone = 0
        self._changed = asyncio.Condition()

    @property
    def inside(self) -> int:
        """How many are inside."""
        return self._inside

    @asynccontextmanager
    async def enter(self, *, alone: bool) -> AsyncIterator[None]:
        """Wait for a place, and keep it for the block."""
        async with self._changed:
            if alone:
                await self._enter_alone()
            else:
                await self._changed.wait_for(self._has_room)
            self._inside += 1
        try:
            yield
        finally:
            async with self._changed:
                self._inside -= 1
                self._closed = self._closed and not alone
                self._changed.notify_all()

    async def _enter_alone(self) -> None:
        self._waiting_alone += 1
        try:
            await self._changed.wait_for(lambda: self._inside == 0)
            self._closed = True
        finally:
            self._waiting_alone -= 1
            self._changed.notify_all()

    def _has_room(self) -> bool:
        return self._inside < self._capacity and not self._closed and not self._waiting_alone
