"""Builds a finished report again from its snapshot and compares every byte by its hash."""

import asyncio
import hashlib
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from mktdash.domain.errors import MktdashError
from mktdash.reports.catalogue import template_by_name
from mktdash.reports.render import render_all
from mktdash.reports.snapshot import series_by_key
from mktdash.store.engine.session import read_transaction
from mktdash.store.jobs.reports import ArtifactBody, artifact, artifacts_by_run_ids, report_by_id
from mktdash.store.jobs.runs import SUCCEEDED
from mktdash.store.jobs.snapshots import facts_of_run, snapshot_by_id
from mktdash.store.series.reading import ChunkDigest, read_chunk_digests

_NAMED = 3


class NotFinishedError(MktdashError):
    """The run has no files to compare with; ``state`` says why."""

    code = "NOT_FINISHED"
    http_status = 409


class SnapshotAmendedError(MktdashError):
    """What was known at the time of the snapshot is not what the store says now was known then.

    ``chunks`` names the series and periods that differ, some of them. A vintage recorded later for an earlier time
    does this.
    """

    code = "SNAPSHOT_AMENDED"
    http_status = 409


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that is not what it was, by SHA-256.

    Attributes:
        stored: the hash written down when it was made.
        kept: the hash of the bytes that are kept.
        rebuilt: the hash of the file built just now; empty where the template makes no such file any more.
    """

    format: str
    stored: str
    kept: str
    rebuilt: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of it. ``built_by`` and ``verified_by`` are the code then and now; other code may render otherwise."""

    run_id: str
    snapshot_id: str
    built_by: str
    verified_by: str
    formats: tuple[str, ...]
    differences: tuple[Difference, ...]

    @property
    def same(self) -> bool:
        """Whether every file is byte for byte what it was."""
        return not self.differences


async def verify(engine: AsyncEngine, run_id: str, code_sha: str) -> Verification:
    """Rebuild a run's files and compare them.

    Raises:
        NotFoundError: there is no such run.
        NotFinishedError: it has not succeeded.
        SnapshotAmendedError: history below the snapshot was amended, so nothing can be said.
    """
    async with read_transaction(engine) as conn:
        run = await report_by_id(conn, run_id)
        facts = await facts_of_run(conn, run_id)
        if run.state != SUCCEEDED or run.snapshot_id is None or facts is None:
            raise NotFinishedError(f"report run {run_id!r} is {run.state}, not succeeded", run=run_id, state=run.state)
        snapshot = await snapshot_by_id(conn, run.snapshot_id)
        known_at = {fact["key"]: fact["known_at"] for fact in facts["datasets"]}
        digests: list[ChunkDigest] = []
        for fact in facts["series"]:
            series = await series_by_key(conn, fact["key"])
            digests += await read_chunk_digests(conn, [series], as_known_at=known_at[series.dataset])
        _refuse_amended(run_id, set(snapshot.digests), set(digests))
        template = template_by_name(run.template)
        content = await template.build(conn, run, template.parameters.model_validate(run.parameters), facts)
        listed = (await artifacts_by_run_ids(conn, [run_id]))[run_id]
        kept = [await artifact(conn, run_id, one.format) for one in listed]
    files = await asyncio.to_thread(render_all, template.render, content, lambda *_: None)
    rebuilt = {file.format: file.sha256 for file in files}
    return Verification(
        run_id=run_id,
        snapshot_id=run.snapshot_id,
        built_by=run.code_sha or "",
        verified_by=code_sha,
        formats=tuple(one.format for one in kept),
        differences=tuple(found for one in kept if (found := _compare(one, rebuilt.get(one.format, "")))),
    )


def _compare(kept: ArtifactBody, rebuilt: str) -> Difference | None:
    now = hashlib.sha256(kept.body).hexdigest()
    if kept.sha256 == now == rebuilt:
        return None
    return Difference(kept.format, kept.sha256, now, rebuilt)


def _refuse_amended(run_id: str, then: set[ChunkDigest], now: set[ChunkDigest]) -> None:
    names = sorted({f"{one.series_key} {one.period}" for one in then ^ now})
    if names:
        raise SnapshotAmendedError(
            f"history below the snapshot of report run {run_id!r} was amended since: {', '.join(names[:_NAMED])}"
            f"{' and more' if len(names) > _NAMED else ''}",
            run=run_id,
            chunks=names[:20],
        )
