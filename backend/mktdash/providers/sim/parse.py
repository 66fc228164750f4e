"""Parses a payload of simulated ticks: JSON with the first instant, the step and one list of prices a series."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson

from mktdash.domain.clock import MICROS_PER_SECOND
from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.flags import Flag
from mktdash.domain.observation import Columns, Float64Array, Int64Array
from mktdash.providers.account import Account
from mktdash.providers.base import Parsed, ParsedSeries, RawPayload

_LATEST_S = 2**34


def parse(payload: RawPayload) -> Iterator[Parsed]:
    """Read a payload of ticks; every one is flagged SIMULATED.

    Raises:
        ProviderFormatError: it is not what ``client`` writes.
    """
    with payload.open() as stream:
        body = stream.read()
    try:
        answer: dict[str, Any] = orjson.loads(body)
        first, step = int(answer["first_s"]), int(answer["step_s"])
        series = {str(symbol): np.array(values, np.float64) for symbol, values in answer["prices"].items()}
        as_of = {symbol: _instants(first, step, values) for symbol, values in series.items()}
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise ProviderFormatError(
            "simulated market: the payload is not a list of ticks", url=payload.url, size=len(body)
        ) from error
    account = Account("simulated market", sum(len(values) for values in series.values()))
    for symbol, values in series.items():
        flags = np.full(len(values), int(Flag.SIMULATED), np.int64)
        account.keep(ParsedSeries(symbol, Columns(as_of=as_of[symbol], value=values, flags=flags)))
    yield account.parsed()


def _instants(first: int, step: int, values: Float64Array) -> Int64Array:
    """When each tick was, microseconds."""
    if values.ndim != 1 or not abs(first) + abs(step) * len(values) < _LATEST_S:
        raise ValueError("the ticks are of no time")
    return (first + step * np.arange(len(values), dtype=np.int64)) * MICROS_PER_SECOND
