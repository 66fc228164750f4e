"""A runner as a worker has one, for tests that run a job in their own process."""

from random import Random

from mktdash.domain.clock import system_clock
from mktdash.jobs.registry import registered
from mktdash.jobs.runner import Runner


def runner_over(engine, render=None, **changes):
    """A runner with a renderer of one's own, and whatever else is to be otherwise."""
    chance = Random(1)  # noqa: S311 - jitter keeps no secret
    facts = {"redis": None, "clock": system_clock, "code_sha": "c0de", "worker": "w1", "capacity": 2, "chance": chance}
    return Runner(engine=engine, **(facts | {"work": registered(render)} | changes))
