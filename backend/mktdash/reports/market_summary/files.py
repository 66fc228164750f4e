"""From a summary to its three files. Pure: the same summary gives the same bytes, in any process, on any day."""

from pathlib import Path

from mktdash.reports.base import Format, OnStage
from mktdash.reports.market_summary.csv import render_csv
from mktdash.reports.market_summary.page import page_of
from mktdash.reports.market_summary.summary import MarketSummary
from mktdash.reports.render.html import render_html
from mktdash.reports.render.pdf import render_pdf

_FOLDER = Path(__file__).parent


def render_files(summary: MarketSummary, on_stage: OnStage) -> dict[Format, bytes]:
    """The report in every format."""
    on_stage("charts", 0.0)
    page = page_of(summary)
    on_stage("rendering pdf", 0.3)
    pdf = render_pdf(_FOLDER, page, page.made_at)
    on_stage("rendering html", 0.8)
    html = render_html(_FOLDER, page)
    on_stage("rendering csv", 0.9)
    return {Format.PDF: pdf, Format.HTML: html, Format.CSV: render_csv(summary)}
