"""Parses the US Treasury's daily par yield curve rates: US dates, newest first, one column a maturity, by name."""

from collections.abc import Iterator

from mktdash.providers.base import Parsed, RawPayload
from mktdash.providers.reading.dates import DateRules
from mktdash.providers.reading.table import BarColumns, Layout, read_table

# Yields rest on quotations at or near 15:30 in New York.
TIMEZONE = "America/New_York"
FIXING_TIME = "15:30"

# The Treasury's column to the instrument and its name for people.
MATURITIES = {
    "1 Mo": ("UST1M", "1 month"),
    "1.5 Month": ("UST6W", "6 weeks"),
    "2 Mo": ("UST2M", "2 months"),
    "3 Mo": ("UST3M", "3 months"),
    "4 Mo": ("UST4M", "4 months"),
    "6 Mo": ("UST6M", "6 months"),
    "1 Yr": ("UST1Y", "1 year"),
    "2 Yr": ("UST2Y", "2 years"),
    "3 Yr": ("UST3Y", "3 years"),
    "5 Yr": ("UST5Y", "5 years"),
    "7 Yr": ("UST7Y", "7 years"),
    "10 Yr": ("UST10Y", "10 years"),
    "20 Yr": ("UST20Y", "20 years"),
    "30 Yr": ("UST30Y", "30 years"),
}

_LAYOUT = Layout(
    what="Treasury par yields",
    date=("Date",),
    series={column: BarColumns(column) for column in MATURITIES},
    dates=DateRules(("MM/DD/YYYY",), TIMEZONE, FIXING_TIME),
    required=frozenset({"1 Yr", "2 Yr", "5 Yr", "10 Yr"}),
    # The curve grew: 1 month in 2001, 2 months in 2018, 4 months in 2022, 6 weeks in February 2025.
    later=frozenset({"1 Mo", "2 Mo", "4 Mo", "1.5 Month"}),
    missing=("", "N/A"),
)


def parse(payload: RawPayload) -> Iterator[Parsed]:
    """Read one year's file.

    Raises:
        ProviderFormatError: a web page, an empty answer, or a file without the maturities that were always there.
    """
    yield from read_table(payload.open, _LAYOUT)
