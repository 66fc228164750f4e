"""A response of server-sent events that leaves nothing behind, whether its client went away or the server ends."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from mktdash.uncancelled import uncancelled


class EventStream(StreamingResponse):
    """Closes what it sends, and the ``source`` of that, before it ends.

    Starlette's own leaves to the garbage collector what was waiting for its client, and tells what was under way to
    end again and again, which cuts its cleaning up short.
    """

    source: AsyncGenerator[Any, None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send until the source ends or the client has gone."""
        sending = asyncio.create_task(self.stream_response(send), name="event stream")
        leaving = asyncio.create_task(self.listen_for_disconnect(receive), name="end of an event stream's client")
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await uncancelled(self._end(sending, leaving))
        if not sending.cancelled():
            sending.result()

    async def _end(self, *tasks: asyncio.Task[None]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        for generator in (self.body_iterator, self.source):
            if isinstance(generator, AsyncGenerator):
                await generator.aclose()
