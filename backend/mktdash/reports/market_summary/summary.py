"""What a market summary says, as frozen values: everything a renderer needs, and nothing it would have to look up."""

from dataclasses import dataclass
from datetime import date

from mktdash.reports.text import ChangeKind


@dataclass(frozen=True, slots=True)
class Figures:
    """What a period says of one series. A field is None where the data cannot answer.

    Attributes:
        sessions: the local dates on which a value holds, ascending, one a session.
        closes: the last value of each session, aligned with ``sessions``.
        latest: the last value, observed at ``latest_as_of`` (microseconds UTC) in session ``latest_session``.
        change_1d, change_1w, change_period: from the session before, from the last session a week or more before,
            from the first session of the period; in the unit of ``kind``.
        high, low: of the period; a bar's own high and low where the series has bars.
        observations: how many points lie in the period.
        flags: each flag set in the period, with how many points carry it.
    """

    kind: ChangeKind
    sessions: tuple[date, ...]
    closes: tuple[float, ...]
    observations: int
    flags: tuple[tuple[str, int], ...]
    latest: float | None = None
    latest_as_of: int | None = None
    latest_session: date | None = None
    change_1d: float | None = None
    change_1w: float | None = None
    change_period: float | None = None
    high: float | None = None
    high_session: date | None = None
    low: float | None = None
    low_session: date | None = None


@dataclass(frozen=True, slots=True)
class Points:
    """The observations of a period themselves: times in microseconds UTC, flags as a mask."""

    as_of: tuple[int, ...]
    sessions: tuple[date, ...]
    value: tuple[float, ...]
    flags: tuple[int, ...]
    known_at: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """One row of the report. ``quality`` is the worst status of its dataset: PASS, WARN, FAIL or UNKNOWN."""

    symbol: str
    name: str
    asset_class: str
    source: str
    dataset: str
    measure: str
    interval: str
    unit: str
    simulated: bool
    quality: str
    figures: Figures
    points: Points


@dataclass(frozen=True, slots=True)
class MissingSession:
    """A session for which ``series`` series of a dataset have no value, with the reason why; some are named."""

    session: str
    reason: str
    series: int
    symbols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class QualityNote:
    """What one check said of a dataset, last before the snapshot; ``run_at`` in microseconds UTC."""

    metric: str
    status: str
    summary: str
    run_at: int


@dataclass(frozen=True, slots=True)
class DatasetNote:
    """A dataset the report draws on. ``quality`` is empty where nothing has been computed yet."""

    key: str
    title: str
    source: str
    licence: str
    simulated: bool
    version: int
    known_at: int | None
    status: str
    quality: tuple[QualityNote, ...]
    missing: tuple[MissingSession, ...]


@dataclass(frozen=True, slots=True)
class MarketSummary:
    """A whole report. ``snapshot_at`` is the only time of making it carries, so the same input gives the same bytes.

    Attributes:
        start, end: the period, both included.
        main: the symbols whose course the chart shows.
        absent: symbols asked for that have no observation at all.
        remarks: sentences a reader needs to read the figures rightly.
    """

    run_id: str
    snapshot_id: str
    code_sha: str
    template: str
    template_version: int
    snapshot_at: int
    title: str
    start: date
    end: date
    rows: tuple[SeriesSummary, ...]
    main: tuple[str, ...]
    absent: tuple[str, ...]
    datasets: tuple[DatasetNote, ...]
    remarks: tuple[str, ...]

    @property
    def simulated(self) -> bool:
        """Whether any value in it is made up."""
        return any(row.simulated for row in self.rows)
