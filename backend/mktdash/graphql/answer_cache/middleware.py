"""The exact cache in front of routing: an answer that is known to be current goes out as bytes, everything else passes.

It stands after authentication and limits. Currency is asked of the database for every request (see
``store.live.topic_versions``), so there is no time to live, and any number of processes and hosts may write.
"""

import asyncio
import hashlib
from collections import deque
from typing import Any

import orjson
from prometheus_client import Counter, Gauge
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mktdash.content_negotiation import best_encoding
from mktdash.domain.clock import Clock, to_micros
from mktdash.domain.errors import MktdashError
from mktdash.graphql.answer_cache.answers import Answer, AnswerCache, AnswerKey
from mktdash.graphql.answer_cache.dependence import READING_KEY, Reading
from mktdash.graphql.answer_cache.response import AnswerForm, Capture, send_answer
from mktdash.graphql.cost_charging import ANSWERED_EXTENSIONS
from mktdash.graphql.transport.media_types import EVENT_STREAM, answer_type
from mktdash.graphql.transport.requests import admit
from mktdash.graphql.vocabulary.bounded_cache import WeightedCache
from mktdash.graphql.vocabulary.json import decode
from mktdash.security.authentication import SCOPE_KEY, RequestFacts
from mktdash.store.live.topic_versions import Versions, VersionWatch

ANSWERS = Counter("mktdash_answers_total", "GraphQL requests by what the exact cache had for them.", ["outcome"])
ANSWER_BYTES = Gauge("mktdash_answers_bytes", "Bytes that the exact cache holds.")
_HIT, _MISS, _SHARED, _PASSED = (ANSWERS.labels(one) for one in ("hit", "miss", "shared", "passed"))

# A name without its principal: document, variables, operation.
_Plain = tuple[bytes, bytes, str]

_LONGEST_REQUEST = 16 * 1024
_NAMES_BYTES = 8 * 1024 * 1024


class AnswerCacheMiddleware:
    """ASGI middleware around the router; ``path`` is where GraphQL is asked, ``endpoint`` what metrics call it by."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        path: str,
        endpoint: ASGIApp,
        answers: AnswerCache,
        watch: VersionWatch,
        clock: Clock,
    ) -> None:
        self._app = app
        self._path = path
        self._endpoint = endpoint
        self._answers = answers
        self._watch = watch
        self._clock = clock
        # What requests ask by their own bytes, so that a known one is not even decoded; None: never to be kept.
        self._names: WeightedCache[bytes, tuple[_Plain | None]] = WeightedCache(_NAMES_BYTES)
        self._flights: dict[AnswerKey, asyncio.Event] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer from what is kept, or pass the request on and keep what comes back."""
        if scope["type"] != "http" or scope["path"] != self._path or scope["method"] not in {"GET", "POST"}:
            await self._app(scope, receive, send)
            return
        form = self._form(scope)
        if form is None:
            _PASSED.inc()
            await self._app(scope, receive, send)
            return
        raw, receive = (scope["query_string"], receive) if form.method == "GET" else await _body(receive)
        named = self._named(raw, get=form.method == "GET")
        if named is None:
            _PASSED.inc()
            await self._app(scope, receive, Capture(send, form))
            return
        facts: RequestFacts = scope[SCOPE_KEY]
        name = (*named, int(facts.principal.role))
        scope["endpoint"] = self._endpoint
        try:
            now = await self._watch.now()
        except Exception:  # noqa: BLE001 - a database that can't be read shows itself to the resolvers
            _PASSED.inc()
            await self._app(scope, receive, Capture(send, form))
            return
        answer = self._answers.get(name)
        if answer is not None and answer.is_current(now, self._micros()):
            _HIT.inc()
            await self._send(name, answer, form, send)
            return
        if await self._shared(name, now, form, send):
            return
        _MISS.inc()
        await self._make(raw, name, now, Capture(send, form), scope, receive)

    def _form(self, scope: Scope) -> AnswerForm | None:
        """How the request wants its answer; None where the endpoint is to refuse it, or to stream."""
        facts: RequestFacts = scope[SCOPE_KEY]
        headers = facts.headers
        try:
            admit(scope["method"], facts)
            media_type = answer_type(headers.get("accept"))
        except MktdashError:
            return None
        if media_type == EVENT_STREAM:
            return None
        encoding = best_encoding(headers.get("accept-encoding", ""))
        return AnswerForm(scope["method"], media_type, encoding, headers.get("if-none-match"))

    def _named(self, raw: bytes, *, get: bool) -> _Plain | None:
        key = (b"GET " if get else b"POST ") + raw
        known = self._names.get(key)
        if known is not None:
            return known[0]
        named = _read_get(raw) if get else _read_post(raw)
        if len(raw) <= _LONGEST_REQUEST:
            self._names.put(key, (named,), len(raw) + 300)
        return named

    def _micros(self) -> int:
        return to_micros(self._clock())

    async def _shared(self, name: AnswerKey, now: Versions, form: AnswerForm, send: Send) -> bool:
        """Wait for an equal request that is being answered, and take its answer if that is new enough."""
        flight = self._flights.get(name)
        if flight is None:
            return False
        await flight.wait()
        answer = self._answers.get(name)
        if answer is None or not answer.is_at_least_as_new_as(now, self._micros()):
            return False
        _SHARED.inc()
        await self._send(name, answer, form, send)
        return True

    async def _make(  # noqa: PLR0917 - one call, just above
        self, raw: bytes, name: AnswerKey, now: Versions, capture: Capture, scope: Scope, receive: Receive
    ) -> None:
        reading = Reading(now)
        scope[READING_KEY] = reading

        def keep(body: bytes) -> Answer | None:
            answer = self._answers.put(name, body, reading)
            ANSWER_BYTES.set(self._answers.kept.weight)
            landed.set()
            return answer

        capture.keep = keep
        landed = asyncio.Event()
        # Whoever finds a flight that failed flies alone; a second flight of the same name takes the first one's place.
        self._flights[name] = landed
        try:
            await self._app(scope, receive, capture)
        finally:
            landed.set()
            if self._flights.get(name) is landed:
                del self._flights[name]
        if reading.clean and reading.dependence is None:
            key = scope["method"].encode() + b" " + raw
            self._names.put(key, (None,), len(raw) + 300)

    async def _send(self, name: AnswerKey, answer: Answer, form: AnswerForm, send: Send) -> None:
        encoding = answer.encoding(form.encoding)
        if answer.ready(encoding) is None:
            await answer.encoded(encoding)
            self._answers.weigh(name, answer)
        await send_answer(answer, encoding, form, send)


