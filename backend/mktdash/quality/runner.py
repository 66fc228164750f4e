"""Runs the checks: each dataset on its own, in one read transaction, so that none delays or breaks another."""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.domain.clock import Clock, to_micros
from mktdash.quality.base import CheckContext, CheckResult, CheckSpec, Finding, Status, Subject, unknown
from mktdash.quality.expected.expected_sessions import window_key
from mktdash.quality.expected.missing_sessions import Explainer, MissingSession
from mktdash.quality.findings import FORMAT, decode_findings, encode_findings
from mktdash.quality.history.batch_changes import judge_batches
from mktdash.quality.history.full_history import HistoryJudge
from mktdash.quality.loading import read_context, read_subjects
from mktdash.quality.overview import HEADLINES
from mktdash.quality.registry import BATCH_CHECKS, DATASET_CHECKS, HISTORY_CHECKS, SERIES_CHECKS, specs
from mktdash.store.catalogue.datasets import DatasetRow, all_datasets, dataset_by_key
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.quality.verdicts import (
    NOTHING,
    NewDqResult,
    StateRow,
    StatusChange,
    save_results,
    save_states,
    states_of,
)

_log = logging.getLogger(__name__)
# So many series are in memory at a time.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class DatasetRun:
    """The verdicts of a run on one dataset and its version, and which of them changed."""

    dataset: str
    version: int
    results: Sequence[CheckResult]
    changes: Sequence[StatusChange] = ()


@dataclass(frozen=True, slots=True)
class _Judged:
    version: int
    results: list[CheckResult]
    states: list[StateRow] = field(default_factory=list)


async def run_quality(
    engine: AsyncEngine,
    *,
    clock: Clock,
    code_sha: str,
    datasets: Collection[str] | None = None,
    series_ids: Collection[int] | None = None,
) -> list[DatasetRun]:
    """Judge datasets and store the verdicts; returns them by dataset.

    Args:
        engine: the store.
        clock: read once; all verdicts of the run are as of that instant.
        code_sha: names the code in every result.
        datasets: keys of those to judge; None judges all.
        series_ids: the series an ingest changed: only these are examined again, as long as the stored findings of the
            others are valid. The verdicts are the same as those of a full run.
    """
    now = clock()
    async with read_transaction(engine) as conn:
        rows = [row for row in await all_datasets(conn) if datasets is None or row.key in datasets]
    runs = []
    for row in rows:
        try:
            async with read_transaction(engine) as conn:
                judged = await _judge(conn, row.key, now, code_sha, series_ids)
        except Exception as error:  # noqa: BLE001  # one dataset's trouble must not silence the others
            _log.exception("quality run of %s failed", row.key)
            judged = _crashed(row, now, error)
        runs.append(await _store(engine, row.key, judged, now, code_sha))
    return runs


async def _store(engine: AsyncEngine, dataset: str, judged: _Judged, now: datetime, code_sha: str) -> DatasetRun:
    stored = [
        NewDqResult(
            dataset=dataset,
            metric=result.metric,
            status=result.status.value,
            value=result.value,
            unit=result.unit,
            warn=result.warn,
            fail=result.fail,
            summary=result.summary,
            evidence=result.evidence,
            window_end=result.window_end,
            dataset_version=judged.version,
            only_if_known=bool(result.evidence.get(NOTHING)) and result.metric not in HEADLINES,
            calm=result.status is Status.PASS or bool(result.evidence.get(NOTHING)),
        )
        for result in judged.results
    ]
    async with write_transaction(engine) as conn:
        await save_states(conn, dataset, judged.states)
        changes = await save_results(conn, stored, run_at=to_micros(now), code_sha=code_sha)
    return DatasetRun(dataset, judged.version, judged.results, changes)


