"""Each header that may come in several lines: refused, or read as one list in order, by every part of the server."""

import httpx
import pytest
from sqlalchemy import select
from tests.factories.web.application import resources_over, served

from mktdash.security.tokens import create_token
from mktdash.store.engine.session import read_transaction
from mktdash.store.tables import metadata

READ = {"query": "{ viewer { role } }"}
AUDIT = metadata.tables["audit_event"]
REQUEST = {
    "query": """mutation { requestReport(input: { template: "market-summary" }) { __typename } }""",
}


async def send(server, *headers, method="POST", path="/graphql", **options):
    async with httpx.AsyncClient(base_url=server.url, timeout=600, trust_env=False) as client:
        body = {"json": READ} if method == "POST" else {}
        return await client.request(method, path, headers=list(headers), **body, **options)


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("Authorization", "Bearer a", "Bearer a"), ("Content-Type", "application/json", "text/plain"),
        ("Origin", "http://localhost", "http://evil.example"), ("Sec-Fetch-Site", "same-origin", "cross-site"),
        ("Sec-Fetch-Mode", "cors", "navigate"), ("Last-Event-ID", "1", "2"),
        ("X-Forwarded-Host", "a", "b"), ("X-Real-IP", "1.1.1.1", "2.2.2.2"), ("Range", "bytes=0-1", "bytes=2-3"),
    ],
)  # fmt: skip
async def test_what_has_one_value_is_refused_in_two_lines(server, name, one, other):
    answer = await send(server, (name, one), (name, other))

    assert answer.status_code == 400
    assert answer.json()["code"] == "BAD_REQUEST"
    assert answer.json()["header"] == name.lower()


async def test_accept_in_two_lines_is_one_list(server):
    types = ("application/json;q=0.5", "application/graphql-response+json")

    answer = await send(server, *(("Accept", one) for one in types))

    assert answer.headers["content-type"].startswith("application/graphql-response+json")


@pytest.mark.parametrize("lines", [("gzip;q=0.1", "br"), ("br", "gzip;q=0.1")])
async def test_accept_encoding_in_two_lines_is_one_list(server, lines):
    answer = await send(server, *(("Accept-Encoding", one) for one in lines), method="GET", path="/api/openapi.json")
    one_line = await send(server, ("Accept-Encoding", ", ".join(lines)), method="GET", path="/api/openapi.json")

    assert answer.headers.get("content-encoding") == one_line.headers.get("content-encoding")


async def test_if_none_match_in_two_lines_is_one_list(server):
    ask_again = [("GraphQL-Preflight", "1"), ("If-None-Match", '"other"')]
    path = "/graphql?query=%7Bdatasets%7Bkey%7D%7D"
    etag = (await send(server, *ask_again, method="GET", path=path)).headers.get("etag")
    assert etag

    answer = await send(server, *ask_again, ("If-None-Match", etag), method="GET", path=path)

    assert answer.status_code == 304


async def test_a_session_is_found_in_a_second_line_of_cookies(server):
    async with httpx.AsyncClient(base_url=server.url, timeout=600, trust_env=False) as client:
        await client.get(f"/?token={server.tokens['viewer']}")
        [(name, value)] = client.cookies.items()

    answer = await send(server, ("Cookie", "a=b"), ("Cookie", f"{name}={value}"))

    assert answer.json() == {"data": {"viewer": {"role": "VIEWER"}}}


@pytest.mark.parametrize("name", ["X-Forwarded-For", "Forwarded", "Via"])
async def test_who_speaks_for_others_twice_is_not_this_machine_either(server, name):
    assert (await send(server, (name, "127.0.0.1"), (name, "::1"))).status_code == 401


@pytest.fixture
async def behind_a_proxy(sqlite_engine):
    """A server whose only trusted proxy is on this machine, with a token and a small limit."""
    resources = resources_over(sqlite_engine, trusted_proxies=["127.0.0.0/8"], request_rate=20)
    token = await create_token(sqlite_engine, name="analyst", role="analyst", clock=resources.clock)
    async with served(resources) as address, httpx.AsyncClient(base_url=f"http://{address}", timeout=600) as client:
        yield client, {"authorization": f"Bearer {token}"}


# HAProxy adds a line of its own behind the client's; others add to the client's line.
@pytest.mark.parametrize("lines", [lambda own: [own, "198.51.100.7"], lambda own: [f"{own}, 198.51.100.7"]])
async def test_a_client_cannot_choose_its_address_by_a_line_of_its_own(behind_a_proxy, lines):
    client, _ = behind_a_proxy
    statuses = []
    for n in range(30):
        told = [("x-forwarded-for", one) for one in lines(f"203.0.113.{n}")]
        statuses.append((await client.get("/metrics", headers=told)).status_code)

    assert 429 in statuses


async def test_the_audit_log_names_the_address_that_the_proxy_saw(behind_a_proxy, sqlite_engine):
    client, bearer = behind_a_proxy
    told = [*bearer.items(), ("x-forwarded-for", "203.0.113.1"), ("x-forwarded-for", "198.51.100.7, 127.0.0.9")]

    answer = await client.post("/graphql", json=REQUEST, headers=told)

    assert answer.json()["data"]["requestReport"]["__typename"] == "ReportRun"
    async with read_transaction(sqlite_engine) as conn:
        details = (await conn.execute(select(AUDIT.c.detail).where(AUDIT.c.action == "requestReport"))).scalars().all()
    assert [one["client"] for one in details] == ["198.51.100.7"]
