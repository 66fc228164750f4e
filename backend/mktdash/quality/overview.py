"""All verdicts as JSON, for the health route and the command line."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.clock import iso, to_micros
from mktdash.quality.ageing import as_of_now, counts_until, judged_at, verdicts_are_stale
from mktdash.quality.base import Status, worst
from mktdash.quality.registry import specs
from mktdash.store.catalogue.datasets import DatasetRow, all_datasets
from mktdash.store.quality.alerts import AlertRow, alerts
from mktdash.store.quality.verdicts import DqRow, VerdictRow, latest_results

# These checks are named in each dataset's entry; the others are in its list.
HEADLINES = ("freshness", "completeness", "completeness30", "drift")


async def overall(conn: AsyncConnection, now: datetime) -> dict[str, Any]:
    """The overall status, then each dataset's verdicts with value, bounds, since when, and evidence.

    A dataset that was never judged is UNKNOWN, and so is one whose verdicts have expired. The overall status is the
    worst of all.
    """
    results = await latest_results(conn)
    standing: dict[str, list[AlertRow]] = {}
    for alert in await alerts(conn):
        standing.setdefault(alert.dataset, []).append(alert)
    datasets = [
        _dataset(row, results.get(row.key, {}), to_micros(now))
        | {"alerts": [alert_json(alert, now) for alert in standing.get(row.key, ())]}
        for row in await all_datasets(conn)
    ]
    return {
        "status": worst([Status(entry["status"]) for entry in datasets]).value,
        "asOf": iso(to_micros(now)),
        "counts": {status.value: sum(entry["status"] == status.value for entry in datasets) for status in Status},
        "datasets": datasets,
    }


def dataset_status(results: Mapping[str, DqRow] | Mapping[str, VerdictRow]) -> Status:
    """The worst of a dataset's verdicts; UNKNOWN where there are none."""
    return worst([Status(row.status) for row in results.values() if not row.idle])


def _dataset(row: DatasetRow, stored: Mapping[str, DqRow], now: int) -> dict[str, Any]:
    results = as_of_now(stored, now)
    order = list(specs())
    metrics = sorted(results.values(), key=lambda one: order.index(one.metric) if one.metric in order else len(order))
    newest, until = judged_at(stored), counts_until(stored)
    return {
        "dataset": row.key,
        "title": row.title,
        "source": row.source,
        "simulated": row.simulated,
        "status": dataset_status(results).value,
        "version": row.version,
        "runAt": None if newest is None else iso(newest),
        "countsUntil": None if until is None else iso(until),
        "stale": newest is None or verdicts_are_stale(stored, now),
        **{name: metric_json(results[name]) if name in results else None for name in HEADLINES},
        "checks": [metric_json(one) for one in metrics if one.metric not in HEADLINES],
    }


def metric_json(row: DqRow) -> dict[str, Any]:
    """One verdict as JSON, with the data version and the code it was computed from."""
    return {
        "metric": row.metric,
        "status": row.status,
        "value": row.value,
        "unit": row.unit,
        "warn": row.warn,
        "fail": row.fail,
        "summary": row.summary,
        "since": iso(row.since),
        "runAt": iso(row.run_at),
        "datasetVersion": row.dataset_version,
        "codeSha": row.code_sha,
        "evidence": row.evidence,
    }


def alert_json(alert: AlertRow, now: datetime) -> dict[str, Any]:
    """One alert as JSON; ``quiet`` where it is acknowledged or muted, which leaves its status as it is."""
    return {
        "id": alert.id,
        "metric": alert.metric,
        "status": alert.status,
        "summary": alert.summary,
        "openedAt": iso(alert.opened_at),
        "quiet": alert.quiet_at(to_micros(now)),
        "acknowledgedBy": alert.acknowledged_by,
        "mutedUntil": None if alert.muted_until is None else iso(alert.muted_until),
        "note": alert.note,
    }
