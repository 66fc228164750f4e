"""CSV files of made markets, told to a store one after the other and judged as the feed judges them."""

from datetime import date, timedelta

import numpy as np

from mktdash.domain.calendar import sessions
from mktdash.providers.base import RawPayload
from mktdash.providers.csv.client import CsvProvider
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.quality.runner import run_quality
from tests.factories.sources.ingesting import ingest
from tests.factories.web.application import resources_over, web_over

METRICS = "query($key: String!) { dataset(key: $key) { quality { metrics { metric status value summary evidence } } } }"
LAST = date(2026, 11, 19)
RATES = CsvMapping(
    dataset="rates",
    date="Date",
    series={"AAA": "A", "BBB": "B", "CCC": "C"},
    calendar="TARGET",
    timezone="Europe/Berlin",
    fixing_time="14:15",
    unit="USD",
)


def walks(n=2584, columns=3, decimals=4):
    """The dates of the last TARGET sessions and a random walk a column."""
    days = sessions("TARGET", LAST - timedelta(days=2 * n), LAST)[-n:]
    steps = np.random.default_rng(18).normal(0, 0.01, (n, columns))
    return days, np.round(np.array([1.1, 25.0, 160.0])[:columns] * np.exp(np.cumsum(steps, axis=0)), decimals)


def table(days, values, header="Date,A,B,C"):
    """A file with a column a series; NaN is an empty cell."""
    lines = [",".join(header.split(",")[: 1 + values.shape[1]])]
    for day, row in zip(days, values, strict=True):
        lines.append(",".join([str(day), *("" if one != one else f"{one:.10g}" for one in row.tolist())]))  # noqa: PLR0124 - NaN
    return "\n".join(lines).encode()


async def ingest_table(engine, body, known_at, mapping=RATES, **more):
    """Merge a file as it is learned at an instant."""
    payload = RawPayload(mapping.dataset, body, "file:rates.csv", known_at, known_at)
    provider = CsvProvider(mapping)
    return await ingest(engine, payload, provider, **more)


async def metrics(engine, key, now, code_sha="abc123", **more):
    """What GraphQL says of a dataset, judged now, by metric."""
    await run_quality(engine, clock=lambda: now, code_sha=code_sha, datasets=[key], **more)
    async with web_over(resources_over(engine, clock=lambda: now)) as web:
        found = (await web.data(METRICS, {"key": key}))["dataset"]["quality"]["metrics"]
    return {one["metric"]: one for one in found}
