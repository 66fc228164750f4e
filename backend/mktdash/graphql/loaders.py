"""Value-by-key loaders: whatever a query asks of a page of things is read in a fixed number of statements."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from strawberry.dataloader import DataLoader

from mktdash.domain.observation import Columns
from mktdash.graphql.context import RequestContext
from mktdash.quality.expected.missing import MissingSession
from mktdash.quality.quoted import read_quoting
from mktdash.quality.runner import missing_sessions
from mktdash.store.catalogue.datasets import dataset_by_key, dataset_counts, newest_as_of
from mktdash.store.catalogue.endings import Ending, endings_by_datasets
from mktdash.store.catalogue.instruments import (
    AliasRow,
    SeriesRow,
    aliases_by_instrument_ids,
    series_by_instrument_ids,
)
from mktdash.store.jobs.runs import ArtifactRow, artifacts_by_run_ids
from mktdash.store.quality.verdicts import DqRow, histories, latest_results
from mktdash.store.series.latest import LatestRow, latest_by_series_ids
from mktdash.store.series.reading import read_recent

LoaderT = TypeVar("LoaderT", bound=DataLoader[Any, Any])


class AliasesByInstrumentIdLoader(DataLoader[int, list[AliasRow]]):
    """What sources call instruments."""

    def __init__(self, context: RequestContext) -> None:
        async def load(ids: list[int]) -> list[list[AliasRow]]:
            async with context.read() as conn:
                found = await aliases_by_instrument_ids(conn, ids)
            return [found.get(one, []) for one in ids]

        super().__init__(load_fn=load)


class SeriesByInstrumentIdLoader(DataLoader[int, list[SeriesRow]]):
    """The series of instruments."""

    def __init__(self, context: RequestContext) -> None:
        async def load(ids: list[int]) -> list[list[SeriesRow]]:
            async with context.read() as conn:
                found = await series_by_instrument_ids(conn, ids)
            for dataset in {row.dataset for rows in found.values() for row in rows}:
                context.saw(dataset)
            return [found.get(one, []) for one in ids]

        super().__init__(load_fn=load)


class LatestBySeriesIdLoader(DataLoader[int, LatestRow | None]):
    """The newest observation of series."""

    def __init__(self, context: RequestContext) -> None:
        async def load(ids: list[int]) -> list[LatestRow | None]:
            async with context.read() as conn:
                found = await latest_by_series_ids(conn, ids)
            return [found.get(one) for one in ids]

        super().__init__(load_fn=load)


class RecentBySeriesLoader(DataLoader[tuple[SeriesRow, int], Columns]):
    """The last points of series, by series and how many."""

    def __init__(self, context: RequestContext) -> None:
        async def load(keys: list[tuple[SeriesRow, int]]) -> list[Columns]:
            found: dict[tuple[int, int], Columns] = {}
            async with context.read() as conn:
                for last in sorted({last for _, last in keys}):
                    wanted = [series for series, n in keys if n == last]
                    for series_id, columns in (await read_recent(conn, wanted, last)).items():
                        found[series_id, last] = columns
            return [found.get((series.id, last)) or Columns.empty() for series, last in keys]

        super().__init__(load_fn=load)


class QuotedBySeriesLoader(DataLoader[SeriesRow, bool]):
    """Whether series are still quoted."""

    def __init__(self, context: RequestContext) -> None:
        async def load(series: list[SeriesRow]) -> list[bool]:
            async with context.read() as conn:
                quoting = await read_quoting(conn, {one.dataset for one in series})
                latest = await latest_by_series_ids(conn, [one.id for one in series])
            return [quoting.is_quoted(one, latest.get(one.id)) for one in series]

        super().__init__(load_fn=load)


class CountsByDatasetLoader(DataLoader[str, tuple[int, int]]):
    """How many series and observations datasets have."""

    def __init__(self, context: RequestContext) -> None:
        async def load(keys: list[str]) -> list[tuple[int, int]]:
            async with context.read() as conn:
                found = await dataset_counts(conn)
            return [found.get(key, (0, 0)) for key in keys]

        super().__init__(load_fn=load)


class NewestByDatasetLoader(DataLoader[str, int | None]):
    """The newest instant that any series of a dataset has a value of, microseconds."""

    def __init__(self, context: RequestContext) -> None:
        async def load(keys: list[str]) -> list[int | None]:
            async with context.read() as conn:
                found = await newest_as_of(conn)
            return [found.get(key) for key in keys]

        super().__init__(load_fn=load)


class EndingsByDatasetLoader(DataLoader[str, list[Ending]]):
    """What has ended of datasets."""

    def __init__(self, context: RequestContext) -> None:
        async def load(keys: list[str]) -> list[list[Ending]]:
            async with context.read() as conn:
                found = await endings_by_datasets(conn, keys)
            return [found.get(key, []) for key in keys]

        super().__init__(load_fn=load)


class VerdictsByDatasetLoader(DataLoader[str, Mapping[str, DqRow]]):
    """The last verdict of each check of datasets, by metric; there are few datasets, so all are read."""

    def __init__(self, context: RequestContext) -> None:
        async def load(keys: list[str]) -> list[Mapping[str, DqRow]]:
            async with context.read() as conn:
                found = await latest_results(conn)
            return [found.get(key, {}) for key in keys]

        super().__init__(load_fn=load)


class HistoryByMetricLoader(DataLoader[tuple[str, str, int], list[DqRow]]):
    """The last verdicts, newest first, by dataset, metric and how many; one statement for all of a page."""

    def __init__(self, context: RequestContext) -> None:
        async def load(keys: list[tuple[str, str, int]]) -> list[list[DqRow]]:
            wanted = {(dataset, metric) for dataset, metric, _ in keys}
            async with context.read() as conn:
                found = await histories(conn, wanted, max(n for _, _, n in keys))
            return [found.get((dataset, metric), [])[:n] for dataset, metric, n in keys]

        super().__init__(load_fn=load)


class MissingByDatasetLoader(DataLoader[str, list[MissingSession]]):
    """The sessions that the series of datasets lack, newest first, with their reasons."""

    def __init__(self, context: RequestContext) -> None:
        async def load(keys: list[str]) -> list[list[MissingSession]]:
            now = context.services.clock()
            async with context.read() as conn:
                return [await missing_sessions(conn, await dataset_by_key(conn, key), now) for key in keys]

        super().__init__(load_fn=load)


class ArtifactsByRunIdLoader(DataLoader[str, list[ArtifactRow]]):
    """The finished files of runs, without their bytes."""

    def __init__(self, context: RequestContext) -> None:
        async def load(ids: list[str]) -> Sequence[list[ArtifactRow]]:
            async with context.read() as conn:
                found = await artifacts_by_run_ids(conn, ids)
            return [found[one] for one in ids]

        super().__init__(load_fn=load)


def loader(context: RequestContext, kind: Callable[[RequestContext], LoaderT]) -> LoaderT:
    """The operation's own loader of a kind: one of the classes above."""
    found: LoaderT | None = context.loaders.get(kind)
    if found is None:
        found = context.loaders[kind] = kind(context)
    return found
