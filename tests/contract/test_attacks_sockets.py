"""What an adversary would send over a WebSocket: an answer or an end with a reason, and no noise in the log."""

import asyncio
import logging

import orjson
import pytest
from tests.factories.web.application import socket_to
from websockets.exceptions import ConnectionClosed

pytestmark = pytest.mark.both_loops

INIT = '{"type":"connection_init"}'


@pytest.fixture(autouse=True)
def silence(caplog):
    """Nobody outside may make the server write error lines."""
    with caplog.at_level(logging.INFO):
        yield
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []


@pytest.fixture
async def socket(server):
    async with socket_to(server.address) as opened:
        yield opened


async def close_code(socket, *messages):
    """The code with which the server ends a socket that was sent these."""
    try:
        for message in messages:
            await socket.send(message)
        async with asyncio.timeout(60):
            while True:
                await socket.recv()
    except ConnectionClosed as closed:
        return closed.rcvd.code


async def introduced(socket):
    await socket.send(INIT)
    assert orjson.loads(await socket.recv()) == {"type": "connection_ack"}


def subscribe(query, variables=None, name="1"):
    payload = {"query": query, "variables": variables}
    return orjson.dumps({"id": name, "type": "subscribe", "payload": payload}).decode()


async def code_of(socket, message):
    """The code of the first error in what is answered to a message."""
    await socket.send(message)
    async with asyncio.timeout(60):
        said = orjson.loads(await socket.recv())
    errors = said["payload"] if said["type"] == "error" else said["payload"]["errors"]
    return errors[0]["extensions"]["code"]


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{", 4400), ("[" * 100_000, 4400), ('{"a":' * 300 + "1" + "}" * 300, 4400), ("null", 4400), ("[]", 4400),
        ("1", 4400), ("{}", 4400), ('{"type":1}', 4400), ('{"type":"x"}', 4400), (b"\0\1", 4400),
        (INIT.encode(), 4400), ('{"type":"connection_init","payload":[]}', 4400), (subscribe("{__typename}"), 4401),
        ('{"type":"connection_init","payload":{"authorization":[]}}', 4403),
        ('{"type":"connection_init","payload":{"authorization":"Bearer mkt_a_\u00e9"}}', 4403),
        ('{"type":"connection_init","payload":{"authorization":"Bearer mkt_\\u0000_b"}}', 4403),
        ("x" * 262_145, 1009),
    ],
)  # fmt: skip
async def test_a_first_message_of_another_form_ends_the_socket(socket, message, code):
    assert await close_code(socket, message) == code


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (INIT, 4429), ('{"type":"subscribe"}', 4400), ('{"id":"1","type":"subscribe"}', 4400),
        ('{"id":"1","type":"subscribe","payload":null}', 4400), ('{"id":"1","type":"subscribe","payload":{}}', 4400),
        ('{"id":"1","type":"subscribe","payload":{"query":1}}', 4400),
        ('{"id":"1","type":"subscribe","payload":{"query":"{a}","variables":[]}}', 4400),
        ('{"id":"1","type":"subscribe","payload":{"query":"{a}","operationName":1}}', 4400),
        ('{"id":1,"type":"subscribe","payload":{"query":"{a}"}}', 4400), (subscribe("{a}", name=""), 4400),
        (subscribe("{a}", name="x" * 1000), 4400), ('{"id":1,"type":"complete"}', 4400),
        ('{"id":"1","type":"next","payload":{}}', 4400), ('{"id":"1","type":"error","payload":[]}', 4400),
    ],
)  # fmt: skip
async def test_a_later_message_of_another_form_ends_it_too(socket, message, code):
    await introduced(socket)

    assert await close_code(socket, message) == code


async def test_one_name_for_two_operations_ends_it(socket):
    follow = subscribe("subscription { observations { cursor } }")

    assert await close_code(socket, INIT, follow, follow) == 4409


@pytest.mark.parametrize(
    ("symbols", "code"),
    [
        ([], "BAD_INPUT"), (["EURUSD"] * 201, "BAD_INPUT"), ([f"A{n}" for n in range(20_000)], "BAD_INPUT"),
        (["\0"], "BAD_INPUT"), ([""], "BAD_INPUT"), (["A" * 100_000], "BAD_INPUT"), (["NOPE"], "UNKNOWN_SYMBOL"),
    ],
)  # fmt: skip
async def test_symbols_that_make_no_sense_are_the_clients_mistake(socket, symbols, code):
    await introduced(socket)
    query = "subscription($symbols: [String!]) { observations(symbols: $symbols) { cursor } }"

    assert await code_of(socket, subscribe(query, {"symbols": symbols})) == code


@pytest.mark.parametrize(
    "offset", ["-1", "9223372036854775807", "9223372036854775808", "9" * 5000, "1e3", " 1", "1_0", "\u0661", "", "1:2"]
)
async def test_an_offset_that_is_none_is_the_clients_mistake(socket, offset):
    await introduced(socket)
    await socket.send(subscribe("{ serverInfo { cursor } }", name="now"))
    epoch = orjson.loads(await socket.recv())["payload"]["data"]["serverInfo"]["cursor"].split(":")[0]
    await socket.recv()
    query = "subscription($since: String) { observations(since: $since) { cursor } }"

    assert await code_of(socket, subscribe(query, {"since": f"{epoch}:{offset}"})) in {"BAD_INPUT", "CURSOR_EXPIRED"}


async def test_more_operations_than_one_socket_may_have_are_refused_with_a_code(socket):
    await introduced(socket)
    for n in range(50):
        await socket.send(subscribe("subscription { observations { cursor } }", name=str(n)))

    assert await code_of(socket, subscribe("{ viewer { role } }", name="one more")) == "THROTTLED"


async def test_a_foreign_page_and_a_foreign_name_open_no_socket(server):
    host, port = server.address.split(":")
    key = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    key += "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
    for names, status in (
        (f"Host: {server.address}\r\n", b" 101 "),
        (f"Host: {server.address}\r\nOrigin: http://{server.address}\r\n", b" 101 "),
        (f"Host: {server.address}\r\nOrigin: http://evil.example\r\n", b" 403 "),
        (f"Host: {server.address}\r\nOrigin: null\r\n", b" 403 "),
        (f"Host: {server.address}\r\nHost: evil.example\r\n", b" 403 "),
    ):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"GET /graphql HTTP/1.1\r\n{names}{key}Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )
        async with asyncio.timeout(60):
            assert status in await reader.readline()
        writer.close()
