"""The web process with a planted slowdown: every request to GraphQL waits first. For the load gate's own test."""

import asyncio
import sys

from mktdash.app import run_web
from mktdash.graphql.answer_cache.middleware import AnswerCacheMiddleware
from mktdash.settings import Settings

_SECONDS = 2.0
_quick = AnswerCacheMiddleware.__call__


async def slow(self, scope, receive, send):
    if scope["type"] == "http":
        await asyncio.sleep(_SECONDS)
    await _quick(self, scope, receive, send)


if __name__ == "__main__":
    AnswerCacheMiddleware.__call__ = slow
    sys.exit(asyncio.run(run_web(Settings())))
