"""What is refused before any route is reached is described at each of them too."""

import pytest
from tests.factories.web.application import resources_over, web_over

from mktdash.http.openapi.document import document
from mktdash.http.routes import OPERATIONS

PATHS = document(OPERATIONS)["paths"]
FILLED = {"run_id": "a", "format": "pdf", "sha256": "0" * 64}


def described(path, response):
    """How the description has a status of a path's only method."""
    operation = PATHS[path].get("get") or next(iter(PATHS[path].values()))
    return operation["responses"][str(response.status_code)]


async def request_path(web, path, **headers):
    method = "get" if "get" in PATHS[path] else next(iter(PATHS[path]))
    response = await web.client.request(
        method, path.format(**FILLED), headers={"graphql-preflight": "1", "origin": "http://localhost:8000", **headers}
    )
    found = described(path, response)
    if response.headers.get("content-type"):
        kinds = found["content"]
        assert response.headers["content-type"].split(";")[0] in kinds or "*/*" in kinds
    return response


@pytest.mark.parametrize("path", PATHS)
async def test_a_bad_token(sqlite_engine, path):
    async with web_over(resources_over(sqlite_engine)) as web:
        assert (await request_path(web, path, authorization="Bearer wrong")).status_code == 401


@pytest.mark.parametrize("path", [path for path in PATHS if path != "/api/health/live"])
async def test_too_many_requests(sqlite_engine, path):
    async with web_over(resources_over(sqlite_engine, request_rate=1)) as web:
        responses = [await request_path(web, path) for _ in range(4)]

    assert responses[-1].status_code == 429
    assert int(responses[-1].headers["retry-after"]) > 0
    assert "Retry-After" in described(path, responses[-1])["headers"]


@pytest.mark.parametrize("path", [path for path in PATHS if not path.startswith("/api/health")])
async def test_requests_that_cannot_be_counted(sqlite_engine, path):
    async with web_over(resources_over(sqlite_engine, limits_without_redis="refuse")) as web:
        assert (await request_path(web, path)).status_code == 503


@pytest.mark.parametrize("path", [path for path in PATHS if path.startswith("/api/health")])
async def test_monitors_are_always_answered(sqlite_engine, path):
    async with web_over(resources_over(sqlite_engine, limits_without_redis="refuse", request_rate=1)) as web:
        responses = [await request_path(web, path) for _ in range(4)]

    assert responses[-1].status_code in {200, 503}
    assert responses[-1].headers["content-type"] == "application/json"


@pytest.mark.parametrize("path", PATHS)
async def test_two_hosts(sqlite_engine, path):
    async with web_over(resources_over(sqlite_engine)) as web:
        headers = [("host", "localhost"), ("host", "evil.example"), ("graphql-preflight", "1")]
        response = await web.client.get(path.format(**FILLED), headers=headers)

    assert response.status_code == 400
    assert response.headers["content-type"] in described(path, response)["content"]
