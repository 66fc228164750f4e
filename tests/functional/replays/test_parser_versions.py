"""Each batch is reparsed by its own parser version; one whose version is gone says so and is left alone."""

import asyncio
import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import ScriptedProvider, scripted

from mktdash.domain.clock import to_micros
from mktdash.domain.errors import NotFoundError
from mktdash.ingest.reparse import current_parser
from mktdash.ingest.replay import replay_from_raw
from mktdash.ingest.verify import check_against_raw
from mktdash.providers import registry
from mktdash.providers.base import RawPayload
from mktdash.providers.csv.client import CsvProvider
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.store.batches.batches import last_batches
from mktdash.store.catalogue.series import series_of_dataset
from mktdash.store.engine.session import open_engine, read_transaction, write_transaction
from mktdash.store.series.reading import read_chunk_digests, read_columns, snapshot_id

START = datetime(2024, 6, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
FILE = "Date;A;B\n2024-01-02;1,5;100\n2024-01-03;2,5;200\n"


def mapping(**differing):
    said = {"dataset": "recipes", "date": "Date", "symbol": "AAA", "value": "A", "delimiter": ";", "decimal": ","}
    return CsvMapping.model_validate(said | differing)


async def ingest_file(engine, hours, body, how, *, whole=False):
    known_at = START + timedelta(hours=hours)
    payload = RawPayload("recipes", body.encode(), "file:recipes.csv", known_at, known_at)
    return await ingest(engine, payload, CsvProvider(how), now=NOW, replace_window=whole)


async def known(engine):
    async with read_transaction(engine) as conn:
        (series,) = await series_of_dataset(conn, "recipes")
        return (await read_columns(conn, series)).value.tolist()


async def differences_from_raw(engine, dataset="recipes", candidate=None):
    async with read_transaction(engine) as conn:
        return [f"{one.place}: {one.difference}" for one in await check_against_raw(conn, dataset, candidate=candidate)]


# What differs in how a file may be read: the column, the mark of decimals, what stands for nothing.
MAPPINGS = st.sampled_from(
    [
        mapping(),
        mapping(value="B"),
        mapping(decimal=".", thousands=","),
        mapping(missing=("1,5",)),
    ]
)
CELLS = st.sampled_from(["1,5", "2,5", "100", "oops", ""])
FILES = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.dictionaries(st.integers(1, 9), st.tuples(CELLS, CELLS), max_size=5),
        MAPPINGS,
        st.booleans(),
    ),
    min_size=2,
    max_size=6,
    unique_by=lambda one: one[0],
)


