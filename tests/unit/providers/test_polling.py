"""When a source is asked next."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mktdash.domain.clock import to_micros
from mktdash.feed.polling import next_poll
from mktdash.providers.base import Policy
from mktdash.providers.ecb.client import DATASET, EcbProvider
from mktdash.providers.sim.client import SimProvider

ECB = EcbProvider()
# Friday 30 October 2026, winter time: fixing at 13:15 UTC, publication at 15:00 UTC.
FIXING = datetime(2026, 10, 30, 13, 15, tzinfo=UTC)
PUBLISHED = datetime(2026, 10, 30, 15, 0, tzinfo=UTC)


def ecb_at(now, *, newest=None, failures=0):
    held = {} if newest is None else {DATASET: to_micros(newest)}
    return next_poll(ECB.policy, ECB.datasets, held, now, failures=failures) - now


def test_far_from_publication_the_policy_sets_the_pace():
    pause = ecb_at(PUBLISHED - timedelta(hours=5), newest=FIXING - timedelta(days=1))

    assert 0.95 * ECB.policy.poll_s <= pause.total_seconds() <= 1.05 * ECB.policy.poll_s


def test_the_publication_is_met_just_after_it():
    assert ecb_at(PUBLISHED - timedelta(minutes=10)) == timedelta(minutes=10, seconds=5)


def test_a_session_that_is_due_and_not_there_is_looked_for_often_and_once_it_is_there_no_more():
    now = PUBLISHED + timedelta(minutes=20)

    assert ecb_at(now, newest=FIXING - timedelta(days=1)) == timedelta(minutes=2)
    assert ecb_at(now, newest=FIXING).total_seconds() > 1000


def test_a_holiday_publishes_nothing():
    christmas = datetime(2026, 12, 25, 14, 55, tzinfo=UTC)

    assert ecb_at(christmas, newest=christmas - timedelta(days=1)).total_seconds() > 1000


def test_failures_wait_longer_each_time_but_never_longer_than_the_usual_pace():
    pauses = [ecb_at(PUBLISHED, failures=n).total_seconds() for n in range(1, 12)]

    assert 22.0 <= pauses[0] <= 30.0
    assert 45.0 <= pauses[1] <= 60.0
    assert all(pause <= ECB.policy.poll_s for pause in pauses)


def test_what_ticks_is_asked_on_the_beat():
    now = datetime(2026, 11, 2, 9, 0, 3, 250_000, tzinfo=UTC)
    sim = SimProvider(1)

    assert next_poll(sim.policy, sim.datasets, {}, now) == datetime(2026, 11, 2, 9, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize("calendar", ["NO_SUCH_CALENDAR", "24/7"])
def test_without_a_publication_calendar_the_policy_alone_decides(calendar):
    dataset = replace(ECB.datasets[0], calendar=calendar)
    pause = next_poll(Policy(poll_s=600.0), [dataset], {}, PUBLISHED) - PUBLISHED

    assert 570.0 <= pause.total_seconds() <= 630.0
