"""Who may read and who may write, by every way in."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from tests.factories.web.application import resources_over, web_over

from mktdash.domain.clock import system_clock
from mktdash.domain.errors import UnavailableError
from mktdash.security.authentication import Authentication, Request
from mktdash.security.tokens import Issuer, create_token, end_token
from mktdash.store.engine.session import open_engine, read_transaction
from mktdash.store.tables.access import ApiToken, AuditEvent

VIEWER = "{ viewer { role name canRead canRequestReports canOperate } }"
REQUEST = """mutation { requestReport(input: {template: "market-summary"}) { __typename ... on ReportRun { runId state }
  ... on InvalidParameters { problems { path message } } } }"""


@pytest.fixture
async def web(sqlite_engine):
    async with web_over(resources_over(sqlite_engine)) as opened:
        yield opened


@pytest.fixture
async def web_on_both(engine):
    async with web_over(resources_over(engine)) as opened:
        yield opened


async def role_of(client, **headers):
    response = await client.post("/graphql", json={"query": VIEWER}, headers=headers)
    return response.json()["data"]["viewer"]["role"] if response.status_code == 200 else response.status_code


async def test_this_machine_reads_without_a_token_and_may_not_write(web):
    assert await role_of(web.client) == "ANONYMOUS"
    assert (await web.error(REQUEST))["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        ("203.0.113.9", "dash.example"),
        ("203.0.113.9", "localhost:8000"),
        # DNS rebinding: a foreign name that resolves to this machine
        ("127.0.0.1", "evil.example:8000"),
        ("127.0.0.1", "localhost.evil.example"),
        ("127.0.0.1", "127.0.0.1.evil.example"),
    ],
)
@pytest.mark.parametrize(
    "path", ["/graphql", "/api/health/data-quality", "/metrics", "/api/raw/" + "0" * 64, "/api/reports/a/pdf"]
)
async def test_a_stranger_reads_nothing(web, peer, host, path):
    async with web.from_elsewhere(peer, host) as client:
        if path == "/graphql":
            response = await client.post(path, json={"query": VIEWER})
            error = response.json()["errors"][0]["extensions"]
        else:
            response = await client.get(path)
            error = response.json()

    assert response.status_code == 401
    assert error["code"] == "UNAUTHENTICATED"
    assert response.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("header", ["forwarded", "x-forwarded-for", "x-real-ip", "via"])
async def test_a_proxy_on_this_machine_speaks_for_others(web, header):
    assert await role_of(web.client, **{header: "127.0.0.1"}) == 401


async def test_anonymous_reading_can_be_turned_off(sqlite_engine):
    async with web_over(resources_over(sqlite_engine, anonymous_read=False)) as web:
        assert await role_of(web.client) == 401
        assert (await web.client.get("/api/health/live")).status_code == 200


async def test_health_answers_anyone(web):
    async with web.from_elsewhere() as client:
        assert (await client.get("/api/health/live")).status_code == 200
        assert (await client.get("/api/health/ready")).status_code == 503


@pytest.mark.parametrize("role", ["viewer", "analyst", "operator", "admin"])
async def test_a_token_carries_its_role_from_anywhere(web, role):
    token = await web.token(role)
    async with web.from_elsewhere() as client:
        assert await role_of(client, authorization=f"Bearer {token}") == role.upper()


@pytest.mark.parametrize(
    ("role", "outcome"),
    [("viewer", "FORBIDDEN"), ("analyst", "ReportRun"), ("operator", "ReportRun"), ("admin", "ReportRun")],
)
async def test_a_report_is_asked_for_by_analysts_and_above(web_on_both, role, outcome):
    web = web_on_both
    body = await web.ask(REQUEST, authorization=f"Bearer {await web.token(role)}")

    answered = body["data"] and body["data"]["requestReport"]["__typename"]
    assert (answered or body["errors"][0]["extensions"]["code"]) == outcome


async def test_every_write_is_in_the_audit_log(web_on_both):
    web = web_on_both
    body = await web.ask(REQUEST, authorization=f"Bearer {await web.token('analyst')}")

    async with read_transaction(web.resources.engine) as conn:
        [row] = (await conn.execute(sa.select(AuditEvent.principal, AuditEvent.action, AuditEvent.target))).all()
    assert tuple(row) == ("test analyst", "requestReport", f"report run {body['data']['requestReport']['runId']}")


async def test_a_refused_write_leaves_no_run(web):
    await web.ask(REQUEST, authorization=f"Bearer {await web.token('viewer')}")

    assert (await web.data("{ reportRuns { totalCount } }"))["reportRuns"]["totalCount"] == 0


async def test_tokens_are_kept_as_hashes_only(web):
    token = await web.token("admin")

    async with read_transaction(web.resources.engine) as conn:
        [row] = (await conn.execute(sa.select(*ApiToken.__table__.c))).all()
    assert token not in str(row)
    assert token.split("_")[2] not in str(row)


@pytest.mark.parametrize(
    "authorization", ["Bearer nonsense", "Bearer mkt_a_b", "Basic YTpi", "", "Bearer " + "x" * 5000]
)
async def test_a_wrong_token_is_an_error_and_not_just_nobody(web, authorization):
    response = await web.client.post("/graphql", json={"query": VIEWER}, headers={"authorization": authorization})

    assert response.status_code == 401


@pytest.mark.parametrize("wrong", ["mkt_\x00_a", "mkt_\ud800_a", "mkt_00000000000'_a", "mkt_0123456789ab_\x00"])
async def test_a_token_that_is_none_spoils_no_other_that_comes_with_it(engine, wrong):
    authentication = Authentication(engine, system_clock, anonymous_read=False)
    tokens = [await create_token(engine, name=str(n), role="viewer", clock=system_clock) for n in range(3)]

    try:
        found = await asyncio.gather(
            *(authentication.of_token(one) for one in [wrong, *tokens, wrong]), return_exceptions=True
        )
        reads = authentication.credentials.shared.reads
    finally:
        await authentication.aclose()

    assert [one.name for one in found[1:4]] == ["0", "1", "2"]
    assert (found[0], found[4]) == (None, None)
    assert reads == 1


async def test_while_the_store_is_away_a_token_is_neither_good_nor_bad(tmp_path):
    engine = open_engine(f"sqlite+aiosqlite:///{tmp_path}/nowhere/mktdash.db")
    authentication = Authentication(engine, system_clock, anonymous_read=True)
    shown = "mkt_0123456789ab_secret"

    for headers in ({"authorization": f"Bearer {shown}"}, {"cookie": f"mktdash_session={shown}"}):
        with pytest.raises(UnavailableError):
            await authentication.of(Request(headers, "127.0.0.1"))
    await authentication.aclose()
    await engine.dispose()


async def test_a_secret_of_another_token_does_not_fit(web):
    one, other = await web.token("admin"), await web.token("admin")
    mixed = "_".join((*one.split("_")[:2], other.split("_")[2]))

    assert await role_of(web.client, authorization=f"Bearer {mixed}") == 401


async def test_a_token_ends_when_it_expires_or_is_revoked(sqlite_engine):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    async with web_over(resources_over(sqlite_engine, clock=lambda: now)) as web:
        short = await web.token("admin", ttl=timedelta(hours=1))
        link = await web.token("operator", kind="link")
        assert await role_of(web.client, authorization=f"Bearer {short}") == "ADMIN"

        now += timedelta(hours=2)
        assert await role_of(web.client, authorization=f"Bearer {short}") == 401
        assert await role_of(web.client, authorization=f"Bearer {link}") == "OPERATOR"

        await end_token(sqlite_engine, "test operator", by=Issuer("a test"), clock=system_clock)
        assert await role_of(web.client, authorization=f"Bearer {link}") == 401


async def test_a_link_is_exchanged_for_a_session_and_loses_its_token(web):
    link = await web.token("operator", kind="link")

    response = await web.client.get("/series/EURUSD", params={"token": link, "range": "1y"})

    assert response.status_code == 303
    assert response.headers["location"] == "/series/EURUSD?range=1y"
    assert response.headers["cache-control"] == "no-store"
    cookie = response.headers["set-cookie"]
    assert link not in cookie
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert await role_of(web.client) == "OPERATOR"


async def test_a_link_never_leads_elsewhere(web):
    link = await web.token("operator", kind="link")

    response = await web.client.get("http://localhost:8000//evil.example/x", params={"token": link})

    assert response.headers["location"] == "/evil.example/x"


async def test_a_bad_link_is_a_clear_page(web):
    response = await web.client.get("/", params={"token": "mkt_000000000000_0"})

    assert response.status_code == 401
    assert response.headers["content-type"].startswith("text/html")
    assert "not good any more" in response.text


async def test_a_session_counts_as_a_cookie_only(web):
    await web.client.get("/", params={"token": await web.token("operator", kind="link")})
    session = next(iter(web.client.cookies.jar)).value
    web.client.cookies.clear()

    assert await role_of(web.client, authorization=f"Bearer {session}") == 401


async def test_another_origin_cannot_use_a_browsers_session(web):
    await web.client.get("/", params={"token": await web.token("operator", kind="link")})

    assert await role_of(web.client, origin="http://evil.example") == 403
    assert await role_of(web.client, origin="http://localhost:9000") == 403
    assert await role_of(web.client, origin="null") == 403
    assert await role_of(web.client, origin="http://localhost:8000") == "OPERATOR"


async def test_a_form_of_another_site_is_no_request(web):
    await web.client.get("/", params={"token": await web.token("operator", kind="link")})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        response = await web.client.post(
            "/graphql", content='{"query": "{viewer{role}}"}', headers={"content-type": kind}
        )

        assert response.status_code == 415


async def test_a_session_that_ended_is_as_good_as_none(sqlite_engine):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    async with web_over(resources_over(sqlite_engine, clock=lambda: now)) as web:
        await web.client.get("/", params={"token": await web.token("operator", kind="link")})
        now += timedelta(days=8)

        assert await role_of(web.client) == "ANONYMOUS"


async def test_a_session_never_lasts_longer_than_its_token(engine):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    async with web_over(resources_over(engine, clock=lambda: now)) as web:
        short = await web.token("admin", ttl=timedelta(seconds=5))
        response = await web.client.get("/", params={"token": short})
        assert "max-age=5;" in response.headers["set-cookie"].lower()
        now += timedelta(microseconds=4_999_999)
        assert await role_of(web.client) == "ADMIN"
        now += timedelta(microseconds=1)

        assert await role_of(web.client) == "ANONYMOUS"


async def test_a_session_ends_with_its_token(engine):
    async with web_over(resources_over(engine)) as web:
        await web.client.get("/", params={"token": await web.token("operator", kind="link")})
        assert await role_of(web.client) == "OPERATOR"

        await end_token(engine, "test operator", by=Issuer("a test"), clock=system_clock)

        assert await role_of(web.client) == "ANONYMOUS"


async def test_a_token_has_a_bounded_number_of_sessions_and_the_one_unused_for_longest_ends(engine):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    async with web_over(resources_over(engine, clock=lambda: now)) as web:
        link, sessions = await web.token("operator", kind="link"), []
        for _ in range(25):
            now += timedelta(seconds=1)
            web.client.cookies.clear()
            await web.client.get("/", params={"token": link})
            sessions.append(next(iter(web.client.cookies.jar)).value)
        web.client.cookies.clear()
        roles = [await role_of(web.client, cookie=f"mktdash_session_8000={one}") for one in sessions]

    assert roles == ["ANONYMOUS"] * 5 + ["OPERATOR"] * 20
