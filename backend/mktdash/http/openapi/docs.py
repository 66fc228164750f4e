"""The description of the HTTP routes, as JSON and as a page that needs nothing from elsewhere."""

import html
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from mktdash.http.pages.sign_in import carries_token, exchange
from mktdash.http.state import state_of

_STYLE = """body{font:16px/1.5 system-ui,sans-serif;max-width:52rem;margin:2rem auto;padding:0 1rem;color:#1c2430}
h2{font-size:1.05rem;margin:2rem 0 .25rem}code{background:#eef1f5;padding:.1rem .3rem;border-radius:.25rem}
table{border-collapse:collapse;width:100%;font-size:.9rem}td{border-top:1px solid #dde2e8;padding:.3rem .5rem .3rem 0;
vertical-align:top}td:first-child{white-space:nowrap;width:9rem}.right{color:#5a6675;font-size:.85rem}"""


async def document(request: Request) -> Response:
    """OpenAPI 3.1."""
    return Response(state_of(request).openapi, media_type="application/json", headers={"cache-control": "no-cache"})


async def page(request: Request) -> Response:
    """The same, to be read."""
    if carries_token(request):
        return await exchange(request)
    described: dict[str, Any] = orjson.loads(state_of(request).openapi)
    sections = [
        _section(method, path, operation)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    ]
    info = described["info"]
    body = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{_safe(info['title'])} HTTP API</title><style>{_STYLE}</style>"
        f"<h1>{_safe(info['title'])} HTTP API</h1><p>{_safe(info['description'])} "
        f'The same as <a href="/api/openapi.json">OpenAPI 3.1</a>. Version {_safe(info["version"])}.</p>'
        f"{''.join(sections)}</html>"
    )
    return HTMLResponse(body, headers={"cache-control": "no-cache"})


def _section(method: str, path: str, operation: dict[str, Any]) -> str:
    rows = [(f"{one['in']}: {one['name']}", one.get("description", "")) for one in operation.get("parameters", ())] + [
        (status, f"{answer['description']} {' or '.join(answer.get('content', {}))}")
        for status, answer in operation["responses"].items()
    ]
    table = "".join(f"<tr><td><code>{_safe(name)}</code><td>{_safe(meaning)}" for name, meaning in rows)
    return (
        f'<h2 id="{_safe(operation["operationId"])}"><code>{method.upper()} {_safe(path)}</code></h2>'
        f'<p>{_safe(operation["summary"])}. <span class="right">For: {_safe(operation["x-right"])}</span></p>'
        f"<table>{table}</table>"
    )


def _safe(text: object) -> str:
    return html.escape(str(text))
