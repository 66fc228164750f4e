"""Reads one series as a query wants it: in one transaction, and nothing that was not asked for."""

from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.observation import Columns
from mktdash.graphql.columns.downsample import Downsample, thin_out
from mktdash.graphql.columns.encoded_chunks import COLUMNS
from mktdash.graphql.columns.points import ObservationType, PointsType, flag_counts, named_counts
from mktdash.graphql.context import Info
from mktdash.graphql.cost_charging import note_size
from mktdash.graphql.instruments.types import InstrumentType
from mktdash.graphql.quality.dataset import DatasetType
from mktdash.graphql.selected_fields import asked
from mktdash.graphql.series.types import SeriesType
from mktdash.store.catalogue.series_lookup import SeriesDetails
from mktdash.store.series.latest import latest_by_series_ids
from mktdash.store.series.reading import read_chunk_digests, read_columns, snapshot_id

_NO_POINTS = PointsType.from_columns(Columns.empty())


async def read_history(
    info: Info,
    conn: AsyncConnection,
    found: SeriesDetails,
    *,
    start: int | None,
    end: int | None,
    as_known_at: int | None,
    most: int | None,
    how: Downsample,
) -> SeriesType:
    """A series with what the query asks of it; ``start`` and ``end`` (microseconds) are both included.

    Fields not asked for hold a neutral value, which nobody sees.
    """
    row = found.series
    wanted = asked(info)
    info.context.saw(row.dataset)
    fields = asked(info, "points") & COLUMNS
    counted = "flagCounts" in asked(info, "quality")
    latest = None
    points, flags = _NO_POINTS, {}
    if as_known_at is None and most is None:
        if "points" in wanted or counted:
            encoded = await info.context.services.encoded_chunks.read_points(conn, row, fields, start=start, end=end)
            points, flags = PointsType.from_encoded(encoded), named_counts(encoded.masks)
    elif "points" in wanted or counted or "latest" in wanted:
        whole = as_known_at is not None and "latest" in wanted
        within = (None, None) if whole else (start, end)
        columns = await read_columns(conn, row, start=within[0], end=within[1], as_known_at=as_known_at)
        if whole:
            latest = ObservationType.from_columns(row.id, columns, row.timezone)
            columns = columns.between(start, end)
        thinned = columns if most is None else thin_out(columns, most, how)
        points = PointsType.from_columns(thinned, None if thinned is columns else len(columns))
        flags = flag_counts(columns) if counted else {}
    if as_known_at is None and "latest" in wanted:
        newest = (await latest_by_series_ids(conn, [row.id])).get(row.id)
        latest = None if newest is None else ObservationType.from_row(newest, row.timezone)
    snapshot = ""
    if "snapshotId" in wanted:
        snapshot = snapshot_id(await read_chunk_digests(conn, [row], as_known_at=as_known_at))
    return _series(info, found, points, flags=flags, latest=latest, snapshot=snapshot)


def _series(
    info: Info,
    found: SeriesDetails,
    points: PointsType,
    *,
    flags: dict[str, int] | None = None,
    latest: ObservationType | None = None,
    snapshot: str = "",
) -> SeriesType:
    note_size(info, points.count)
    return SeriesType.from_row(
        found.series,
        instrument=InstrumentType.from_row(found.instrument),
        dataset=DatasetType.from_row(found.dataset),
        snapshot=snapshot,
        latest=latest,
        points=points,
        flags=flags or {},
    )