def _crashed(row: DatasetRow, now: datetime, error: Exception) -> _Judged:
    context = CheckContext(row, now, (), frozenset(), {}, None, None)
    why = f"the quality run failed: {type(error).__name__}"
    return _Judged(row.version, [unknown(spec, context, why, error=str(error)[:300]) for spec in specs().values()])


async def _judge(
    conn: AsyncConnection, key: str, now: datetime, code_sha: str, series_ids: Collection[int] | None
) -> _Judged:
    dataset = await dataset_by_key(conn, key)
    context = await read_context(conn, dataset, now)
    results = [_guarded(check.spec, context, check.judge, context) for check in DATASET_CHECKS]
    window = FORMAT
    if context.schedule is not None and context.slots is not None:
        window += "/" + window_key(context.schedule, context.slots, now)
    if context.ended:
        # Once a series has ended, something else is expected of it.
        window += f"/{len(context.ended)} ended by {max(one.recorded_at for one in context.ended.values())}"
    stored = await states_of(conn, key)
    kept = {} if series_ids is None else _still_valid(stored, context, window, code_sha)
    stale = _stale(context, kept, series_ids)
    fresh: dict[str, dict[int, Finding]] = {check.spec.metric: {} for check in SERIES_CHECKS}
    troubles: dict[str, Exception] = {}
    judges = [HistoryJudge(one, context, stored.get(one.spec.metric), code_sha) for one in HISTORY_CHECKS]
    for first in range(0, len(stale), _AT_ONCE):
        subjects = await read_subjects(conn, context, stale[first : first + _AT_ONCE])
        await asyncio.to_thread(_measure, context, subjects, fresh, troubles)
        await asyncio.to_thread(_judge_daily, judges, subjects, troubles)
    states = []
    for check in SERIES_CHECKS:
        metric = check.spec.metric
        if metric in troubles:
            results.append(_broken(check.spec, context, troubles[metric]))
            continue
        before = kept.get(metric, {})
        findings = before | fresh[metric]
        results.append(_guarded(check.spec, context, check.combine, context, findings))
        # An ingest seldom changes what most checks find; what is stored already is not written again.
        if not before or any(before.get(key) != found for key, found in fresh[metric].items()):
            states.append(StateRow(metric, window, code_sha, dataset.version, encode_findings(findings)))
    await _judge_history(conn, _HistoryInputs(context, stored, code_sha, judges, stale, troubles), results, states)
    return _Judged(dataset.version, results, states)


@dataclass(frozen=True, slots=True)
class _HistoryInputs:
    """The inputs of the checks of batches and of full histories, beside the store."""

    context: CheckContext
    stored: Mapping[str, StateRow]
    code_sha: str
    judges: Sequence[HistoryJudge]
    stale: Sequence[int]
    troubles: dict[str, Exception]


async def _judge_history(
    conn: AsyncConnection, past: _HistoryInputs, results: list[CheckResult], states: list[StateRow]
) -> None:
    """Add the verdicts on batches and on full histories, and the states to store."""
    context = past.context
    for one in BATCH_CHECKS:
        try:
            before = past.stored.get(one.spec.metric)
            judged, state = await judge_batches(conn, one, context, before, past.code_sha)
        except Exception as error:  # noqa: BLE001  # as above
            _reraise_if_store(error)
            results.append(_broken(one.spec, context, error))
            continue
        results.append(_guarded(one.spec, context, one.combine, context, judged))
        states += [] if state is None else [state]
    for judge in past.judges:
        spec = judge.check.spec
        try:
            await judge.judge_intraday(conn, past.stale)
        except Exception as error:  # noqa: BLE001  # as above
            _reraise_if_store(error)
            past.troubles[spec.metric] = error
        if (trouble := past.troubles.get(spec.metric)) is not None:
            results.append(_broken(spec, context, trouble))
            continue
        results.append(_guarded(spec, context, judge.check.combine, context, judge.findings))
        states += [] if (state := judge.state()) is None else [state]


