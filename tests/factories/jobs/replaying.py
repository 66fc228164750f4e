"""A replay in a process of its own that hangs at one batch, so that a test can kill it there: ``MODULE URL BATCH``."""

import asyncio
import sys
import threading

from mktdash.domain.clock import system_clock
from mktdash.ingest.replay import replay_from_raw
from mktdash.store.engine.session import open_engine
from tests.factories.sources.scripted import ScriptedProvider


class Hanging(ScriptedProvider):
    """Reads so many batches, says so, and never ends."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self._left = batches

    def parse(self, payload):
        """Read a payload, or hang."""
        if self._left == 0:
            print("hanging", flush=True)  # noqa: T201 - the test waits for it
            threading.Event().wait()
        self._left -= 1
        return super().parse(payload)


async def _run(url: str, batch: int) -> None:
    engine = open_engine(url)
    provider = Hanging(batch)
    async for _ in replay_from_raw(engine, lambda _: provider, since=0, clock=system_clock):
        pass
    print("done", flush=True)  # noqa: T201 - the test waits for it
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1], int(sys.argv[2])))
