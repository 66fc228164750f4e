"""The verdicts as Prometheus gauges; read from the store, so that every web process shows the same."""

from datetime import datetime

from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.clock import MICROS_PER_SECOND, to_micros
from mktdash.quality.ageing import as_of_now
from mktdash.store.quality.alerts import alerts
from mktdash.store.quality.verdicts import latest_results

LEVELS = {"PASS": 0, "WARN": 1, "UNKNOWN": 2, "FAIL": 3}

STATUS = Gauge("mktdash_quality_status", "Verdict: 0 PASS, 1 WARN, 2 UNKNOWN, 3 FAIL.", ["dataset", "metric"])
VALUE = Gauge("mktdash_quality_value", "The figure judged, in the metric's own unit.", ["dataset", "metric"])
SINCE = Gauge("mktdash_quality_since_seconds", "How long the verdict has been this one.", ["dataset", "metric"])
AGE = Gauge("mktdash_quality_age_seconds", "How long ago the dataset was judged.", ["dataset"])
ALERTS = Gauge("mktdash_quality_alerts", "Open alerts; quiet ones are acknowledged or muted.", ["dataset", "quiet"])


def clear() -> None:
    """Forget all verdicts: none is better than one of yesterday."""
    for gauge in (STATUS, VALUE, SINCE, AGE, ALERTS):
        gauge.clear()


async def refresh(conn: AsyncConnection, now: datetime) -> None:
    """Set the gauges from the newest verdicts and the open alerts; what is gone from the store is gone from them."""
    now_micros = to_micros(now)
    results = await latest_results(conn)
    standing = await alerts(conn, limit=10_000)
    clear()
    for dataset, stored in results.items():
        metrics = as_of_now(stored, now_micros)
        for row in metrics.values():
            STATUS.labels(dataset, row.metric).set(LEVELS[row.status])
            SINCE.labels(dataset, row.metric).set((now_micros - row.since) / MICROS_PER_SECOND)
            if row.value is not None:
                VALUE.labels(dataset, row.metric).set(row.value)
        newest = max(row.run_at for row in metrics.values())
        AGE.labels(dataset).set((now_micros - newest) / MICROS_PER_SECOND)
    for alert in standing:
        ALERTS.labels(alert.dataset, "yes" if alert.quiet_at(now_micros) else "no").inc()
