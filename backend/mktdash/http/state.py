"""What the routes need of the process."""

from dataclasses import dataclass
from pathlib import Path

from redis.asyncio import Redis
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.requests import Request

from mktdash.domain.clock import Clock
from mktdash.http.file_limit import FileLimit
from mktdash.live.hub import Hub
from mktdash.security.authentication import SCOPE_KEY, Authentication, RequestFacts
from mktdash.security.principals import Principal


@dataclass(frozen=True, slots=True)
class HttpState:
    """Held by the application as ``app.state.mktdash``."""

    engine: AsyncEngine
    redis: Redis
    clock: Clock
    hub: Hub
    authentication: Authentication
    version: str
    code_sha: str
    static_dir: Path
    seconds_to_answer: float
    openapi: str
    file_rate: FileLimit | None = None


def state_of(request: Request) -> HttpState:
    """The state of the application that serves a request."""
    state: HttpState = request.app.state.mktdash
    return state


def request_facts(request: Request) -> RequestFacts:
    """What the outermost layer found out about a request."""
    facts: RequestFacts = request.scope[SCOPE_KEY]
    return facts


def principal_of(request: Request) -> Principal:
    """Who asks."""
    return request_facts(request).principal
