"""The work of a replay: one dataset after the other, each kept as done in the transaction that did it.

A worker may be killed at any point: the next attempt goes on behind the last dataset that was committed.
"""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.events import OBSERVATIONS
from mktdash.ingest.replay import ReplayReport, datasets_to_replay, replay_from_raw
from mktdash.jobs.attempt import Attempt, Finish
from mktdash.live.publish import notify
from mktdash.store.engine.session import read_transaction
from mktdash.store.jobs.replays import replay_by_id


async def replay_datasets(attempt: Attempt) -> Finish:
    """Replay the datasets that no earlier attempt has finished.

    Raises:
        LeaseLostError: the run was cancelled or taken back; the dataset at hand is as it was.
        NotFoundError: a batch can't be read again as it was.
    """
    async with read_transaction(attempt.engine) as conn:
        run = await replay_by_id(conn, attempt.run.id)
    results = list(run.results)
    total = len(await datasets_to_replay(attempt.engine, run.source))

    async def keep(conn: AsyncConnection, report: ReplayReport) -> None:
        results.append(result_of(report))
        await attempt.progress_in(conn, report.dataset, len(results) / max(total, len(results)), results)

    done = {str(one["dataset"]) for one in results}
    async for _ in replay_from_raw(
        attempt.engine, since=run.since, clock=attempt.clock, source=run.source, skip=done, before_commit=keep
    ):
        await notify(attempt.redis, [OBSERVATIONS, run.kind])
    return attempt.finish


def result_of(report: ReplayReport) -> dict[str, Any]:
    """What a dataset's replay came to, as JSON values."""
    return {
        "dataset": report.dataset,
        "batches": report.batches,
        "observations": report.observations,
        "new": report.new,
        "revised": report.revised,
        "retracted": report.retracted,
        "snapshot_before": report.snapshot_before,
        "snapshot_after": report.snapshot_after,
    }
