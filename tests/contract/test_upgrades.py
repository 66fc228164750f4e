"""An upgrade that nobody serves is ignored, as RFC 9110 has it, and the request answered with its body read."""

import asyncio
import json

import pytest

pytestmark = pytest.mark.both_loops

BODY = json.dumps({"query": "{ viewer { role } }"}).encode()
ANSWER = {"data": {"viewer": {"role": "ANONYMOUS"}}}
# As they are sent by default over plain HTTP by Java's HttpClient and by `curl --http2`, and what others may ask for.
ASKED = {
    "java": "Connection: Upgrade, HTTP2-Settings\r\nContent-Length: {length}\r\nHost: {host}\r\n"
    "HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAABgAGAAA\r\nUpgrade: h2c\r\n"
    "User-Agent: Java-http-client/21.0.2\r\nContent-Type: application/json\r\n",
    "curl": "Host: {host}\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\nConnection: Upgrade, HTTP2-Settings\r\n"
    "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\nContent-Type: application/json\r\n"
    "Content-Length: {length}\r\n",
    "unknown": "Host: {host}\r\nConnection: upgrade\r\nUpgrade: foo\r\nContent-Type: application/json\r\n"
    "Content-Length: {length}\r\n",
    "tls": "Host: {host}\r\nConnection: Upgrade\r\nUpgrade: TLS/1.0\r\nContent-Type: application/json\r\n"
    "Content-Length: {length}\r\n",
    "several": "Host: {host}\r\nConnection: keep-alive\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nUpgrade: h2c\r\n"
    "Content-Type: application/json\r\nContent-Length: {length}\r\n",
    "websocket by POST": "Host: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n",
}


async def read_answer(reader):
    """The status and the JSON of the next answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    length = next(int(line.split(":")[1]) for line in lines if line.startswith("content-length:"))
    return int(head.split(b" ")[1]), json.loads(await reader.readexactly(length))


@pytest.mark.parametrize("way", ["at once", "after the head", "in three pieces"])
@pytest.mark.parametrize("client", ASKED)
async def test_a_request_that_would_rather_speak_another_protocol_is_answered_in_this_one(server, client, way):
    head = "POST /graphql HTTP/1.1\r\n" + ASKED[client].format(host=server.address, length=len(BODY)) + "\r\n"
    host, port = server.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    text = head.encode()
    pieces = {
        "at once": [text + BODY],
        "after the head": [text, BODY],
        "in three pieces": [text[:30], text[30:] + BODY[:5], BODY[5:]],
    }[way]
    try:
        async with asyncio.timeout(60):
            # Twice, because the connection goes on as it was.
            for _ in range(2):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(0.02)
                assert await read_answer(reader) == (200, ANSWER)
    finally:
        writer.close()


async def test_a_chunked_body_is_read_beside_an_upgrade_too(server):
    host, port = server.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        ASKED["java"].format(host=server.address, length=0).replace("Content-Length: 0", "Transfer-Encoding: chunked")
    )
    try:
        writer.write(f"POST /graphql HTTP/1.1\r\n{head}\r\n".encode() + b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY))
        async with asyncio.timeout(60):
            assert await read_answer(reader) == (200, ANSWER)
    finally:
        writer.close()


async def test_what_is_sent_behind_an_upgrade_is_not_read_as_another_request(server):
    host, port = server.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    hidden = b"GET /api/health/live HTTP/1.1\r\nHost: l\r\n\r\n"
    head = ASKED["unknown"].format(host=server.address, length=len(hidden))
    last = b"GET /nothing.txt HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    try:
        writer.write(f"POST /graphql HTTP/1.1\r\n{head}\r\n".encode() + hidden + last)
        async with asyncio.timeout(60):
            answers = await reader.read()
    finally:
        writer.close()

    assert [one[:3] for one in answers.split(b"HTTP/1.1 ")] == [b"", b"400", b"404"]


async def test_a_socket_does_not_begin_between_an_answer_and_its_end(server):
    host, port = server.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    first = f"POST /graphql HTTP/1.1\r\n{ASKED['unknown'].format(host=server.address, length=len(BODY))}\r\n".encode()
    socket = ASKED["websocket by POST"].format(host=server.address, length=0)
    try:
        writer.write(first + BODY + f"GET /graphql HTTP/1.1\r\n{socket}\r\n".encode())
        async with asyncio.timeout(60):
            said = await reader.read()
    except ConnectionResetError:
        said = b""
    finally:
        writer.close()

    assert b" 101 " not in said