async def _body(receive: Receive) -> tuple[bytes, Receive]:
    """The body, and a channel that gives it again; too long to be kept, it is not read to its end."""
    message = await receive()
    seen, body = deque((message,)), message.get("body", b"")
    while message["type"] == "http.request" and message.get("more_body") and len(body) <= _LONGEST_REQUEST:
        message = await receive()
        seen.append(message)
        body += message.get("body", b"")

    async def again() -> Message:
        return seen.popleft() if seen else await receive()

    return body, again


def _read_post(body: bytes) -> _Plain | None:
    if len(body) > _LONGEST_REQUEST:
        return None
    try:
        return _named_by(decode(body))
    except ValueError:
        return None


def _read_get(query_string: bytes) -> _Plain | None:
    if len(query_string) > _LONGEST_REQUEST:
        return None
    asked: dict[str, Any] = dict(Request({"type": "http", "query_string": query_string}).query_params)
    try:
        for name in ("variables", "extensions"):
            if asked.get(name):
                asked[name] = decode(asked[name])
    except ValueError:
        return None
    return _named_by(asked)


def _named_by(asked: object) -> _Plain | None:
    """The name of a request of the plain kind; None for every other, which the endpoint judges."""
    if not isinstance(asked, dict):
        return None
    # Only null stands for none: 0 and false have another form, which is refused whether or not an answer is kept.
    extensions = {} if asked.get("extensions") is None else asked["extensions"]
    # What clients say of themselves there changes nothing; what changes the answer is never kept.
    if not isinstance(extensions, dict) or extensions.keys() & ANSWERED_EXTENSIONS:
        return None
    text, variables, operation = asked.get("query"), asked.get("variables"), asked.get("operationName")
    document_id = asked.get("documentId")
    if document_id:
        text = None if text else f"\0{document_id}"
    if not isinstance(text, str) or not text:
        return None
    if not isinstance(variables, dict | None) or not isinstance(operation, str | None):
        return None
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=20).digest()
    return digest, orjson.dumps(variables or {}, option=orjson.OPT_SORT_KEYS), operation or ""
