"""How long the queue waits for what. One frozen value, so that tests may use a quicker queue."""

from dataclasses import dataclass
from random import Random

from mktdash.domain.clock import MICROS_PER_SECOND


@dataclass(frozen=True, slots=True)
class QueueTimes:
    """Durations in seconds.

    Attributes:
        poll: the longest that a queued run waits for a dispatcher whose wake-up was lost.
        stale: after how long a run that was dispatched and not taken is dispatched again.
        sweep: how often expired leases are looked for.
        heartbeat: how often a worker extends the lease of a run, and learns that it was cancelled.
        lease: how long a worker may be silent before its run is taken from it; several heartbeats.
        render: the longest that rendering may take before it is ended as hung.
        first_retry, longest_retry: the delay after a first failure, doubled with each further one up to a limit.
        restart: the delay before arq's worker starts again after Redis went away, doubled up to ``longest_restart``.
    """

    poll: float = 1.0
    stale: float = 10.0
    sweep: float = 2.0
    heartbeat: float = 2.0
    lease: float = 12.0
    render: float = 120.0
    first_retry: float = 2.0
    longest_retry: float = 60.0
    restart: float = 0.2
    longest_restart: float = 5.0


def retry_at(times: QueueTimes, failures: int, now: int, chance: Random) -> int:
    """When to try again after so many failures (1 or more), in microseconds: exponential, jitter over its upper half.

    Jitter keeps runs that failed together, of one outage, from coming back together.
    """
    full = min(times.first_retry * 2 ** (failures - 1), times.longest_retry)
    return now + micros(full * chance.uniform(0.5, 1.0))


def micros(seconds: float) -> int:
    """Seconds as the store's whole microseconds."""
    return round(seconds * MICROS_PER_SECOND)
