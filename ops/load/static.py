"""The least that an answer can cost: fixed bytes from a bare ASGI application under the same server.

``python -m ops.load.static FILE PORT``
"""

import sys
from pathlib import Path
from typing import Any

import uvicorn


def application(body: bytes) -> Any:
    """An ASGI application that reads a request and answers with fixed bytes."""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return answer


if __name__ == "__main__":
    uvicorn.run(
        application(Path(sys.argv[1]).read_bytes()),
        host="127.0.0.1",
        port=int(sys.argv[2]),
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_keep_alive=3600,
    )
