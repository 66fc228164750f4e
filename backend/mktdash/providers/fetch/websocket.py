"""A source's WebSocket: opened, subscribed to, and watched, because a dead one often just falls silent."""

from collections.abc import AsyncIterator, Sequence

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from mktdash.deadline import deadline
from mktdash.domain.errors import ProviderUnavailableError

_OPEN_S = 10.0
_LARGEST = 4 * 1024 * 1024


async def messages(source: str, url: str, subscribe: Sequence[str], *, silence_s: float) -> AsyncIterator[bytes]:
    """The messages of a WebSocket, once subscribed.

    Args:
        source: who it is, for the error's sentence.
        url: ``wss://``.
        subscribe: messages to send first.
        silence_s: the longest it may say nothing; both exchanges here send a heartbeat each second.

    Raises:
        ProviderUnavailableError: it can't be opened, was closed, or fell silent.
    """
    try:
        async with connect(url, open_timeout=_OPEN_S, close_timeout=1.0, max_size=_LARGEST) as socket:
            for message in subscribe:
                await socket.send(message)
            while True:
                try:
                    async with deadline(silence_s):
                        received = await socket.recv(decode=False)
                except TimeoutError as error:
                    raise ProviderUnavailableError(
                        f"{source}: no message on the stream for {silence_s:g} s", source=source, url=url
                    ) from error
                yield received
    except ConnectionClosed as error:
        raise ProviderUnavailableError(
            f"{source}: the stream was closed", source=source, url=url, cause=str(error)[:200]
        ) from error
    except (WebSocketException, OSError, TimeoutError) as error:
        raise ProviderUnavailableError(
            f"{source}: the stream can't be opened ({type(error).__name__})", source=source, url=url
        ) from error
