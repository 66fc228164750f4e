"""Why a session is missing: each missing session has exactly one reason."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mktdash.domain.clock import iso
from mktdash.domain.observation import Int64Array
from mktdash.domain.schedule import end_of
from mktdash.quality.base import CheckContext
from mktdash.quality.expected.expected_sessions import Slots
from mktdash.store.batches.absences import QuarantineRow
from mktdash.store.batches.batches import BatchRow
from mktdash.store.catalogue.series import SeriesRow
from mktdash.store.quality.check_inputs import Member

BoolArray = npt.NDArray[np.bool_]


class Reason(StrEnum):
    """Why there is no observation of a session. A holiday is no session, so it is not among them."""

    NOT_YET_DUE = "NOT_YET_DUE"
    SOURCE_SAYS_NONE = "SOURCE_SAYS_NONE"
    QUARANTINED = "QUARANTINED"
    PROVIDER_GAP = "PROVIDER_GAP"
    NEVER_FETCHED = "NEVER_FETCHED"


@dataclass(frozen=True, slots=True)
class MissingSession:
    """A session that a series lacks, with its reason and a sentence of detail."""

    symbol: str
    session: str
    reason: Reason
    detail: str


class Explainer:
    """Finds the reason for each missing slot of one dataset."""

    def __init__(self, context: CheckContext, slots: Slots) -> None:
        self._context = context
        self._slots = slots
        self.due: BoolArray = slots.due <= context.window_end

    @cached_property
    def _covering(self) -> list[BatchRow | None]:
        """For each slot the newest batch that came after the slot began and whose window covers it."""
        found: list[BatchRow | None] = [None] * len(self._slots)
        for batch in self._context.batches:
            if batch.window_first is None or batch.window_last is None:
                continue
            covers = (self._slots.start <= batch.window_last) & (self._slots.end > batch.window_first)
            for slot in np.flatnonzero(covers & (self._slots.start <= batch.known_at)).tolist():
                found[slot] = found[slot] or batch
        return found

    @cached_property
    def _quarantined(self) -> dict[tuple[str | None, int], QuarantineRow]:
        """The last refused record by source symbol (None where it names none) and slot."""
        found: dict[tuple[str | None, int], QuarantineRow] = {}
        for record in self._context.quarantined:
            if record.as_of is None:
                continue
            slot = int(np.searchsorted(self._slots.start, record.as_of, "right")) - 1
            if slot >= 0 and record.as_of < self._slots.end[slot]:
                found[record.alias, slot] = record
        return found

    def absent(self, series_id: int) -> BoolArray:
        """The slots that the source itself declares empty for the series."""
        empty = np.zeros(len(self._slots), np.bool_)
        for first, last in self._context.absences.get(series_id, ()):
            empty |= (self._slots.start <= last) & (self._slots.end > first)
        return empty

    def expected(self, series_id: int) -> BoolArray:
        """The slots that are due for a series: since its first observation, and not declared empty."""
        return self.due & self.begun(series_id) & ~self.absent(series_id)

    def begun(self, series_id: int) -> BoolArray:
        """The slots from a series' first observation to its end; the hour in which its ticks began does not count."""
        latest = self._context.latest.get(series_id)
        if latest is None:
            return self._lasted
        edge = self._slots.end if self._slots.need == 1 else self._slots.start + 1
        return self._lasted & (edge > latest.first_as_of)

    @cached_property
    def _lasted(self) -> BoolArray:
        """The slots that began before the whole dataset ended."""
        ending = self._context.ending
        if ending is None:
            return np.ones(len(self._slots), np.bool_)
        return self._slots.start < end_of(self._context.dataset.timezone, ending.ended_on)

    def reason(self, series: Member | SeriesRow, slot: int) -> tuple[Reason, str]:
        """The reason for a slot that a series lacks, and a sentence that says how it is known."""
        if self.absent(series.id)[slot]:
            return Reason.SOURCE_SAYS_NONE, "the source says that there is no value"
        record = self._record(series, slot)
        if record is not None:
            return Reason.QUARANTINED, f"rejected in batch {record.batch_id}: {record.code}, {record.reason}"
        if not self.due[slot]:
            return Reason.NOT_YET_DUE, f"due by {iso(int(self._slots.due[slot]))}"
        batch = self._covering[slot]
        if batch is not None:
            return (
                Reason.PROVIDER_GAP,
                f"batch {batch.id} of {iso(batch.known_at)} covers it but has no value",
            )
        return Reason.NEVER_FETCHED, self._never()

    def _record(self, series: Member | SeriesRow, slot: int) -> QuarantineRow | None:
        names: list[str | None] = [*sorted(self._context.aliases.get(series.id, ())), series.symbol, None]
        return next((found for name in names if (found := self._quarantined.get((name, slot)))), None)

    def _never(self) -> str:
        ends = [batch.window_last for batch in self._context.batches if batch.window_last is not None]
        return f"no batch covers it; the newest ends {iso(max(ends))}" if ends else "no batch covers it"

    def missing(self, series: Member | SeriesRow, filled: Int64Array) -> Iterator[MissingSession]:
        """The slots that a series lacks since its first observation, oldest first."""
        lacking = (filled < self._slots.need) & self.begun(series.id)
        for slot in np.flatnonzero(lacking).tolist():
            reason, detail = self.reason(series, slot)
            if self._slots.need > 1:
                detail = f"{int(filled[slot])} of {self._slots.need} observations; {detail}"
            yield MissingSession(series.symbol, self._slots.label[slot], reason, detail)
