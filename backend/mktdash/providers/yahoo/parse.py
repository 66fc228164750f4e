"""Reads Yahoo's chart answer: columns beside each other, null where nothing is known, the last bar often unfinished."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from mktdash.domain.clock import to_micros
from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.observation import Columns
from mktdash.providers.base import Parsed, ParsedSeries, RawPayload, Rejection
from mktdash.providers.dates import day_of, session_instants
from mktdash.providers.records import json_of, numbers

TIMEZONE = "America/New_York"
FIXING_TIME = "16:00"

_BAR = {"value": "close", "open": "open", "high": "high", "low": "low", "volume": "volume"}


def parse(payload: RawPayload) -> Iterator[Parsed]:
    """Read one symbol's chart.

    Raises:
        ProviderFormatError: an error, or an answer of another shape.
    """
    with payload.open() as stream:
        said = json_of(stream.read(), "Yahoo")
    try:
        chart = said["chart"]
        if chart.get("error"):
            message = str(chart["error"].get("description"))[:200]
            raise ProviderFormatError(f"Yahoo refuses: {message}", said=message)
        result = chart["result"][0]
        alias = str(result["meta"]["symbol"])
        times, quote = result.get("timestamp") or [], (result["indicators"]["quote"] or [{}])[0]
        lists = {name: list(quote[column]) if times else [] for name, column in _BAR.items()}
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ProviderFormatError(f"Yahoo: the answer has another shape ({error!r})", cause=repr(error)) from error
    if any(len(values) != len(times) for values in lists.values()):
        raise ProviderFormatError("Yahoo: the columns are of different lengths", symbol=alias)
    yield _bars(alias, times, lists, to_micros(payload.fetched_at))


def _bars(alias: str, times: list[Any], lists: dict[str, list[Any]], now: int) -> Parsed:
    zone = ZoneInfo(TIMEZONE)
    dated = [isinstance(at, int) for at in times]
    days = [
        day_of(datetime.fromtimestamp(at, UTC).astimezone(zone).date()) if good else 0
        for at, good in zip(times, dated, strict=True)
    ]
    as_of = session_instants(np.array(days, np.int64), TIMEZONE, FIXING_TIME)
    columns, known = {}, np.array(dated, np.bool_)
    none = np.array([value is None for value in lists["value"]], np.bool_)
    rejected = []
    for name, values in lists.items():
        columns[name], numeric = numbers(values)
        bad = known & ~numeric & np.array([value is not None for value in values], np.bool_)
        rejected += [
            Rejection("NOT_A_NUMBER", name, "is not a number", str(values[at])[:500], at + 1, alias, int(as_of[at]))
            for at in np.flatnonzero(bad).tolist()
        ]
        known &= ~bad
    # A session that has not closed yet has no close.
    kept = np.flatnonzero(known & ~none & (as_of <= now))
    left_out = as_of[known & none & (as_of <= now)]
    return Parsed(
        [
            ParsedSeries(
                alias,
                Columns(
                    as_of=as_of[kept],
                    value=columns["value"][kept],
                    flags=np.zeros(len(kept), np.int64),
                    open=columns["open"][kept],
                    high=columns["high"][kept],
                    low=columns["low"][kept],
                    volume=columns["volume"][kept],
                ),
                absent=left_out if len(left_out) else None,
                lines=kept + 1,
            )
        ],
        rejected,
    )
