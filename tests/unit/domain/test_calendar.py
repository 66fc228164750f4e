"""Calendars against what the sources themselves published."""

import csv
import io
import sys
import zipfile
from datetime import date, timedelta
from importlib import resources
from pathlib import Path

import pytest

from mktdash.domain.calendar import CalendarUnavailableError, easter, sessions

SHARED = Path(__file__).resolve().parents[4] / "shared" / "data" / "wire"


def ecb_dates() -> set[date]:
    recorded = resources.files("currency_converter") / "eurofxref-hist.zip"
    with zipfile.ZipFile(io.BytesIO(recorded.read_bytes())) as archive, archive.open(archive.namelist()[0]) as stream:
        rows = csv.reader(io.TextIOWrapper(stream, "utf-8"))
        next(rows)
        return {date.fromisoformat(row[0]) for row in rows if row}


def fred_dates(name: str) -> tuple[list[date], set[date]]:
    """The days a FRED file lists, and those of them with a value."""
    path = SHARED / "fred" / f"{name}.csv"
    if not path.exists():
        pytest.skip(f"{path} is missing: the calendar is not checked against FRED's {name}")
    with path.open(encoding="utf-8") as stream:
        rows = list(csv.reader(stream))[1:]
    listed = [date.fromisoformat(row[0]) for row in rows]
    return listed, {date.fromisoformat(row[0]) for row in rows if row[1] not in ("", ".")}


def test_target_sessions_are_exactly_the_days_the_ecb_published_from_1999_on() -> None:
    published = ecb_dates()

    # 7,126 days and not one exception: every rate day is a session, and every session has rates.
    expected = sessions("TARGET", min(published), max(published))

    assert len(published) == 7126
    assert set(expected) == published


def test_us_bond_sessions_are_exactly_the_days_with_a_ten_year_yield_since_2021() -> None:
    listed, with_value = fred_dates("DGS10")

    expected = set(sessions("SIFMA_US", listed[0], listed[-1]))

    assert expected == with_value


def test_the_bond_market_is_open_on_a_good_friday_with_an_employment_report() -> None:
    assert sessions("SIFMA_US", date(2023, 4, 7), date(2023, 4, 7)) == [date(2023, 4, 7)]
    assert sessions("SIFMA_US", date(2024, 3, 29), date(2024, 3, 29)) == []


def test_new_york_sessions_are_exactly_the_days_with_an_index_close_since_2021() -> None:
    listed, with_value = fred_dates("SP500")

    expected = set(sessions("XNYS", listed[0], listed[-1]))

    # 9 January 2025 was the mourning for President Carter: the exchange was closed, the bond market was not.
    assert expected == with_value
    assert date(2025, 1, 9) not in expected
    assert date(2025, 1, 9) in sessions("SIFMA_US", date(2025, 1, 9), date(2025, 1, 9))


def test_every_day_is_a_session_where_markets_never_close() -> None:
    assert len(sessions("24/7", date(2024, 2, 1), date(2024, 3, 1))) == 30


def test_a_monthly_calendar_has_the_first_of_each_month() -> None:
    assert sessions("MONTHLY", date(2025, 11, 2), date(2026, 2, 1)) == [
        date(2025, 12, 1),
        date(2026, 1, 1),
        date(2026, 2, 1),
    ]


def test_a_reversed_range_has_no_sessions() -> None:
    assert sessions("TARGET", date(2026, 5, 2), date(2026, 5, 1)) == []


@pytest.mark.parametrize("calendar", ["TARGET", "SIFMA_US", "XNYS"])
def test_a_calendar_that_has_ended_says_so(calendar: str) -> None:
    with pytest.raises(CalendarUnavailableError) as raised:
        sessions(calendar, date(2040, 12, 1), date(2041, 1, 31))

    assert raised.value.data["calendar"] == calendar


def test_target_before_the_euro_is_not_guessed() -> None:
    with pytest.raises(CalendarUnavailableError):
        sessions("TARGET", date(1998, 12, 1), date(1999, 1, 31))


def test_an_unknown_calendar_says_so() -> None:
    with pytest.raises(CalendarUnavailableError):
        sessions("NO_SUCH_MARKET", date(2026, 1, 1), date(2026, 1, 31))


@pytest.mark.parametrize(
    ("year", "expected"),
    [(1999, date(1999, 4, 4)), (2000, date(2000, 4, 23)), (2024, date(2024, 3, 31)), (2038, date(2038, 4, 25))],
)
def test_easter_falls_where_almanacs_put_it(year: int, expected: date) -> None:
    assert easter(year) == expected


def test_calendars_of_our_own_do_not_load_pandas() -> None:
    before = "exchange_calendars" in sys.modules

    sessions("TARGET", date(2026, 1, 1), date(2026, 1, 1) + timedelta(days=30))

    assert ("exchange_calendars" in sys.modules) == before


def test_a_weekday_that_is_none_is_no_calendar() -> None:
    with pytest.raises(CalendarUnavailableError):
        sessions("WEEKLY-FRIDAY", date(2026, 1, 1), date(2026, 2, 1))
