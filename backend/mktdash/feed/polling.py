"""When to poll a source next: around its publication time, else at its policy's interval, later after failures."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from mktdash.domain.calendar import CalendarUnavailableError, sessions
from mktdash.domain.clock import MICROS_PER_SECOND, from_micros, to_micros
from mktdash.domain.instrument import DatasetSpec
from mktdash.domain.schedule import fixing_at
from mktdash.providers.base import Policy

# A source that publishes "about 16:00" is looked at this often from then on, for so long, until the session is there.
_EAGER = timedelta(seconds=120)
_EAGER_FOR = timedelta(hours=1)
_JUST_AFTER = timedelta(seconds=5)
_FIRST_PAUSE_S = 30.0
# Below this, a source ticks: it is asked on the beat, without jitter.
_TICKING_S = 60.0


def next_poll(
    policy: Policy, datasets: Sequence[DatasetSpec], newest: dict[str, int], now: datetime, *, failures: int = 0
) -> datetime:
    """When to ask a source again.

    Args:
        policy: its pace.
        datasets: what it publishes.
        newest: the newest stored instant of each dataset, microseconds UTC; missing where there is none.
        now: now.
        failures: polls that failed in a row, this one included.
    """
    if failures:
        pause = min(policy.poll_s, _FIRST_PAUSE_S * 2.0 ** (failures - 1))
        return now + timedelta(seconds=pause * random.uniform(0.75, 1.0))  # noqa: S311  # no secret hangs on it
    if policy.poll_s < _TICKING_S:
        beat = round(policy.poll_s * MICROS_PER_SECOND)
        return from_micros((to_micros(now) // beat + 1) * beat)
    usual = now + timedelta(seconds=policy.poll_s * random.uniform(0.95, 1.05))  # noqa: S311  # no secret hangs on it
    return min([usual, *(_publication(dataset, newest.get(dataset.key), now) or usual for dataset in datasets)])


def _publication(dataset: DatasetSpec, newest: int | None, now: datetime) -> datetime | None:
    """The next instant at which this dataset may well have news."""
    today = now.astimezone(ZoneInfo(dataset.timezone)).date()
    try:
        days = sessions(dataset.calendar, today - timedelta(days=1), today + timedelta(days=1))
    except CalendarUnavailableError:
        return None
    if dataset.calendar == "24/7":
        return None
    for day in days:
        fixing = fixing_at(dataset, day)
        published = from_micros(fixing) + timedelta(seconds=dataset.publish_delay_s)
        if now < published:
            return published + _JUST_AFTER
        if now < published + _EAGER_FOR and (newest is None or newest < fixing):
            return now + _EAGER
    return None
