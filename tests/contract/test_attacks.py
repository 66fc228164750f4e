"""What an adversary would send over HTTP: refused with a reason, and without a word in the error log."""

import asyncio
import logging
import socket
import time
from contextlib import suppress
from dataclasses import replace
from math import inf

import httpx
import pytest
from tests.factories.web.application import PATIENT, client_of, resources_over, web_over
from tests.factories.web.threaded import served_in_a_thread

from mktdash.app import _listening

pytestmark = pytest.mark.both_loops

RESPONSE_JSON = "application/graphql-response+json"
READ = "/graphql?query=%7Bviewer%7Brole%7D%7D"
POST = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{"


@pytest.fixture(autouse=True)
def silence(caplog):
    """Nobody outside may make the server write error lines, for each costs a stack trace and hides the real ones."""
    with caplog.at_level(logging.INFO):
        yield
    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []


@pytest.fixture
async def client(server):
    headers = {"accept": RESPONSE_JSON, **server.bearer("analyst")}
    async with httpx.AsyncClient(base_url=server.url, timeout=60, headers=headers) as opened:
        yield opened


async def raw(server, request, *, until_end=True):
    """The bytes that come back for bytes; the first line of them where the server ends the connection."""
    host, port = server.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(request)
        async with asyncio.timeout(60):
            return await (reader.read() if until_end else reader.readline())
    finally:
        writer.close()


async def status_of(server, path, host="localhost", more="", version="1.1"):
    """The status of a GET as we write it, because clients mend what they send."""
    lines = f"GET {path} HTTP/{version}\r\nHost: {host}\r\nGraphQL-Preflight: 1\r\n{more}Connection: close\r\n\r\n"
    answer = await raw(server, lines.encode("latin-1"))
    return int(answer.split(b" ", 2)[1])


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../pyproject.toml", "/assets/..%2f..%2fpyproject.toml", "/assets/%2e%2e/%2e%2e/pyproject.toml",
        "/..%5c..%5cpyproject.toml", "/assets/%00", "/assets/a.js%00.html", "/assets/" + "a" * 300 + ".js",
        "/%00.txt", "//etc/passwd.txt", "/assets/%ff%fe", "/api/raw/%00", "/api/reports/%00/pdf",
        "/api/reports/..%2f..%2f/pdf", "/api/reports/a/%00", "/api/reports/" + "a" * 5000 + "/pdf",
        "/assets/" + "a/" * 3000 + "b.js", "/graphql/../api/nothing",
    ],
)  # fmt: skip
async def test_a_path_leads_nowhere_outside(server, path):
    assert await status_of(server, path) in {401, 404}


@pytest.mark.parametrize("path", ["/%00", "/" + "a" * 5000, "/series/%00", "/%ff", "/%0d%0aSet-Cookie:%20a=b"])
async def test_a_path_that_is_no_file_name_is_the_pages_or_nothing(server, path):
    assert await status_of(server, path) in {200, 404, 503}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "127.8.9.1:1", "[::1]", "[::1]:80"])
async def test_this_machine_by_its_own_names_reads(server, host):
    assert await status_of(server, READ, host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.localhost", "a.localhost:80", "localhost.:80", "[::1%25lo]", "[fe80::1%25lo]",
        "127.0.0.1.nip.io", "127.0.0.1.evil.example", "localhost.evil.example", "0.0.0.0", "127.1",  # noqa: S104 - a name, not an address to bind
        "2130706433", "0x7f000001", "localhost.", "", "localhost:80:80", "evil.example@localhost",
        "localhost@evil.example", "localhost#evil.example", "localhost/evil.example", "evil.example\\@localhost",
        "[::1].evil.example", "[::1]evil", "[::2]", "[fe80::1]", "evil.example, localhost", "localhost:99999999",
        "\xecocalhost", "a" * 5000,
    ],
)  # fmt: skip
async def test_by_another_name_it_does_not(server, host):
    assert await status_of(server, READ, host) == 401


