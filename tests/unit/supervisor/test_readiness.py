"""What is missing is named from the answer of the health route."""

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from mktdash.supervisor.port import free_port
from mktdash.supervisor.readiness import Readiness, ask


@pytest.fixture
def answer():
    served = {}

    class Health(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(served["status"])
            self.end_headers()
            self.wfile.write(served["body"])

        def log_message(self, *_):
            pass

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()

        async def serve(status, body):
            served.update(status=status, body=body)
            return await ask("127.0.0.1", server.server_address[1], seconds=600)

        yield serve
        server.shutdown()
        thread.join()


async def test_nobody_listening_is_the_web_process_missing():
    # given
    port = free_port("127.0.0.1", 0)
    # when / then
    assert await ask("127.0.0.1", port, seconds=600) == Readiness(ready=False, missing="web")


async def test_a_good_answer_is_ready(answer):
    # given / when / then
    assert (await answer(200, b'{"status": "ok", "checks": {"redis": {"status": "ok"}}}')).ready


async def test_a_bad_answer_names_the_parts_that_are_not_good(answer):
    # given
    body = b'{"checks": {"redis": {"status": "fail"}, "database": {"status": "ok"}, "feed": {"status": "fail"}}}'
    # when / then
    assert await answer(503, body) == Readiness(ready=False, missing="feed, redis")


async def test_an_answer_of_another_program_is_not_ready(answer):
    # given / when / then
    assert await answer(404, b"<html>") == Readiness(ready=False, missing="web")
