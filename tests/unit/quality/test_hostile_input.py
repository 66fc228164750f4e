"""Input of the worst kind: no check may break on it, or answer with something that is no number."""

from typing import Any

import numpy as np
import pytest
from tests.factories.quality import DATASET, columns, context, fixings, series_row, subjects

from mktdash.domain.observation import Columns
from mktdash.quality.base import BatchChanges, CheckResult, RestatedSeries, Status
from mktdash.quality.registry import BATCH_CHECKS, DATASET_CHECKS, HISTORY_CHECKS, SERIES_CHECKS

NOW = "2026-11-20T18:00"
SESSIONS = fixings("2023-01-02", "2026-11-20")
WALK = np.round(100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.005, len(SESSIONS)))), 4)
NAN = [float("nan")] * len(SESSIONS)

HOSTILE = {
    "one point": columns(SESSIONS[-1:], [1.0]),
    "no points": Columns.empty(),
    "all equal": columns(SESSIONS, [5.0] * len(SESSIONS)),
    "ten years of gaps": columns(fixings("2016-01-04", "2016-03-01") + SESSIONS[-3:], None),
    "1e308": columns(SESSIONS, np.where(np.arange(len(SESSIONS)) % 2, 1e308, -1e308).tolist()),
    "subnormal": columns(SESSIONS, [5e-324] * len(SESSIONS)),
    "bars of NaN": columns(SESSIONS, WALK.tolist(), open=NAN, high=NAN, low=NAN, volume=NAN),
    "an hour fast": columns([as_of + 3600 * 10**6 for as_of in SESSIONS], WALK.tolist()),
}


@pytest.mark.parametrize("check", SERIES_CHECKS, ids=lambda check: check.spec.metric)
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("calendar", ["TARGET", "", "NO_SUCH_MARKET", "24/7"])
def test_no_data_breaks_a_check(check: Any, name: str, calendar: str) -> None:
    data = {1: HOSTILE[name]}
    made = context(NOW, data, dataset=DATASET._replace(calendar=calendar))

    result = check.combine(made, check.measure(made, subjects(made, data)))

    assert isinstance(result, CheckResult)
    assert result.status in set(Status)
    assert result.value is None or np.isfinite(result.value)


@pytest.mark.parametrize("check", DATASET_CHECKS, ids=lambda check: check.spec.metric)
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("calendar", ["TARGET", "", "NO_SUCH_MARKET", "24/7"])
def test_no_data_breaks_a_check_of_a_whole_dataset(check: Any, name: str, calendar: str) -> None:
    made = context(NOW, {1: HOSTILE[name]}, dataset=DATASET._replace(calendar=calendar))

    assert check.judge(made).status in set(Status)


@pytest.mark.parametrize("check", HISTORY_CHECKS, ids=lambda check: check.spec.metric)
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("calendar", ["TARGET", "", "NO_SUCH_MARKET", "24/7"])
def test_no_history_breaks_a_check(check: Any, name: str, calendar: str) -> None:
    data = {1: HOSTILE[name]}
    made = context(NOW, data, dataset=DATASET._replace(calendar=calendar))
    (subject,) = subjects(made, data)

    result = check.combine(made, {1: check.measure(made, subject)})

    assert result.status in set(Status)
    assert result.value is None or np.isfinite(result.value)


@pytest.mark.parametrize("check", BATCH_CHECKS, ids=lambda check: check.spec.metric)
@pytest.mark.parametrize("before", HOSTILE)
@pytest.mark.parametrize("after", HOSTILE)
@pytest.mark.parametrize("calendar", ["TARGET", ""])
def test_no_batch_breaks_a_check(check: Any, before: str, after: str, calendar: str) -> None:
    old, new = HOSTILE[before], HOSTILE[after]
    made = context(NOW, {1: new}, dataset=DATASET._replace(calendar=calendar))
    one = RestatedSeries(series_row(1, "AAA"), old, new, len(old), len(old))

    finding = check.measure(made, BatchChanges(1, 10**15, 10**15, len(old), 1, [one, one]))

    result = check.combine(made, {1: finding})
    assert result.status in set(Status)
    assert result.value is None or np.isfinite(result.value)
