"""Every read as of an instant equals a naive model, whatever was revised, withdrawn, repeated, late or interrupted."""

import asyncio
import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import ScriptedProvider, day, scripted

from mktdash.domain.clock import to_micros
from mktdash.ingest import pipeline
from mktdash.store.batches.batches import provenance_of
from mktdash.store.catalogue.series import series_of_dataset
from mktdash.store.engine.session import open_engine, read_transaction
from mktdash.store.series.reading import read_chunk_digests, read_columns, snapshot_id

START = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)

# Days over three years, so that chunk periods are crossed; few values, so that equal ones repeat.
DAYS = st.integers(0, 1000)
POINTS = st.dictionaries(DAYS, st.sampled_from([1.0, 2.0, 3.5]), max_size=8)
STATEMENTS = st.lists(
    st.tuples(
        st.integers(0, 30),  # known at: hours after the start
        st.dictionaries(st.sampled_from(["AAA", "BBB"]), POINTS, min_size=1),
        st.sampled_from(["add", "replace", "crash"]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda one: one[0],
)


def modelled(statements, instant):
    """What is known at an instant: the statements up to it, in their own order, one after the other."""
    known = {}
    for at, said, kind in sorted(statements, key=lambda one: one[0]):
        if kind == "crash" or at > instant:
            continue
        for alias, points in said.items():
            if kind == "replace":
                known[alias] = {}
            known[alias] = known.get(alias, {}) | points
    return {alias: points for alias, points in known.items() if points}


class CrashError(Exception):
    """Stands for a process killed before its commit."""


async def ingest_statements(engine, statements, monkeypatch):
    for at, said, kind in statements:
        payload = scripted(said, START + timedelta(hours=at))
        with monkeypatch.context() as patched:
            if kind == "crash":

                async def crash(*_args, **_facts):
                    raise CrashError

                patched.setattr(pipeline, "announce", crash)
            telling = ingest(engine, payload, now=NOW, run_id="model", replace_window=kind == "replace")
            if kind == "crash":
                with pytest.raises(CrashError):
                    await telling
            else:
                await telling


async def read_all(engine, instant):
    async with read_transaction(engine) as conn:
        found = {}
        for series in await series_of_dataset(conn, "scripted-daily"):
            columns = await read_columns(
                conn, series, as_known_at=None if instant is None else to_micros(START + timedelta(hours=instant))
            )
            if len(columns):
                found[series.symbol] = dict(zip(columns.as_of.tolist(), columns.value.tolist(), strict=True))
        return found


def by_instant(modelled_points):
    return {alias: {day(n): value for n, value in sorted(points.items())} for alias, points in modelled_points.items()}


@pytest.mark.parametrize("engine_name", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_reads_as_known_at_equal_a_naive_model_and_order_of_arrival_leaves_no_trace(
    engine_name, databases, monkeypatch
):
    @settings(
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        max_examples=int(os.environ.get("MKTDASH_EXAMPLES", "25")),
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(statements=STATEMENTS, data=st.data())
    def holds(statements, data):
        asyncio.run(check(statements, data.draw(st.permutations(statements))))

    async def check(statements, shuffled):
        ids = []
        for order in (sorted(statements, key=lambda one: one[0]), shuffled):
            url = await databases.make(engine_name, "empty")
            engine = open_engine(url)
            try:
                await ingest_statements(engine, order, monkeypatch)
                for instant in [None, *sorted({at for at, _, _ in statements})]:
                    expected = by_instant(modelled(statements, 10**6 if instant is None else instant))
                    assert await read_all(engine, instant) == expected
                ids.append(await snapshot(engine))
            finally:
                await engine.dispose()
                databases.drop(url)
        assert ids[0] == ids[1]

    holds()


async def snapshot(engine):
    async with read_transaction(engine) as conn:
        return snapshot_id(await read_chunk_digests(conn, await series_of_dataset(conn, "scripted-daily")))


async def test_an_end_that_was_withdrawn_and_is_said_again_outlives_a_change_before_it(engine, monkeypatch):
    statements = [
        (1, {"AAA": {366: 1.0}}, "add"),
        (2, {"AAA": {0: 2.0}}, "replace"),
        (3, {"AAA": {366: 1.0}}, "add"),
        (4, {"AAA": {0: 1.0}}, "add"),
    ]
    await ingest_statements(engine, statements, monkeypatch)
    for instant in (None, 1, 2, 3, 4):
        assert await read_all(engine, instant) == by_instant(modelled(statements, instant or 5))


async def test_a_revised_number_names_the_batch_that_brought_each_version(engine):
    provider = ScriptedProvider()
    for hour, value in ((0, 1.0), (1, 2.0)):
        await ingest(
            engine, scripted({"AAA": {5: value}}, START + timedelta(hours=hour)), provider, now=NOW, run_id=f"run{hour}"
        )
    async with read_transaction(engine) as conn:
        (series,) = await series_of_dataset(conn, "scripted-daily")
        now = await provenance_of(conn, series, day(5))
        then = await provenance_of(conn, series, day(5), to_micros(START))
    assert (now.value, now.batch.run_id, now.superseded_at) == (2.0, "run1", None)
    assert (then.value, then.batch.run_id, then.superseded_at) == (1.0, "run0", to_micros(START + timedelta(hours=1)))


async def test_several_values_told_at_one_instant_leave_the_last_and_no_trace_between(engine):
    for value in (1.0, 2.0, 3.0, 4.0):
        await ingest(engine, scripted({"AAA": {5: value}}, START), now=NOW)
    assert await read_all(engine, None) == await read_all(engine, 0) == {"AAA": {day(5): 4.0}}
    assert await read_all(engine, -1) == {}
