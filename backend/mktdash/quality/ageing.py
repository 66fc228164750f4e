"""How long a verdict is valid: a feed that stopped judging must not go on showing PASS."""

from collections.abc import Mapping
from dataclasses import replace
from typing import overload

from mktdash.domain.clock import MICROS_PER_SECOND, iso
from mktdash.quality.base import Status
from mktdash.store.quality.verdicts import DqRow, VerdictRow

# All datasets are judged this often, whether they changed or not.
JUDGED_EVERY_S = 300
# A round takes its time and a feed may just be starting again: the verdicts of a missed round are too old.
COUNTS_FOR_S = 2 * JUDGED_EVERY_S


def judged_at(rows: Mapping[str, DqRow] | Mapping[str, VerdictRow]) -> int | None:
    """When a dataset was last judged (microseconds UTC); None where it never was."""
    return max((row.run_at for row in rows.values()), default=None)


def counts_until(rows: Mapping[str, DqRow] | Mapping[str, VerdictRow]) -> int | None:
    """The last instant (microseconds UTC) at which a dataset's verdicts count; None where it was never judged."""
    at = judged_at(rows)
    return None if at is None else at + COUNTS_FOR_S * MICROS_PER_SECOND


def verdicts_are_stale(rows: Mapping[str, DqRow] | Mapping[str, VerdictRow], now: int) -> bool:
    """Whether a dataset was last judged too long ago for its verdicts to be valid at ``now``."""
    until = counts_until(rows)
    return until is not None and now > until


@overload
def as_of_now(rows: Mapping[str, DqRow], now: int) -> Mapping[str, DqRow]: ...
@overload
def as_of_now(rows: Mapping[str, VerdictRow], now: int) -> Mapping[str, VerdictRow]: ...
def as_of_now(
    rows: Mapping[str, DqRow] | Mapping[str, VerdictRow], now: int
) -> Mapping[str, DqRow] | Mapping[str, VerdictRow]:
    """A dataset's verdicts at ``now`` (microseconds UTC): expired ones are UNKNOWN, and say since when."""
    return {name: _unknown(row) for name, row in rows.items()} if verdicts_are_stale(rows, now) else rows  # type: ignore[return-value]  # as given


def _unknown(row: DqRow | VerdictRow) -> DqRow | VerdictRow:
    unknown = Status.UNKNOWN.value
    if not isinstance(row, DqRow):
        return row._replace(status=unknown)
    return replace(row, status=unknown, summary=f"not judged since {iso(row.run_at)}; was {row.status}: {row.summary}")
