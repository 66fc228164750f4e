"""The one way into the store, on real rates, on both engines."""

from tests.factories.sources.ingesting import ingest

from mktdash.domain.clock import system_clock
from mktdash.providers.ecb.client import EcbProvider, recorded_history
from mktdash.store.catalogue.datasets import dataset_by_key
from mktdash.store.catalogue.series import series_by_symbol, series_of_dataset
from mktdash.store.engine.session import read_transaction
from mktdash.store.series.latest import latest_by_series_ids
from mktdash.store.series.reading import read_chunk_digests, read_columns, snapshot_id


async def test_the_whole_ecb_history_is_stored_once_and_a_second_run_adds_nothing(engine):
    provider = EcbProvider()
    payload = recorded_history(system_clock)
    first = await ingest(engine, payload, provider, now=system_clock(), run_id="a")
    second = await ingest(engine, payload, provider, now=system_clock(), run_id="b")
    assert (first.new, first.revised, first.same, first.retracted, first.rejected) == (221_702, 0, 0, 0, 0)
    assert (second.new, second.revised, second.same, second.retracted, second.rejected) == (0, 0, 221_702, 0, 0)
    assert (first.version, second.version) == (1, 1)


async def test_a_series_reads_back_as_published(ecb_engine):
    async with read_transaction(ecb_engine) as conn:
        series = await series_by_symbol(conn, "EURUSD")
        columns = await read_columns(conn, series)
        latest = (await latest_by_series_ids(conn, [series.id]))[series.id]
    # The ECB's reference rates of 1999-01-04 and 2026-10-30.
    assert (len(columns), columns.value[0], columns.value[-1]) == (7126, 1.1789, 1.1172)
    assert (latest.n, latest.value, latest.previous_value) == (7126, 1.1172, 1.113)


async def test_the_snapshot_of_the_ecb_history_is_the_same_on_every_engine(ecb_engine):
    async with read_transaction(ecb_engine) as conn:
        dataset = await dataset_by_key(conn, "ecb-reference-rates")
        series = await series_of_dataset(conn, dataset.key)
        now = snapshot_id(await read_chunk_digests(conn, series))
        then = snapshot_id(await read_chunk_digests(conn, series, as_known_at=dataset.known_at))
    assert now == then == "614eed1709a161d942521bc16b72c5a13a8f5e3aa07a474a23363716e80771bf"
