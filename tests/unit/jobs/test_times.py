"""When to try again."""

from random import Random

from mktdash.jobs.times import QueueTimes, micros, retry_at


def test_delays_double_up_to_a_limit_with_jitter_over_their_upper_half():
    times = QueueTimes(first_retry=2.0, longest_retry=60.0)
    for failures, full in ((1, 2), (2, 4), (3, 8), (6, 60), (50, 60)):
        delays = [retry_at(times, failures, 0, Random(seed)) for seed in range(50)]  # noqa: S311 - jitter keeps no secret
        assert min(delays) >= micros(full / 2)
        assert max(delays) <= micros(full)
        assert len(set(delays)) > 40


def test_a_lease_outlasts_several_heartbeats():
    times = QueueTimes()
    assert times.lease >= 3 * times.heartbeat
