"""Fetches over HTTP under a source's policy: rate, retries with jitter, Retry-After, limits of time and size.

A web page under status 200, an answer cut short or one too long is an error here, before any parser sees it.
"""

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import httpx

from mktdash.bounded_dict import BoundedDict
from mktdash.domain.clock import Clock
from mktdash.domain.errors import ProviderError, ProviderFormatError, ProviderUnavailableError
from mktdash.providers.base import BodyCheck, Policy, Provider, RawPayload
from mktdash.providers.fetch.circuit import Circuit, SourceState
from mktdash.providers.fetch.retrying import FailedAttempt, Sleep, retry_after_s, retrying
from mktdash.providers.fetch.websocket import messages
from mktdash.providers.reading.delimited import looks_like_html

_CONNECT_S = 5.0
_UNREACHABLE_ATTEMPTS = 2
# 418 is how Binance says that the limit was overrun again after 429.
_TRY_AGAIN = frozenset({408, 418, 425, 429, 500, 502, 503, 504})
_NOT_MODIFIED = 304
_CACHED_BYTES = 4 * 1024 * 1024
_CACHED_ANSWERS = 64


@dataclass(frozen=True, slots=True)
class _CachedAnswer:
    payload: RawPayload
    last_modified: str | None


class HttpFetcher:
    """The ``Fetcher`` of one source in one process."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        source: str,
        policy: Policy,
        *,
        clock: Clock,
        network: bool = True,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._client = client
        self._source = source
        self._policy = policy
        self._clock = clock
        self._network = network
        self._sleep = sleep
        self._circuit = Circuit(source, clock)
        self._turn = asyncio.Lock()
        self._next_at = 0.0
        self._cached: BoundedDict[str, _CachedAnswer] = BoundedDict(_CACHED_ANSWERS)

    @property
    def state(self) -> SourceState:
        """How the source is doing."""
        return self._circuit.state

    async def get(
        self, url: str, *, dataset: str, params: Mapping[str, str] | None = None, check: BodyCheck | None = None
    ) -> RawPayload:
        """Fetch a URL under the source's policy; ``unchanged`` on the payload says that it was fetched before.

        Raises:
            ProviderUnavailableError: no network, an open circuit, or no good answer within the policy's attempts.
            ProviderFormatError: the answer is empty or a web page.
            ProviderError: the source refused for good, or its answer is longer than the policy allows.
        """
        if not self._network:
            raise ProviderUnavailableError(f"{self._source}: the network is switched off", source=self._source)
        full = str(httpx.URL(url, params=dict(params)) if params else httpx.URL(url))
        kept = self._cached.get(full)
        if kept and (self._clock() - kept.payload.fetched_at).total_seconds() < self._policy.cache_s:
            return replace(kept.payload, unchanged=True)
        self._circuit.require()
        try:
            payload = await self._try_get(full, dataset, kept, check)
        except ProviderError as error:
            self._circuit.failed(error)
            raise
        self._circuit.succeeded()
        return payload

    async def _try_get(self, url: str, dataset: str, kept: _CachedAnswer | None, check: BodyCheck | None) -> RawPayload:
        tries = 0
        try:
            async for attempt in retrying(self._policy.attempts, self._sleep):
                with attempt:
                    tries += 1
                    await self._await_turn()
                    answer = await self._attempt(url, dataset, kept, tries)
                    _require_no_refusal(answer.payload, check)
                    return self._cache(answer)
        except FailedAttempt as failure:
            raise ProviderUnavailableError(
                f"{self._source}: {failure.message}",
                source=self._source,
                url=url,
                attempts=tries,
                retry_after_s=failure.retry_after_s,
                **failure.data,
            ) from failure
        raise AssertionError("tenacity returns or raises")  # pragma: no cover

    async def _await_turn(self) -> None:
        async with self._turn:
            loop = asyncio.get_running_loop()
            wait = self._next_at - loop.time()
            if wait > 0:
                await self._sleep(wait)
            self._next_at = max(loop.time(), self._next_at) + 1.0 / self._policy.requests_per_s

    async def _attempt(self, url: str, dataset: str, kept: _CachedAnswer | None, tries: int) -> _CachedAnswer:
        try:
            async with asyncio.timeout(self._policy.timeout_s):
                return await self._ask(url, dataset, kept)
        except TimeoutError as error:
            raise FailedAttempt(f"no complete answer within {self._policy.timeout_s:g} s") from error
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            # Where nothing answers at all, more tries only take longer.
            again = tries < _UNREACHABLE_ATTEMPTS
            raise FailedAttempt("it can't be reached", reached=again, cause=type(error).__name__) from error
        except httpx.TransportError as error:
            raise FailedAttempt(f"the connection broke off ({type(error).__name__})", cause=str(error)) from error
        except (httpx.InvalidURL, httpx.TooManyRedirects) as error:
            raise ProviderError(f"{self._source}: {error}", source=self._source, url=url) from error

    async def _ask(self, url: str, dataset: str, kept: _CachedAnswer | None) -> _CachedAnswer:
        headers = {"Accept-Encoding": "gzip", **self._policy.headers}
        if kept and kept.payload.etag:
            headers["If-None-Match"] = kept.payload.etag
        elif kept and kept.last_modified:
            headers["If-Modified-Since"] = kept.last_modified
        async with self._client.stream("GET", url, headers=headers) as response:
            if response.status_code == _NOT_MODIFIED and kept:
                again = replace(kept.payload, fetched_at=self._clock(), unchanged=True)
                return replace(kept, payload=again)
            self._require_good(response, url)
            body = await self._read(response, url)
        return self._checked(response, body, url, dataset)

    def _require_good(self, response: httpx.Response, url: str) -> None:
        status = response.status_code
        if response.is_success:
            return
        if status in _TRY_AGAIN:
            after = retry_after_s(response.headers.get("Retry-After"), self._clock())
            raise FailedAttempt(f"it answered with status {status}", retry_after_s=after, status=status)
        raise ProviderError(
            f"{self._source}: it refused with status {status}", source=self._source, url=url, status=status
        )

    async def _read(self, response: httpx.Response, url: str) -> bytes:
        """The body: decompressed, complete, and within the size limit."""
        encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"identity", "", "gzip", "x-gzip"}:
            raise ProviderFormatError(
                f"{self._source}: the answer has Content-Encoding {encoding}, which is not supported",
                source=self._source,
                url=url,
            )
        unpack = zlib.decompressobj(wbits=31) if "gzip" in encoding else None
        limit, parts, size = self._policy.max_bytes, [], 0
        async for chunk in response.aiter_raw():
            try:
                part = chunk if unpack is None else unpack.decompress(chunk, limit - size + 1)
            except zlib.error as error:
                raise FailedAttempt("the answer's gzip is damaged", cause=str(error)) from error
            size += len(part)
            if size > limit:
                raise ProviderError(
                    f"{self._source}: the answer is larger than {limit} bytes",
                    source=self._source,
                    url=url,
                    limit=limit,
                )
            parts.append(part)
        # Without a Content-Length a cut answer looks finished; gzip's own end mark shows it.
        if unpack is not None and not unpack.eof:
            raise FailedAttempt("the answer is cut short", size=size)
        return b"".join(parts)

    def _checked(self, response: httpx.Response, body: bytes, url: str, dataset: str) -> _CachedAnswer:
        content_type = response.headers.get("Content-Type")
        facts = {"source": self._source, "url": url, "status": response.status_code, "content_type": content_type}
        if not body.strip():
            raise ProviderFormatError(f"{self._source}: the answer is empty", **facts)
        if looks_like_html(body):
            raise ProviderFormatError(f"{self._source}: the answer is a web page, not data", **facts)
        now = self._clock()
        etag, last_modified = response.headers.get("ETag"), response.headers.get("Last-Modified")
        payload = RawPayload(
            dataset=dataset, body=body, url=url, fetched_at=now, known_at=now, content_type=content_type, etag=etag
        )
        return _CachedAnswer(payload, last_modified)

    def _cache(self, kept: _CachedAnswer) -> RawPayload:
        payload = kept.payload
        if not isinstance(payload.body, bytes) or len(payload.body) > _CACHED_BYTES:
            return payload
        if payload.etag or kept.last_modified or self._policy.cache_s:
            self._cached[payload.url] = kept
        return payload

    async def listen(self, url: str, subscribe: Sequence[str], *, silence_s: float) -> AsyncIterator[bytes]:
        """Open a WebSocket, subscribe, and give its messages until it fails.

        Raises:
            ProviderUnavailableError: no network, or it can't be opened, was closed, or was silent for ``silence_s``.
        """
        if not self._network:
            raise ProviderUnavailableError(f"{self._source}: the network is switched off", source=self._source)
        async for message in messages(self._source, url, subscribe, silence_s=silence_s):
            yield message


class Fetchers:
    """The fetchers of all sources over one connection pool."""

    def __init__(self, client: httpx.AsyncClient, *, clock: Clock, network: bool) -> None:
        self._client = client
        self._clock = clock
        self._network = network
        self._fetchers: dict[str, HttpFetcher] = {}

    def of(self, provider: Provider) -> HttpFetcher:
        """The one fetcher of a source in this process."""
        if provider.name not in self._fetchers:
            self._fetchers[provider.name] = HttpFetcher(
                self._client, provider.name, provider.policy, clock=self._clock, network=self._network
            )
        return self._fetchers[provider.name]

    def states(self) -> dict[str, SourceState]:
        """How each source that was asked is doing."""
        return {name: fetcher.state for name, fetcher in self._fetchers.items()}


@asynccontextmanager
async def open_fetchers(*, clock: Clock, network: str) -> AsyncIterator[Fetchers]:
    """Fetchers that share a connection pool, closed with the block; ``network`` ``off`` never touches a socket."""
    client = httpx.AsyncClient(
        follow_redirects=True,
        max_redirects=5,
        timeout=httpx.Timeout(None, connect=_CONNECT_S),
        headers={"User-Agent": "mktdash/0.1 (self-hosted dashboard)", "Accept": "*/*"},
    )
    async with client:
        yield Fetchers(client, clock=clock, network=network != "off")


def _require_no_refusal(payload: RawPayload, check: BodyCheck | None) -> None:
    if check is None or not isinstance(payload.body, bytes):
        return
    try:
        check(payload.body)
    except ProviderUnavailableError as error:
        raise FailedAttempt(error.message, **error.data) from error
