"""Browsers' sessions: how they are had, what their cookies are, and that none outlives what it was had for."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from tests.factories.web.application import resources_over, web_over

from mktdash.domain.clock import system_clock
from mktdash.security.tokens import Issuer, end_token
from mktdash.store.access.browser_sessions import MOST_A_TOKEN
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.tables.access import ApiToken, BrowserSession

VIEWER = {"query": "{ viewer { role } }"}
HTML = {"accept": "text/html,application/xhtml+xml"}


@pytest.fixture
async def web(engine):
    async with web_over(resources_over(engine)) as opened:
        yield opened


async def role_of(client, **headers):
    response = await client.post("/graphql", json=VIEWER, headers=headers)
    return response.json()["data"]["viewer"]["role"] if response.status_code == 200 else response.status_code


async def sessions_in(engine):
    async with read_transaction(engine) as conn:
        return (await conn.execute(sa.select(sa.func.count()).select_from(BrowserSession))).scalar_one()


@pytest.mark.parametrize(
    ("address", "without"),
    [
        ("/?token={}", "/"),
        ("/quality?token={}", "/quality"),
        ("/series/SIM.ALPHA?range=1y&token={}&table=1", "/series/SIM.ALPHA?range=1y&table=1"),
        ("/reports/abc.def?token={}", "/reports/abc.def"),
        ("/graphql?token={}", "/graphql"),
        ("/api/docs?token={}", "/api/docs"),
    ],
)
async def test_a_token_in_the_address_of_any_page_is_exchanged_and_leaves_it(web, address, without):
    link = await web.token("operator")

    response = await web.client.get(address.format(link), headers=HTML)

    assert (response.status_code, response.headers["location"]) == (303, without)
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert link not in str(response.headers)
    assert await role_of(web.client) == "OPERATOR"


@pytest.mark.parametrize("address", ["/quality", "/graphql", "/api/docs"])
async def test_a_wrong_token_in_an_address_gives_a_page_that_says_what_to_do(web, address):
    response = await web.client.get(address, params={"token": "mkt_000000000000_0"}, headers=HTML)

    assert response.status_code == 401
    assert response.headers["content-type"].startswith("text/html")
    assert "mktdash token create --name" in response.text
    assert "set-cookie" not in response.headers


async def test_a_look_at_an_address_lets_nobody_in(web):
    response = await web.client.head("/", params={"token": await web.token("operator")})

    assert "set-cookie" not in response.headers


async def test_a_browser_that_comes_again_keeps_its_session(engine):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    async with web_over(resources_over(engine, clock=lambda: now)) as web:
        link = await web.token("operator")
        first = await web.client.get("/", params={"token": link})
        now += timedelta(days=6)
        second = await web.client.get("/", params={"token": link})
        now += timedelta(days=6)

        assert await role_of(web.client) == "OPERATOR"
    assert first.headers["set-cookie"] == second.headers["set-cookie"]
    assert await sessions_in(engine) == 1


async def test_a_browser_that_comes_with_another_token_leaves_no_session_behind(engine, web):
    await web.client.get("/", params={"token": await web.token("operator")})
    await web.client.get("/", params={"token": await web.token("viewer")})

    assert await role_of(web.client) == "VIEWER"
    assert await sessions_in(engine) == 1


async def test_a_session_has_the_role_that_its_token_has_now(engine, web):
    await web.client.get("/", params={"token": await web.token("admin")})
    async with write_transaction(engine) as conn:
        await conn.execute(sa.update(ApiToken).values(role="viewer"))

    assert await role_of(web.client) == "VIEWER"


async def test_logging_out_ends_the_session_at_the_server_and_forgets_the_cookie(engine, web):
    await web.client.get("/", params={"token": await web.token("operator")})
    kept = next(iter(web.client.cookies.jar)).value

    response = await web.client.post("/api/logout")

    assert response.status_code == 204
    assert "max-age=0" in response.headers["set-cookie"].lower()
    assert len(web.client.cookies.jar) == 0
    assert await role_of(web.client, cookie=f"mktdash_session_8000={kept}") == "ANONYMOUS"
    assert await sessions_in(engine) == 0
    assert (await web.client.post("/api/logout")).status_code == 204


async def test_a_page_of_another_origin_logs_nobody_out(web):
    await web.client.get("/", params={"token": await web.token("operator")})
    for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert (await web.client.post("/api/logout", headers=headers)).status_code == 403
    assert (await web.client.get("/api/logout")).status_code == 405

    assert await role_of(web.client) == "OPERATOR"


async def test_a_revocation_while_browsers_are_let_in_leaves_none_of_them_in(engine, web):
    link = await web.token("operator", kind="link")
    clients = [web.from_elsewhere(f"203.0.113.{n}") for n in range(12)]
    letting = [asyncio.create_task(client.get("/", params={"token": link})) for client in clients]
    await asyncio.wait(letting, return_when=asyncio.FIRST_COMPLETED)
    await end_token(engine, "test operator", by=Issuer("a test"), clock=system_clock)
    statuses = {(await one).status_code for one in letting}
    roles = {await role_of(client) for client in clients}
    for client in clients:
        await client.aclose()

    assert statuses <= {303, 401}
    assert roles == {401}
    assert await sessions_in(engine) == 0


async def test_many_browsers_at_once_are_no_more_than_the_bound(engine, web):
    link = await web.token("operator")
    clients = [web.from_elsewhere(f"203.0.113.{n}") for n in range(MOST_A_TOKEN + 10)]
    await asyncio.gather(*(client.get("/", params={"token": link}) for client in clients))
    roles = [await role_of(client) for client in clients]
    for client in clients:
        await client.aclose()

    assert roles.count("OPERATOR") == MOST_A_TOKEN
    assert await sessions_in(engine) == MOST_A_TOKEN


async def test_a_token_that_is_let_in_half_way_leaves_nothing_and_is_in_no_log(engine, monkeypatch, caplog):
    async def killed(*_args, **_kwargs):
        raise OSError("the end")

    async with web_over(resources_over(engine)) as web:
        monkeypatch.setattr("mktdash.security.browser_sessions.append_audit", killed)
        link = await web.token("operator")
        response = await web.client.get("/", params={"token": link})

    assert response.status_code == 500
    assert "failed: GET /" in caplog.text
    assert link not in caplog.text
    assert "set-cookie" not in response.headers
    assert await sessions_in(engine) == 0


async def test_the_sessions_of_a_token_share_what_it_may_ask(sqlite_engine):
    async with web_over(resources_over(sqlite_engine, request_rate=4)) as web:
        token = await web.token("operator")
        clients = [web.from_elsewhere(f"203.0.113.{n}") for n in range(4)]
        for client in clients:
            await client.get("/", params={"token": token})
        bearer = {"authorization": f"Bearer {token}"}
        used = [await role_of(clients[0]), await role_of(clients[1]), await role_of(clients[2], **bearer)]
        statuses = [await role_of(client) for client in clients]
        for client in clients:
            await client.aclose()

    assert used == ["OPERATOR"] * 3
    assert statuses == ["OPERATOR", 429, 429, 429]


def cookie_of(response):
    return response.headers["set-cookie"]


async def test_over_tls_the_cookie_is_for_this_host_and_tls_only(sqlite_engine):
    async with web_over(resources_over(sqlite_engine, trusted_proxies=("10.0.0.0/8",))) as web:
        link = await web.token("operator")
        async with web.from_elsewhere("10.0.0.1") as client:
            told = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}
            cookie = cookie_of(await client.get("/", params={"token": link}, headers=told))
            value = cookie.partition("=")[2].partition(";")[0]
            secure = {"cookie": f"__Host-mktdash_session={value}"}
            assert await role_of(client, **told, **secure) == "OPERATOR"
            # Without TLS that name says nothing, and with it no other does.
            assert await role_of(client, **secure) == 401
            assert await role_of(client, **told, cookie=f"mktdash_session={value}") == 401
            out = await client.post("/api/logout", headers={**told, **secure})

    assert cookie.startswith("__Host-mktdash_session=")
    for part in ("Secure", "HttpOnly", "Path=/", "SameSite=strict"):
        assert part in cookie
    assert "Domain" not in cookie
    assert out.headers["set-cookie"].startswith('__Host-mktdash_session=""')
    assert "Secure" in out.headers["set-cookie"]


@pytest.mark.parametrize(
    ("peer", "said"),
    [("203.0.113.9", "https"), ("10.0.0.1", "http"), ("10.0.0.1", "https, http"), ("10.0.0.1", "")],
)
async def test_nobody_else_is_believed_to_speak_tls(sqlite_engine, peer, said):
    resources = resources_over(sqlite_engine, trusted_proxies=("10.0.0.0/8",))
    async with web_over(resources) as web, web.from_elsewhere(peer) as client:
        link, headers = await web.token("operator"), {"x-forwarded-proto": said}
        cookie = cookie_of(await client.get("/", params={"token": link}, headers=headers))

    assert cookie.startswith("mktdash_session=")
    assert "Secure" not in cookie


async def test_a_file_is_asked_for_each_time_so_that_a_right_to_it_can_end(web):
    response = await web.client.get("/api/raw/" + "0" * 64, headers={"if-none-match": "*"})

    assert response.status_code == 304
    assert response.headers["cache-control"] == "private, no-cache"
