"""The versions of topics: what a reader saw is current as long as they are the same. The database moves them itself.

Topics, moved by triggers in the transaction of the change, so that no writer can forget:

- ``catalogue``: instruments, aliases, series, and what datasets are
- ``data:KEY``: the observations of a dataset, its version, and when anything in it was learned
- ``about:KEY``: when a dataset's source was last asked, its trouble, and the batches that came
- ``quality:KEY``: verdicts and alerts on a dataset
- ``raw``: raw bytes that were there already
- ``reports``: report runs and their files

Which table's columns move which topic, and which move none and why: ``tests/functional/answer_cache/test_topics.py``.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from mktdash.store.engine.shared_read import SharedRead
from mktdash.web_times import USUAL

CATALOGUE = "catalogue"
REPORTS = "reports"
RAW = "raw"
# Each dataset has a topic of its own of these: the name here and the dataset's key.
DATA = "data:"
ABOUT = "about:"
QUALITY = "quality:"
FAMILIES = frozenset({DATA, ABOUT, QUALITY})

Versions = Mapping[str, int]

_ALL = "SELECT topic, version FROM topic_version"


class VersionWatch:
    """The versions as they are now. One read serves all who asked before it was sent, so each costs next to nothing."""

    def __init__(self, engine: AsyncEngine, seconds_to_read: float = USUAL.shared_read) -> None:
        self._postgres = engine.dialect.name == "postgresql"
        self.shared: SharedRead[None, Versions] = SharedRead(engine, self._read, seconds_to_read)
        self._last: Versions = {}

    async def now(self) -> Versions:
        """The versions of a read that began after this call; the very same object while they stay the same.

        Raises:
            Exception: whatever the database says when it can't be read.
        """
        found = await self.shared.of(None)
        return {} if found is None else found

    async def aclose(self) -> None:
        """Give the connection back."""
        await self.shared.aclose()

    async def _read(self, driver: Any, _: set[None]) -> Mapping[None, Versions]:
        rows = await (driver.fetch(_ALL) if self._postgres else driver.execute_fetchall(_ALL))
        found = {row[0]: row[1] for row in rows}
        if found != self._last:
            self._last = found
        return {None: self._last}
