"""Every check, one line each."""

from mktdash.quality.base import BatchCheck, CheckSpec, DatasetCheck, HistoryCheck, SeriesCheck
from mktdash.quality.checks.arrival.completeness import LONG, SHORT
from mktdash.quality.checks.arrival.freshness import Freshness
from mktdash.quality.checks.arrival.hours import HOURS
from mktdash.quality.checks.arrival.layout import Layout
from mktdash.quality.checks.arrival.nulls import NULLS
from mktdash.quality.checks.arrival.rows import Rows
from mktdash.quality.checks.consistency.copies import Copies
from mktdash.quality.checks.consistency.duplicates import DUPLICATES
from mktdash.quality.checks.consistency.history import HISTORY
from mktdash.quality.checks.consistency.order import ORDER
from mktdash.quality.checks.consistency.repeats import REPEATS
from mktdash.quality.checks.consistency.revisions import REVISIONS
from mktdash.quality.checks.consistency.twins import Twins
from mktdash.quality.checks.values.bars import BARS
from mktdash.quality.checks.values.clock import CLOCK
from mktdash.quality.checks.values.drift import DRIFT
from mktdash.quality.checks.values.flat_runs import FLAT
from mktdash.quality.checks.values.jumps import JUMPS
from mktdash.quality.checks.values.simulated import SIMULATED

DATASET_CHECKS: tuple[DatasetCheck, ...] = (Freshness(), Twins(), Copies(), Layout(), Rows())

SERIES_CHECKS: tuple[SeriesCheck, ...] = (
    SHORT,
    LONG,
    DRIFT,
    JUMPS,
    FLAT,
    BARS,
    DUPLICATES,
    NULLS,
    CLOCK,
    HOURS,
    REPEATS,
    ORDER,
    SIMULATED,
)

BATCH_CHECKS: tuple[BatchCheck, ...] = (REVISIONS,)

HISTORY_CHECKS: tuple[HistoryCheck, ...] = (HISTORY,)


def specs() -> dict[str, CheckSpec]:
    """The specs of all checks by metric, in the order people read them."""
    every = [check.spec for checks in (DATASET_CHECKS, SERIES_CHECKS, BATCH_CHECKS, HISTORY_CHECKS) for check in checks]
    return {spec.metric: spec for spec in every}
