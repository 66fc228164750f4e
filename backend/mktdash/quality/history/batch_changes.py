"""Judges each batch once, by the values known before it that it changed."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.clock import MICROS_PER_DAY, MICROS_PER_SECOND, to_micros
from mktdash.domain.interval import interval_seconds
from mktdash.quality.base import BatchChanges, BatchCheck, CheckContext, Finding, RestatedSeries, Status
from mktdash.quality.checks.consistency.revisions import NEWS
from mktdash.quality.findings import FORMAT, decode_findings, encode_findings
from mktdash.store.catalogue.series import SeriesRow, series_by_ids
from mktdash.store.quality.batch_changes import (
    BatchBrief,
    Superseded,
    count_known,
    earlier_changes,
    first_since,
    newest_settled_batch,
    superseded_by,
    superseding_batches,
)
from mktdash.store.quality.verdicts import StateRow
from mktdash.store.series.reading import read_columns

# More batches than this at once are a backfill, of which the newest are examined.
_BATCHES = 200
# So many series of a batch are examined, those that changed most; what they have in common, the others have too.
_SERIES = 40
# Fewer values than this make no pattern and no share; ``jumps`` finds wrong ones among them.
_LEAST = 3
_DAY_S = 86_400
# Of ticks as much is read around a change as shows a pattern.
_AROUND = 500


async def judge_batches(
    conn: AsyncConnection, check: BatchCheck, context: CheckContext, stored: StateRow | None, code_sha: str
) -> tuple[dict[int, Finding], StateRow | None]:
    """The recent findings by batch id, and the state to store; None where it is stored already."""
    upto = await newest_settled_batch(conn, context.dataset.key, context.window_end - MICROS_PER_DAY)
    kept, after = _kept(stored, code_sha)
    since = context.window_end - NEWS
    first = await first_since(conn, context.dataset.key, after, upto)
    found = {
        key: one
        for key, one in kept.items()
        if _instant(one, "arrived") > since and (first is None or _instant(one, "known_at") < first)
    }
    if first is not None:
        for batch in await superseding_batches(conn, context.dataset.key, first, upto, since, _BATCHES):
            finding = await asyncio.to_thread(check.measure, context, await _changes(conn, batch))
            if finding.status is not Status.PASS:
                found[batch.id] = finding
    if stored is not None and (after, found) == (upto, kept):
        return found, None
    return found, StateRow(
        check.spec.metric, f"{FORMAT}/{upto}", code_sha, context.dataset.version, encode_findings(found)
    )


def _instant(finding: Finding, name: str) -> int:
    return to_micros(datetime.fromisoformat(finding.detail[name]))


def _kept(stored: StateRow | None, code_sha: str) -> tuple[Mapping[int, Finding], int]:
    """The findings stored by the same code, and up to which batch they reach."""
    if stored is None or stored.code_sha != code_sha:
        return {}, 0
    form, _, upto = stored.window.partition("/")
    return (decode_findings(stored.series), int(upto)) if form == FORMAT else ({}, 0)


async def _changes(conn: AsyncConnection, batch: BatchBrief) -> BatchChanges:
    superseded = await superseded_by(conn, batch)
    worth = [one for one in superseded if one.n >= _LEAST][:_SERIES]
    ids = [one.series_id for one in worth]
    rows = await series_by_ids(conn, ids) if ids else {}
    held = await count_known(conn, ids) if ids else {}
    usual = await earlier_changes(conn, ids, batch.known_at) if ids else {}
    looked: list[RestatedSeries] = []
    for one in worth:
        shares = [n / max(held.get(one.series_id, 0), 1) for n in usual.get(one.series_id, ())]
        looked.append(await _restated(conn, rows[one.series_id], one, batch, held.get(one.series_id, 0), shares))
    total = sum(one.n for one in superseded)
    return BatchChanges(batch.id, batch.known_at, batch.finished_at, total, len(superseded), looked)


async def _restated(  # noqa: PLR0917  # what is known of the series already
    conn: AsyncConnection, series: SeriesRow, one: Superseded, batch: BatchBrief, held: int, usual: Sequence[float]
) -> RestatedSeries:
    start = end = None
    step_s = interval_seconds(series.interval)
    if step_s < _DAY_S:
        margin = _AROUND * step_s * MICROS_PER_SECOND
        start, end = one.first - margin, min(one.last, one.first + 100 * margin) + margin
    before = await read_columns(conn, series, start=start, end=end, as_known_at=batch.known_at - 1)
    after = await read_columns(conn, series, start=start, end=end, as_known_at=batch.known_at)
    return RestatedSeries(series, before, after, len(before) if start is None else held, one.n, usual)
