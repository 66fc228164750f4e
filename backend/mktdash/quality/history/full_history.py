"""Judges the full history of each series once, and again when its values change or a month closes."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.clock import to_micros
from mktdash.domain.interval import chunk_period_bounds, chunk_period_of, interval_seconds
from mktdash.domain.observation import BAR_FIELDS, Columns
from mktdash.quality.base import CheckContext, Finding, HistoryCheck, Status, Subject
from mktdash.quality.findings import FORMAT, decode_findings, encode_findings
from mktdash.store.catalogue.series import SeriesRow, series_by_ids
from mktdash.store.quality.check_inputs import sealed_chunk_digests
from mktdash.store.quality.verdicts import StateRow
from mktdash.store.series.reading import read_columns

_DAY_S = 86_400
_SEEN = "seen"
# So many chunks are read at a time (two months of minutes, a year of hours), and so many times in one run.
_SPAN = 64
_SPANS = 50


class HistoryJudge:
    """One check over the histories of a dataset's series; a finding stays valid as long as the history is the same.

    A history ends with the last full month: the other checks judge newer values at each run.
    """

    def __init__(self, check: HistoryCheck, context: CheckContext, stored: StateRow | None, code_sha: str) -> None:
        self.check = check
        self._context = context
        self._code_sha = code_sha
        self._end = month_start(context.now)
        self._fresh = False
        self.findings: dict[int, Finding] = {}
        self._judged: dict[int, str] = {}
        if stored is not None and (stored.window, stored.code_sha) == (FORMAT, code_sha):
            known = {one.id for one in context.series}
            self.findings = {key: found for key, found in decode_findings(stored.series).items() if key in known}
            self._judged = {int(key): seen for key, seen in stored.series[_SEEN].items() if int(key) in known}

    def judge_daily(self, subjects: Sequence[Subject]) -> None:
        """Judge those daily series whose history has changed."""
        for subject in subjects:
            if interval_seconds(subject.series.interval) < _DAY_S:
                continue
            columns = subject.columns
            history = columns.take(slice(0, int(np.searchsorted(columns.as_of, self._end))))
            seen = content_hash(history)
            if self._judged.get(subject.series.id) == seen:
                continue
            self.findings[subject.series.id] = self.check.measure(
                self._context, replace(subject, columns=history, filled=None)
            )
            self._judged[subject.series.id] = seen
            self._fresh = True

    async def judge_intraday(self, conn: AsyncConnection, ids: Sequence[int]) -> None:
        """Judge the sealed chunks of intraday series, once each and some at a time; new ones once a day.

        What this run has no time for is left to the next ones.
        """
        finer = [one.id for one in self._context.series if interval_seconds(one.interval) < _DAY_S]
        wanted = sorted(set(finer) & set(ids))
        if not wanted:
            return
        today = _day_start(self._context.now)
        room = _SPANS
        for row in (await series_by_ids(conn, wanted)).values():
            if room <= 0 or self._judged.get(row.id, "").startswith(f"{today}/"):
                continue
            room -= await self._judge_sealed(conn, row, today, room)

    async def _judge_sealed(self, conn: AsyncConnection, row: SeriesRow, today: int, room: int) -> int:
        chunks = await sealed_chunk_digests(conn, row.id, chunk_period_of(row.interval, today))
        _, upto, digest = (self._judged.get(row.id) or "//").split("/")
        known = [one for one in chunks if upto and one[0] <= int(upto)]
        found = self.findings.get(row.id, Finding(Status.PASS))
        if digest != _digest(known):
            known, found = [], Finding(Status.PASS)
        spans = [chunks[first : first + _SPAN] for first in range(len(known), len(chunks), _SPAN)]
        for span in spans[:room]:
            start, end = (
                chunk_period_bounds(row.interval, span[0][0])[0],
                chunk_period_bounds(row.interval, span[-1][0])[1] - 1,
            )
            columns = await read_columns(conn, row, start=start, end=end)
            later = await asyncio.to_thread(self.check.measure, self._context, Subject(row, columns, None))
            known = [*known, *span]
            found = self.check.merge(found, later, sum(n for _, _, n in known))
        done = today if len(spans) <= room else 0
        seen = f"{done}/{known[-1][0] if known else ''}/{_digest(known)}"
        self._fresh |= self._judged.get(row.id) != seen
        self._judged[row.id], self.findings[row.id] = seen, found
        return len(spans)

    def state(self) -> StateRow | None:
        """The state to store; None where it is stored already."""
        if not self._fresh:
            return None
        packed = encode_findings(self.findings) | {_SEEN: {str(key): seen for key, seen in self._judged.items()}}
        return StateRow(self.check.spec.metric, FORMAT, self._code_sha, self._context.dataset.version, packed)


def month_start(now: datetime) -> int:
    """The first instant of the month, microseconds UTC."""
    return to_micros(now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0))


def _day_start(now: datetime) -> int:
    return to_micros(now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0))


def _digest(chunks: Sequence[tuple[int, bytes, int]]) -> str:
    total = hashlib.blake2b(digest_size=8)
    for period, digest, _ in chunks:
        total.update(b"%d/" % period + digest)
    return total.hexdigest()


def content_hash(columns: Columns) -> str:
    """The hash of a history's observations, whenever they became known."""
    total = hashlib.blake2b(digest_size=8)
    for column in (columns.as_of, columns.value, *(getattr(columns, name) for name in BAR_FIELDS)):
        total.update(b"-" if column is None else column.tobytes())
    return total.hexdigest()
