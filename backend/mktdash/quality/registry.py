"""Every check there is. A new one is a file in ``checks`` and a line here."""

from mktdash.quality.base import CheckSpec, DatasetCheck, SeriesCheck
from mktdash.quality.checks import completeness
from mktdash.quality.checks.freshness import Freshness

DATASET_CHECKS: tuple[DatasetCheck, ...] = (Freshness(),)

SERIES_CHECKS: tuple[SeriesCheck, ...] = (
    completeness.SHORT,
    completeness.LONG,
)


def specs() -> dict[str, CheckSpec]:
    """The specs of all checks by metric, in the order people read them."""
    every = [check.spec for check in DATASET_CHECKS] + [check.spec for check in SERIES_CHECKS]
    return {spec.metric: spec for spec in every}
