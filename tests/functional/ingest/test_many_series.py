"""Thousands of series in one file: every way through the store takes them, and no statement grows with them.

The hook in ``tests/conftest.py`` fails a statement of more than 2,000 parameters, so a few more series than that show
what 40,000 would; ``MKTDASH_SERIES=40000`` takes them all, in some minutes.
"""

import os
from datetime import UTC, datetime

from tests.factories.sources.ingesting import ingest
from tests.factories.web.application import resources_over, web_over

from mktdash.ingest.replay import replay_from_raw
from mktdash.ingest.verify import check_against_raw
from mktdash.providers.base import RawPayload
from mktdash.providers.csv.client import CsvProvider
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.quality.runner import run_quality
from mktdash.store.batches.absences import absences_by_series_ids
from mktdash.store.catalogue.series import series_of_dataset
from mktdash.store.engine.session import read_transaction
from mktdash.store.series.check import check_links, check_series
from mktdash.store.series.latest import latest_by_series_ids
from mktdash.store.series.reading import read_chunk_digests, read_recent, snapshot_id
from mktdash.store.series.revisions import revisions_page

MANY = int(os.environ.get("MKTDASH_SERIES", "2500"))
NOW = datetime(2024, 1, 5, tzinfo=UTC)
MAPPING = CsvMapping.model_validate(
    {"dataset": "many", "date": "Date", "symbol_column": "Symbol", "value": "Close", "missing": ["-"]}
)


async def give(engine, rows, day, *, whole=False):
    body = "Date,Symbol,Close\n" + "".join(
        f"{date},MANY{n},{value}\n" for n in range(MANY) for date, value in rows.items()
    )
    known_at = NOW.replace(day=day)
    payload = RawPayload("many", body.encode(), "file:many.csv", known_at, known_at)
    return await ingest(engine, payload, CsvProvider(MAPPING), now=NOW, replace_window=whole)


def counts(report):
    return report.new, report.revised, report.same, report.retracted


async def test_every_way_through_the_store_takes_thousands_of_series(engine):
    first = await give(engine, {"2024-01-01": 1.5, "2024-01-02": 2.5}, 3)
    assert counts(first) == (2 * MANY, 0, 0, 0)
    assert counts(await give(engine, {"2024-01-01": 1.5, "2024-01-02": 2.5}, 3)) == (0, 0, 2 * MANY, 0)
    # A revision, a withdrawal, an instant that is declared empty; and a file that comes late.
    assert counts(await give(engine, {"2024-01-01": 9, "2024-01-03": "-"}, 4, whole=True)) == (0, MANY, 0, MANY)
    assert counts(await give(engine, {"2024-01-02": 7}, 2)) == (MANY, 0, 0, 0)
    (replayed,) = [one async for one in replay_from_raw(engine, since=0, clock=lambda: NOW)]
    assert (replayed.batches, replayed.snapshot_before == replayed.snapshot_after) == (4, True)

    (run,) = await run_quality(engine, clock=lambda: NOW, code_sha="c", datasets=["many"])
    assert not [one for one in run.results if "error" in one.evidence]
    async with read_transaction(engine) as conn:
        series = await series_of_dataset(conn, "many")
        ids = [one.id for one in series]
        assert len(ids) == len(await latest_by_series_ids(conn, ids)) == len(await read_recent(conn, series, 5)) == MANY
        assert (await revisions_page(conn, ids)).total == 3 * MANY
        assert len(await absences_by_series_ids(conn, ids, 0, 1 << 60)) == MANY
        assert snapshot_id(await read_chunk_digests(conn, series)) == replayed.snapshot_after
        assert await check_links(conn) == await check_against_raw(conn, "many") == []
        assert [problem for one in ids[:: max(1, MANY // 100)] for problem in await check_series(conn, one)] == []
    async with web_over(resources_over(engine)) as web:
        asked = "instruments(first: 50) { totalCount edges { node { series { latest { value } } } } }"
        answer = (await web.ask(f"{{ {asked} datasets {{ key seriesCount }} }}"))["data"]
    assert answer["instruments"]["totalCount"] == answer["datasets"][0]["seriesCount"] == MANY
