"""Validates a parsed series against the contract, column by column: a million rows never become a million objects."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from mktdash.domain.clock import MICROS_PER_DAY, iso
from mktdash.domain.flags import KNOWN_BITS, Flag
from mktdash.domain.instrument import SeriesSpec
from mktdash.domain.interval import allowed_lead, latest_as_of, span_text
from mktdash.domain.observation import BAR_FIELDS, Columns, Int64Array
from mktdash.providers.base import ParsedSeries, Rejection

# Older than any market series published; earlier dates are slips of the pen (0026-10-30).
_EARLIEST = -170 * 366 * MICROS_PER_DAY
# Where a reason names the instant of the record that it is given for.
_AS_OF = "{as_of}"


@dataclass(frozen=True, slots=True)
class Valid:
    """The valid observations of one series, ascending, one an instant; and the refused ones with reasons."""

    columns: Columns
    rejected: Sequence[Rejection] = field(default=())


def validate(parsed: ParsedSeries, spec: SeriesSpec, known_at: int) -> Valid:
    """Check a parsed series, known at an instant (microseconds), against contract and series.

    Codes: ``NOT_FINITE``, ``NOT_POSITIVE``, ``FUTURE``, ``TOO_OLD``, ``UNKNOWN_FLAG``, ``DUPLICATE_CONFLICT``. A bar
    whose open or close lies outside low..high, or whose volume is negative, is kept and flagged OUTLIER: it is
    what the source published.
    """
    columns = parsed.columns
    refused: list[Rejection] = []
    good = np.ones(len(columns), np.bool_)
    ahead = (
        f"{_AS_OF} is more than {span_text(allowed_lead(spec.interval))} after the payload was known, {iso(known_at)}"
    )
    checks: list[tuple[str, str, npt.NDArray[np.bool_], str]] = [
        ("NOT_FINITE", "value", ~np.isfinite(columns.value), "the value is not a finite number"),
        ("FUTURE", "as_of", columns.as_of > latest_as_of(known_at, spec.interval), ahead),
        ("TOO_OLD", "as_of", columns.as_of < _EARLIEST, "the date is before 1800"),
        ("UNKNOWN_FLAG", "quality_flags", (columns.flags & ~KNOWN_BITS) != 0, "a quality flag is not known"),
    ]
    if spec.positive:
        with np.errstate(invalid="ignore"):
            checks.append(("NOT_POSITIVE", "value", columns.value <= 0, "the series has no values of zero or below"))
    for code, column, bad, reason in checks:
        hit = bad & good
        if hit.any():
            good &= ~hit
            refused += [rejection_at(parsed, at, code, column, reason) for at in np.flatnonzero(hit)]
    kept = np.flatnonzero(good)
    order = kept[np.argsort(columns.as_of[kept], kind="stable")]
    order, conflicts = _without_conflicts(columns, order)
    refused += [
        rejection_at(parsed, at, "DUPLICATE_CONFLICT", "as_of", "the payload has two values for this instant")
        for at in conflicts
    ]
    return Valid(_flag_impossible_bars(_plain(columns.take(order))), refused)


def _without_conflicts(columns: Columns, order: Int64Array) -> tuple[Int64Array, Int64Array]:
    """One index an instant, and the indexes of instants that have several contents: none of those can be believed."""
    as_of = columns.as_of[order]
    repeats = np.flatnonzero(as_of[1:] == as_of[:-1])
    if not len(repeats):
        return order, order[:0]
    differs = np.zeros(len(repeats), np.bool_)
    for name in ("value", "flags", *BAR_FIELDS):
        column = getattr(columns, name)
        if column is not None:
            one, other = column[order[repeats]], column[order[repeats + 1]]
            differs |= (one != other) & ~((one != one) & (other != other))  # noqa: PLR0124 - NaN differs from itself
    torn = np.isin(as_of, as_of[repeats[differs]])
    first = np.ones(len(order), np.bool_)
    first[repeats + 1] = False
    return order[first & ~torn], order[torn]


def _plain(columns: Columns) -> Columns:
    # -0.0 reads as 0.0 everywhere, so that equal values are equal bytes.
    return Columns(
        as_of=columns.as_of,
        value=columns.value + 0.0,
        flags=columns.flags,
        **{name: None if (bar := getattr(columns, name)) is None else bar + 0.0 for name in BAR_FIELDS},
    )


def _flag_impossible_bars(columns: Columns) -> Columns:
    if columns.high is None and columns.low is None and columns.volume is None:
        return columns
    impossible = np.zeros(len(columns), np.bool_)
    for inner in (columns.value, columns.open):
        if inner is not None and columns.high is not None:
            impossible |= inner > columns.high
        if inner is not None and columns.low is not None:
            impossible |= inner < columns.low
    if columns.volume is not None:
        impossible |= columns.volume < 0
    if not impossible.any():
        return columns
    return Columns(
        as_of=columns.as_of,
        value=columns.value,
        flags=np.where(impossible, columns.flags | int(Flag.OUTLIER), columns.flags),
        **{name: getattr(columns, name) for name in BAR_FIELDS},
    )


def rejection_at(parsed: ParsedSeries, at: int | np.int64, code: str, column: str, reason: str) -> Rejection:
    """The refusal of one observation of a parsed series, by its index."""
    columns = parsed.columns
    as_of = int(columns.as_of[at])
    raw = f"{parsed.alias},{_instant(as_of)},{float(columns.value[at])!r}"
    line = 0 if parsed.lines is None else int(parsed.lines[at])
    return Rejection(
        code=code,
        column=column,
        reason=reason.replace(_AS_OF, _instant(as_of)),
        raw=raw,
        line=line,
        alias=parsed.alias,
        as_of=as_of,
    )


def _instant(micros: int) -> str:
    try:
        return iso(micros)
    except OverflowError:
        return f"{micros} us"
