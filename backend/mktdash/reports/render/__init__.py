"""From a summary to files. Pure: the same summary gives the same bytes, in any process, on any day."""

import hashlib
from collections.abc import Callable

from mktdash.reports.market_summary.csv import CSV_TYPE, render_csv
from mktdash.reports.market_summary.page import page_of
from mktdash.reports.market_summary.summary import MarketSummary
from mktdash.reports.render.html import HTML_TYPE, render_html
from mktdash.reports.render.pdf import PDF_TYPE, render_pdf
from mktdash.store.jobs.run_queue import NewArtifact

Tell = Callable[[str, float], None]


def render_all(summary: MarketSummary, tell: Tell) -> list[NewArtifact]:
    """Every format of a report; ``tell`` hears each stage and its share of the work before it begins."""
    tell("charts", 0.0)
    page = page_of(summary)
    tell("rendering pdf", 0.3)
    pdf = _file("pdf", PDF_TYPE, render_pdf(page))
    tell("rendering html", 0.8)
    html = _file("html", HTML_TYPE, render_html(page))
    tell("rendering csv", 0.9)
    csv = _file("csv", CSV_TYPE, render_csv(summary))
    return [pdf, html, csv]


def _file(name: str, content_type: str, body: bytes) -> NewArtifact:
    return NewArtifact(name, content_type, hashlib.sha256(body).hexdigest(), body)
