"""Checks stored values against raw bytes: every batch is reparsed in memory, by its own parser version.

Chunks and latest repeat the rows (``store.series.check``); this is about the rows themselves. Nothing is written, so
readers and writers may go on meanwhile.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import orjson
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.clock import iso
from mktdash.domain.errors import MktdashError
from mktdash.domain.observation import BAR_FIELDS, Columns, Int64Array
from mktdash.ingest.accept import Accepted, accept
from mktdash.ingest.batch import series_specs
from mktdash.ingest.difference import compare
from mktdash.ingest.reparse import dataset_of, key_of, original_parser, reparse
from mktdash.providers.base import Parsed, Provider
from mktdash.store.batches.batches import ALL_TIME, BatchRow, batches_after
from mktdash.store.catalogue.registration import Known, known_series
from mktdash.store.catalogue.series import SeriesRow, series_of_dataset
from mktdash.store.series.check import Problem, revisions_by_series, rows_by_series

# So many series of a dataset are in memory at a time; its batches are reparsed once for each so many.
_SERIES_AT_ONCE = 5_000
_ROWS_AT_ONCE = 50_000
_NAMED = 5
_FIELDS = ("value", *BAR_FIELDS, "flags", "known_at")
_Row = tuple[float | None, ...]


@dataclass
class _Expected:
    """What one series should hold by its batches: what is current after them, and what was superseded on the way."""

    current: Columns = field(default_factory=Columns.empty)
    past: list[tuple[Columns, Int64Array]] = field(default_factory=list)

    def apply(self, one: Accepted, known_at: int) -> None:
        """Merge the values of the next batch."""
        change = compare(self.current, one.columns, known_at, one.window, one.protected)
        for part in (change.retracted, change.superseded):
            # What is superseded at the instant it was learned was never known at any.
            lasted = part if part.known_at is None else part.take(part.known_at < known_at)
            if len(lasted):
                self.past.append((lasted, np.full(len(lasted), known_at, np.int64)))
        self.current = change.merged

    @property
    def superseded(self) -> tuple[Columns, Int64Array]:
        """Everything that was superseded, and until when each was current."""
        if not self.past:
            return Columns.empty(), np.empty(0, np.int64)
        return Columns.concat([one for one, _ in self.past]), np.concatenate([until for _, until in self.past])


@dataclass
class _Parsers:
    """The parser of each batch, and the series of its symbols; made once a parser version."""

    conn: AsyncConnection
    dataset: str
    candidate: Provider | None
    providers: dict[bytes, Provider] = field(default_factory=dict)
    known: dict[tuple[bytes, str], Known | None] = field(default_factory=dict)

    async def accepted(self, batch: BatchRow, only: set[int]) -> list[Accepted]:
        """A batch's values of some series."""
        parser = orjson.dumps([batch.parser, batch.contract])
        if parser not in self.providers:
            self.providers[parser] = original_parser(batch, candidate=self.candidate)
        provider = self.providers[parser]
        found: list[Accepted] = []
        async with aclosing(reparse(self.conn, provider, batch)) as groups:
            async for group in groups:
                for part in group:
                    known = await self._known(parser, provider, part)
                    found += [one for one in accept(part, known, key_of(batch)).accepted if one.series.id in only]
        return found

    async def _known(self, parser: bytes, provider: Provider, part: Parsed) -> Mapping[str, Known]:
        aliases = {one.alias for one in part.series}
        if fresh := [alias for alias in aliases if (parser, alias) not in self.known]:
            dataset = dataset_of(provider, self.dataset)
            found = await known_series(self.conn, dataset, series_specs(provider, dataset, fresh))
            self.known |= {(parser, alias): found.get(alias) for alias in fresh}
        return {alias: known for alias in aliases if (known := self.known[parser, alias]) is not None}