@pytest.mark.parametrize(
    "target",
    ["http://evil.example", "HTTP://EVIL.EXAMPLE:80", "http://localhost@evil.example", "http://evil@localhost",
     "http://evil.localhost", "http://localhost.", "http://[fe80::1%25lo]", "http://0.0.0.0"],
)  # fmt: skip
async def test_the_host_of_an_absolute_target_counts_whatever_the_header_says(server, target):
    assert await status_of(server, target + READ) == 401
    assert await status_of(server, target + READ, version="1.0") == 401


@pytest.mark.parametrize("target", ["http://localhost", "http://127.0.0.1:8000", "http://[::1]"])
async def test_an_absolute_target_of_this_machine_reads(server, target):
    assert await status_of(server, target + READ, "evil.example") == 200


async def test_without_a_host_nobody_is_this_machine(server):
    line = f"GET {READ} HTTP/1.0\r\nGraphQL-Preflight: 1\r\n\r\n"

    assert b" 401 " in (await raw(server, line.encode())).split(b"\r\n")[0]


@pytest.mark.parametrize("hosts", [("localhost", "evil.example"), ("evil.example", "localhost")])
async def test_two_hosts_are_refused(server, hosts):
    assert await status_of(server, READ, hosts[0], f"Host: {hosts[1]}\r\n") == 400


@pytest.mark.parametrize(
    "header",
    ["X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: \xff", "Forwarded: for=127.0.0.1", "X-Real-IP: ::1", "Via: 1.1 a"],
)
async def test_who_speaks_for_others_is_not_this_machine(server, header):
    assert await status_of(server, READ, more=f"{header}\r\n") == 401


async def test_an_address_cannot_be_made_up_to_be_asked_more_often(sqlite_engine):
    async with web_over(resources_over(sqlite_engine, request_rate=1)) as web:
        statuses = [
            (await web.client.get("/metrics", headers={"x-forwarded-for": f"198.51.100.{n}"})).status_code
            for n in range(6)
        ]

    assert statuses[-1] == 429


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Bearer mkt_abc_\xe9", "Authorization: Bearer \xff", "Authorization: Bearer ",
        "Authorization: Bearer mkt__", "Authorization: Basic YTpi", "Authorization: ",
        "Authorization: Bearer " + "a" * 9000,
    ],
)  # fmt: skip
@pytest.mark.parametrize("path", [READ, "/api/health/live", "/metrics"])
async def test_a_token_that_is_none_is_refused_everywhere(server, header, path):
    assert await status_of(server, path, more=f"{header}\r\n") == 401


@pytest.mark.parametrize(
    "header",
    [
        "Cookie: mktdash_session=mkt_a_\xe9", 'Cookie: mktdash_session="\\303\\251"', "Cookie: " + "a=b;" * 3000,
        "Origin: http://[::1", "Origin: http://a:99999999", "Accept: application/json;q=1e999", "Sec-Fetch-Site: \xff",
        "Accept-Encoding: \xff, br;q=zzz", "If-None-Match: \xff",
        "Range: bytes=" + ",".join(f"{n}-" for n in range(500)),
    ],
)  # fmt: skip
async def test_odd_headers_change_nothing(server, header):
    assert await status_of(server, READ, more=f"{header}\r\n") == 200


@pytest.mark.parametrize(
    "header",
    ["Transfer-Encoding: chunked\r\nContent-Length: 5", "Content-Length: -1", "Content-Length: 1\r\nContent-Length: 2",
     "Content-Length: 0\r\nContent-Length: 0", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
     "A: b\nSet-Cookie: c", "A: b\0", "A b: c"],
)  # fmt: skip
async def test_what_two_servers_could_read_differently_is_refused(server, header):
    assert await status_of(server, READ, more=f"{header}\r\n") == 400