def _reraise_if_store(error: Exception) -> None:
    """Let store errors through, for the transaction is lost; log any other, which concerns its check alone."""
    if isinstance(error, (SQLAlchemyError, OSError)):
        raise error
    _log.error("a check failed", exc_info=error)


def _broken(spec: CheckSpec, context: CheckContext, error: Exception) -> CheckResult:
    return unknown(spec, context, f"the check failed: {type(error).__name__}", error=str(error)[:300])


def _guarded(spec: CheckSpec, context: CheckContext, verdict: Any, *args: Any) -> CheckResult:
    try:
        result: CheckResult = verdict(*args)
    except Exception as error:  # noqa: BLE001  # a check that breaks knows nothing; the others still do
        _log.exception("check %s of %s failed", spec.metric, context.dataset.key)
        return _broken(spec, context, error)
    return result


def _measure(
    context: CheckContext,
    subjects: Sequence[Subject],
    into: Mapping[str, dict[int, Finding]],
    troubles: dict[str, Exception],
) -> None:
    for check in SERIES_CHECKS:
        try:
            into[check.spec.metric].update(check.measure(context, subjects))
        except Exception as error:  # noqa: BLE001  # as above
            _log.exception("check %s of %s failed", check.spec.metric, context.dataset.key)
            troubles[check.spec.metric] = error


def _judge_daily(judges: Sequence[HistoryJudge], subjects: Sequence[Subject], troubles: dict[str, Exception]) -> None:
    for judge in judges:
        try:
            judge.judge_daily(subjects)
        except Exception as error:  # noqa: BLE001  # as above
            _log.exception("check %s failed", judge.check.spec.metric)
            troubles[judge.check.spec.metric] = error


def _still_valid(
    states: Mapping[str, StateRow], context: CheckContext, window: str, code_sha: str
) -> dict[str, dict[int, Finding]]:
    """The stored findings that are still valid: of the same sessions, by the same code, and of every check."""
    known = {one.id for one in context.series}
    kept: dict[str, dict[int, Finding]] = {}
    for check in SERIES_CHECKS:
        state = states.get(check.spec.metric)
        if state is None or (state.window, state.code_sha) != (window, code_sha):
            return {}
        found = decode_findings(state.series)
        for gone in found.keys() - known:
            del found[gone]
        kept[check.spec.metric] = found
    return kept


def _stale(
    context: CheckContext, kept: Mapping[str, Mapping[int, Finding]], series_ids: Collection[int] | None
) -> list[int]:
    """The series to examine: those changed, and those without valid stored findings."""
    touched = None if series_ids is None else set(series_ids)
    held = set.intersection(*(set(found) for found in kept.values())) if kept else set()
    return [one.id for one in context.series if touched is None or one.id in touched or one.id not in held]


async def missing_sessions(
    conn: AsyncConnection, dataset: DatasetRow, now: datetime, days: int = 30
) -> list[MissingSession]:
    """Each session that a quoted series of a dataset lacks, newest first; none where there is no schedule.

    Args:
        conn: a connection in a read transaction.
        dataset: the dataset's row.
        now: the instant to judge by.
        days: 7 for the short window, else the long one of 30.
    """
    context = await read_context(conn, dataset, now)
    slots = context.slots
    if slots is None:
        return []
    explainer = Explainer(context, slots)
    short = set() if days > 7 else {slots.label[n] for n in range(len(slots)) if slots.recent[n]}  # noqa: PLR2004
    quoted = [one.id for one in context.series if one.id in context.quoted]
    found: list[MissingSession] = []
    for first in range(0, len(quoted), _AT_ONCE):
        for subject in await read_subjects(conn, context, quoted[first : first + _AT_ONCE], since=int(slots.start[0])):
            if subject.filled is not None:
                found += explainer.missing(subject.series, subject.filled)
    if short:
        found = [one for one in found if one.session in short]
    return sorted(found, key=lambda one: (one.session, one.symbol), reverse=True)
