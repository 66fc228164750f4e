"""Judges each series whole, once for each state of its history: again where values of it change or a month closes."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from mktdash.domain.clock import to_micros
from mktdash.domain.interval import interval_seconds
from mktdash.domain.observation import BAR_FIELDS, Columns
from mktdash.quality.base import CheckContext, Finding, HistoryCheck, Subject
from mktdash.quality.findings import FORMAT, pack, unpack
from mktdash.store.quality import StateRow

_DAY_S = 86_400
_SEEN = "seen"


class HistoryJudge:
    """One check over the histories of a dataset's series; keeps what it found for as long as a history stays the same.

    A history ends with the last full month: what is newer is looked at by the other checks at each run.
    """

    def __init__(self, check: HistoryCheck, context: CheckContext, stored: StateRow | None, code_sha: str) -> None:
        self.check = check
        self._context = context
        self._code_sha = code_sha
        self._end = month_start(context.now)
        self._fresh = False
        self.findings: dict[int, Finding] = {}
        self._seen: dict[int, str] = {}
        if stored is not None and (stored.window, stored.code_sha) == (FORMAT, code_sha):
            known = {one.id for one in context.series}
            self.findings = {key: found for key, found in unpack(stored.series).items() if key in known}
            self._seen = {int(key): seen for key, seen in stored.series[_SEEN].items() if int(key) in known}

    def look(self, subjects: Sequence[Subject]) -> None:
        """Judge those of some series whose history is not the one judged already."""
        for subject in subjects:
            if interval_seconds(subject.series.interval) < _DAY_S:
                continue
            columns = subject.columns
            history = columns.take(slice(0, int(np.searchsorted(columns.as_of, self._end))))
            seen = identity(history)
            if self._seen.get(subject.series.id) == seen:
                continue
            self.findings[subject.series.id] = self.check.measure(
                self._context, replace(subject, columns=history, filled=None)
            )
            self._seen[subject.series.id] = seen
            self._fresh = True

    def state(self) -> StateRow | None:
        """What to store; None where it is what is stored."""
        if not self._fresh:
            return None
        packed = pack(self.findings) | {_SEEN: {str(key): seen for key, seen in self._seen.items()}}
        return StateRow(self.check.spec.metric, FORMAT, self._code_sha, self._context.dataset.version, packed)


def month_start(now: datetime) -> int:
    """The first instant of the month, microseconds UTC."""
    return to_micros(now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0))


def identity(columns: Columns) -> str:
    """Names what a history says, whenever it was learned: the same for the same observations."""
    total = hashlib.blake2b(digest_size=8)
    for column in (columns.as_of, columns.value, *(getattr(columns, name) for name in BAR_FIELDS)):
        total.update(b"-" if column is None else column.tobytes())
    return total.hexdigest()
