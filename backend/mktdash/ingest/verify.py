"""Whether the store holds what its batches say: their raw bytes are told again in memory, each by its own recipe.

Chunks and latest repeat the rows (``store.series.check``); this is about the rows themselves. Nothing is written, so
anybody may go on reading and writing meanwhile.
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
from mktdash.ingest.batch import described_series
from mktdash.ingest.merge import compare
from mktdash.ingest.reparse import dataset_of, key_of, read_again, reader_of
from mktdash.providers.base import Parsed, Provider
from mktdash.store.batches.batches import ALL_TIME, BatchRow, batches_after
from mktdash.store.catalogue.instruments import SeriesRow, series_of_dataset
from mktdash.store.catalogue.registration import Known, known_series
from mktdash.store.series.check import Problem, revisions_by_series, rows_by_series

# So many series of a dataset stand in memory at a time; its batches are read once for each so many.
_SERIES_AT_ONCE = 5_000
_ROWS_AT_ONCE = 50_000
_NAMED = 5
_FIELDS = ("value", *BAR_FIELDS, "flags", "known_at")
_Row = tuple[float | None, ...]


@dataclass
class _Told:
    """What the batches say of one series: what is current after them, and what was superseded on the way."""

    current: Columns = field(default_factory=Columns.empty)
    gone: list[tuple[Columns, Int64Array]] = field(default_factory=list)

    def tell(self, one: Accepted, known_at: int) -> None:
        """Go on with what a batch says."""
        change = compare(self.current, one.columns, known_at, one.window, one.spared)
        for part in (change.retracted, change.superseded):
            # What is superseded at the instant it was learned was never known at any.
            lasted = part if part.known_at is None else part.take(part.known_at < known_at)
            if len(lasted):
                self.gone.append((lasted, np.full(len(lasted), known_at, np.int64)))
        self.current = change.merged

    @property
    def superseded(self) -> tuple[Columns, Int64Array]:
        """Everything that was superseded, and until when each was current."""
        if not self.gone:
            return Columns.empty(), np.empty(0, np.int64)
        return Columns.concat([one for one, _ in self.gone]), np.concatenate([until for _, until in self.gone])


@dataclass
class _Readers:
    """Who reads each batch, and what its symbols stand for; made once a recipe."""

    conn: AsyncConnection
    dataset: str
    told: Provider | None
    providers: dict[bytes, Provider] = field(default_factory=dict)
    known: dict[tuple[bytes, str], Known | None] = field(default_factory=dict)

    async def read(self, batch: BatchRow, only: set[int]) -> list[Accepted]:
        """What a batch says of some series."""
        recipe = orjson.dumps([batch.parser, batch.contract])
        if recipe not in self.providers:
            self.providers[recipe] = reader_of(batch, told=self.told)
        provider = self.providers[recipe]
        found: list[Accepted] = []
        async with aclosing(read_again(self.conn, provider, batch)) as portions:
            async for portion in portions:
                for piece in portion:
                    known = await self._known(recipe, provider, piece)
                    found += [one for one in accept(piece, known, key_of(batch)).accepted if one.series.id in only]
        return found

    async def _known(self, recipe: bytes, provider: Provider, piece: Parsed) -> Mapping[str, Known]:
        aliases = {one.alias for one in piece.series}
        if fresh := [alias for alias in aliases if (recipe, alias) not in self.known]:
            dataset = dataset_of(provider, self.dataset)
            found = await known_series(self.conn, dataset, described_series(provider, dataset, fresh))
            self.known |= {(recipe, alias): found.get(alias) for alias in fresh}
        return {alias: known for alias in aliases if (known := self.known[recipe, alias]) is not None}


async def check_told(conn: AsyncConnection, dataset: str, *, told: Provider | None = None) -> list[Problem]:
    """Compare the values of a dataset, current and superseded, with what its batches say by their own recipes.

    Args:
        conn: a connection; one view of the whole store.
        dataset: its key.
        told: a provider at hand, as of :func:`mktdash.ingest.reparse.reader_of`.
    """
    batches = await batches_after(conn, dataset, ALL_TIME[0])
    if any(not one.finished for one in batches):
        # Being merged just now, or interrupted, which `mktdash doctor` says: in any case not told whole.
        return []
    readers = _Readers(conn, dataset, told)
    series = await series_of_dataset(conn, dataset)
    problems = []
    for at in range(0, len(series), _SERIES_AT_ONCE):
        some = series[at : at + _SERIES_AT_ONCE]
        states = {one.id: _Told() for one in some}
        try:
            for batch in batches:
                for one in await readers.read(batch, set(states)):
                    states[one.series.id].tell(one, batch.known_at)
        except MktdashError as error:
            return [Problem(f"dataset {dataset}", error.message)]
        for group in _groups(some, states):
            problems += await _differences(conn, group, states)
    return problems


def _groups(series: Sequence[SeriesRow], states: Mapping[int, _Told]) -> Iterator[list[SeriesRow]]:
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
    conn: AsyncConnection, series: Sequence[SeriesRow], states: Mapping[int, _Told]
) -> list[Problem]:
    ids = [one.id for one in series]
    current, before = await rows_by_series(conn, ids), await revisions_by_series(conn, ids)
    problems: list[Problem] = []
    for one in series:
        told = states[one.id]
        now, then = current.get(one.id, Columns.empty()), before.get(one.id, (Columns.empty(), np.empty(0, np.int64)))
        problems += _named(f"value {one.key}", _rows(now), _rows(told.current))
        problems += _named(f"revision {one.key}", _rows(*then), _rows(*told.superseded))
    return problems


def _rows(columns: Columns, until: Int64Array | None = None) -> dict[int | tuple[int, int], _Row]:
    """What is known of each instant; of each instant and the time it was superseded, where that is given."""
    nothing = [None] * len(columns)
    fields = [nothing if (one := getattr(columns, name)) is None else _plain(one) for name in _FIELDS]
    keys = columns.as_of.tolist() if until is None else zip(columns.as_of.tolist(), until.tolist(), strict=True)
    return dict(zip(keys, zip(*fields, strict=True), strict=True))


def _plain(column: npt.NDArray[np.float64] | Int64Array) -> list[float | None]:
    # NaN differs from itself; the store says NULL where a bar lacks a field.
    return [None if one != one else one for one in column.tolist()]  # noqa: PLR0124 - the test for NaN


def _named(
    place: str, stored: Mapping[int | tuple[int, int], _Row], told: Mapping[int | tuple[int, int], _Row]
) -> Iterator[Problem]:
    if stored == told:
        return
    differing = sorted((at for at in stored.keys() | told.keys() if stored.get(at) != told.get(at)), key=_order)
    for at in differing[:_NAMED]:
        says = f"is {_text(stored.get(at))}, its batches say {_text(told.get(at))}"
        yield Problem(f"{place} {' until '.join(map(iso, _order(at)))}", says)
    if len(differing) > _NAMED:
        yield Problem(place, f"{len(differing) - _NAMED} more differ from what their batches say")


def _order(at: int | tuple[int, int]) -> tuple[int, ...]:
    return at if isinstance(at, tuple) else (at,)


def _text(row: _Row | None) -> str:
    if row is None:
        return "nothing"
    said = [f"{name} {one!r}" for name, one in zip(_FIELDS[:-1], row[:-1], strict=True) if one is not None]
    return f"{', '.join(said)} (known {iso(int(row[-1] or 0))})"
