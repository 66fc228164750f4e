"""A report as one self-contained page: no script, nothing fetched, and a policy that holds it to that."""

import hashlib
from base64 import b64encode
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template


def render_html(folder: Path, page: object) -> bytes:
    """The page in UTF-8, from the ``template.html`` and ``template.css`` of a report template's folder.

    The template gets ``page``, ``style``, ``policy`` (for its ``<meta http-equiv>``) and ``drawing``, which puts in our
    own SVG as it is. Everything else is escaped.
    """
    from markupsafe import Markup  # noqa: PLC0415 - as jinja2 below

    template, style = _sources(folder)
    return template.render(page=page, style=Markup(style), policy=_policy(style), drawing=Markup).encode()  # noqa: S704 - a file of ours


@cache
def _sources(folder: Path) -> tuple["Template", str]:
    # Every process knows the templates; only the one that renders pays for this.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - as above

    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template("template.html"), (folder / "template.css").read_text(encoding="utf-8")


def _policy(style: str) -> str:
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; img-src data:"
