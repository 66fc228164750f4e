"""The load gate: a short run of it passes, a planted slowdown fails it, and so does each thing that it judges."""

import asyncio
import sys
from dataclasses import replace
from math import inf

import pytest
from ops.load.driver import drive, get
from ops.load.gate import Measured, budget, judge
from ops.load.reads import QUERIES
from ops.load.run import measure
from ops.load.servers import static

SHORT = {"readers": 3, "seconds": 3.0, "rounds": 5, "tries": 5, "writes_per_second": 4}
FINE = Measured("SQLite", "series", p95=0.004, static_p95=0.001, errors=0, answers=500, rate=900.0)


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_a_short_run_is_within_the_budget(engine, make_database, redis_url, tmp_path):
    url = await make_database(engine, "empty")

    found = await measure_in_thread(engine, url, redis_url, tmp_path)

    assert {one.read for one in found} == {*QUERIES, "mixed"}
    # Beside a static answer: how fast this machine is in milliseconds says nothing of the code.
    allowed = budget()
    allowed["every"]["p95_ms"] = inf
    assert [sentence for one in found for sentence in judge(one, allowed)] == []


async def test_a_planted_slowdown_fails_the_gate(make_database, redis_url, tmp_path):
    url = await make_database("sqlite", "empty")
    command = (sys.executable, "-m", "tests.factories.web.slow")

    found = await measure_in_thread(
        "sqlite", url, redis_url, tmp_path, reads=("series", "watchlist"), command=command, rounds=3, tries=1
    )

    over = [judge(one, budget()) for one in found]
    assert len(over) == 2
    assert all(any("p95" in sentence and "400 ms" in sentence for sentence in one) for one in over)
    assert all(any("static answers" in sentence for sentence in one) for one in over)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"p95": 0.4, "static_p95": 0.1}, "p95 400 ms, allowed 400 ms"),
        ({"p95": 0.031}, "p95 is 31.0 static answers of its size, allowed 30"),
        ({"errors": 1}, "0.20% errors, allowed 0.00%"),
        ({"answers": 0}, "no answer at all"),
    ],
)
def test_each_thing_over_budget_is_a_sentence(change, said):
    assert judge(FINE, budget()) == []
    assert judge(replace(FINE, **change), budget()) == [f"series on SQLite: {said}"]


def test_every_read_has_a_budget():
    assert set(budget()["reads"]) == {*QUERIES, "mixed"}


def test_load_goes_to_this_machine_only():
    with pytest.raises(ValueError, match="not this machine"):
        drive(("192.0.2.1", 80), [get("/")], connections=1, seconds=0.1)


def test_the_driver_counts_whole_answers_and_bad_ones(tmp_path):
    with static(b"x" * 300_000, tmp_path) as address:
        tally = drive(address, [get("/")], connections=3, seconds=inf, most=30, good=lambda body: len(body) == 300_000)
        bad = drive(address, [get("/")], connections=1, seconds=inf, most=5, good=lambda _: False)

    assert (len(tally.latencies), tally.errors) == (30, 0)
    assert (len(bad.latencies), bad.errors) == (5, 5)
    assert 0 < tally.quantile(0.5) <= tally.quantile(0.95)


async def measure_in_thread(engine, url, redis_url, home, *, reads=(), command=None, **profile):
    allowed = budget() | {"profile": SHORT | profile}
    # The gate is a command: it brings its own loops.
    return await asyncio.to_thread(measure, engine, url, redis_url, home, allowed, reads=reads, command=command)
