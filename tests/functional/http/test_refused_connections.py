"""A connection that is refused: its sender comes to read why, and what it asked before is left in peace."""

import asyncio
import logging
import socket
from dataclasses import replace
from functools import partial

import pytest
import uvicorn
from tests.factories.waiting import wait_until
from tests.factories.web.application import PATIENT

from mktdash.http.server.request_bounds import BoundedProtocol

pytestmark = pytest.mark.both_loops

LONG_HEAD = b"GET /more HTTP/1.1\r\nHost: l\r\nX: " + b"a" * 800_000


class Application:
    """Answers when told to, and notes what it met."""

    def __init__(self):
        self.begun, self.go_on, self.met, self.headers = asyncio.Event(), asyncio.Event(), [], ()

    async def __call__(self, scope, receive, send):
        start = {"type": "http.response.start", "status": 200, "headers": []}
        if scope["path"] == "/begins":
            await send(start)
            await send({"type": "http.response.body", "body": b"one", "more_body": True})
        self.begun.set()
        await self.go_on.wait()
        self.headers = scope["headers"]
        self.met.append((await receive())["type"])
        if scope["path"] != "/begins":
            await send(start)
        await send({"type": "http.response.body", "body": b"two"})
        self.met.append("answered")


@pytest.fixture
async def application(caplog):
    yield Application()
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING] == []


@pytest.fixture
def times():
    return PATIENT


