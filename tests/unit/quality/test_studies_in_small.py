"""The false-alarm and fault studies of ops/bench, in small: a perfect feed stays quiet, a broken one does not."""

from datetime import date, timedelta

import pytest
from ops.bench.quality.false_alarms import alarms, drift_alarms
from ops.bench.quality.faults import FAULTS, inject
from ops.bench.quality.feed import CALENDARS, STUDY_FIRST, perfect_feed

# What a single value gives away is caught with the session it happens in; a frozen price needs five equal ones.
DELAYS = dict.fromkeys(FAULTS, 0) | {"frozen price": 4}


@pytest.mark.parametrize("spec", CALENDARS, ids=lambda spec: spec.calendar)
def test_a_perfect_feed_raises_no_alarm_around_the_new_year_and_clock_changes(spec: object) -> None:
    feed = perfect_feed(spec, date(2021, 10, 1), date(2022, 4, 30), series=2, seed=3)  # type: ignore[arg-type]
    first = STUDY_FIRST + timedelta(days=320)

    counts = alarms(feed, first, first + timedelta(days=140), step=7)

    assert counts["verdicts"] == 480
    assert (counts["freshness"], counts["completeness"], counts["completeness30"]) == (0, 0, 0)


def test_returns_of_one_kind_seldom_drift() -> None:
    feed = perfect_feed(CALENDARS[0], date(2016, 6, 1), date(2023, 12, 31), series=4, seed=1)

    judged, warned = drift_alarms(feed, STUDY_FIRST)

    assert judged > 500
    assert warned / judged < 0.04


@pytest.mark.parametrize("fault", FAULTS)
def test_an_injected_fault_is_caught_in_time(fault: str) -> None:
    outcome = inject(fault, times=4)

    assert outcome.share == 1.0
    assert max(outcome.delays) <= DELAYS[fault]
