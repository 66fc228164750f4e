"""When a token ends, all that was had by it ends: sessions, sockets and event streams, on every web process."""

import asyncio
import json
from contextlib import AsyncExitStack, asynccontextmanager

import orjson
import pytest
from tests.factories.web.application import client_of, socket_to
from tests.factories.web.process import command, environment, web_process
from websockets.exceptions import ConnectionClosed

VIEWER = {"query": "{ viewer { role } }"}
FOLLOW = "subscription { observations { cursor } }"
GUARD_S = 120


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def shipped(request, make_database, tmp_path):
    """Two web processes over one database, as they are shipped, and the commands beside them."""
    env = environment(await make_database(request.param, "empty"), tmp_path / "home")
    with web_process(env) as one, web_process(env) as other:
        yield [one, other], env


async def mktdash(env, *words):
    return await asyncio.to_thread(command, env, *words)


async def made(env, role="operator", *words):
    done = await mktdash(env, "token", "create", "--name", f"test {role}", "--role", role, "--json", *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


async def role_at(address, **headers):
    async with client_of(address) as client:
        response = await client.post("/graphql", json=VIEWER, headers=headers)
    return response.json()["data"]["viewer"]["role"] if response.status_code == 200 else response.status_code


async def cookie_of(address, token):
    """The value of the session's cookie; its name is another on each port."""
    async with client_of(address) as client:
        response = await client.get("/quality", params={"token": token})
        assert response.status_code == 303
        return next(iter(client.cookies.jar)).value


def shown(address, cookie):
    return {"cookie": f"mktdash_session_{address.rpartition(':')[2]}={cookie}"}


@asynccontextmanager
async def following(address, token=None, headers=None):
    payload = {} if token is None else {"authorization": f"Bearer {token}"}
    async with socket_to(address, additional_headers=headers or {}) as socket:
        await socket.send(orjson.dumps({"type": "connection_init", "payload": payload}).decode())
        assert orjson.loads(await socket.recv())["type"] == "connection_ack"
        subscribe = {"id": "1", "type": "subscribe", "payload": {"query": FOLLOW}}
        await socket.send(orjson.dumps(subscribe).decode())
        yield socket


async def close_code(socket):
    async with asyncio.timeout(GUARD_S):
        try:
            while True:
                await socket.recv()
        except ConnectionClosed as closed:
            return closed.rcvd.code, closed.rcvd.reason


@asynccontextmanager
async def listening(address, **headers):
    headers |= {"accept": "text/event-stream"}
    async with (
        client_of(address) as client,
        client.stream("POST", "/graphql", json={"query": FOLLOW}, headers=headers) as response,
    ):
        assert response.status_code == 200
        yield response


async def last_events(response):
    async with asyncio.timeout(GUARD_S):
        text = "".join([piece async for piece in response.aiter_text()])
    return [event for event in text.split("\r\n\r\n") if event.startswith("event: ")]


async def test_a_revoked_token_and_all_had_by_it_end_on_every_process(shipped):
    addresses, env = shipped
    token = await made(env)
    cookie = await cookie_of(addresses[0], token["token"])
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(following(one, token["token"])) for one in addresses]
        sockets += [await stack.enter_async_context(following(one, None, shown(one, cookie))) for one in addresses]
        bearer = {"authorization": f"Bearer {token['token']}"}
        streams = [await stack.enter_async_context(listening(one, **bearer)) for one in addresses]
        streams += [await stack.enter_async_context(listening(one, **shown(one, cookie))) for one in addresses]
        assert [await role_at(one, **shown(one, cookie)) for one in addresses] == ["OPERATOR", "OPERATOR"]

        revoked = await mktdash(env, "token", "revoke", token["id"])
        refused = [await role_at(one, **bearer) for one in addresses]
        nobody = [await role_at(one, **shown(one, cookie)) for one in addresses]
        codes = [await close_code(socket) for socket in sockets]
        ends = [await last_events(stream) for stream in streams]

    assert revoked.returncode == 0, revoked.stderr
    assert refused == [401, 401]
    assert nobody == ["ANONYMOUS", "ANONYMOUS"]
    assert {code for code, _ in codes} == {4401}
    assert all("UNAUTHENTICATED" in reason for _, reason in codes)
    for *_, last, complete in ends:
        assert last.startswith("event: next")
        assert '"code":"UNAUTHENTICATED"' in last
        assert complete.startswith("event: complete")
