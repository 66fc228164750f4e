"""Drift compares how returns are spread, never where prices stand."""

import numpy as np
from tests.factories.quality import columns, context, fixings, subjects

from mktdash.domain.observation import Columns
from mktdash.quality.base import NOTHING, CheckResult, Status
from mktdash.quality.checks.values.drift import DRIFT, DriftWindows, distances

SESSIONS = fixings("2023-01-02", "2026-11-20")


def walk(seed: int) -> np.ndarray:
    steps = np.random.default_rng(seed).normal(0, 0.005, len(SESSIONS))
    return np.round(100 * np.exp(np.cumsum(steps)), 4)


def judged(found: Columns) -> CheckResult:
    data = {1: found}
    made = context("2026-11-20T18:00", data)
    return DRIFT.combine(made, DRIFT.measure(made, subjects(made, data)))


def test_a_regime_of_wilder_returns_drifts_and_a_higher_level_does_not() -> None:
    calm = walk(3)
    wild = calm.copy()
    wild[-20:] = np.round(calm[-21] * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.05, 20))), 4)

    assert judged(columns(SESSIONS, wild.tolist())).status is Status.FAIL
    assert judged(columns(SESSIONS, (calm * 1000).tolist())).status is Status.PASS


def test_the_distance_counts_ties_in_full() -> None:
    same = np.tile([0.0, 1.0], 200)

    assert distances(same, DriftWindows(window=20, reference=100, windows=5)).max() == 0
    apart = np.concatenate([np.zeros(100), np.ones(20)])
    assert distances(apart, DriftWindows(window=20, reference=100, windows=5)).tolist() == [1.0]


def test_too_few_returns_are_nothing_to_judge_and_not_a_pass() -> None:
    result = judged(columns(SESSIONS[-100:], walk(1)[-100:].tolist()))

    assert result.status is Status.UNKNOWN
    assert result.evidence[NOTHING]
