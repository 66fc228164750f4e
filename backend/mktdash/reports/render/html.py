"""The report as one self-contained page: no script, nothing fetched, and a policy that holds it to that."""

import hashlib
from base64 import b64encode
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from mktdash.reports.market_summary.page import Page

HTML_TYPE = "text/html; charset=utf-8"
_TEMPLATES = Path(__file__).parents[1] / "market_summary"
_STYLE = (_TEMPLATES / "template.css").read_text(encoding="utf-8")
_STYLE_HASH = b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; img-src data:"
)


def render_html(page: Page) -> bytes:
    """The page in UTF-8. Everything from outside is escaped; only our own SVG is put in as it is."""
    style = Markup(_STYLE)  # noqa: S704 - a file of ours
    return _template().render(page=page, style=style, policy=CONTENT_SECURITY_POLICY, drawing=Markup).encode()


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("template.html")
