"""Wakes the hubs after a commit. The outbox is the truth; a lost wake-up costs a poll's delay and nothing else."""

import logging
from collections.abc import Iterable

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

WAKE_CHANNEL = "mktdash:wake"

_log = logging.getLogger(__name__)


async def notify(redis: Redis | None, topics: Iterable[str]) -> None:
    """Tell every process that there are new events of these topics; call it after the commit. Never raises."""
    if redis is None:
        return
    try:
        await redis.publish(WAKE_CHANNEL, orjson.dumps(sorted(set(topics))))
    except (RedisError, OSError) as error:
        _log.warning("no wake-up sent, subscribers will poll: %s", type(error).__name__)