async def test_nothing_that_is_sent_comes_back_as_a_header(server):
    answer = await raw(
        server, b"GET /%0d%0aX-Evil:%201?a=%0d%0aX-Evil:1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )

    assert b"evil" not in answer.lower().split(b"\r\n\r\n")[0]


async def test_each_bearer_is_told_of_itself_alone(client, server):
    for role in ("viewer", "operator", "viewer", "admin"):
        body = (
            await client.post("/graphql", json={"query": "{ viewer { name } }"}, headers=server.bearer(role))
        ).json()
        assert body == {"data": {"viewer": {"name": f"a {role}"}}}


async def test_a_head_without_an_end_is_cut_and_its_sender_told_why_however_much_it_goes_on_to_send(server):
    header = b"X: " + b"a" * 4000 + b"\r\n"
    host, port = server.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    async with asyncio.timeout(60):
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + header * 200)
        first = await reader.readexactly(8)
        for _ in range(100):
            writer.write(header)
            await writer.drain()
            await asyncio.sleep(0)
        answer = first + await reader.read()
        writer.close()
        await writer.wait_closed()

    assert answer.startswith(b"HTTP/1.1 431 ")


@pytest.fixture
def impatient(databases, request):
    """A server with times of the test's choice."""
    with served_in_a_thread(asyncio.run(databases.make("sqlite", "empty")), times=request.param) as running:
        yield running


@pytest.mark.parametrize("impatient", [replace(PATIENT, refused=0.1)], ids=["refused"], indirect=True)
async def test_who_is_refused_and_does_not_stop_sending_is_not_heard_for_ever(impatient):
    host, port = impatient.address.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    async with asyncio.timeout(60):
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 800_000)
        assert (await reader.readline()).startswith(b"HTTP/1.1 431 ")
        with suppress(OSError):
            # For ever, where nobody hangs up.
            while not writer.is_closing():
                writer.write(b"a")
                await writer.drain()
                await asyncio.sleep(0.01)
        writer.close()


@pytest.mark.parametrize(
    ("impatient", "request_line", "answered"),
    [
        (replace(PATIENT, first_byte=0.1), b"", b""),
        # Who has not come to send a first byte is not hurried by this.
        (replace(PATIENT, request=0.1), b"GET / HTTP/1.1\r\nHost: lo", b" 408 "),
        (replace(PATIENT, request=0.1), POST, b" 408 "),
    ],
    ids=["nothing", "half a head", "half a body"],
    indirect=["impatient"],
)
async def test_who_does_not_come_to_the_end_is_not_waited_for(impatient, request_line, answered):
    answer = await raw(impatient, request_line)

    assert answered in answer if answered else answer == b""


async def test_who_hangs_up_in_the_middle_makes_no_noise(server):
    host, port = server.address.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(POST)
    async with client_of(server.address) as client:
        assert (await client.get("/api/health/live")).status_code == 200


async def test_tokens_stay_out_of_the_log(server, caplog):
    await status_of(server, "/?token=SECRET")
    await status_of(server, READ + "&token=SECRET", "evil.example")
    upgrade = "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    line = f"GET /graphql?token=SECRET HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n{upgrade}\r\n"
    await raw(server, line.encode(), until_end=False)

    assert "SECRET" not in caplog.text


async def test_a_small_answer_is_not_held_back(server):
    # Nagle's algorithm and delayed acknowledgements make 40 ms of 2, each time; a slow machine does some of the time.
    async with client_of(server.address) as client:
        took = inf
        for _ in range(300):
            started = time.perf_counter()
            await client.get("/api/health/live")
            took = min(took, time.perf_counter() - started)
            if took < 0.035:
                break

    assert took < 0.035


def test_the_real_port_holds_nothing_back_either():
    with _listening("127.0.0.1", 0) as listener:
        # asyncio looks at this alone.
        assert listener.proto == socket.IPPROTO_TCP
