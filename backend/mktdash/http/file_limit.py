"""How often one reader may fetch files: slowapi, counted in Redis for all processes, in this one while Redis is away.

Files are the big answers, so they have a limit of their own beside the one on all requests (``security.buckets``).
"""

import asyncio
from functools import partial
from typing import Any

from slowapi import Limiter
from slowapi.errors import RateLimitExceeded
from starlette.requests import Request

from mktdash.domain.errors import ThrottledError
from mktdash.security.authentication import SCOPE_KEY


class FileLimit:
    """A limit on files a minute for each token, and for each address without one. One for each application."""

    def __init__(self, redis_url: str, a_minute: int, seconds_to_answer: float) -> None:
        self._a_minute = a_minute
        limit = f"{a_minute}/minute"
        # slowapi types the options of its storage as text; redis-py wants seconds as numbers.
        options: dict[str, Any] = dict.fromkeys(("socket_timeout", "socket_connect_timeout"), seconds_to_answer)
        self._limiter = Limiter(
            key_func=_bearer,
            storage_uri=f"redis+{redis_url}" if redis_url.startswith("unix:") else redis_url,
            storage_options=options,
            strategy="moving-window",
            key_prefix="mktdash:files",
            in_memory_fallback=[limit],
            in_memory_fallback_enabled=True,
        )
        self._count = self._limiter.limit(limit)(_counted)

    async def take(self, request: Request) -> None:
        """Count one file for whoever asks.

        Raises:
            ThrottledError: that was one too many for this minute.
        """
        # slowapi asks Redis through a synchronous client: in a thread, so that nobody else waits for it.
        try:
            await asyncio.to_thread(partial(self._count, request=request))
        except RateLimitExceeded:
            raise ThrottledError(
                f"more than {self._a_minute} files a minute", retryAfter=60.0, aMinute=self._a_minute
            ) from None


def _counted(request: Request) -> None:
    """What slowapi counts calls of."""


def _bearer(request: Request) -> str:
    bearer: str = request.scope[SCOPE_KEY].bearer
    return bearer
