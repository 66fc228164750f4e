"""Verdicts and their history: a row for each change, ``since`` for how long it has been so, an event for each turn."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.clock import MICROS_PER_DAY
from mktdash.store.engine.driver_reads import fetch_built
from mktdash.store.engine.session import is_postgres
from mktdash.store.live.outbox import NewEvent, append_events
from mktdash.store.quality.alerts import TOPIC, raise_alerts
from mktdash.store.tables import RESULTS, STATES

# What the evidence of a check says that had nothing to judge.
NOTHING = "nothing_to_judge"
# Datasets with their metrics of one statement.
_PAIRS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class NewDqResult:
    """A verdict on its way into the store; its fields are those of :class:`DqRow`.

    ``only_if_known``: a check that had nothing to judge is stored only where it had something before. ``calm``: no
    reason for an alert.
    """

    dataset: str
    metric: str
    status: str
    value: float | None
    unit: str
    warn: float | None
    fail: float | None
    summary: str
    evidence: Mapping[str, Any]
    window_end: int
    dataset_version: int
    only_if_known: bool = False
    calm: bool = True


@dataclass(frozen=True, slots=True)
class DqRow:
    """A verdict as stored. Times in microseconds; ``since`` is when the present status began."""

    id: int
    dataset: str
    metric: str
    status: str
    value: float | None
    unit: str
    warn: float | None
    fail: float | None
    summary: str
    evidence: Mapping[str, Any]
    window_end: int
    since: int
    run_at: int
    dataset_version: int
    code_sha: str

    @property
    def idle(self) -> bool:
        """Whether there was nothing to judge, so that it counts for nothing."""
        return bool(self.evidence.get(NOTHING))


class VerdictRow(NamedTuple):
    """As much of a verdict as a dataset's status is made from; ``idle`` as a :class:`DqRow` has it."""

    dataset: str
    metric: str
    status: str
    run_at: int
    idle: bool | None


@dataclass(frozen=True, slots=True)
class StatusChange:
    """A verdict that turned; ``previous`` is None where it is the first one."""

    dataset: str
    metric: str
    previous: str | None
    status: str
    summary: str


@dataclass(frozen=True, slots=True)
class StateRow:
    """What a check found in each single series, for the sessions that ``window`` names."""

    metric: str
    window: str
    code_sha: str
    dataset_version: int
    series: Mapping[str, Any]


_EVIDENCE = list(DqRow.__dataclass_fields__).index("evidence")
_STATE_FIELDS = tuple(StateRow.__dataclass_fields__)
_ROW: sa.Select[Any] = sa.select(*(RESULTS.c[name] for name in DqRow.__dataclass_fields__))
_NEWEST = sa.select(sa.func.max(RESULTS.c.id)).group_by(RESULTS.c.dataset, RESULTS.c.metric)
_ORDERED = _ROW.order_by(RESULTS.c.dataset, RESULTS.c.metric)
_NEWEST_OF_ALL = _ORDERED.where(RESULTS.c.id.in_(_NEWEST))
_NEWEST_OF_ONE = _ORDERED.where(
    RESULTS.c.id.in_(_NEWEST.where(RESULTS.c.dataset == sa.bindparam("dataset", type_=sa.String)))
)
_NEWEST_VERDICTS = {
    postgres: sa.select(*(RESULTS.c[name] for name in VerdictRow._fields[:-1]), sa.literal_column(idle)).where(
        RESULTS.c.id.in_(_NEWEST)
    )
    for postgres, idle in (
        (True, f"(evidence ->> '{NOTHING}')::boolean"),
        (False, f"json_extract(evidence, '$.{NOTHING}')"),
    )
}
_RENEW = (
    sa.update(RESULTS)
    .where(RESULTS.c.id == sa.bindparam("row_id"))
    .values({name: sa.bindparam(name) for name in DqRow.__dataclass_fields__ if name != "id"})
)


async def save_results(
    conn: AsyncConnection, results: Sequence[NewDqResult], *, run_at: int, code_sha: str
) -> list[StatusChange]:
    """Store the verdicts of a run; a changed status is told through the outbox. Call it last in a write transaction.

    A verdict that says what the one before said (status and value, on the same day) renews that row; history
    thus has a row a change and at least one a day. A run older than what is stored is dropped.
    """
    changes: list[StatusChange] = []
    renewed: list[dict[str, Any]] = []
    added: list[dict[str, Any]] = []
    before: dict[str, dict[str, DqRow]] = {}
    for dataset in sorted({result.dataset for result in results}):
        await _one_writer(conn, dataset)
        before |= await latest_results(conn, dataset)
    kept: dict[str, list[NewDqResult]] = {}
    for result in results:
        previous = before.get(result.dataset, {}).get(result.metric)
        if (previous is None and result.only_if_known) or (previous is not None and previous.run_at > run_at):
            continue
        kept.setdefault(result.dataset, []).append(result)
        values: dict[str, Any] = {
            name: getattr(result, name) for name in NewDqResult.__dataclass_fields__ if name in RESULTS.c
        }
        values |= {"run_at": run_at, "code_sha": code_sha, "since": run_at}
        if previous is None or previous.status != result.status:
            turned = None if previous is None else previous.status
            changes.append(StatusChange(result.dataset, result.metric, turned, result.status, result.summary))
        else:
            values["since"] = previous.since
            if previous.value == result.value and previous.run_at // MICROS_PER_DAY == run_at // MICROS_PER_DAY:
                renewed.append({**values, "row_id": previous.id})
                continue
        added.append(values)
    if renewed:
        await conn.execute(_RENEW, renewed)
    if added:
        await conn.execute(sa.insert(RESULTS), added)
    events = [_event(change, run_at) for change in changes]
    for dataset, judged in kept.items():
        events += await raise_alerts(conn, dataset, judged, run_at)
    await append_events(conn, events, run_at)
    return changes


