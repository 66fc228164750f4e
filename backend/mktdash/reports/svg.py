"""Charts as small SVG, drawn by hand so that every byte is ours: no script, no styles, the same on each run.

Colours and fonts are presentation attributes, which a page's own style sheet overrides by class.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil, floor, log10
from xml.sax.saxutils import escape, quoteattr

from mktdash.reports.gaps import gap_ends, unbroken
from mktdash.reports.text import MINUS, day_text, month_text

PALETTE = ("#1f5fa8", "#c4561a", "#2a8a62", "#8b4fa0", "#a97b00", "#3a8fb0")
UP = "#1b7a4b"
DOWN = "#b3372b"
FLAT = "#6b7280"
_INK = "#374151"
_GRID = "#d9dde3"
_FONT = "Libertinus Serif"
_MOST_POINTS = 400
_LABEL_GAP = 13.0
_DAYS_OF_WEEKLY_TICKS = 45
_DAYS_OF_MONTHLY_TICKS = 550
_TICK_WIDTH = 56
_FLAT_SHARE = 1e-6
# A whole date takes more room than a month.
_FIRST_LABEL = 1.4


@dataclass(frozen=True, slots=True)
class Line:
    """A course to draw: values by day, ascending; ``label`` stands at its end."""

    label: str
    days: tuple[date, ...]
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from zero to ``value``; ``text`` says the value."""

    label: str
    value: float
    text: str


def course_chart(lines: Sequence[Line], *, alt: str, width: int = 700, height: int = 310) -> str:
    """Courses over one time axis, each labelled at its own end; at least one line with two points."""
    # The right margin holds the labels even in a reader's widest font.
    left, right, top, bottom = 34, 150, 12, 26
    first = min(line.days[0] for line in lines)
    last = max(line.days[-1] for line in lines)
    ticks = nice_ticks(min(min(line.values) for line in lines), max(max(line.values) for line in lines))
    low, high = ticks[0], ticks[-1]
    span = max((last - first).days, 1)

    def x(day: date) -> float:
        return left + (day - first).days / span * (width - left - right)

    def y(value: float) -> float:
        return top + (high - value) / (high - low) * (height - top - bottom)

    parts = []
    for tick in ticks:
        zero = tick == 0
        parts.append(
            f'<line class="{"zero" if zero else "grid"}" x1="{left}" x2="{width - right}" y1="{_n(y(tick))}" '
            f'y2="{_n(y(tick))}" stroke="{_INK if zero else _GRID}" stroke-width="{"0.9" if zero else "0.6"}"/>'
        )
        parts.append(_text(left - 7, y(tick) + 3.6, _tick_text(tick, ticks), anchor="end"))
    most = max(2, (width - left - right) // _TICK_WIDTH)
    for day, text in time_ticks(first, last, most):
        parts.append(
            f'<line class="grid" x1="{_n(x(day))}" x2="{_n(x(day))}" y1="{height - bottom}" '
            f'y2="{height - bottom + 4}" stroke="{_INK}" stroke-width="0.6"/>'
        )
        parts.append(_text(x(day), height - 8, text, anchor="start" if day == first else "middle"))
    ends = spread([y(line.values[-1]) for line in lines], _LABEL_GAP, top, height - bottom)
    for at, (line, end) in enumerate(zip(lines, ends, strict=True)):
        colour = PALETTE[at % len(PALETTE)]
        days, values = thin(line.days, line.values)
        for stretch in unbroken(days, values, gap_ends(line.days)):
            points = " ".join(f"{_n(x(day))},{_n(y(value))}" for day, value in stretch)
            parts.append(
                f'<polyline class="s{at}" points="{points}" fill="none" stroke="{colour}" stroke-width="1.5" '
                'stroke-linejoin="round" stroke-linecap="round"/>'
            )
        parts.append(
            f'<polyline class="lead" points="{_n(x(line.days[-1]) + 2)},{_n(y(line.values[-1]))} '
            f'{_n(width - right + 10)},{_n(end)} {_n(width - right + 14)},{_n(end)}" fill="none" '
            f'stroke="{colour}" stroke-width="0.6"/>'
        )
        parts.append(_text(width - right + 17, end + 3.8, line.label, fill=colour, weight="600", label=f"s{at}"))
    return _svg(width, height, alt, parts)


def bar_chart(bars: Sequence[Bar], *, alt: str, width: int = 340) -> str:
    """Bars to both sides of zero, one below the other in the order given; at least one."""
    step, top = 19, 4
    label_width, value_width = 74, 62
    height = top * 2 + step * len(bars)
    low = min(0.0, *(bar.value for bar in bars))
    high = max(0.0, *(bar.value for bar in bars))
    span = (high - low) or 1.0
    left = label_width + (value_width if low < 0 else 4)
    right = value_width if high > 0 else 4

    def x(value: float) -> float:
        return left + (value - low) / span * (width - left - right)

    zero = _n(x(0))
    parts = [f'<path class="zero" d="M{zero} {top}V{height - top}" stroke="{_INK}" stroke-width="0.8"/>']
    for at, bar in enumerate(bars):
        middle = top + step * at + step / 2
        rises = bar.value >= 0
        parts.append(_text(0, middle + 3.8, bar.label, weight="600"))
        parts.append(
            f'<rect class="{"up" if rises else "down"}" x="{_n(min(x(0), x(bar.value)))}" y="{_n(middle - 5.5)}" '
            f'width="{_n(abs(x(bar.value) - x(0)))}" height="11" fill="{UP if rises else DOWN}"/>'
        )
        beside = x(bar.value) + (5 if rises else -5)
        parts.append(_text(beside, middle + 3.8, bar.text, anchor="start" if rises else "end"))
    return _svg(width, height, alt, parts)


def sparkline(days: Sequence[date], values: Sequence[float], tone: str, width: int = 104, height: int = 24) -> str:
    """The course of one series, without axes; empty for fewer than two values. ``tone`` is up, down or flat."""
    if len(values) < 2:  # noqa: PLR2004 - one point is no course
        return ""
    low, high = min(values), max(values)
    first, span = days[0], max((days[-1] - days[0]).days, 1)
    pad = 3
    colour = {"up": UP, "down": DOWN}.get(tone, FLAT)

    def point(day: date, value: float) -> tuple[str, str]:
        share = (value - low) / (high - low) if high > low else 0.5
        return (
            _n(pad + (day - first).days / span * (width - 2 * pad)),
            _n(height - pad - share * (height - 2 * pad)),
        )

    thinned = thin(tuple(days), tuple(values), most=120)
    course = ""
    for stretch in unbroken(*thinned, gap_ends(days)):
        points = " ".join(",".join(point(day, value)) for day, value in stretch)
        course += f'<polyline class="{tone}" points="{points}" fill="none" stroke="{colour}" stroke-width="1.1"/>'
    end_x, end_y = point(days[-1], values[-1])
    end = f'<circle class="{tone}" cx="{end_x}" cy="{end_y}" r="1.8" fill="{colour}"/>'
    return _svg(width, height, "", [course, end])


def nice_ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round steps that enclose ``low..high`` and zero's side of it; at least two, ascending."""
    # A course as flat as this is drawn as a level line, not as the noise of its last bits.
    if high - low <= _FLAT_SHARE * max(1.0, abs(low), abs(high)):
        low, high = low - 1, high + 1
    raw = (high - low) / about
    power = 10.0 ** floor(log10(raw))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= raw * (1 - 1e-9))
    start, stop = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return [round(at * step, 10) for at in range(start, stop + 1)]