@pytest.mark.parametrize("name", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_random_files_and_mappings_told_in_any_order_give_the_same_knowledge(name, databases):
    @settings(max_examples=int(os.environ.get("MKTDASH_EXAMPLES", "12")), deadline=None)
    @given(files=FILES, data=st.data())
    def holds(files, data):
        asyncio.run(check(files, data.draw(st.permutations(files))))

    async def check(files, shuffled):
        found = []
        for order in (sorted(files, key=lambda one: one[0]), shuffled):
            url = await databases.make(name, "empty")
            engine = open_engine(url)
            try:
                for hours, rows, how, whole in order:
                    body = "Date;A;B\n" + "".join(f"2024-01-{day:02d};{a};{b}\n" for day, (a, b) in rows.items())
                    await ingest_file(engine, hours, body, how, whole=whole)
                assert await differences_from_raw(engine) == []
                async with read_transaction(engine) as conn:
                    series = await series_of_dataset(conn, "recipes")
                    history = [
                        (
                            await read_columns(conn, one, as_known_at=to_micros(START + timedelta(hours=hours)))
                        ).value.tolist()
                        for one in series
                        for hours, *_ in sorted(files, key=lambda one: one[0])
                    ]
                    found.append((snapshot_id(await read_chunk_digests(conn, series)), history))
            finally:
                await engine.dispose()
                databases.drop(url)
        assert found[0] == found[1]

    holds()


@pytest.fixture
async def two_parser_versions(engine, monkeypatch):
    """A file read by a reading that is gone since."""
    await ingest_file(engine, 2, FILE, mapping())
    monkeypatch.setattr(registry, "_OWN_VERSION", {"csv": 2})
    return engine


async def test_a_late_file_is_refused_where_a_later_one_cannot_be_read_as_it_was(two_parser_versions):
    with pytest.raises(
        NotFoundError, match=r"batch 1 of recipes .*2024-06-01T02.* version 1.1 of the csv parser, .* has 1.2"
    ):
        await ingest_file(two_parser_versions, 1, FILE, mapping(value="B"))
    assert await known(two_parser_versions) == [1.5, 2.5]
    async with read_transaction(two_parser_versions) as conn:
        assert len(await last_batches(conn, "recipes", 9)) == 1
    # What comes after it does not need it.
    await ingest_file(two_parser_versions, 3, FILE, mapping(value="B"))
    assert await known(two_parser_versions) == [100.0, 200.0]


async def test_a_replay_leaves_such_a_batch_alone_until_it_is_asked_for_the_current_parsers(two_parser_versions):
    with pytest.raises(NotFoundError, match="replay --current-parsers"):
        [_ async for _ in replay_from_raw(two_parser_versions, since=0, clock=lambda: NOW)]
    (problem,) = await differences_from_raw(two_parser_versions)
    assert problem.startswith("dataset recipes: batch 1 of recipes")
    (report,) = [one async for one in replay_from_raw(two_parser_versions, current_parser, since=0, clock=lambda: NOW)]
    assert (report.batches, report.revised) == (1, 0)
    async with read_transaction(two_parser_versions) as conn:
        assert (await last_batches(conn, "recipes", 1))[0].parser["reading"] == "1.2"
    assert await differences_from_raw(two_parser_versions) == []
    await ingest_file(two_parser_versions, 1, FILE, mapping(value="B"))
    assert await known(two_parser_versions) == [1.5, 2.5]


PARSER = "UPDATE ingest_batch SET parser = "
UNKNOWN = {
    "validated against observation.v9": "UPDATE ingest_batch SET contract = 'observation.v9'",
    "mapping that this version": PARSER + """'{"source": "csv", "reading": "1.1", "mapping": {}}'""",
    "unknown source 'gone'": PARSER + """'{"source": "gone", "reading": "1.1"}'""",
    "version 0 of the csv parser": PARSER + """'{"source": "csv"}'""",
}


@pytest.mark.parametrize("said", UNKNOWN)
async def test_a_contract_a_mapping_or_a_source_that_is_unknown_now_is_no_parser(engine, said):
    await ingest_file(engine, 2, FILE, mapping())
    async with write_transaction(engine) as conn:
        await conn.exec_driver_sql(UNKNOWN[said])
    with pytest.raises(NotFoundError, match=said):
        await ingest_file(engine, 1, FILE, mapping(value="B"))


async def test_the_check_names_values_that_their_raw_bytes_do_not_say(engine):
    provider = ScriptedProvider()
    for hour, said in enumerate([{1: 1.0, 2: 2.0}, {2: 2.5, 3: 3.0}]):
        await ingest(engine, scripted({"AAA": said}, START + timedelta(hours=hour)), provider, now=NOW)
    assert await differences_from_raw(engine, "scripted-daily", provider) == []
    damage = {
        "UPDATE observation SET value = 9 WHERE value = 3": "is value 9.0, flags 0 (known 2024-06-01T01:00:00Z), its",
        "UPDATE observation SET known_at = known_at + 1 WHERE value = 1": "give value 1.0, flags 0 (known 2024-06-01",
        "DELETE FROM observation WHERE value = 3": "is nothing, its raw bytes give value 3.0",
        "UPDATE observation_revision SET value = 9": "until 2024-06-01T01:00:00Z: is value 9.0",
        "DELETE FROM observation_revision": "is nothing, its raw bytes give value 2.0",
    }
    for statement, said in damage.items():
        async with engine.connect() as conn:
            await conn.execution_options(mktdash_writer=True)
            await conn.execute(text(statement))
            problems = [
                one.place + ": " + one.difference
                for one in await check_against_raw(conn, "scripted-daily", candidate=provider)
            ]
            await conn.rollback()
        assert any(said in one for one in problems), (statement, problems)
