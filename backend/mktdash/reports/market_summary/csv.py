"""The observations of the report, one a row, for a spreadsheet or a program.

The PDF and the page already carry the figures; only the observations let a reader work out others. The columns are
those of the canonical contract, with the name, the session and the time of knowing beside them.
"""

import csv
from io import StringIO

from mktdash.domain.clock import iso
from mktdash.domain.flags import flag_names
from mktdash.reports.market_summary.summary import MarketSummary

CSV_TYPE = "text/csv; charset=utf-8"
HEADER = (
    *("symbol", "name", "source", "dataset", "session", "as_of_utc", "value", "unit", "measure", "interval"),
    *("quality_flags", "known_at_utc"),
)
# A spreadsheet takes a cell that begins like this for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def render_csv(summary: MarketSummary) -> bytes:
    """RFC 4180 in UTF-8, series in the report's order, observations ascending; flags joined by ``|``."""
    out = StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(HEADER)
    for row in summary.rows:
        who = (safe(row.symbol), safe(row.name), safe(row.source), safe(row.dataset))
        what = (safe(row.unit), safe(row.measure), safe(row.interval))
        points = row.points
        for session, as_of, value, flags, known_at in zip(
            points.sessions, points.as_of, points.value, points.flags, points.known_at, strict=True
        ):
            writer.writerow(
                (*who, session.isoformat(), iso(as_of), repr(value), *what, "|".join(flag_names(flags)), iso(known_at))
            )
    return out.getvalue().encode()


def safe(text: str) -> str:
    """Text that no spreadsheet runs: an apostrophe goes before what would be taken for a formula."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
