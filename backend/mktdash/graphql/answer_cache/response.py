"""The way out of an answer: taken note of as it passes, tagged for a GET, compressed for whoever accepts it."""

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

from starlette.datastructures import MutableHeaders
from starlette.types import Message, Send

from mktdash.content_negotiation import IDENTITY
from mktdash.graphql.answer_cache.answers import Answer
from mktdash.graphql.transport.compression import LEAST_BYTES, compressed

VARY = "accept, accept-encoding, authorization, cookie"
# A GET may be kept by its reader, who must ask each time whether it is still right.
_REVALIDATE = "private, no-cache"
_NO_STORE = "no-store"
_OK, _NOT_MODIFIED = 200, 304


@dataclass(frozen=True, slots=True)
class AnswerForm:
    """How one request wants its answer: its method, the media type and encoding agreed, the tags its reader has."""

    method: str
    media_type: str
    encoding: str
    if_none_match: str | None


class Capture:
    """An ASGI ``send`` that holds back the head of a plain answer until its body is there.

    ``keep`` is told the body of a good answer, as it is before compression, and gives what was kept of it.
    """

    def __init__(self, send: Send, form: AnswerForm, keep: Callable[[bytes], Answer | None] | None = None) -> None:
        self._send = send
        self._form = form
        self.keep = keep
        self._head: Message | None = None
        self._started = perf_counter()

    async def __call__(self, message: Message) -> None:
        """Pass a message on, or hold it."""
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            if "content-length" in headers and "content-encoding" not in headers:
                self._head = message
                return
        elif message["type"] == "http.response.body" and self._head is not None:
            head, self._head = self._head, None
            if not message.get("more_body"):
                await self._finish(head, message.get("body", b""))
                return
            await self._send(head)
        await self._send(message)

    async def _finish(self, head: Message, body: bytes) -> None:
        kept = self.keep(body) if self.keep is not None and head["status"] == _OK else None
        encoding = self._form.encoding if len(body) >= LEAST_BYTES else IDENTITY
        headers = MutableHeaders(raw=head["headers"])
        headers["vary"] = VARY
        headers["server-timing"] = f'answer;desc="made";dur={(perf_counter() - self._started) * 1e3:.1f}'
        if kept is not None and self._form.method == "GET":
            headers["etag"] = kept.etag(encoding)
            headers["cache-control"] = _REVALIDATE
            if _matches(self._form.if_none_match, headers["etag"]):
                head["status"], body, encoding = _NOT_MODIFIED, b"", IDENTITY
                del headers["content-length"]
        if encoding != IDENTITY:
            body = await (kept.encoded(encoding) if kept is not None else compressed(body, encoding))
            headers["content-encoding"] = encoding
        if head["status"] != _NOT_MODIFIED:
            headers["content-length"] = str(len(body))
        await self._send(head)
        await self._send({"type": "http.response.body", "body": body})


async def send_answer(answer: Answer, encoding: str, form: AnswerForm, send: Send) -> None:
    """Send an answer that is kept, in an encoding that is ready; to a GET that holds it already, only its tag."""
    body = answer.ready(encoding) or b""
    key = (form.method, form.media_type, encoding)
    headers = answer.heads.get(key)
    if headers is None:
        headers = answer.heads[key] = _head(answer, encoding, form)
    status = _OK
    if form.method == "GET" and _matches(form.if_none_match, answer.etag(encoding)):
        status, body = _NOT_MODIFIED, b""
        headers = [one for one in headers if one[0] != b"content-length"]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _head(answer: Answer, encoding: str, form: AnswerForm) -> list[tuple[bytes, bytes]]:
    headers = [
        (b"content-type", f"{form.media_type}; charset=utf-8".encode()),
        (b"content-length", str(len(answer.ready(encoding) or b"")).encode()),
        (b"vary", VARY.encode()),
        (b"server-timing", b'answer;desc="kept"'),
    ]
    if encoding != IDENTITY:
        headers.append((b"content-encoding", encoding.encode()))
    if form.method == "GET":
        return [*headers, (b"etag", answer.etag(encoding).encode()), (b"cache-control", _REVALIDATE.encode())]
    return [*headers, (b"cache-control", _NO_STORE.encode())]


def _matches(held: str | None, etag: str) -> bool:
    """Whether a reader holds what would be sent; a weak tag of the same name is as good here."""
    if held is None:
        return False
    return held.strip() == "*" or etag in {one.strip().removeprefix("W/") for one in held.split(",")}
