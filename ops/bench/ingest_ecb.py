"""The ECB's full history: from the raw file to committed and queryable, new and unchanged, on SQLite."""

import tempfile
import time
from pathlib import Path

from mktdash.domain.clock import system_clock
from mktdash.ingest.pipeline import ingest_payload
from mktdash.providers.ecb.client import EcbProvider, recorded_history
from mktdash.store.catalogue.series import series_by_symbol
from mktdash.store.engine.schema import upgrade
from mktdash.store.engine.session import open_engine, read_transaction
from mktdash.store.series.reading import read_columns
from ops.bench.table import Figure

TITLE = "ECB history into SQLite, raw file to committed and queryable"


async def measure() -> list[Figure]:
    """Observations a second: a first run, and a second one that finds nothing new."""
    with tempfile.TemporaryDirectory() as folder:
        engine = open_engine(f"sqlite+aiosqlite:///{Path(folder) / 'bench.db'}")
        await upgrade(engine)
        rates = []
        for _ in range(2):
            started = time.perf_counter()
            report = await ingest_payload(
                engine,
                EcbProvider(),
                recorded_history(system_clock),
                clock=system_clock,
                run_id="bench",
                code_sha="bench",
            )
            async with read_transaction(engine) as conn:
                await read_columns(conn, await series_by_symbol(conn, "EURUSD"))
            rates.append((report.new + report.same) / (time.perf_counter() - started))
        await engine.dispose()
    return [
        Figure("new observations", rates[0], "obs/s", 60_000),
        Figure("unchanged observations (a replay)", rates[1], "obs/s"),
        Figure("replay to new", rates[1] / rates[0], "x", 1.0),
    ]
