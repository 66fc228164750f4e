"""Reads Acme's settlements: one row a day, one column a contract, a dash where a contract did not trade."""

from collections.abc import Iterator

from mktdash.providers.base import Parsed, RawPayload
from mktdash.providers.reading.dates import DateRules
from mktdash.providers.reading.table import BarColumns, Layout, read_table

TIMEZONE = "Europe/Paris"
FIXING_TIME = "17:30"
CONTRACTS = {"WHEAT": "Milling wheat", "MAIZE": "Maize"}

_LAYOUT = Layout(
    what="Acme settlements",
    date=("Day",),
    series={code: BarColumns(code) for code in CONTRACTS},
    dates=DateRules(("YYYY-MM-DD",), TIMEZONE, FIXING_TIME),
    missing=("-",),
)


def parse(payload: RawPayload) -> Iterator[Parsed]:
    """Read the settlements.

    Raises:
        ProviderFormatError: a web page, an empty answer, or no column of a day.
    """
    yield from read_table(payload.open, _LAYOUT)
