"""Finished reports and raw source bytes, as files."""

import re
from collections.abc import AsyncIterator
from itertools import count

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from mktdash.domain.errors import NotFoundError
from mktdash.http.state import state_of
from mktdash.store.batches.raw_files import raw_block
from mktdash.store.engine.session import read_transaction
from mktdash.store.jobs.reports import artifact

_SHA256 = re.compile(r"[0-9a-f]{64}")
_FORMAT = re.compile(r"[a-z]{1,8}")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
# A report is shown, never run: no scripts, no requests, no forms; its own styles and pictures only.
_SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"
# Bytes named by their hash never change, but the right to have them may end: whoever keeps them asks each time.
_ASK_FIRST = "private, no-cache"


async def report(request: Request) -> Response:
    """One file of a report run."""
    run_id, file_format = request.path_params["run_id"], request.path_params["format"]
    if not _FORMAT.fullmatch(file_format) or _UNSAFE.search(run_id):
        raise NotFoundError("there is no such report file", run=run_id, format=file_format)
    await _count(request)
    async with read_transaction(state_of(request).engine) as conn:
        found = await artifact(conn, run_id, file_format)
    etag = f'"{found.sha256}"'
    headers = {
        "etag": etag,
        "cache-control": _ASK_FIRST,
        "x-content-type-options": "nosniff",
        "vary": "authorization, cookie",
    }
    if _has(request, etag):
        return Response(status_code=304, headers=headers)
    shown = "inline" if file_format in {"html", "pdf"} else "attachment"
    headers["content-disposition"] = f'{shown}; filename="mktdash-{run_id}.{file_format}"'
    if file_format == "html":
        headers["content-security-policy"] = _SANDBOX
    return Response(found.body, media_type=found.content_type, headers=headers)


async def raw(request: Request) -> Response:
    """A raw file, as the source sent it, by their hash."""
    sha256 = request.path_params["sha256"]
    if not _SHA256.fullmatch(sha256):
        raise NotFoundError("no raw file has this SHA-256", sha256=sha256)
    await _count(request)
    etag = f'"{sha256}"'
    headers = {"etag": etag, "cache-control": _ASK_FIRST, "vary": "authorization, cookie"}
    if _has(request, etag):
        return Response(status_code=304, headers=headers)
    pieces = _pieces(request, sha256)
    # The first piece now: what is not there must be said before the status is sent.
    first = await anext(pieces, b"")

    async def body() -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            yield piece

    headers |= {
        # Whatever it is, it came from outside: to be saved, not to be shown by a browser.
        "content-disposition": f'attachment; filename="{sha256[:16]}.raw"',
        "content-security-policy": _SANDBOX,
    }
    return StreamingResponse(body(), media_type="application/octet-stream", headers=headers)


async def _count(request: Request) -> None:
    rate = state_of(request).file_rate
    if rate is not None:
        await rate.take(request)


async def _pieces(request: Request, sha256: str) -> AsyncIterator[bytes]:
    # A view for each, not one for all: a client may take its time, and bytes of a hash never change.
    for seq in count():
        async with read_transaction(state_of(request).engine) as conn:
            piece = await raw_block(conn, sha256, seq)
        if piece is None:
            return
        yield piece


def _has(request: Request, etag: str) -> bool:
    known = request.headers.get("if-none-match", "")
    return known.strip() == "*" or etag in [one.strip().removeprefix("W/") for one in known.split(",")]
