"""A source for tests: payloads are JSON that says exactly what the test wants said."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import orjson

from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.instrument import AssetClass, DatasetSpec, InstrumentSpec, Measure, SeriesSpec
from mktdash.domain.observation import Columns
from mktdash.providers.base import Parsed, ParsedSeries, Policy, RawPayload

DAY_0 = datetime(2020, 1, 1, tzinfo=UTC)
Points = Mapping[int, float]


def day(n: int) -> int:
    """The instant of day ``n``, in microseconds."""
    return int((DAY_0 + timedelta(days=n)).timestamp()) * 1_000_000


class ScriptedProvider:
    """Says what its payloads say; ``pieces`` splits each payload in so many."""

    name = "scripted"
    policy = Policy()
    datasets: Sequence[DatasetSpec] = (
        DatasetSpec(
            key="scripted-daily",
            title="Scripted daily values",
            source="scripted",
            calendar="24/7",
            timezone="UTC",
            fixing_time="00:00",
            publish_delay_s=0,
            grace_s=3600,
        ),
    )

    def __init__(self, pieces: int = 1) -> None:
        self._pieces = pieces

    async def fetch(self, *_: object) -> AsyncIterator[RawPayload]:
        """Nothing to fetch: tests make payloads."""
        for payload in ():
            yield payload

    def parse(self, payload: RawPayload) -> Iterator[Parsed]:
        """Read ``{alias: [[day, value, flags], ...]}``."""
        with payload.open() as stream:
            body = stream.read()
        try:
            said = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise ProviderFormatError(f"scripted: {error}") from error
        for part in range(self._pieces):
            yield Parsed(
                [
                    ParsedSeries(
                        alias,
                        Columns(
                            as_of=np.array([day(row[0]) for row in rows[part :: self._pieces]], np.int64),
                            value=np.array(
                                [np.nan if row[1] is None else row[1] for row in rows[part :: self._pieces]], np.float64
                            ),
                            flags=np.array([row[2] for row in rows[part :: self._pieces]], np.int64),
                        ),
                        lines=np.arange(len(rows[part :: self._pieces]), dtype=np.int64) + 1,
                    )
                    for alias, rows in said.items()
                ]
            )

    def describe(self, dataset: str, alias: str) -> SeriesSpec | None:
        """Every alias in capitals is a series."""
        if not alias.isupper():
            return None
        instrument = InstrumentSpec(alias, f"Scripted {alias}", AssetClass.INDEX)
        return SeriesSpec(instrument, dataset, alias, Measure.INDEX, "1d", "index", positive=False)


def scripted(said: Mapping[str, Points], known_at: datetime) -> RawPayload:
    """A payload that says ``{alias: {day: value}}``, known at an instant."""
    rows = {alias: [[n, value, 0] for n, value in points.items()] for alias, points in said.items()}
    return RawPayload(
        dataset="scripted-daily",
        body=orjson.dumps(rows),
        url="test:scripted",
        fetched_at=known_at,
        known_at=known_at,
    )
