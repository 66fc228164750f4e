"""The work of a report: takes the snapshot, reads what it names, renders, and stores the files with the run's end."""

from dataclasses import replace

from mktdash.jobs.attempt import Attempt, Finish, LeaseLostError
from mktdash.jobs.render_process import render_in_process
from mktdash.reports.base import Render
from mktdash.reports.catalogue import template_by_name
from mktdash.reports.snapshot import store_snapshot, take_snapshot
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.jobs.reports import finish_report, note_snapshot, report_by_id

_BEFORE_RENDERING = 0.3
_WHILE_RENDERING = 0.65


async def build_report(attempt: Attempt, *, render: Render | None = None) -> Finish:
    """Build a report's files, with a ``render`` in place of the template's own where one is given.

    Raises:
        LeaseLostError: the run was cancelled or taken back.
        MktdashError: the template is gone, the parameters mean nothing, there are no data, or rendering failed.
    """
    async with read_transaction(attempt.engine) as conn:
        run = await report_by_id(conn, attempt.run.id)
    template = template_by_name(run.template)
    parameters = template.parameters.model_validate(run.parameters)
    await attempt.progress("snapshot", 0.05)
    # One view of the store for the snapshot and for what is read under its name.
    async with read_transaction(attempt.engine) as conn:
        snapshot = await take_snapshot(conn, await template.select(conn, parameters), attempt.now)
        await attempt.progress("reading", 0.15)
        named = replace(run, snapshot_id=snapshot.id, snapshot_at=snapshot.taken_at, code_sha=attempt.code_sha)
        content = await template.build(conn, named, parameters, snapshot.facts)
    async with write_transaction(attempt.engine) as conn:
        await store_snapshot(conn, snapshot)
        held = await note_snapshot(
            conn,
            run,
            snapshot_id=snapshot.id,
            taken_at=snapshot.taken_at,
            facts=snapshot.facts,
            code_sha=attempt.code_sha,
            lease_until=attempt.lease_until,
        )
    if not held:
        raise LeaseLostError

    async def on_stage(stage: str, share: float) -> None:
        await attempt.progress(stage, _BEFORE_RENDERING + share * _WHILE_RENDERING)

    files = await render_in_process(render or template.render, content, on_stage, attempt.times.render)
    await attempt.progress("storing", _BEFORE_RENDERING + _WHILE_RENDERING)
    return lambda conn: finish_report(conn, run, files, attempt.now)
