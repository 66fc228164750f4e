"""Who may run beside whom in one worker: a few runs together, or one that has crashed a worker before, alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class ConcurrencyLimit:
    """Lets up to ``capacity`` in together, or one alone. Who waits to be alone is not overtaken by newcomers."""

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
        """Wait for a place and hold it for the block."""
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
