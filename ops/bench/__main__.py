"""``make bench``: every bench in turn, each with its table; exit code 1 where a bound is missed."""

import asyncio
import importlib
import sys

from ops.bench.table import print_table

BENCHES = (
    "ingest_ecb",
    "graphql_series",
    "loop_held",
    "peers",
    "start_again",
    "csv_memory",
    "quality.runs",
    "quality.false_alarms",
    "quality.faults",
    "quality.real_history",
)


def main(wanted: list[str]) -> int:
    """Run the benches named, or all."""
    held = True
    for name in wanted or BENCHES:
        bench = importlib.import_module(f"ops.bench.{name}")
        held &= print_table(bench.TITLE, asyncio.run(bench.measure()))
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
