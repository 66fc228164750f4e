"""GraphiQL, for a browser that comes to ``/graphql`` itself: a page to write queries on."""

from pathlib import Path

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from mktdash.http.pages.files import document
from mktdash.http.pages.sign_in import carries_token, exchange

# A request with any of these is a query, whoever sends it.
_ASKED = frozenset({"query", "documentId", "variables", "operationName", "extensions"})


class Graphiql:
    """ASGI application: the page for browsers, and ``endpoint`` for all others."""

    def __init__(self, endpoint: ASGIApp, static_dir: Path) -> None:
        self._endpoint = endpoint
        self._page = static_dir / "graphiql.html"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"} and _wants_page(Request(scope)):
            request = Request(scope)
            response = await exchange(request) if carries_token(request) else await document(request, self._page)
            await response(scope, receive, send)
        else:
            scope["endpoint"] = self._endpoint
            await self._endpoint(scope, receive, send)


def _wants_page(request: Request) -> bool:
    """Whether it is a browser's own: it names HTML without reserve, and asks nothing."""
    accepted = {part.strip().lower() for part in request.headers.get("accept", "").split(",")}
    return "text/html" in accepted and _ASKED.isdisjoint(request.query_params)
