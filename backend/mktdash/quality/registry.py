"""Every check there is. A new one is a file in ``checks`` and a line here."""

from mktdash.quality.base import BatchCheck, CheckSpec, DatasetCheck, HistoryCheck, SeriesCheck
from mktdash.quality.checks.bars import BARS
from mktdash.quality.checks.clock import CLOCK
from mktdash.quality.checks.completeness import LONG, SHORT
from mktdash.quality.checks.copies import Copies
from mktdash.quality.checks.drift import DRIFT
from mktdash.quality.checks.duplicates import DUPLICATES
from mktdash.quality.checks.flat import FLAT
from mktdash.quality.checks.freshness import Freshness
from mktdash.quality.checks.history import HISTORY
from mktdash.quality.checks.hours import HOURS
from mktdash.quality.checks.jumps import JUMPS
from mktdash.quality.checks.layout import Layout
from mktdash.quality.checks.nulls import NULLS
from mktdash.quality.checks.order import ORDER
from mktdash.quality.checks.repeats import REPEATS
from mktdash.quality.checks.revisions import REVISIONS
from mktdash.quality.checks.rows import Rows
from mktdash.quality.checks.simulated import SIMULATED
from mktdash.quality.checks.twins import Twins

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