@pytest.fixture
async def server(application, times):
    protocol = partial(BoundedProtocol, times=times)
    config = uvicorn.Config(application, http=protocol, lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - uvicorn tells by this flag alone
            await asyncio.sleep(0.005)
        server.address = listener.getsockname()
        yield server
        application.go_on.set()
        server.should_exit = True
        await serving


async def end_of(reader):
    """What still comes; nothing where the connection is cut with our bytes unread."""
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""


@pytest.fixture
async def sent(server):
    """Sends bytes; gives the way to read what comes back."""
    writers = []

    async def send(*pieces):
        reader, writer = await asyncio.open_connection(*server.address)
        writers.append(writer)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return reader, writer

    yield send
    for writer in writers:
        writer.close()


async def over(application):
    """Let the application go on, and wait until it has."""
    application.go_on.set()
    async with asyncio.timeout(60):
        while "answered" not in application.met:  # noqa: ASYNC110 - it is another's task
            await asyncio.sleep(0.005)


async def test_what_is_refused_is_no_answer_to_what_was_asked_before(application, sent):
    reader, writer = await sent(b"GET /asked HTTP/1.1\r\nHost: l\r\n\r\n")
    async with asyncio.timeout(60):
        await application.begun.wait()
        writer.write(LONG_HEAD)

        assert await end_of(reader) == b"", "a status here would be taken for the answer to the first request"
    await over(application)

    assert application.met == ["http.disconnect", "answered"]


async def test_a_refusal_is_not_written_into_an_answer_under_way(application, sent):
    reader, writer = await sent(b"GET /begins HTTP/1.1\r\nHost: l\r\n\r\n")
    async with asyncio.timeout(60):
        await reader.readuntil(b"one\r\n")
        writer.write(LONG_HEAD)

        assert await end_of(reader) == b"", "cut off where it stands, which a chunked answer shows"
    await over(application)


# From its first byte on, a request has a twentieth of a second; who has not come to send one is not hurried.
IMPATIENT = pytest.mark.parametrize("times", [replace(PATIENT, request=0.05)], ids=["impatient"])


@IMPATIENT
async def test_a_request_that_we_do_not_read_is_not_late(server, application, sent):
    reader, writer = await sent(b"GET /asked HTTP/1.1\r\nHost: l\r\n\r\nPOST /queued HTTP/1.1\r\nHost: l\r\n")
    async with asyncio.timeout(60):
        writer.write(b"Content-Length: 2\r\n\r\n")
        connections = server.server_state.connections
        await wait_until(lambda: any(one.flow is not None and one.flow.read_paused for one in connections))
        writer.write(b"ab")
        # Six times as long as it would have.
        await asyncio.sleep(0.3)
        application.go_on.set()
        answer = b""
        while answer.count(b"HTTP/1.1 200 OK") < 2:
            answer += await reader.read(1000)


async def test_garbage_after_a_request_is_no_answer_to_it(application, sent):
    reader, writer = await sent(b"GET /asked HTTP/1.1\r\nHost: l\r\n\r\n")
    async with asyncio.timeout(60):
        await application.begun.wait()
        writer.write(b"\0\0 no request \r\n\r\n")

        assert await end_of(reader) == b""
    await over(application)

    assert application.met == ["http.disconnect", "answered"]


async def test_garbage_in_a_long_head_is_refused_once(application, sent):
    reader, writer = await sent(b"GET /asked HTTP/1.1\r\nHost: l\r\nX: " + b"a" * 60_000)
    async with asyncio.timeout(60):
        writer.write(b"a" * 60_000 + b"\r\n\0: no header\r\n" + b"b" * 60_000)
        answer = await reader.read()

    assert answer.count(b"HTTP/1.1 4") == 1
    assert not application.begun.is_set()


async def test_an_empty_line_after_a_request_does_not_end_the_wait_for_the_next(server, application, sent):
    server.config.timeout_keep_alive = 0.5
    application.go_on.set()
    reader, writer = await sent(b"GET /asked HTTP/1.1\r\nHost: l\r\n\r\n")
    async with asyncio.timeout(60):
        assert b"200 OK" in await reader.readuntil(b"0\r\n\r\n")
        writer.write(b"\r\n")

        assert await reader.read() == b""


async def test_trailers_have_a_bound_too_and_are_nobodys_headers(application, sent):
    head = b"POST /late HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n"
    reader, writer = await sent(head)
    async with asyncio.timeout(60):
        await application.begun.wait()
        writer.write(b"X-Later: 1\r\nX-Long: " + b"a" * 800_000)
        await end_of(reader)
    await over(application)

    assert application.met == ["http.disconnect", "answered"]
    assert b"x-later" not in dict(application.headers)


async def test_a_read_full_of_requests_is_not_charged_to_the_last_of_them(application, sent):
    application.go_on.set()
    before = b"GET /a HTTP/1.1\r\nHost: l\r\nX: " + b"a" * 30_000 + b"\r\n\r\n"
    last = b"POST /b HTTP/1.1\r\nHost: l\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
    reader, writer = await sent(before * 4 + last)
    async with asyncio.timeout(60):
        assert b"HTTP/1.1 200 OK" in await reader.readuntil(b"0\r\n\r\n")
        writer.write(b"ab")
        answers = await reader.read()

    assert answers.count(b"HTTP/1.1 200 OK") == 4


async def test_every_request_of_a_connection_learns_that_its_client_has_gone(server, application, sent):
    await sent(b"GET /asked HTTP/1.1\r\nHost: l\r\n\r\nGET /queued HTTP/1.1\r\nHost: l\r\n\r\n")
    async with asyncio.timeout(60):
        await application.begun.wait()
        # What the loop does when it learns of it; while a request is queued it does not look.
        for one in list(server.server_state.connections):
            one.transport.abort()
        while server.server_state.connections:  # noqa: ASYNC110 - uvicorn tells by this set alone
            await asyncio.sleep(0.005)
    await over(application)

    assert application.met == ["http.disconnect", "answered"]


@IMPATIENT
async def test_who_waits_to_be_told_to_go_on_is_refused_without_that(application, sent):
    reader, _ = await sent(b"POST /late HTTP/1.1\r\nHost: l\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
    async with asyncio.timeout(60):
        answer = await reader.read()
    await over(application)

    assert answer.startswith(b"HTTP/1.1 408 ")
    assert application.met == ["http.disconnect", "answered"]


async def test_a_server_that_stops_does_not_hear_the_refused_to_the_end(server, sent):
    reader, _ = await sent(LONG_HEAD)
    async with asyncio.timeout(60):
        assert (await reader.readline()).startswith(b"HTTP/1.1 431 ")
        server.should_exit = True
        # Ten minutes is how long it would be heard here.
        while server.server_state.connections:  # noqa: ASYNC110 - uvicorn tells by this set alone
            await asyncio.sleep(0.005)
