"""Which of several feeds asks a source: the one with its lease in Redis. Without Redis all do, which only costs."""

import asyncio
import logging
import secrets
from collections.abc import Awaitable
from typing import cast

from redis.asyncio import Redis
from redis.exceptions import RedisError

from mktdash.deadline import deadline

_log = logging.getLogger(__name__)

# Takes the lease where it is free, prolongs it where it is ours; 0 where another holds it.
_TAKE = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_GIVE_BACK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


class Lease:
    """One named right that at most one process holds at a time, for so many ``seconds`` unless it is prolonged."""

    def __init__(self, redis: Redis, name: str, seconds: float = 15.0, seconds_to_answer: float = 2.0) -> None:
        self._redis = redis
        self._seconds = seconds
        self._seconds_to_answer = seconds_to_answer
        self._key = f"mktdash:feed:{name}"
        self._token = secrets.token_hex(8)

    async def take(self) -> bool:
        """Take or prolong it; True also where Redis is away, for a second fetch changes nothing that is stored."""
        try:
            async with deadline(self._seconds_to_answer):
                taken = self._redis.eval(_TAKE, 1, self._key, self._token, str(round(self._seconds * 1000)))
                return bool(await cast("Awaitable[int]", taken))
        except (RedisError, OSError, TimeoutError) as error:
            _log.debug("no lease to be had: %s", type(error).__name__)
            return True

    async def keep(self) -> None:
        """Prolong it until cancelled."""
        while True:
            await asyncio.sleep(self._seconds / 3)
            await self.take()

    async def give_back(self) -> None:
        """Let another process have it at once."""
        try:
            async with deadline(self._seconds_to_answer / 4):
                await cast("Awaitable[int]", self._redis.eval(_GIVE_BACK, 1, self._key, self._token))
        except (RedisError, OSError, TimeoutError):
            return
