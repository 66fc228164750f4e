"""Whether the web process answers that everything is ready."""

import asyncio
import http.client
import json
from dataclasses import dataclass

_OK = 200


@dataclass(frozen=True, slots=True)
class Readiness:
    """One answer of ``/api/health/ready``.

    Attributes:
        ready: whether everything is.
        missing: what is not yet, in words.
    """

    ready: bool
    missing: str


async def ask(host: str, port: int, seconds: float = 5.0) -> Readiness:
    """Ask once, without proxies, and without blocking the loop."""
    return await asyncio.to_thread(_ask, host, port, seconds)


def _ask(host: str, port: int, seconds: float) -> Readiness:
    connection = http.client.HTTPConnection(host, port, timeout=seconds)
    try:
        connection.request("GET", "/api/health/ready", headers={"Accept": "application/json"})
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return Readiness(ready=False, missing="web")
    finally:
        connection.close()
    return Readiness(ready=answer.status == _OK, missing=_missing(body))


def _missing(body: bytes) -> str:
    """The names of the parts that the answer calls not good: ``{"checks": {"redis": {"status": "fail"}}}``."""
    try:
        checks = json.loads(body)["checks"]
        return ", ".join(sorted(name for name, check in checks.items() if check["status"] not in {"ok", "pass"}))
    except (ValueError, KeyError, TypeError, AttributeError):
        return "web"
