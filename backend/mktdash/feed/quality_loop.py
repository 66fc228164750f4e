"""The feed's quality loop: judges changed datasets at most once a minute, and all of them every five minutes."""

import asyncio
import logging

from sqlalchemy.exc import SQLAlchemyError

from mktdash.feed.source_lease import Lease
from mktdash.ingest.pipeline import IngestReport
from mktdash.live.publish import notify
from mktdash.quality.ageing import JUDGED_EVERY_S
from mktdash.quality.runner import run_quality
from mktdash.resources import Resources

_log = logging.getLogger(__name__)

_TICK_S = 1.0
# A dataset is judged at most this often, however often it changes.
_PAUSE_S = 60.0


class QualityLoop:
    """Runs the checks beside the feed's sources."""

    def __init__(self, resources: Resources, lease: Lease) -> None:
        self._resources = resources
        self._lease = lease
        self._touched: dict[str, set[int]] = {}
        self._judged_at: dict[str, float] = {}

    def touch(self, report: IngestReport) -> None:
        """Note that a dataset changed."""
        self._touched.setdefault(report.dataset, set()).update(report.series_ids)

    async def run(self) -> None:
        """Judge until cancelled."""
        clock = asyncio.get_running_loop().time
        all_at = clock()
        try:
            while True:
                if clock() >= all_at:
                    all_at = clock() + JUDGED_EVERY_S
                    if await self._lease.take():
                        await self._judge(None, None)
                for dataset in [key for key in self._touched if clock() >= self._judged_at.get(key, 0.0) + _PAUSE_S]:
                    self._judged_at[dataset] = clock()
                    await self._judge([dataset], self._touched.pop(dataset))
                await asyncio.sleep(_TICK_S)
        finally:
            await self._lease.give_back()

    async def _judge(self, datasets: list[str] | None, series_ids: set[int] | None) -> None:
        try:
            await run_quality(
                self._resources.engine,
                clock=self._resources.clock,
                code_sha=self._resources.code_sha,
                datasets=datasets,
                series_ids=series_ids or None,
            )
        except (SQLAlchemyError, OSError) as error:
            _log.warning("no quality run, the database is unavailable: %s", type(error).__name__)
        except Exception:  # noqa: BLE001  # one bad run must not end the feed
            _log.exception("the quality run failed with an internal error")
        else:
            await notify(self._resources.redis, ["quality"])
