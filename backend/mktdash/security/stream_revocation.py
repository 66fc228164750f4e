"""Ends open streams when who they are for ends: a token that is revoked or expires, a session that is logged out.

A request is asked for its token once; a stream lives for hours. One read a second looks at all tokens that have a
stream open in this process, and none is made where none has.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from mktdash.domain.clock import Clock, to_micros
from mktdash.domain.errors import MktdashError, UnauthenticatedError, UnavailableError
from mktdash.security.principals import Principal
from mktdash.web_times import USUAL

# While the store can't be read nobody can be revoked there, nor learn anything from there; but not for ever.
_SECONDS_OF_DOUBT = 60.0
_MICROS = 1_000_000

_log = logging.getLogger(__name__)

End = Callable[[MktdashError], None]
Look = Callable[[Collection[str]], Awaitable[Mapping[str, Principal]]]


@dataclass(eq=False, slots=True)
class _Stream:
    principal: Principal
    end: End


class Revocation:
    """The open streams of one process. ``look`` gives those of some credentials that are good, by their ids."""

    def __init__(
        self,
        look: Look,
        clock: Clock,
        monotonic: Callable[[], float] = time.monotonic,
        seconds_between_looks: float = USUAL.revocation,
    ) -> None:
        self._look = look
        self._clock = clock
        self._monotonic = monotonic
        self._seconds_between_looks = seconds_between_looks
        self._open: set[_Stream] = set()
        self._task: asyncio.Task[None] | None = None
        self._doubtful_since: float | None = None

    @contextmanager
    def watching(self, principal: Principal, end: End) -> Iterator[None]:
        """While the block runs, call ``end`` once when the principal is none any more, or another."""
        if principal.credential_id is None:
            yield
            return
        stream = _Stream(principal, end)
        self._open.add(stream)
        if self._task is None:
            self._task = asyncio.create_task(self._watch(), name="revocation of streams")
        try:
            yield
        finally:
            self._open.discard(stream)

    async def aclose(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _watch(self) -> None:
        try:
            while self._open:
                await asyncio.sleep(self._seconds_to_next())
                try:
                    await self._look_at_all()
                except Exception:  # noqa: BLE001 - streams would run on for ever behind a watch that has ended
                    _log.exception("open streams could not be looked at")
        finally:
            self._task = None

    def _seconds_to_next(self) -> float:
        ends = [stream.principal.ends_at for stream in self._open if stream.principal.ends_at is not None]
        left = (min(ends) - to_micros(self._clock())) / _MICROS if ends else self._seconds_between_looks
        return min(max(left, 0.0), self._seconds_between_looks)

    async def _look_at_all(self) -> None:
        looked_at = list(self._open)
        now = to_micros(self._clock())
        for stream in looked_at:
            if stream.principal.ends_at is not None and now >= stream.principal.ends_at:
                self._end(stream, _ended())
        try:
            good = await self._look({stream.principal.credential_id or "" for stream in looked_at})
        except UnavailableError as error:
            self._doubt(looked_at, error)
            return
        self._doubtful_since = None
        for stream in looked_at:
            found = good.get(stream.principal.credential_id or "")
            if found is None or found.role is not stream.principal.role:
                self._end(stream, _ended())
            else:
                stream.principal = found

    def _doubt(self, looked_at: list[_Stream], error: MktdashError) -> None:
        if self._doubtful_since is None:
            self._doubtful_since = self._monotonic()
        elif self._monotonic() - self._doubtful_since > _SECONDS_OF_DOUBT:
            for stream in looked_at:
                self._end(stream, error)

    def _end(self, stream: _Stream, error: MktdashError) -> None:
        if stream in self._open:
            self._open.discard(stream)
            stream.end(error)


def _ended() -> UnauthenticatedError:
    return UnauthenticatedError("the token or session of this stream has ended, or has another role now")
