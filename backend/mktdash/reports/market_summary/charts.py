"""The charts of a report: the course of the main series, and who moved most."""

from collections import Counter
from dataclasses import dataclass

from mktdash.reports.market_summary.summary import Figures, MarketSummary, SeriesSummary
from mktdash.reports.svg import Bar, Line, bar_chart, course_chart
from mktdash.reports.text import ChangeKind, change_text

_MOST_BARS = 12
_BARS_A_SIDE = 6


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as SVG text, with its caption and what it shows for those who can't see it; ``narrow`` fits a phone."""

    svg: str
    narrow: str
    caption: str
    alt: str


def main_series_chart(summary: MarketSummary) -> Chart | None:
    """The main series, each from its first session of the period on; None where none has a course."""
    rows = [row for symbol in summary.main for row in summary.rows if row.symbol == symbol]
    if not rows:
        return None
    kind = rows[0].figures.kind
    lines = [
        Line(
            f"{row.symbol} {change_text(row.figures.change_period, kind)}",
            row.figures.sessions,
            _relative(row.figures),
        )
        for row in rows
    ]
    unit = "basis points" if kind is ChangeKind.BASIS_POINTS else "percent"
    caption = f"Change since the first session of the period, {unit}"
    alt = f"{caption}: " + ", ".join(line.label for line in lines)
    narrow = course_chart(lines, alt=alt, width=400, height=300)
    return Chart(course_chart(lines, alt=alt), narrow, caption, alt)


def _relative(figures: Figures) -> tuple[float, ...]:
    base = figures.closes[0]
    if figures.kind is ChangeKind.BASIS_POINTS:
        return tuple((close - base) * 100 for close in figures.closes)
    return tuple((close / base - 1) * 100 for close in figures.closes)


def largest_moves_chart(summary: MarketSummary) -> Chart | None:
    """The largest rises and falls; all of them where they are few. Of the kind of change that most rows have."""
    moved = moved_rows(summary)
    kinds = Counter(row.figures.kind for row in moved)
    if not kinds:
        return None
    kind = kinds.most_common(1)[0][0]
    ranked = sorted((row for row in moved if row.figures.kind is kind), key=period_change, reverse=True)
    if len(ranked) > _MOST_BARS:
        ranked = ranked[:_BARS_A_SIDE] + ranked[-_BARS_A_SIDE:]
        caption = "The largest rises and falls over the period"
    else:
        caption = "Changes over the period"
    bars = [Bar(row.symbol, period_change(row), change_text(row.figures.change_period, kind)) for row in ranked]
    alt = f"{caption}: " + ", ".join(f"{bar.label} {bar.text}" for bar in bars)
    drawn = bar_chart(bars, alt=alt)
    return Chart(drawn, drawn, caption, alt)


def moved_rows(summary: MarketSummary) -> list[SeriesSummary]:
    """The rows that changed; made-up ones only where there are no others, for no headline is theirs to take."""
    moved = [row for row in summary.rows if row.figures.change_period is not None]
    return [row for row in moved if not row.simulated] or moved


def period_change(row: SeriesSummary) -> float:
    """What a row is ranked by."""
    return row.figures.change_period or 0.0
