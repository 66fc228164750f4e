"""The template ``market-summary``, put together from the modules of this folder."""

from mktdash.reports.base import ReportTemplate
from mktdash.reports.market_summary.build import build_summary
from mktdash.reports.market_summary.files import render_files
from mktdash.reports.market_summary.parameters import DESCRIPTION, NAME, TITLE, VERSION, MarketSummaryParameters
from mktdash.reports.market_summary.selection import check_request, select_series

MARKET_SUMMARY = ReportTemplate(
    name=NAME,
    version=VERSION,
    title=TITLE,
    description=DESCRIPTION,
    parameters=MarketSummaryParameters,
    select=select_series,
    build=build_summary,
    render=render_files,
    check=check_request,
)