async def _one_writer(conn: AsyncConnection, dataset: str) -> None:
    # SQLite has one writer anyway; here two runs of one dataset would each see the other's row missing.
    if is_postgres(conn):
        await conn.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"dq:{dataset}"))))


def _event(change: StatusChange, run_at: int) -> NewEvent:
    payload = {
        "dataset": change.dataset,
        "metric": change.metric,
        "previous": change.previous,
        "status": change.status,
        "summary": change.summary,
        "run_at": run_at,
    }
    return NewEvent(TOPIC, change.dataset, payload)


async def latest_results(conn: AsyncConnection, dataset: str | None = None) -> dict[str, dict[str, DqRow]]:
    """The newest verdict of each dataset and metric: all datasets, or one; those never judged are left out."""
    found: dict[str, dict[str, DqRow]] = {}
    if dataset is None:
        rows = await fetch_built(conn, _NEWEST_OF_ALL)
    else:
        rows = await fetch_built(conn, _NEWEST_OF_ONE, dataset=dataset)
    for row in rows:
        values = list(row)
        if isinstance(values[_EVIDENCE], str):
            values[_EVIDENCE] = orjson.loads(values[_EVIDENCE])
        stored = DqRow(*values)
        found.setdefault(stored.dataset, {})[stored.metric] = stored
    return found


async def latest_verdicts(conn: AsyncConnection) -> dict[str, dict[str, VerdictRow]]:
    """The newest verdict of each dataset and metric, without its evidence; those never judged are left out."""
    found: dict[str, dict[str, VerdictRow]] = {}
    for row in map(VerdictRow._make, await fetch_built(conn, _NEWEST_VERDICTS[is_postgres(conn)])):
        found.setdefault(row.dataset, {})[row.metric] = row
    return found


async def history(conn: AsyncConnection, dataset: str, metric: str, n: int) -> list[DqRow]:
    """The last ``n`` verdicts of a metric, newest first."""
    wanted = _ROW.where(RESULTS.c.dataset == dataset, RESULTS.c.metric == metric).order_by(RESULTS.c.id.desc()).limit(n)
    return [DqRow(*row) for row in (await conn.execute(wanted)).all()]


async def histories(
    conn: AsyncConnection, keys: Collection[tuple[str, str]], n: int
) -> dict[tuple[str, str], list[DqRow]]:
    """The last ``n`` verdicts of many metrics, by dataset and metric, newest first; some hundreds in a statement."""
    found: dict[tuple[str, str], list[DqRow]] = {}
    listed = list(keys)
    for at in range(0, len(listed), _PAIRS_AT_ONCE):
        found |= await _histories(conn, listed[at : at + _PAIRS_AT_ONCE], n)
    return found


async def _histories(
    conn: AsyncConnection, keys: Collection[tuple[str, str]], n: int
) -> dict[tuple[str, str], list[DqRow]]:
    columns = sa.column("dataset", sa.String), sa.column("metric", sa.String)
    # SQLite names the columns of listed values in a common table expression only.
    pairs = sa.values(*columns).data(list(keys)).cte("wanted")
    inner = RESULTS.alias("newest")
    newest = (
        sa.select(inner.c.id)
        .where(inner.c.dataset == pairs.c.dataset, inner.c.metric == pairs.c.metric)
        .order_by(inner.c.run_at.desc(), inner.c.id.desc())
        .limit(n)
        .correlate(pairs)
    )
    wanted = _ROW.select_from(pairs).join(RESULTS, RESULTS.c.id.in_(newest)).order_by(RESULTS.c.id.desc())
    found: dict[tuple[str, str], list[DqRow]] = {}
    for row in (await conn.execute(wanted)).all():
        stored = DqRow(*row)
        found.setdefault((stored.dataset, stored.metric), []).append(stored)
    return found


async def states_of(conn: AsyncConnection, dataset: str) -> dict[str, StateRow]:
    """The findings by series of each check of a dataset, by metric."""
    wanted = sa.select(*(STATES.c[name] for name in StateRow.__dataclass_fields__)).where(STATES.c.dataset == dataset)
    return {row[0]: StateRow(*row) for row in (await conn.execute(wanted)).all()}


async def save_states(conn: AsyncConnection, dataset: str, states: Iterable[StateRow]) -> None:
    """Store the findings by series, in place of those before."""
    rows = [{"dataset": dataset} | {name: getattr(state, name) for name in _STATE_FIELDS} for state in states]
    if not rows:
        return
    insert = (postgresql.insert if is_postgres(conn) else sqlite.insert)(STATES)
    renewed = {name: insert.excluded[name] for name in _STATE_FIELDS if name != "metric"}
    await conn.execute(insert.on_conflict_do_update(index_elements=["dataset", "metric"], set_=renewed), rows)
