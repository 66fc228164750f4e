"""The web page: files that the frontend's build names by their content, and one document for every other path."""

import mimetypes
from http import HTTPStatus
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from mktdash.content_negotiation import IDENTITY, best_encoding
from mktdash.http.pages.plain import plain_page
from mktdash.http.pages.sign_in import carries_token, exchange
from mktdash.http.state import state_of

# The build puts the packed files beside the plain ones.
_PACKED = {"br": ".br", "gzip": ".gz"}
_FOREVER = "public, max-age=31536000, immutable"
_ASK_FIRST = "no-cache"
_API = ("/api/", "/graphql", "/metrics")
# Paths of the page that end in a name; a symbol may have a dot (SIM.ALPHA) and is no file for that.
_NAMED = ("/series/", "/reports/")


async def page(request: Request) -> Response:
    """A file of the bundle, or the page's document."""
    path = request.url.path
    if path.startswith(_API):
        raise HTTPException(404, "no page at this path")
    if carries_token(request):
        return await exchange(request)
    root = state_of(request).static_dir
    found = await run_in_threadpool(_file, root, path)
    if found is not None:
        immutable = path.startswith("/assets/")
        return _sent(request, found, _FOREVER if immutable else _ASK_FIRST)
    if not path.startswith(_NAMED) and (path.startswith("/assets/") or Path(path).suffix not in {"", ".html"}):
        raise HTTPException(404, "there is no such file")
    return await document(request, root / "index.html")


async def document(request: Request, file: Path) -> Response:
    """A document of the build, which names its scripts and styles by their content."""
    if not await run_in_threadpool(file.is_file):
        return plain_page(
            "The page is not built yet",
            "The API works; the page itself has not been built. Run make run, or make setup, then load this again.",
            HTTPStatus.SERVICE_UNAVAILABLE,
        )
    return _sent(request, file, _ASK_FIRST)


def _file(root: Path, path: str) -> Path | None:
    try:
        wanted = (root / path.lstrip("/")).resolve()
        there = wanted.is_relative_to(root.resolve()) and wanted.is_file()
    except (OSError, ValueError):
        # Too long for a name, or with a NUL in it.
        return None
    return wanted if there and wanted.suffix not in {".br", ".gz", ".map", ".html"} else None


def _sent(request: Request, file: Path, cache_control: str) -> Response:
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    headers = {"cache-control": cache_control, "vary": "accept-encoding"}
    encoding = best_encoding(request.headers.get("accept-encoding", ""), _there(file))
    if encoding != IDENTITY:
        return FileResponse(_packed(file, encoding), media_type=kind, headers={**headers, "content-encoding": encoding})
    return FileResponse(file, media_type=kind, headers=headers)


def _there(file: Path) -> tuple[str, ...]:
    return tuple(encoding for encoding in _PACKED if _packed(file, encoding).is_file())


def _packed(file: Path, encoding: str) -> Path:
    return file.with_name(file.name + _PACKED[encoding])
