"""What standing in front of every answer costs: authentication, limits, metrics, versions; microseconds a request."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

from mktdash.domain.clock import system_clock
from mktdash.http import metrics
from mktdash.security.authentication import Authentication, Request
from mktdash.security.buckets import Buckets, Limit
from mktdash.security.tokens import create_token
from mktdash.store.engine.session import open_engine
from mktdash.store.live.topic_versions import VersionWatch
from ops.bench.table import Figure

_TIMES = 4_000
_AT_ONCE = 16
_PLENTY = 1_000_000_000


async def costs(database_url: str, redis_url: str) -> list[Figure]:
    """Each part by itself, asked by a few at once as requests do."""
    engine = open_engine(database_url)
    redis = Redis.from_url(redis_url)
    authentication = Authentication(engine, system_clock, anonymous_read=True)
    request = Request({"host": "localhost"}, "127.0.0.1")
    token = await create_token(engine, name="bench", role="viewer", clock=system_clock)
    bearing = Request({"host": "localhost", "authorization": f"Bearer {token}"}, "127.0.0.1")
    buckets = Buckets(redis)
    requests, cost = Limit("requests", _PLENTY), Limit("cost", _PLENTY)
    watch = VersionWatch(engine)
    scope = {"method": "POST", "endpoint": authentication}

    async def record() -> None:
        metrics.record_request(scope, 200, 0.001)

    try:
        found = [
            ("authentication of a local reader", await _each(lambda: authentication.of(request))),
            ("authentication of a token's bearer (PostgreSQL)", await _each(lambda: authentication.of(bearing))),
            ("requests limit (Redis)", await _each(lambda: buckets.take(requests, "address:127.0.0.1"))),
            (
                "cost limit (Redis), of what is not kept",
                await _each(lambda: buckets.take(cost, "address:127.0.0.1", 5)),
            ),
            ("metrics", await _each(record)),
            ("versions (PostgreSQL), of what is kept", await _each(watch.now)),
        ]
    finally:
        await watch.aclose()
        await authentication.aclose()
        await redis.aclose()
        await engine.dispose()
    return [Figure(f"cost: {name}", micros, "us") for name, micros in found]


async def _each(once: Callable[[], Awaitable[object]]) -> float:
    """Microseconds each, with a few under way at once."""

    async def some() -> None:
        for _ in range(_TIMES // _AT_ONCE):
            await once()

    await once()
    started = time.perf_counter()
    await asyncio.gather(*(some() for _ in range(_AT_ONCE)))
    return (time.perf_counter() - started) / _TIMES * 1e6
