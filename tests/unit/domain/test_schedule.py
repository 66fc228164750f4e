"""When sessions are due, across clock changes and in each source's own zone."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from mktdash.domain.calendar import CalendarUnavailableError, closes_early
from mktdash.domain.clock import from_micros, iso, to_micros
from mktdash.domain.instrument import DatasetSpec
from mktdash.domain.schedule import due_at, expected_at, fixing_at, session_of, sessions_between


def schedule(**changes: object) -> DatasetSpec:
    fields: dict[str, object] = {
        "key": "ecb",
        "title": "ECB",
        "source": "ecb",
        "calendar": "TARGET",
        "timezone": "Europe/Berlin",
        "fixing_time": "14:15",
        "publish_delay_s": 6300,
        "grace_s": 7200,
    }
    return DatasetSpec(**(fields | changes))  # type: ignore[arg-type]


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_fixing_is_at_the_same_local_time_in_winter_and_summer() -> None:
    assert iso(fixing_at(schedule(), date(2026, 1, 15))) == "2026-01-15T13:15:00Z"
    assert iso(fixing_at(schedule(), date(2026, 7, 15))) == "2026-07-15T12:15:00Z"


def test_a_session_is_due_after_delay_and_grace_and_not_a_microsecond_before() -> None:
    due = due_at(schedule(), date(2026, 11, 20))

    assert iso(due) == "2026-11-20T17:00:00Z"
    assert expected_at(schedule(), at("2026-11-20T16:59:59+00:00")) == date(2026, 11, 19)
    assert expected_at(schedule(), at("2026-11-20T17:00:00+00:00")) == date(2026, 11, 20)


def test_over_easter_the_session_before_stays_the_one_expected() -> None:
    for now in ("2026-04-03T20:00+00:00", "2026-04-06T23:00+00:00", "2026-04-07T12:00+00:00"):
        assert expected_at(schedule(), at(now)) == date(2026, 4, 2)
    assert expected_at(schedule(), at("2026-04-07T16:00+00:00")) == date(2026, 4, 7)


def test_a_monthly_source_is_expected_a_month_and_more_after() -> None:
    monthly = schedule(
        calendar="MONTHLY", fixing_time="00:00", timezone="America/New_York", publish_delay_s=15 * 86_400
    )

    assert expected_at(monthly, at("2026-11-23T06:00+00:00")) == date(2026, 10, 1)


def test_the_session_of_an_observation_is_its_local_date() -> None:
    late_evening = to_micros(datetime(2026, 1, 16, 1, 0, tzinfo=UTC))

    assert session_of(late_evening, "America/New_York") == date(2026, 1, 15)
    assert session_of(late_evening, "Europe/Berlin") == date(2026, 1, 16)


def test_session_bounds_follow_the_clock_change() -> None:
    weekend = sessions_between(schedule(calendar="24/7"), date(2026, 3, 28), date(2026, 3, 30))

    hours = ((weekend.end - weekend.start) // 3_600_000_000).tolist()

    assert hours == [24, 23, 24]
    assert np.array_equal(weekend.end[:-1], weekend.start[1:])


@pytest.mark.parametrize("broken", [{"timezone": "Mars/Olympus"}, {"fixing_time": "noon"}, {"calendar": ""}])
def test_a_schedule_that_makes_no_sense_is_said_to_be_unavailable(broken: dict[str, str]) -> None:
    with pytest.raises(CalendarUnavailableError):
        expected_at(schedule(**broken), at("2026-11-20T16:59:59+00:00"))


def test_on_a_half_day_a_close_is_due_earlier() -> None:
    exchange = schedule(
        calendar="XNYS", grace_s=0, timezone="America/New_York", fixing_time="16:00", publish_delay_s=3600
    )
    thanksgiving_friday, usual = date(2026, 11, 27), date(2026, 11, 30)

    assert closes_early("XNYS", usual) is None
    assert str(closes_early("XNYS", thanksgiving_friday)) == "13:00:00"
    assert from_micros(due_at(exchange, thanksgiving_friday)) == datetime(2026, 11, 27, 19, tzinfo=UTC)
    assert from_micros(due_at(exchange, usual)) == datetime(2026, 11, 30, 22, tzinfo=UTC)


def test_a_fixing_before_an_early_close_is_due_as_ever() -> None:
    morning = schedule(calendar="XNYS", grace_s=0, timezone="America/New_York", fixing_time="11:00", publish_delay_s=0)

    assert from_micros(due_at(morning, date(2026, 11, 27))) == datetime(2026, 11, 27, 16, tzinfo=UTC)
