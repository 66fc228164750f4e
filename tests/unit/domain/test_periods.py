"""Weeks, months, quarters and years: what labels them, what is in them, when their value is late."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from mktdash.domain.calendar import sessions
from mktdash.domain.clock import from_micros, to_micros
from mktdash.domain.instrument import DatasetSpec
from mktdash.domain.periods import ANNUAL, MONTHLY, QUARTERLY, period_of, weekly
from mktdash.domain.schedule import due_at, expected_at, sessions_between

CALENDARS = [*(weekly(day) for day in range(7)), MONTHLY, QUARTERLY, ANNUAL]


def schedule(calendar: str, **changes: object) -> DatasetSpec:
    fields: dict[str, object] = {"timezone": "UTC", "fixing_time": "00:00", "publish_delay_s": 0, "grace_s": 0}
    return DatasetSpec(key="k", title="K", source="csv", calendar=calendar, **(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("calendar", CALENDARS)
def test_periods_follow_one_another_without_a_gap_and_each_day_is_in_the_one_that_its_label_names(
    calendar: str,
) -> None:
    period = period_of(calendar)
    assert period is not None
    labels = period.labels(date(2023, 12, 1), date(2026, 3, 1))

    assert labels == sessions(calendar, date(2023, 12, 1), date(2026, 3, 1))
    assert all(period.end(one) == period.first(other) for one, other in pairwise(labels))
    assert all(period.first(one) <= one < period.end(one) for one in labels)
    for days in range(800):
        day = date(2023, 12, 10) + timedelta(days=days)
        assert period.first(period.label(day)) <= day < period.end(period.label(day))


def test_a_week_is_labelled_by_its_weekday_and_holds_the_days_around_it() -> None:
    assert sessions("WEEKLY-FRI", date(2026, 11, 1), date(2026, 11, 20)) == [
        date(2026, 11, 6),
        date(2026, 11, 13),
        date(2026, 11, 20),
    ]
    # The day after Thanksgiving is a Friday that some sources leave out: they date that week by its Wednesday.
    period = period_of("WEEKLY-FRI")
    assert period is not None
    assert period.label(date(2026, 11, 25)) == date(2026, 11, 27)


@pytest.mark.parametrize(
    ("calendar", "label", "due"),
    [
        ("WEEKLY-FRI", date(2026, 11, 6), date(2026, 11, 14)),
        (MONTHLY, date(2026, 9, 1), date(2026, 11, 15)),
        (QUARTERLY, date(2026, 7, 1), date(2026, 12, 15)),
        (ANNUAL, date(2025, 1, 1), date(2026, 6, 30)),
    ],
)
def test_where_nobody_says_how_long_it_takes_a_period_is_given_what_most_take(
    calendar: str, label: date, due: date
) -> None:
    assert from_micros(due_at(schedule(calendar), label)) == datetime.combine(due, datetime.min.time(), UTC)


def test_a_delay_that_is_said_counts_from_the_end_of_the_period() -> None:
    day = 86_400

    assert from_micros(due_at(schedule(MONTHLY, publish_delay_s=15 * day), date(2026, 9, 1))).date() == date(
        2026, 10, 16
    )
    assert from_micros(due_at(schedule("WEEKLY-FRI", publish_delay_s=5 * day), date(2026, 11, 6))).date() == date(
        2026, 11, 12
    )


@pytest.mark.parametrize(
    ("calendar", "expected"),
    [
        ("WEEKLY-FRI", date(2026, 11, 13)),
        (MONTHLY, date(2026, 9, 1)),
        (QUARTERLY, date(2026, 4, 1)),
        (ANNUAL, date(2025, 1, 1)),
    ],
)
def test_the_last_period_that_is_due_is_the_one_expected(calendar: str, expected: date) -> None:
    assert expected_at(schedule(calendar), datetime(2026, 11, 24, 12, tzinfo=UTC)) == expected


def test_an_observation_belongs_to_its_period_whichever_day_of_it_dates_it() -> None:
    months = sessions_between(schedule(MONTHLY), date(2026, 1, 1), date(2026, 3, 31))
    last_day = to_micros(datetime(2026, 2, 28, tzinfo=UTC))

    assert [bool(start <= last_day < end) for start, end in zip(months.start, months.end, strict=True)] == [
        False,
        True,
        False,
    ]
