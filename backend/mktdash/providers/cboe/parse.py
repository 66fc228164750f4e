"""Parses Cboe's VIX history: one bar a day. Its dates were American until 2026-05-19 and are ISO since."""

from collections.abc import Iterator

from mktdash.providers.base import Parsed, RawPayload
from mktdash.providers.reading.dates import DateRules
from mktdash.providers.reading.table import BarColumns, Layout, read_table

TIMEZONE = "America/Chicago"
FIXING_TIME = "15:15"
ALIAS = "VIX"

_LAYOUT = Layout(
    what="Cboe VIX history",
    date=("DATE",),
    series={ALIAS: BarColumns("CLOSE", "OPEN", "HIGH", "LOW")},
    dates=DateRules(("YYYY-MM-DD", "MM/DD/YYYY"), TIMEZONE, FIXING_TIME),
    required=frozenset({"OPEN", "HIGH", "LOW", "CLOSE"}),
)


def parse(payload: RawPayload) -> Iterator[Parsed]:
    """Read the history.

    Raises:
        ProviderFormatError: a web page, an empty answer, or other columns.
    """
    yield from read_table(payload.open, _LAYOUT)
