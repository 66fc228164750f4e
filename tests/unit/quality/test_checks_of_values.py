"""Checks that look at values: what each must catch and what it must leave alone."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.factories.quality import DATASET, at, columns, context, fixings, series_row, subjects

from mktdash.domain.clock import to_micros
from mktdash.domain.flags import Flag
from mktdash.domain.observation import Columns
from mktdash.quality.base import NOTHING, CheckResult, Status
from mktdash.quality.checks.arrival.nulls import NULLS
from mktdash.quality.checks.consistency.duplicates import DUPLICATES
from mktdash.quality.checks.values.bars import BARS
from mktdash.quality.checks.values.clock import CLOCK
from mktdash.quality.checks.values.flat_runs import FLAT
from mktdash.quality.checks.values.jumps import JUMPS
from mktdash.quality.checks.values.simulated import SIMULATED

NOW = "2026-11-20T18:00"
SESSIONS = fixings("2023-01-02", "2026-11-20")


def walk(seed: int = 1, volatility: float = 0.005) -> np.ndarray:
    steps = np.random.default_rng(seed).normal(0, volatility, len(SESSIONS))
    return np.round(100 * np.exp(np.cumsum(steps)), 4)


def judged(check: Any, *found: Columns, rows: dict[str, Any] | None = None, **more: Any) -> CheckResult:
    data = dict(enumerate(found, 1))
    made = context(NOW, data, **more)
    result = check.combine(made, check.measure(made, subjects(made, data, **(rows or {}))))
    assert isinstance(result, CheckResult)
    return result


def bars(close: np.ndarray, **changes: np.ndarray) -> Columns:
    fields = {
        "open": close * 1.0001,
        "high": close * 1.01,
        "low": close * 0.99,
        "volume": np.arange(1.0, len(close) + 1),
    }
    return columns(SESSIONS, close.tolist(), **{name: column.tolist() for name, column in (fields | changes).items()})


def changed(values: np.ndarray, place: int, value: float) -> np.ndarray:
    copy = values.copy()
    copy[place] = value
    return copy


@pytest.mark.parametrize("factor", [100, 0.5, 0.01, 1.5])
def test_a_slipped_digit_or_a_wrong_unit_is_a_jump(factor: float) -> None:
    values = walk()

    result = judged(JUMPS, columns(SESSIONS, changed(values, -1, values[-1] * factor).tolist()))

    assert result.status is Status.FAIL
    assert result.evidence["series"][0]["points"][-1]["at"] == "2026-11-20"


def test_an_ordinary_walk_does_not_jump() -> None:
    result = judged(JUMPS, columns(SESSIONS, walk().tolist()))

    assert result.status is Status.PASS
    assert 0 < result.value < 10  # type: ignore[operator]


def test_a_jump_of_years_ago_is_settled_and_a_change_made_to_it_lately_is_not() -> None:
    spiked = columns(SESSIONS, changed(walk(), 100, 1.0).tolist())
    known = spiked.known_at.copy()  # type: ignore[union-attr]
    known[100] = to_micros(at("2026-11-19T10:00"))

    assert judged(JUMPS, spiked).status is Status.PASS
    assert judged(JUMPS, replace(spiked, known_at=known)).status is Status.FAIL


def test_loading_old_history_is_not_a_change_to_each_of_its_days() -> None:
    spiked = columns(SESSIONS, changed(walk(), 100, 1.0).tolist())
    loaded = np.full(len(SESSIONS), to_micros(at("2026-11-19T10:00")))

    assert judged(JUMPS, replace(spiked, known_at=loaded)).status is Status.PASS
    # The newest months came first, then the years before them.
    loaded[-60:] -= 5 * 86_400 * 10**6
    assert judged(JUMPS, replace(spiked, known_at=loaded)).status is Status.PASS


def test_a_peg_that_breaks_is_a_jump() -> None:
    result = judged(JUMPS, columns(SESSIONS, [1.9558] * (len(SESSIONS) - 1) + [2.1]))

    assert (result.status, result.value) == (Status.FAIL, 10_000.0)


def test_a_rate_that_moves_in_quarter_points_now_and_then_does_not_jump_when_it_does() -> None:
    steps = np.zeros(len(SESSIONS))
    steps[::45] = 0.25
    steps[-3] = -0.25
    rows = {"measure": "yield", "positive": False}

    assert judged(JUMPS, columns(SESSIONS, (1 + np.cumsum(steps)).tolist()), rows=rows).status is Status.PASS


def test_a_minutes_leap_is_ordinary_and_a_slipped_digit_among_minutes_is_not() -> None:
    minutes = DATASET._replace(calendar="24/7", timezone="UTC", fixing_time="00:00")
    end = to_micros(at(NOW))
    times = [end - n * 60 * 10**6 for n in range(2000, 0, -1)]
    values = 100 * np.exp(np.cumsum(np.random.default_rng(2).normal(0, 0.0005, len(times))))
    series = [series_row(interval="1m")]
    leap = np.concatenate([values[:-1], values[-2:-1] * np.exp(20 * 0.0005)])

    ordinary = judged(JUMPS, columns(times, leap.tolist()), dataset=minutes, series=series)
    slipped = judged(JUMPS, columns(times, changed(values, -1, 1000.0).tolist()), dataset=minutes, series=series)

    assert (ordinary.status, ordinary.warn, ordinary.fail) == (Status.PASS, 50, 500)
    assert ordinary.value > 10  # type: ignore[operator]
    assert slipped.status is Status.FAIL


def test_a_frozen_price_is_flat_from_the_fifth_equal_value_on() -> None:
    values = walk()
    for run, status in ((4, Status.PASS), (5, Status.WARN), (9, Status.WARN), (10, Status.FAIL)):
        frozen = values.copy()
        frozen[-run:] = values[-run]
        assert judged(FLAT, columns(SESSIONS, frozen.tolist())).status is status


def test_a_series_that_often_stands_still_may() -> None:
    steady = np.repeat(np.arange(1.0, 200.0), 8)[: len(SESSIONS)]

    assert judged(FLAT, columns(SESSIONS[-len(steady) :], steady.tolist())).status is Status.PASS
    assert judged(FLAT, columns(SESSIONS, [1.9558] * len(SESSIONS))).status is Status.PASS


@pytest.mark.parametrize(("run", "status"), [(250, Status.FAIL), (251, Status.PASS)])
def test_a_value_that_has_stood_still_for_a_year_is_a_peg(run: int, status: Status) -> None:
    pegged = walk()
    pegged[-run:] = pegged[-run]

    assert judged(FLAT, columns(SESSIONS, pegged.tolist())).status is status


@pytest.mark.parametrize(
    "fault",
    [
        {"open": 2.0},
        {"high": 0.5},
        {"low": 1.5},
        {"volume": -1.0},
    ],
)
def test_a_bar_that_contradicts_itself_fails(fault: dict[str, float]) -> None:
    close = walk()
    (name, factor), *_ = fault.items()
    column = getattr(bars(close), name)

    result = judged(
        BARS, bars(close, **{name: changed(column, -2, factor if name == "volume" else close[-2] * factor)})
    )

    assert (result.status, result.value) == (Status.FAIL, 1.0)
    assert result.evidence["series"][0]["points"][0]["at"] == "2026-11-19"


def test_impossible_bars_of_settled_history_are_counted_and_not_alarmed() -> None:
    close = walk()
    high = changed(bars(close).high, 10, 1.0)  # type: ignore[arg-type]

    assert judged(BARS, bars(close, high=high)).status is Status.PASS
    assert judged(BARS, bars(close)).status is Status.PASS


def test_series_without_bars_are_not_judged_as_bars() -> None:
    result = judged(BARS, columns(SESSIONS, walk().tolist()))

    assert result.status is Status.UNKNOWN
    assert result.evidence[NOTHING]


def test_a_session_that_repeats_the_one_before_in_every_series_is_a_copy() -> None:
    walks = [walk(seed) for seed in range(5)]
    copied = [changed(values, -2, values[-3]) for values in walks]

    result = judged(DUPLICATES, *[columns(SESSIONS, values.tolist()) for values in copied])

    assert result.status is Status.FAIL
    assert result.evidence["copied_sessions"] == ["2026-11-19"]
    one_only = [copied[0], *walks[1:]]
    assert judged(DUPLICATES, *[columns(SESSIONS, values.tolist()) for values in one_only]).status is Status.PASS


def test_a_bar_that_equals_the_one_before_in_every_field_is_a_copy() -> None:
    whole = bars(walk())
    for name in ("value", "open", "high", "low", "volume"):
        getattr(whole, name)[-1] = getattr(whole, name)[-2]

    assert judged(DUPLICATES, whole).status is Status.FAIL


def test_two_observations_of_one_session_are_a_duplicate() -> None:
    doubled = [*SESSIONS[:-1], SESSIONS[-1] - 3600 * 10**6, SESSIONS[-1]]

    assert judged(DUPLICATES, columns(doubled, [*walk().tolist(), 101.0])).status is Status.FAIL


@pytest.mark.parametrize(("empty", "status"), [(2, Status.PASS), (5, Status.WARN), (8, Status.FAIL)])
def test_sessions_that_the_source_leaves_empty_are_nulls(empty: int, status: Status) -> None:
    found = columns(SESSIONS[:-empty], walk()[:-empty].tolist())

    result = judged(NULLS, found, absences={1: [(SESSIONS[-empty], SESSIONS[-1])]})

    assert (result.status, result.value) == (status, pytest.approx(empty / 22, abs=0.01))
    assert judged(NULLS, found).status is Status.PASS


def test_a_field_that_bars_used_to_have_and_lack_now_is_null() -> None:
    whole = bars(walk())
    volume = whole.volume.copy()  # type: ignore[union-attr]
    volume[-22:] = np.nan

    result = judged(NULLS, replace(whole, volume=volume))

    assert result.status is Status.FAIL
    assert result.evidence["series"][0]["fields"] == {"volume": 1.0}
    never = np.full(len(SESSIONS), np.nan)
    assert judged(NULLS, replace(whole, volume=never)).evidence["flagged"] in (0, 1)


@pytest.mark.parametrize("hours", [-6, -1, 1, 5])
def test_a_value_at_another_hour_than_always_is_skewed(hours: int) -> None:
    shifted = [*SESSIONS[:-1], SESSIONS[-1] + hours * 3600 * 10**6]

    result = judged(CLOCK, columns(shifted, walk().tolist()))

    assert (result.status, result.value) == (Status.FAIL, abs(hours) * 3600.0)
    assert judged(CLOCK, columns(SESSIONS, walk().tolist())).status is Status.PASS


def test_the_change_to_winter_time_is_no_skew() -> None:
    data = {1: columns(SESSIONS[: SESSIONS.index(fixings("2026-11-03", "2026-11-03")[0])])}
    made = context("2026-11-02T18:00", data)

    assert CLOCK.combine(made, CLOCK.measure(made, subjects(made, data))).status is Status.PASS


def test_a_value_from_the_future_is_skewed() -> None:
    found = columns(SESSIONS, walk().tolist())
    known = found.known_at.copy()  # type: ignore[union-attr]
    known[-1] -= 3600 * 10**6

    assert judged(CLOCK, replace(found, known_at=known)).value == 3600


def test_a_session_on_a_weekend_is_skewed_where_markets_close() -> None:
    saturday = [*SESSIONS[:-5], to_micros(at("2026-11-14T13:15"))]

    assert judged(CLOCK, columns(saturday)).status is Status.FAIL
    always = DATASET._replace(calendar="24/7")
    assert judged(CLOCK, columns(saturday), dataset=always).status is Status.PASS


@pytest.mark.parametrize(
    ("dataset_says", "values_say", "status"),
    [
        (False, False, Status.PASS),
        (True, True, Status.PASS),
        (False, True, Status.FAIL),
        (True, False, Status.FAIL),
    ],
)
def test_simulated_values_are_not_shown_as_real_nor_real_ones_as_simulated(
    dataset_says: bool,  # noqa: FBT001  # two sides that agree or don't
    values_say: bool,  # noqa: FBT001
    status: Status,
) -> None:
    found = columns(SESSIONS, walk().tolist())
    flags = np.full(len(SESSIONS), int(Flag.SIMULATED) if values_say else 0)

    result = judged(SIMULATED, replace(found, flags=flags), dataset=DATASET._replace(simulated=dataset_says))

    assert result.status is status
