"""The loop of one source: fetch when it is time, ingest the payloads, record errors, and go on."""

import asyncio
import hashlib
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy.exc import SQLAlchemyError

from mktdash.bounded_dict import BoundedDict
from mktdash.domain.clock import to_micros
from mktdash.domain.errors import MktdashError
from mktdash.domain.events import OBSERVATIONS
from mktdash.domain.schedule import session_of
from mktdash.feed.polling import next_poll
from mktdash.feed.source_lease import Lease
from mktdash.ingest.pipeline import IngestReport, ingest_payload
from mktdash.live.publish import notify
from mktdash.providers.base import Provider, RawPayload, Streaming, Window
from mktdash.providers.fetch.fetcher import HttpFetcher
from mktdash.resources import Resources
from mktdash.store.catalogue.datasets import mark_checked
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.series.latest import newest_by_dataset

_log = logging.getLogger(__name__)

_STANDBY_S = 5.0
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_REMEMBERED = 256
# What has no sessions is asked for by instant, not by date.
_ALWAYS_OPEN = frozenset({"24/7", ""})


@dataclass
class SourceLoop:
    """The loop of one source.

    Attributes:
        touched: called with each report that changed something.
    """

    provider: Provider
    fetcher: HttpFetcher
    resources: Resources
    lease: Lease
    touched: Callable[[IngestReport], None]
    role: str = "starting"
    failures: int = 0
    last_error: str | None = None
    last_poll_at: datetime | None = None
    next_poll_at: datetime | None = None
    stream: str | None = None
    _seen: BoundedDict[str, str] = field(default_factory=lambda: BoundedDict(_REMEMBERED))
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def state(self) -> dict[str, Any]:
        """How the source is doing, as JSON values, for the feed's heartbeat."""
        return {
            **self.fetcher.state.as_json(),
            "role": self.role,
            "stream": self.stream,
            "poll_failures": self.failures,
            "poll_error": self.last_error,
            "last_poll_at": None if self.last_poll_at is None else self.last_poll_at.isoformat(),
            "next_poll_at": None if self.next_poll_at is None else self.next_poll_at.isoformat(),
        }

    async def run(self) -> None:
        """Work until cancelled."""
        beside: list[asyncio.Task[None]] = []
        try:
            while True:
                if not await self.lease.take():
                    # Another feed has this source; this one stands by to take over.
                    self.role = "standby"
                    await _end(beside)
                    await asyncio.sleep(_STANDBY_S)
                    continue
                self.role = "active"
                if not beside:
                    beside.append(asyncio.create_task(self.lease.keep(), name=f"lease of {self.provider.name}"))
                await self.poll()
                if len(beside) == 1 and isinstance(self.provider, Streaming):
                    listening = self._keep_listening(self.provider)
                    beside.append(asyncio.create_task(listening, name=f"stream of {self.provider.name}"))
                await self._rest()
        finally:
            await _end(beside)
            await self.lease.give_back()

    async def poll(self) -> None:
        """Fetch once and ingest the payloads; a failure is logged and recorded, and makes the next pause longer."""
        try:
            await self._fetch()
        except MktdashError as error:
            if error.message != self.last_error:
                _log.warning("%s", error.message)
            await self._note_failure(error.message)
        except (SQLAlchemyError, OSError) as error:
            _log.warning("%s: the database is unavailable: %s", self.provider.name, type(error).__name__)
            await self._note_failure(f"the database is unavailable ({type(error).__name__})")
        except Exception as error:  # noqa: BLE001  # one source's trouble must not end the feed
            _log.exception("%s: the poll failed with an internal error", self.provider.name)
            await self._note_failure(f"internal error ({type(error).__name__})")
        else:
            self.failures = 0
            self.last_error = None
        self.last_poll_at = self.resources.clock()

    async def _keep_listening(self, provider: Streaming) -> None:
        """Listen, and reconnect after each end; an end brings the next poll forward, to fetch what was missed."""
        pause = _FIRST_PAUSE_S
        while self.resources.settings.network != "off":
            run_id, said_before = str(uuid4()), self.stream
            try:
                async for payload in provider.stream(self.fetcher, await self._window(), self.resources.clock):
                    self.stream = said_before = "live"
                    pause = _FIRST_PAUSE_S
                    await self._ingest(payload, run_id)
            except MktdashError as error:
                self.stream = error.message
            except (SQLAlchemyError, OSError) as error:
                self.stream = f"the database is unavailable ({type(error).__name__})"
            except Exception as error:  # noqa: BLE001  # one stream's trouble must not end the feed
                _log.exception("%s: the stream failed with an internal error", self.provider.name)
                self.stream = f"internal error ({type(error).__name__})"
            if self.stream != said_before:
                _log.warning("%s: the stream ended: %s", self.provider.name, self.stream)
            self._wake.set()
            await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # no secret hangs on it
            pause = min(pause * 2, _LONGEST_PAUSE_S)

    async def _fetch(self) -> None:
        run_id = str(uuid4())
        async for payload in self.provider.fetch(self.fetcher, await self._window(), self.resources.clock):
            await self._ingest(payload, run_id)
        if self.fetcher.state.failures and (error := self.fetcher.state.last_error):
            # What came was recorded data: the source itself did not answer, and the dataset should show it.
            await self._note_on_datasets(error)

    async def _window(self) -> Window:
        """From the newest stored session, so that a late correction of it is seen too; else everything."""
        newest = await self._newest()
        if len(newest) < len(self.provider.datasets) or any(
            dataset.calendar in _ALWAYS_OPEN for dataset in self.provider.datasets
        ):
            return Window(newest=newest)
        first = min(session_of(newest[dataset.key], dataset.timezone) for dataset in self.provider.datasets)
        return Window(first=first, newest=newest)

    async def _newest(self) -> dict[str, int]:
        async with read_transaction(self.resources.engine) as conn:
            return await newest_by_dataset(conn, [dataset.key for dataset in self.provider.datasets])

    async def _ingest(self, payload: RawPayload, run_id: str) -> None:
        digest = await asyncio.to_thread(_sha256, payload)
        if payload.unchanged or self._seen.get(payload.url) == digest:
            async with write_transaction(self.resources.engine) as conn:
                await mark_checked(conn, payload.dataset, to_micros(self.resources.clock()))
            return
        report = await ingest_payload(
            self.resources.engine,
            self.provider,
            payload,
            clock=self.resources.clock,
            run_id=run_id,
            code_sha=self.resources.code_sha,
        )
        self._seen[payload.url] = digest
        if report.changed or report.rejected:
            self.touched(report)
        if report.changed:
            await notify(self.resources.redis, [OBSERVATIONS])
            _log.log(
                logging.DEBUG if self.provider.policy.poll_s < _STANDBY_S * 2 else logging.INFO,
                "%s: new %d, revised %d, retracted %d, rejected %d",
                *(report.dataset, report.new, report.revised, report.retracted, report.rejected),
            )

    async def _rest(self) -> None:
        clock, newest = self.resources.clock, {}
        with suppress(SQLAlchemyError, OSError):
            newest = await self._newest()
        self.next_poll_at = next_poll(
            self.provider.policy, self.provider.datasets, newest, clock(), failures=self.failures
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.0, (self.next_poll_at - clock()).total_seconds())):
                await self._wake.wait()
        self._wake.clear()

    async def _note_failure(self, message: str) -> None:
        self.failures += 1
        self.last_error = message
        await self._note_on_datasets(message)

    async def _note_on_datasets(self, message: str) -> None:
        now = to_micros(self.resources.clock())
        with suppress(SQLAlchemyError, OSError):
            async with write_transaction(self.resources.engine) as conn:
                for dataset in self.provider.datasets:
                    await mark_checked(conn, dataset.key, now, message)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    tasks.clear()


def _sha256(payload: RawPayload) -> str:
    digest = hashlib.sha256()
    with payload.open() as stream:
        while piece := stream.read(1024 * 1024):
            digest.update(piece)
    return digest.hexdigest()