async def check_against_raw(conn: AsyncConnection, dataset: str, *, candidate: Provider | None = None) -> list[Problem]:
    """Compare the values of a dataset, current and superseded, with those its raw bytes give.

    Args:
        conn: a connection in a read transaction.
        dataset: its key.
        candidate: as of :func:`mktdash.ingest.reparse.original_parser`.
    """
    batches = await batches_after(conn, dataset, ALL_TIME[0])
    if any(not one.finished for one in batches):
        # Being merged just now, or interrupted, which `mktdash doctor` reports.
        return []
    parsers = _Parsers(conn, dataset, candidate)
    series = await series_of_dataset(conn, dataset)
    problems = []
    for at in range(0, len(series), _SERIES_AT_ONCE):
        some = series[at : at + _SERIES_AT_ONCE]
        states = {one.id: _Expected() for one in some}
        try:
            for batch in batches:
                for one in await parsers.accepted(batch, set(states)):
                    states[one.series.id].apply(one, batch.known_at)
        except MktdashError as error:
            return [Problem(f"dataset {dataset}", error.message)]
        for group in _groups(some, states):
            problems += await _differences(conn, group, states)
    return problems


def _groups(series: Sequence[SeriesRow], states: Mapping[int, _Expected]) -> Iterator[list[SeriesRow]]:
    """Series whose rows are read at once: many short ones, or one long one."""
    group: list[SeriesRow] = []
    rows = 0
    for one in series:
        group.append(one)
        rows += len(states[one.id].current)
        if rows >= _ROWS_AT_ONCE:
            yield group
            group, rows = [], 0
    yield group


async def _differences(
    conn: AsyncConnection, series: Sequence[SeriesRow], states: Mapping[int, _Expected]
) -> list[Problem]:
    ids = [one.id for one in series]
    current, before = await rows_by_series(conn, ids), await revisions_by_series(conn, ids)
    problems: list[Problem] = []
    for one in series:
        expected = states[one.id]
        now, then = current.get(one.id, Columns.empty()), before.get(one.id, (Columns.empty(), np.empty(0, np.int64)))
        problems += _named(f"value {one.key}", _rows(now), _rows(expected.current))
        problems += _named(f"revision {one.key}", _rows(*then), _rows(*expected.superseded))
    return problems


def _rows(columns: Columns, until: Int64Array | None = None) -> dict[int | tuple[int, int], _Row]:
    """The fields of each instant; by instant and time of being superseded, where ``until`` is given."""
    nothing = [None] * len(columns)
    fields = [nothing if (one := getattr(columns, name)) is None else _plain(one) for name in _FIELDS]
    keys = columns.as_of.tolist() if until is None else zip(columns.as_of.tolist(), until.tolist(), strict=True)
    return dict(zip(keys, zip(*fields, strict=True), strict=True))


def _plain(column: npt.NDArray[np.float64] | Int64Array) -> list[float | None]:
    # NaN differs from itself; the store says NULL where a bar lacks a field.
    return [None if one != one else one for one in column.tolist()]  # noqa: PLR0124 - the test for NaN


def _named(
    place: str, stored: Mapping[int | tuple[int, int], _Row], expected: Mapping[int | tuple[int, int], _Row]
) -> Iterator[Problem]:
    if stored == expected:
        return
    differing = sorted((at for at in stored.keys() | expected.keys() if stored.get(at) != expected.get(at)), key=_order)
    for at in differing[:_NAMED]:
        differs = f"is {_text(stored.get(at))}, its raw bytes give {_text(expected.get(at))}"
        yield Problem(f"{place} {' until '.join(map(iso, _order(at)))}", differs)
    if len(differing) > _NAMED:
        yield Problem(place, f"{len(differing) - _NAMED} more differ from their raw bytes")


def _order(at: int | tuple[int, int]) -> tuple[int, ...]:
    return at if isinstance(at, tuple) else (at,)


def _text(row: _Row | None) -> str:
    if row is None:
        return "nothing"
    fields = [f"{name} {one!r}" for name, one in zip(_FIELDS[:-1], row[:-1], strict=True) if one is not None]
    return f"{', '.join(fields)} (known {iso(int(row[-1] or 0))})"
