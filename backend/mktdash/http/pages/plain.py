"""A page that needs nothing but itself, for when there is no other."""

import html

from starlette.responses import HTMLResponse, Response


def plain_page(title: str, text: str, status: int) -> Response:
    """A page that needs nothing but itself."""
    body = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)} - mktdash</title>"
        "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:4rem auto;padding:0 1rem}</style>"
        f"<h1>{html.escape(title)}</h1><p>{html.escape(text)}</p></html>"
    )
    return HTMLResponse(body, status_code=status, headers={"cache-control": "no-store"})
