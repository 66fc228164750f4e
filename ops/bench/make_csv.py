"""Makes a CSV file of minute bars of any size, always the same: ``python -m ops.bench.make_csv PATH MEGABYTES``."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import orjson

SYMBOLS = tuple(f"BAR{n:02d}" for n in range(20))
_START = datetime(2020, 1, 1, tzinfo=UTC)
_MINUTES = 1000
_MEGABYTE = 1_000_000

MAPPING = {
    "dataset": "bench-bars",
    "date": "time",
    "date_formats": ["ISO-TIME"],
    "symbol_column": "symbol",
    "open": "open",
    "high": "high",
    "low": "low",
    "value": "close",
    "volume": "volume",
    "interval": "1m",
    "unit": "USD",
    "currency": "USD",
}


def write(path: Path, megabytes: int) -> int:
    """Write about so many megabytes; returns how many rows. The mapping goes beside it, as ``PATH.json``."""
    path.with_suffix(".json").write_bytes(orjson.dumps(MAPPING))
    rows = size = 0
    with path.open("w", encoding="ascii") as file:
        size += file.write("time,symbol,open,high,low,close,volume\n")
        for block in _blocks():
            size += file.write(block)
            rows += _MINUTES * len(SYMBOLS)
            if size >= megabytes * _MEGABYTE:
                return rows
    return rows


def _blocks() -> Iterator[str]:
    chance = np.random.default_rng(1)
    start = _START
    while True:
        prices = 100 + np.round(chance.normal(0, 1, (_MINUTES, len(SYMBOLS))), 2)
        lines = []
        for minute, row in enumerate(prices.tolist()):
            at = (start + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")
            lines += [
                f"{at},{symbol},{price:.2f},{price + 0.5:.2f},{price - 0.5:.2f},{price + 0.1:.2f},{minute + 1}.0"
                for symbol, price in zip(SYMBOLS, row, strict=True)
            ]
        yield "\n".join(lines) + "\n"
        start += timedelta(minutes=_MINUTES)


if __name__ == "__main__":
    print(write(Path(sys.argv[1]), int(sys.argv[2])), "rows")
