"""The snapshot a report is built from: which data, named by their hash, and what else the report will show of them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import NotFoundError
from mktdash.quality.ageing import as_of_now
from mktdash.quality.overview import dataset_status
from mktdash.reports.base import Selection
from mktdash.store.catalogue.datasets import DatasetRow, dataset_by_key
from mktdash.store.catalogue.instruments import instrument_by_symbol, instruments_by_ids
from mktdash.store.catalogue.series import SeriesRow, series_by_instrument_ids
from mktdash.store.jobs.snapshots import DatasetState, SnapshotRow, insert_snapshot
from mktdash.store.quality.verdicts import DqRow, latest_results
from mktdash.store.series.reading import ChunkDigest, read_chunk_digests, snapshot_id

_MOST_MISSING = 12


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot as taken for one run.

    Attributes:
        id: the hash over the chunk digests; equal data, equal id.
        facts: JSON-ready: the selection's own, the series by natural key, the datasets with their verdicts. All that a
            report shows besides observations, so that it can be rebuilt when names or verdicts have moved on.
    """

    id: str
    taken_at: int
    datasets: tuple[DatasetState, ...]
    digests: tuple[ChunkDigest, ...]
    facts: dict[str, Any]


async def take_snapshot(conn: AsyncConnection, selection: Selection, now: int) -> Snapshot:
    """The data selected, as they are in this read transaction; ``now`` in microseconds UTC."""
    keys = sorted({one.dataset for one in selection.series})
    datasets = [await dataset_by_key(conn, key) for key in keys]
    verdicts = {key: as_of_now((await latest_results(conn, key)).get(key, {}), now) for key in keys}
    digests = tuple(await read_chunk_digests(conn, selection.series))
    names = await instruments_by_ids(conn, [one.instrument_id for one in selection.series])
    facts = {
        **selection.facts,
        "series": [
            {
                "key": one.key,
                "name": names[one.instrument_id].spec.name,
                "asset_class": names[one.instrument_id].spec.asset_class,
            }
            for one in selection.series
        ],
        "datasets": [_dataset_facts(row, list(verdicts[row.key].values())) for row in datasets],
    }
    states = tuple(DatasetState(row.key, row.version, row.known_at) for row in datasets)
    return Snapshot(snapshot_id(digests), now, states, digests, facts)


async def store_snapshot(conn: AsyncConnection, snapshot: Snapshot) -> None:
    """Keep a snapshot's digests under its id."""
    await insert_snapshot(conn, SnapshotRow(snapshot.id, snapshot.taken_at, snapshot.datasets, snapshot.digests))


async def series_by_key(conn: AsyncConnection, key: str) -> SeriesRow:
    """A series of a snapshot's facts.

    Raises:
        NotFoundError: it is gone.
    """
    instrument = await instrument_by_symbol(conn, key.split("|", 1)[0])
    for series in (await series_by_instrument_ids(conn, [instrument.id])).get(instrument.id, []):
        if series.key == key:
            return series
    raise NotFoundError(f"the series {key!r} is not there any more", series=key)


def _dataset_facts(row: DatasetRow, verdicts: list[DqRow]) -> dict[str, Any]:
    missing = [gap for verdict in verdicts for gap in verdict.evidence.get("missing", [])]
    # The longer window repeats what the shorter one lists.
    distinct = {(gap["session"], gap["reason"]): gap for gap in missing}
    newest_first = sorted(distinct, reverse=True)[:_MOST_MISSING]
    return {
        "key": row.key,
        "title": row.title,
        "source": row.source,
        "licence": row.licence,
        "simulated": row.simulated,
        "version": row.version,
        "known_at": row.known_at,
        "status": dataset_status({verdict.metric: verdict for verdict in verdicts}),
        "quality": [
            {
                "metric": verdict.metric,
                "status": verdict.status,
                "summary": verdict.summary,
                "run_at": verdict.run_at,
            }
            for verdict in verdicts
        ],
        "missing": [
            {
                "session": session,
                "reason": reason,
                "series": distinct[session, reason]["series"],
                "symbols": distinct[session, reason]["symbols"],
            }
            for session, reason in newest_first
        ],
    }
