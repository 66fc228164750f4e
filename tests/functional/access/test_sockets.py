"""Who may open a socket, and as whom."""

import orjson
import pytest
from tests.factories.web.application import client_of, resources_over, served, socket_to
from websockets.exceptions import ConnectionClosed, InvalidStatus

from mktdash.domain.clock import system_clock
from mktdash.security.tokens import create_token

PROTOCOL = "graphql-transport-ws"


@pytest.fixture(params=[True, False], ids=["anonymous reads", "tokens only"])
def anonymous(request):
    return request.param


@pytest.fixture
async def address(sqlite_engine, anonymous):
    async with served(resources_over(sqlite_engine, anonymous_read=anonymous)) as bound:
        yield bound


async def role_over(address, payload=None, **options):
    """The role a socket has; the close code where it is refused."""
    try:
        async with socket_to(address, **options) as socket:
            await socket.send(orjson.dumps({"type": "connection_init", "payload": payload or {}}).decode())
            assert orjson.loads(await socket.recv()) == {"type": "connection_ack"}
            query = {"id": "1", "type": "subscribe", "payload": {"query": "{ viewer { role } }"}}
            await socket.send(orjson.dumps(query).decode())
            message = await socket.recv()
            assert isinstance(message, str)
            return orjson.loads(message)["payload"]["data"]["viewer"]["role"]
    except ConnectionClosed as closed:
        return closed.rcvd.code
    except InvalidStatus as refused:
        return refused.response.status_code


async def token(engine, role="operator", **options):
    return await create_token(engine, name="test", role=role, clock=system_clock, **options)


async def test_a_socket_without_a_token_is_this_machines_or_nobodys(address, anonymous):
    assert await role_over(address) == ("ANONYMOUS" if anonymous else 4403)


async def test_a_socket_introduces_itself_by_token(sqlite_engine, address):
    good = await token(sqlite_engine, "analyst")

    assert await role_over(address, {"authorization": f"Bearer {good}"}) == "ANALYST"
    assert await role_over(address, {"Authorization": f"Bearer {good}"}) == "ANALYST"
    assert await role_over(address, {"authorization": "Bearer wrong"}) == 4403
    assert await role_over(address, additional_headers={"authorization": f"Bearer {good}"}) == "ANALYST"
    assert await role_over(address, additional_headers={"authorization": "Bearer wrong"}) == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "http://127.0.0.1:1", "null", "https://127.0.0.1"])
async def test_a_page_of_another_origin_opens_no_socket(address, origin):
    assert await role_over(address, origin=origin) == 403


async def test_a_page_of_this_origin_is_its_session(sqlite_engine, address):
    link = await token(sqlite_engine, kind="link")
    async with client_of(address) as client:
        await client.get("/", params={"token": link})
        cookie = "; ".join(f"{one.name}={one.value}" for one in client.cookies.jar)

    assert await role_over(address, origin=f"http://{address}", additional_headers={"cookie": cookie}) == "OPERATOR"
    assert await role_over(address, origin="http://evil.example", additional_headers={"cookie": cookie}) == 403


async def test_the_legacy_protocol_is_off(address):
    async with socket_to(address, "graphql-ws") as socket:
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()

    assert closed.value.rcvd.code == 4406


async def test_a_document_that_does_not_parse_leaves_the_socket_open(sqlite_engine, address):
    headers = {"authorization": f"Bearer {await token(sqlite_engine)}"}
    async with socket_to(address, additional_headers=headers) as socket:
        await socket.send('{"type":"connection_init"}')
        await socket.recv()
        await socket.send('{"id":"1","type":"subscribe","payload":{"query":"subscription {"}}')
        refused = orjson.loads(await socket.recv())
        await socket.send('{"id":"2","type":"subscribe","payload":{"query":"{ viewer { role } }"}}')
        answered = orjson.loads(await socket.recv())

    assert (refused["type"], refused["id"]) == ("error", "1")
    assert refused["payload"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
    assert (answered["type"], answered["id"]) == ("next", "2")
