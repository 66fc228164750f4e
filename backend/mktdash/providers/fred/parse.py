"""Parses FRED's graph CSV: a date column and one series; an empty cell or a dot is "no observation", never zero."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from mktdash.domain.errors import ProviderFormatError
from mktdash.providers.base import Parsed, RawPayload
from mktdash.providers.fred.series import SERIES
from mktdash.providers.reading.dates import DateRules
from mktdash.providers.reading.delimited import read_parts
from mktdash.providers.reading.table import BarColumns, Layout, read_table

TIMEZONE = "America/New_York"
FIXING_TIME = "16:00"

_LAYOUT = Layout(
    what="FRED",
    date=("observation_date", "DATE"),
    series={},
    dates=DateRules(("YYYY-MM-DD",), TIMEZONE, FIXING_TIME),
    missing=("", "."),
)


def parse(payload: RawPayload) -> Iterator[Parsed]:
    """Read one series' file; which one the address says, else the header.

    Raises:
        ProviderFormatError: a web page, an empty answer, or another series than the one asked for.
    """
    with payload.open() as stream:
        header = next(read_parts(stream, "FRED", part_bytes=4096)).header
    asked = parse_qs(urlsplit(payload.url).query).get("id", [None])[0]
    named = [name for name in header if name in SERIES]
    wanted = asked or (named[0] if named else None)
    if wanted is None:
        raise ProviderFormatError("FRED: the file holds no series known here", header=list(header)[:20])
    layout = replace(_LAYOUT, series={wanted: BarColumns(wanted)}, required=frozenset({wanted}))
    yield from read_table(payload.open, layout)
