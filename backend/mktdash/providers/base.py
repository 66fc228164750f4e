"""What a provider is: a client that fetches raw bytes, a parser that reads them, a policy for asking."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

from mktdash.domain.clock import Clock
from mktdash.domain.instrument import DatasetSpec, SeriesSpec
from mktdash.domain.observation import Columns, Int64Array
from mktdash.providers.excerpt import excerpt

RAW_LIMIT = 500
_REASON_LIMIT = 300
_NAME_LIMIT = 100


@dataclass(frozen=True, slots=True)
class RawPayload:
    """Bytes as a source sent them, not parsed yet.

    Attributes:
        body: the bytes, or the file that holds them where they are too many for memory.
        url: where they came from; ``file:NAME`` for a file given by hand, ``package:NAME`` for recorded data.
        fetched_at: when the last byte arrived, UTC.
        known_at: when the content became known: the fetch time unless it is a recorded vintage.
        unchanged: this process fetched the same content before, and the source says that it is still current.
    """

    dataset: str
    body: bytes | Path
    url: str
    fetched_at: datetime
    known_at: datetime
    content_type: str | None = None
    etag: str | None = None
    unchanged: bool = False

    def open(self) -> BinaryIO:
        """The bytes as a binary stream; the caller closes it."""
        return self.body.open("rb") if isinstance(self.body, Path) else BytesIO(self.body)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A refused record, and why.

    Attributes:
        code: a stable reason code such as ``NOT_A_NUMBER`` or ``FUTURE``.
        column: the field at fault, as the source names it.
        raw: the record's own text, cut at 500 characters, what can't be printed as escapes.
        line: 1-based line or record number in the payload; 0 where it has none.
        as_of: the record's instant in microseconds, where it got as far as a date.
    """

    code: str
    column: str
    reason: str
    raw: str
    line: int
    alias: str | None = None
    as_of: int | None = None

    def __post_init__(self) -> None:
        """Shorten the source's own text: it is stored, and shown to people."""
        object.__setattr__(self, "raw", excerpt(self.raw, RAW_LIMIT))
        object.__setattr__(self, "reason", excerpt(self.reason, _REASON_LIMIT))
        object.__setattr__(self, "column", excerpt(self.column, _NAME_LIMIT))
        if self.alias is not None:
            object.__setattr__(self, "alias", excerpt(self.alias, _NAME_LIMIT))


class SkipReason(StrEnum):
    """Why a record was skipped though nothing is wrong with it."""

    UNFINISHED = "unfinished"
    """A bar that has not closed yet; it comes again when it has."""
    REPEATED = "repeated"
    """It comes again later in the same payload; the last one counts."""
    MERGED = "merged"
    """Merged with others: the trades of one millisecond are one bar."""
    PAGE_EDGE = "page-edge"
    """At the edge of a page, where a millisecond may be cut; the next page has all of it."""


@dataclass(frozen=True, slots=True)
class ParsedSeries:
    """The observations that a payload has of one series.

    Attributes:
        alias: the source's own symbol.
        columns: the observations, any order, ``known_at`` None.
        absent: the ``as_of`` instants for which the source explicitly says there is no observation.
        lines: the payload line of each observation, aligned with ``columns``, for quarantine; None where it has none.
    """

    alias: str
    columns: Columns
    absent: Int64Array | None = None
    lines: Int64Array | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """A part of a parsed payload: bounded in size, so that a huge file never stands in memory whole.

    Attributes:
        records: how many records it has; None where nobody counted. ``providers.account`` sees to the sum.
        skipped: how many were skipped though nothing is wrong with them.
    """

    series: Sequence[ParsedSeries]
    rejected: Sequence[Rejection] = ()
    records: int | None = None
    skipped: Mapping[SkipReason, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Policy:
    """How a source is asked.

    Attributes:
        timeout_s: the longest that an answer may take, to its last byte.
        attempts: tries in all, the first included.
        requests_per_s: the most requests a second, over all datasets of the source.
        poll_s: how often the feed looks for news outside the publication time.
        cache_s: an answer younger than this is not asked for again.
        max_bytes: an answer longer than this is refused.
    """

    timeout_s: float = 20.0
    attempts: int = 4
    requests_per_s: float = 2.0
    poll_s: float = 900.0
    cache_s: float = 60.0
    max_bytes: int = 64 * 1024 * 1024
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Window:
    """The session dates asked for, both included; None means as far as the source goes.

    Attributes:
        newest: the newest instant stored of each dataset, microseconds UTC; a source that ticks goes on from there.
    """

    first: date | None = None
    last: date | None = None
    newest: Mapping[str, int] = field(default_factory=dict)


BodyCheck = Callable[[bytes], None]


class Fetcher(Protocol):
    """The HTTP client of ``providers.fetch.fetcher``, bound to one source's policy."""

    async def get(
        self, url: str, *, dataset: str, params: Mapping[str, str] | None = None, check: BodyCheck | None = None
    ) -> RawPayload:
        """Fetch a URL under the policy.

        Args:
            url: where.
            dataset: what the payload belongs to.
            params: the query.
            check: raises where the body is a refusal under status 200; ProviderUnavailableError is tried again.

        Raises:
            ProviderUnavailableError: no good answer within the policy's attempts.
            ProviderError: the source refused, for good.
        """
        ...

    def listen(self, url: str, subscribe: Sequence[str], *, silence_s: float) -> AsyncIterator[bytes]:
        """Open a WebSocket, subscribe, and give its messages until it fails.

        Raises:
            ProviderUnavailableError: it can't be opened, was closed, or was silent for ``silence_s``.
        """
        ...


class Provider(Protocol):
    """One source of data. A new one is a folder with a client and a parser, and a line in ``providers.registry``."""

    @property
    def name(self) -> str:
        """The source's name in settings, rows and file names."""
        ...

    @property
    def policy(self) -> Policy:
        """How often and how patiently it is asked."""
        ...

    @property
    def datasets(self) -> Sequence[DatasetSpec]:
        """What it publishes."""
        ...

    def fetch(self, fetcher: Fetcher, window: Window, clock: Clock) -> AsyncIterator[RawPayload]:
        """Fetch the payloads that cover a window, oldest first.

        Raises:
            ProviderError: the source failed; what was yielded before stays good.
        """
        ...

    def parse(self, payload: RawPayload) -> Iterator[Parsed]:
        """Parse a payload, in parts. Bad records become rejections; the good ones go on.

        Raises:
            ProviderFormatError: the payload as a whole is not the source's format.
        """
        ...

    def describe(self, dataset: str, alias: str) -> SeriesSpec | None:
        """The series behind a source symbol; None where the provider does not know it."""
        ...


@runtime_checkable
class Streaming(Protocol):
    """A provider that also streams."""

    def stream(self, fetcher: Fetcher, window: Window, clock: Clock) -> AsyncIterator[RawPayload]:
        """Yield payloads as they come; first what was missed since ``window.newest``.

        Raises:
            ProviderError: the stream ended; ask for another.
        """
        ...
