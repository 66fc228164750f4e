"""Reads a payload of simulated ticks: JSON with the first instant, the step and one list of prices a series."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson

from mktdash.domain.clock import MICROS_PER_SECOND
from mktdash.domain.errors import ProviderFormatError
from mktdash.domain.flags import Flag
from mktdash.domain.observation import Columns
from mktdash.providers.base import Parsed, ParsedSeries, RawPayload


def parse(payload: RawPayload) -> Iterator[Parsed]:
    """Read a payload of ticks; every one is flagged SIMULATED.

    Raises:
        ProviderFormatError: it is not what ``client`` writes.
    """
    with payload.open() as stream:
        body = stream.read()
    try:
        said: dict[str, Any] = orjson.loads(body)
        first, step = int(said["first_s"]), int(said["step_s"])
        series = {str(symbol): np.array(values, np.float64) for symbol, values in said["prices"].items()}
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProviderFormatError(
            "simulated market: the payload is not a run of ticks", url=payload.url, size=len(body)
        ) from error
    yield Parsed(
        [
            ParsedSeries(
                alias=symbol,
                columns=Columns(
                    as_of=(first + step * np.arange(len(values), dtype=np.int64)) * MICROS_PER_SECOND,
                    value=values,
                    flags=np.full(len(values), int(Flag.SIMULATED), np.int64),
                ),
            )
            for symbol, values in series.items()
        ]
    )
