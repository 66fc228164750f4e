"""The report as text and pictures, laid out by nobody yet: what PDF and HTML both show, said once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from mktdash.domain.flags import Flag
from mktdash.quality.base import Status, worst
from mktdash.reports.market_summary.charts import (
    Chart,
    largest_moves_chart,
    main_series_chart,
    moved_rows,
    period_change,
)
from mktdash.reports.market_summary.summary import DatasetNote, MarketSummary, SeriesSummary
from mktdash.reports.svg import sparkline
from mktdash.reports.text import ChangeKind, change_text, count_text, day_text, instant_text, tone, value_text

_FIRST_METRIC = "freshness"
_REASONS = {
    "NOT_YET_DUE": "not yet due",
    "SOURCE_SAYS_NONE": "the source says there is none",
    "QUARANTINED": "the record was refused",
    "PROVIDER_GAP": "the source left it out",
    "NEVER_FETCHED": "never fetched",
}


@dataclass(frozen=True, slots=True)
class ColouredText:
    """A text with its colour: ``up``, ``down``, ``flat``, or a quality status in lower case."""

    text: str
    tone: str


@dataclass(frozen=True, slots=True)
class Tile:
    """A headline figure."""

    label: str
    value: ColouredText
    detail: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    symbol: str
    name: str
    about: str
    latest: str
    session: str
    change_1d: ColouredText
    change_1w: ColouredText
    change_period: ColouredText
    spark: str
    high: str
    high_on: str
    low: str
    low_on: str
    observations: str
    flags: str
    quality: ColouredText
    simulated: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one check says."""

    metric: str
    status: ColouredText
    summary: str
    at: str


