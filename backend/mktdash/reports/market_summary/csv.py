"""The observations of the report, one a row, for a spreadsheet or a program.

The PDF and the page already carry the figures; only the observations let a reader work out others. The columns are
those of the canonical contract, with the name, the session and the time of knowing beside them.
"""

from collections.abc import Iterator

from mktdash.domain.clock import iso
from mktdash.domain.flags import flag_names
from mktdash.reports.market_summary.summary import MarketSummary
from mktdash.reports.render.csv import csv_bytes, safe

HEADER = (
    *("symbol", "name", "source", "dataset", "session", "as_of_utc", "value", "unit", "measure", "interval"),
    *("quality_flags", "known_at_utc"),
)


def render_csv(summary: MarketSummary) -> bytes:
    """Series in the report's order, observations ascending; flags joined by ``|``."""
    return csv_bytes(HEADER, _rows(summary))


def _rows(summary: MarketSummary) -> Iterator[tuple[str, ...]]:
    for row in summary.rows:
        who = (safe(row.symbol), safe(row.name), safe(row.source), safe(row.dataset))
        what = (safe(row.unit), safe(row.measure), safe(row.interval))
        points = row.points
        for session, as_of, value, flags, known_at in zip(
            points.sessions, points.as_of, points.value, points.flags, points.known_at, strict=True
        ):
            yield (
                *who,
                session.isoformat(),
                iso(as_of),
                repr(value),
                *what,
                "|".join(flag_names(flags)),
                iso(known_at),
            )
