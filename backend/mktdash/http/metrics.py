"""Counts and times of requests for Prometheus, by endpoint, never by path: paths are without number."""

from functools import lru_cache

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, Counter, Gauge, Histogram, generate_latest
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from mktdash.http import quality_gauges
from mktdash.http.state import state_of
from mktdash.store.engine.session import read_transaction

REQUESTS = Counter("mktdash_http_requests_total", "Requests answered.", ["method", "endpoint", "status"])
SECONDS = Histogram(
    "mktdash_http_request_seconds",
    "Time to answer a request.",
    ["endpoint"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
SUBSCRIBERS = Gauge("mktdash_subscribers", "Streams of live events that are open.")

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def record_request(scope: Scope, status: int, seconds: float) -> None:
    """Count a request."""
    endpoint = scope.get("endpoint")
    name = "other" if endpoint is None else getattr(endpoint, "__name__", type(endpoint).__name__)
    # A method is text from outside; only known ones become labels.
    method = scope["method"] if scope["method"] in _METHODS else "other"
    count, time = _labelled(method, name, status)
    count.inc()
    time.observe(seconds)


@lru_cache(1024)
def _labelled(method: str, name: str, status: int) -> tuple[Counter, Histogram]:
    return REQUESTS.labels(method, name, str(status)), SECONDS.labels(name)


async def metrics(request: Request) -> Response:
    """All metrics of this process, and the verdicts on the data."""
    state = state_of(request)
    SUBSCRIBERS.set(len(state.hub.subscribers))
    # Without the store the verdicts are missing; the figures of this process are still true.
    try:
        async with read_transaction(state.engine) as conn:
            await quality_gauges.refresh(conn, state.clock())
    except (SQLAlchemyError, OSError):
        quality_gauges.clear()
    return Response(
        generate_latest(REGISTRY), headers={"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"}
    )