@dataclass(frozen=True, slots=True)
class Source:
    """A dataset with its verdicts, the sessions it lacks, and where it is from."""

    title: str
    about: str
    licence: str
    status: ColouredText
    simulated: bool
    verdicts: tuple[Verdict, ...]
    missing: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report; ``courses`` and ``moves`` are None where there is nothing to draw. ``made_at``: microseconds.

    ``cautions`` are what a reader must know first: the datasets whose checks failed, and how.
    """

    title: str
    period: str
    scope: str
    simulated: bool
    cautions: tuple[tuple[str, str], ...]
    tiles: tuple[Tile, ...]
    courses: Chart | None
    moves: Chart | None
    rows: tuple[Row, ...]
    remarks: tuple[str, ...]
    sources: tuple[Source, ...]
    provenance: tuple[tuple[str, str], ...]
    run_id: str
    generated: str
    made_at: int


def page_of(summary: MarketSummary) -> Page:
    """Everything a reader sees, from what is known."""
    sessions = {day for row in summary.rows for day in row.figures.sessions}
    scope = [
        f"{len(summary.rows)} series",
        count_text(len(sessions), "session", "sessions"),
        f"{sum(row.figures.observations for row in summary.rows):,} observations",
    ]
    remarks = list(summary.remarks)
    years = summary.start.year != summary.end.year
    if summary.absent:
        remarks.append(f"Nothing has been observed yet of: {', '.join(summary.absent)}.")
    return Page(
        title=summary.title,
        period=f"{day_text(summary.start)} to {day_text(summary.end)}",
        scope=" \N{MIDDLE DOT} ".join(scope),
        simulated=summary.simulated,
        cautions=tuple(_cautions(summary)),
        tiles=tuple(_tiles(summary)),
        courses=main_series_chart(summary),
        moves=largest_moves_chart(summary),
        rows=tuple(_row(row, years=years) for row in summary.rows),
        remarks=tuple(remarks),
        sources=tuple(_source(note) for note in summary.datasets),
        provenance=(
            ("Run", summary.run_id),
            ("Snapshot", summary.snapshot_id),
            ("Code", summary.code_sha),
            ("Template", f"{summary.template} v{summary.template_version}"),
            ("Data as at", instant_text(summary.snapshot_at)),
        ),
        run_id=summary.run_id,
        generated=instant_text(summary.snapshot_at),
        made_at=summary.snapshot_at,
    )


def _cautions(summary: MarketSummary) -> Iterator[tuple[str, str]]:
    """One failed check a dataset, the one that matters most to a reader: whether the figures are of today."""
    for note in summary.datasets:
        failed = [one for one in note.quality if one.status == Status.FAIL]
        if failed:
            yield note.title, min(failed, key=lambda one: one.metric != _FIRST_METRIC).summary


def _tiles(summary: MarketSummary) -> list[Tile]:
    tiles = []
    moved = moved_rows(summary)
    for kind in ChangeKind:
        alike = sorted((row for row in moved if row.figures.kind is kind), key=period_change)
        if not alike:
            continue
        whose = ", yields" if kind is ChangeKind.BASIS_POINTS else ""
        for label, direction, row in (("Largest rise", "up", alike[-1]), ("Largest fall", "down", alike[0])):
            change = row.figures.change_period
            if tone(change) == direction:
                change_value = ColouredText(change_text(change, kind), direction)
                tiles.append(Tile(f"{label}{whose}", change_value, f"{row.symbol}, {row.name}"))
    if moved:
        directions = Counter(tone(row.figures.change_period) for row in moved)
        detail = f"of {len(moved)} over the period"
        tiles.append(Tile("Rose / fell", ColouredText(f"{directions['up']} / {directions['down']}", "plain"), detail))
    statuses = [Status(note.status) for note in summary.datasets]
    overall = worst(statuses)
    judged = sum(len(note.quality) for note in summary.datasets)
    detail = f"by {count_text(judged, 'check', 'checks')}" if judged else "not yet computed"
    tiles.append(Tile("Data quality", ColouredText(overall, overall.lower()), detail))
    return tiles


def _row(row: SeriesSummary, *, years: bool) -> Row:
    figures = row.figures
    about = [row.unit, row.source] if row.interval == "1d" else [row.unit, row.source, row.interval]
    shown_flags = [f"{name} {n}" for name, n in figures.flags if name != Flag.SIMULATED.name]
    period_tone = tone(figures.change_period)
    return Row(
        symbol=row.symbol,
        name=row.name,
        about=" \N{MIDDLE DOT} ".join(about),
        latest=value_text(figures.latest, row.measure),
        session=day_text(figures.latest_session),
        change_1d=_change(figures.change_1d, figures.kind),
        change_1w=_change(figures.change_1w, figures.kind),
        change_period=_change(figures.change_period, figures.kind),
        spark=sparkline(figures.sessions, figures.closes, period_tone),
        high=value_text(figures.high, row.measure),
        high_on=day_text(figures.high_session, year=years),
        low=value_text(figures.low, row.measure),
        low_on=day_text(figures.low_session, year=years),
        observations=f"{figures.observations:,}",
        flags=", ".join(shown_flags),
        quality=ColouredText(row.quality, row.quality.lower()),
        simulated=row.simulated,
    )


def _change(change: float | None, kind: ChangeKind) -> ColouredText:
    return ColouredText(change_text(change, kind), tone(change))


def _source(note: DatasetNote) -> Source:
    facts = [f"source {note.source}", f"data version {note.version}", f"last learned {instant_text(note.known_at)}"]
    return Source(
        title=note.title,
        about=" \N{MIDDLE DOT} ".join(facts),
        licence=note.licence,
        status=ColouredText(note.status, note.status.lower()),
        simulated=note.simulated,
        verdicts=tuple(
            Verdict(
                one.metric.replace("_", " "),
                ColouredText(one.status, one.status.lower()),
                one.summary,
                instant_text(one.run_at),
            )
            for one in note.quality
        ),
        missing=tuple(
            (gap.session, _who(gap.series, gap.symbols), _REASONS.get(gap.reason, gap.reason.lower()))
            for gap in note.missing
        ),
    )


def _who(series: int, symbols: tuple[str, ...]) -> str:
    named = ", ".join(symbols)
    return named if series <= len(symbols) else f"{count_text(series, 'series', 'series')}: {named}, ..."