def time_ticks(first: date, last: date, most: int = 9) -> list[tuple[date, str]]:
    """Days to mark on a time axis with their texts, about ``most``: days, weeks, months or years."""
    span = (last - first).days
    if span <= _DAYS_OF_WEEKLY_TICKS:
        step = max(1, ceil(span / most / 7) * 7) if span > most else 1
        days = [first + timedelta(days=n) for n in range(0, span + 1, step)]
        return [(day, day_text(day, year=False)) for day in days]
    months = [
        date(year, month, 1)
        for year in range(first.year, last.year + 1)
        for month in range(1, 13)
        if first <= date(year, month, 1) <= last
    ]
    if span <= _DAYS_OF_MONTHLY_TICKS:
        kept = months[:: ceil(len(months) / most)]
        ticks = [(day, month_text(day, year=day.month == 1)) for day in kept]
        # The first day says which year it is, where its text does not run into the next one's.
        if not kept or (kept[0] - first).days > span * _FIRST_LABEL / most:
            return [(first, day_text(first)), *ticks]
        return [(kept[0], month_text(kept[0], year=True)), *ticks[1:]]
    years = [day for day in months if day.month == 1]
    return [(day, str(day.year)) for day in years[:: max(1, ceil(len(years) / most))]]


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions near the wanted ones and at least ``gap`` apart, within ``low..high`` where they fit."""
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    placed = list(wanted)
    floor_at = low
    for at in order:
        placed[at] = max(placed[at], floor_at)
        floor_at = placed[at] + gap
    ceiling = high
    for at in reversed(order):
        placed[at] = min(placed[at], ceiling)
        ceiling = placed[at] - gap
    return placed


def thin(
    days: tuple[date, ...], values: tuple[float, ...], most: int = _MOST_POINTS
) -> tuple[tuple[date, ...], tuple[float, ...]]:
    """At most about ``most`` points that keep both ends and every bucket's lowest and highest value."""
    n = len(values)
    if n <= most:
        return days, values
    buckets = most // 2
    kept = {0, n - 1}
    for bucket in range(buckets):
        inside = range(bucket * n // buckets, (bucket + 1) * n // buckets)
        kept.add(min(inside, key=values.__getitem__))
        kept.add(max(inside, key=values.__getitem__))
    order = sorted(kept)
    return tuple(days[at] for at in order), tuple(values[at] for at in order)


def _svg(width: int, height: int, alt: str, parts: Sequence[str]) -> str:
    role = f'role="img" aria-label={quoteattr(alt)}' if alt else 'aria-hidden="true"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f"{role}>{''.join(parts)}</svg>"
    )


def _text(
    x: float,
    y: float,
    text: str,
    *,
    anchor: str = "start",
    fill: str = _INK,
    weight: str = "400",
    label: str = "ink",
) -> str:
    return (
        f'<text class="{label}" x="{_n(x)}" y="{_n(y)}" font-family="{_FONT}" font-size="11" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{fill}">{escape(text)}</text>'
    )


def _tick_text(tick: float, ticks: Sequence[float]) -> str:
    step = ticks[1] - ticks[0]
    decimals = 0 if step >= 1 else ceil(-log10(step) - 1e-9)
    if round(step * 10**decimals) != round(step * 10**decimals, 6):
        decimals += 1
    return f"{tick:+.{decimals}f}".replace("-", MINUS) if tick else "0"


def _n(number: float) -> str:
    text = f"{number:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
