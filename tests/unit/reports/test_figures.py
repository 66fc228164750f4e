"""The figures of a period, worked out by hand."""

from datetime import UTC, date, datetime

import numpy as np
import pytest
from tests.factories.summaries import columns_on

from mktdash.domain.clock import to_micros
from mktdash.domain.flags import Flag
from mktdash.domain.observation import Columns
from mktdash.reports.market_summary.figures import change, figures_of
from mktdash.reports.text import ChangeKind

DAYS = [date(2026, 10, day) for day in (15, 16, 19, 20, 21, 22, 23, 26)]
VALUES = [100.0, 101.0, 102.0, 98.0, 99.0, 100.0, 103.0, 104.03]


def test_changes_compare_with_the_session_a_week_and_the_period_before():
    figures, points = figures_of(columns_on(DAYS, VALUES), "UTC", "rate", date(2026, 10, 19), date(2026, 10, 26))
    assert figures.sessions == tuple(DAYS[2:])
    assert (figures.latest, figures.latest_session, figures.observations) == (104.03, date(2026, 10, 26), 6)
    assert figures.change_1d == pytest.approx(1.0)
    assert figures.change_1w == pytest.approx((104.03 / 102 - 1) * 100)
    assert figures.change_period == pytest.approx((104.03 / 102 - 1) * 100)
    assert (figures.high, figures.high_session) == (104.03, date(2026, 10, 26))
    assert (figures.low, figures.low_session) == (98.0, date(2026, 10, 20))
    assert points.value == tuple(VALUES[2:])


def test_the_first_session_of_a_period_still_has_a_change_from_the_day_before():
    figures, _ = figures_of(columns_on(DAYS, VALUES), "UTC", "rate", DAYS[-1], DAYS[-1])
    assert figures.change_1d == pytest.approx(1.0)
    assert figures.change_period is None


def test_yields_change_in_basis_points_and_may_cross_zero():
    figures, _ = figures_of(columns_on(DAYS[:2], [-0.05, 0.10]), "UTC", "yield", DAYS[0], DAYS[1])
    assert figures.kind is ChangeKind.BASIS_POINTS
    assert figures.change_1d == pytest.approx(15.0)


@pytest.mark.parametrize("base", [0.0, -1.0, None])
def test_a_percentage_of_nothing_is_not_given(base):
    assert change(ChangeKind.PERCENT, base, 5.0) is None


def test_a_week_without_a_session_near_its_start_has_no_change():
    days = [date(2026, 10, 1), date(2026, 10, 26)]
    figures, _ = figures_of(columns_on(days, [1.0, 2.0]), "UTC", "rate", date(2026, 10, 20), date(2026, 10, 26))
    assert figures.change_1w is None


def test_an_empty_period_says_nothing():
    figures, points = figures_of(columns_on(DAYS, VALUES), "UTC", "rate", date(2026, 1, 1), date(2026, 1, 31))
    assert (figures.observations, figures.latest, figures.high, figures.sessions) == (0, None, None, ())
    assert points.value == ()


def test_later_values_do_not_reach_into_a_period_that_ended():
    figures, _ = figures_of(columns_on(DAYS, VALUES), "UTC", "rate", DAYS[0], DAYS[3])
    assert (figures.latest, figures.high) == (98.0, 102.0)


def test_many_points_a_session_count_as_one_close_and_sessions_are_local_dates():
    instants = [datetime(2026, 10, 30, 21, 30, tzinfo=UTC), datetime(2026, 10, 30, 22, 30, tzinfo=UTC)]
    instants += [datetime(2026, 10, 31, 22, 30, tzinfo=UTC), datetime(2026, 10, 31, 23, 30, tzinfo=UTC)]
    columns = Columns(
        as_of=np.array([to_micros(one) for one in instants], np.int64),
        value=np.array([1.0, 2.0, 3.0, 4.0]),
        flags=np.array([0, 0, int(Flag.STALE), int(Flag.STALE | Flag.LATE)], np.int64),
        known_at=np.array([to_micros(one) for one in instants], np.int64),
        high=np.array([1.5, 9.0, np.nan, 4.0]),
        low=np.array([0.5, 2.0, 3.0, 4.0]),
    )
    # Winter time begins in the last of these nights: 22:30 UTC is half past midnight only in the first.
    figures, _ = figures_of(columns, "Europe/Berlin", "price", date(2026, 10, 30), date(2026, 11, 1))
    assert figures.sessions == (date(2026, 10, 30), date(2026, 10, 31), date(2026, 11, 1))
    assert figures.closes == (2.0, 3.0, 4.0)
    assert (figures.observations, figures.high, figures.low) == (4, 9.0, 0.5)
    assert figures.flags == (("LATE", 1), ("STALE", 2))
