"""Leaky buckets: so much a minute for each token or address, the same bucket for every process, kept in Redis.

A bucket is one number, the instant at which it will be empty again (GCRA). Taking moves that instant on; what would
move it further than a minute ahead is refused, with the time to wait. With Redis away each process counts for itself,
from where it last saw the bucket, or refuses, as set.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from redis.asyncio import Redis
from redis.exceptions import RedisError

from mktdash.bounded_dict import BoundedDict
from mktdash.deadline import deadline
from mktdash.domain.errors import ThrottledError, UnavailableError
from mktdash.web_times import USUAL

WINDOW_S = 60
_MICROS = 1_000_000
_WINDOW = WINDOW_S * _MICROS
# Redis's own clock counts, so that hosts whose clocks differ share one bucket.
_TAKE = """
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local empty = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local after = math.max(empty + ARGV[1] * ARGV[2], now)
if after > now + ARGV[3] and tonumber(ARGV[1]) > 0 then
  return {0, after - now - ARGV[3], empty - now}
end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000) + 1000)
return {1, 0, after - now}
"""
_SECONDS_TO_TRY_AGAIN = 1.0
_LEASE_SECONDS = 1.0
_LEASES_A_WINDOW = 100
_MOST_KEYS = 10_000
_TURNS = 64

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """How much a minute; a bucket holds as much as a minute restores. ``name`` is what headers call it."""

    name: str
    a_minute: int

    @property
    def interval(self) -> float:
        """Microseconds that restore one."""
        return _WINDOW / self.a_minute


@dataclass(frozen=True, slots=True)
class LimitState:
    """How a bucket stands after a taking: whether it was granted, what is left, seconds to wait where it was not."""

    limit: Limit
    granted: bool
    remaining: int
    retry_after: float
    # Seconds until the bucket is full again.
    reset: float

    def require(self) -> None:
        """Pass what was granted.

        Raises:
            ThrottledError: it was not.
        """
        if not self.granted:
            raise ThrottledError(
                f"more than {self.limit.a_minute} {self.limit.name} a minute",
                retryAfter=round(self.retry_after, 3),
                aMinute=self.limit.a_minute,
            )


@dataclass(slots=True)
class _Lease:
    """What was taken in advance for one bearer: what is left of it, what was used of it, until when it counts."""

    left: int
    used: int
    until: float
    standing: LimitState


class Buckets:
    """The buckets of one process; ``without_redis`` says what happens when Redis is away: ``count`` or ``refuse``."""

    def __init__(
        self,
        redis: Redis | None,
        *,
        without_redis: Literal["count", "refuse"] = "count",
        seconds_to_answer: float = USUAL.limits,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = redis
        self._without_redis = without_redis
        self._seconds_to_answer = seconds_to_answer
        self._monotonic = monotonic
        self._script = None if redis is None else redis.register_script(_TAKE)
        self._away_until = 0.0
        self._own: BoundedDict[str, float] = BoundedDict(_MOST_KEYS)
        self._leases: BoundedDict[str, _Lease] = BoundedDict(_MOST_KEYS)
        self._turns = [asyncio.Lock() for _ in range(_TURNS)]

    async def take(self, limit: Limit, key: str, amount: int = 1) -> LimitState:
        """Take an amount from a bucket; a negative one gives it back.

        For whoever takes often, some is taken in advance and handed out here, so that most requests ask nobody: twice
        what the last second used, at most a hundredth of a minute's. What is left of it after a second is lost to its
        bearer, never granted twice.

        Raises:
            UnavailableError: Redis is away and nobody may pass without it.
        """
        ready = self.at_hand(limit, key, amount)
        if ready is not None:
            return ready
        if amount < 0 or self._script is None or limit.a_minute < 2 * _LEASES_A_WINDOW:
            return await self._ask(limit, key, amount)
        name = f"{limit.name}:{key}"
        # Who comes while another asks for more waits for that, rather than ask too.
        async with self._turns[hash(name) % len(self._turns)]:
            return self.at_hand(limit, key, amount) or await self._lease(limit, key, name, amount)

    def at_hand(self, limit: Limit, key: str, amount: int = 1) -> LimitState | None:
        """What :meth:`take` gives where nobody has to be asked; None where somebody has."""
        lease = self._leases.get(f"{limit.name}:{key}")
        if lease is None or lease.left < amount or self._monotonic() >= lease.until:
            return None
        if amount < 0 and lease.left - amount > limit.a_minute // _LEASES_A_WINDOW:
            # More than may be lost: it goes back to where others see it too.
            return None
        lease.left -= amount
        lease.used += amount
        return lease.standing

    async def _lease(self, limit: Limit, key: str, name: str, amount: int) -> LimitState:
        now, before = self._monotonic(), self._leases.get(name)
        lately = before is not None and now < before.until + _LEASE_SECONDS
        used = before.used if before is not None and lately else 0
        wanted = max(amount, min(2 * used, limit.a_minute // _LEASES_A_WINDOW))
        standing = await self._ask(limit, key, wanted)
        if not standing.granted and wanted > amount:
            wanted = amount
            standing = await self._ask(limit, key, amount)
        if standing.granted:
            left = wanted - amount + (before.left if before is not None and now < before.until else 0)
            self._leases[name] = _Lease(left, amount + used // 2, self._monotonic() + _LEASE_SECONDS, standing)
        return standing

    async def _ask(self, limit: Limit, key: str, amount: int) -> LimitState:
        name = f"mktdash:limit:{limit.name}:{key}"
        if self._script is not None and self._monotonic() >= self._away_until:
            try:
                async with deadline(self._seconds_to_answer):
                    granted, wait, used = await self._script(keys=[name], args=[amount, limit.interval, _WINDOW])
                self._follow(limit, name, amount if granted else 0, float(used))
                return _standing(limit, granted=bool(granted), wait=float(wait), used=float(used))
            except (RedisError, OSError, TimeoutError) as error:
                self._away_until = self._monotonic() + _SECONDS_TO_TRY_AGAIN
                _log.warning("limits without Redis (%s): %s", self._without_redis, type(error).__name__)
        if self._without_redis == "refuse":
            raise UnavailableError("limits cannot be counted just now", retryAfter=_SECONDS_TO_TRY_AGAIN)
        return self._count(limit, name, amount)

    def _count(self, limit: Limit, name: str, amount: int) -> LimitState:
        now = self._monotonic() * _MICROS
        empty = max(self._own.get(name, 0.0), now)
        after = max(empty + amount * limit.interval, now)
        if after > now + _WINDOW and amount > 0:
            return _standing(limit, granted=False, wait=after - now - _WINDOW, used=empty - now)
        self._own[name] = after
        return _standing(limit, granted=True, wait=0.0, used=after - now)

    def _follow(self, limit: Limit, name: str, taken: int, used: float) -> None:
        # Never lower than what was counted here: Redis may have forgotten, or answer to one that asked earlier.
        now = self._monotonic() * _MICROS
        own = max(self._own.get(name, 0.0), now) + taken * limit.interval
        self._own[name] = min(max(own, now + used), now + _WINDOW)


def _standing(limit: Limit, *, granted: bool, wait: float, used: float) -> LimitState:
    return LimitState(
        limit=limit,
        granted=granted,
        remaining=max(0, int((_WINDOW - used) / limit.interval + 1e-6)),
        retry_after=wait / _MICROS,
        reset=used / _MICROS,
    )
