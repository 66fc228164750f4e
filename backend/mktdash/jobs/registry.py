"""Which work does which kind of job. One more kind is one more line here, and its ``Job`` beside what queues it."""

from collections.abc import Mapping
from functools import partial

from mktdash.jobs.attempt import Work
from mktdash.jobs.replays import replay_datasets
from mktdash.jobs.reports import build_report
from mktdash.reports.base import Render
from mktdash.store.jobs.replays import REPLAY
from mktdash.store.jobs.reports import REPORT


def registered(render: Render | None = None) -> Mapping[str, Work]:
    """The work of each kind. A ``render`` stands in for every report template's own, as a module-level function."""
    return {REPORT.kind: partial(build_report, render=render), REPLAY.kind: replay_datasets}
