"""Provider layout: columns or keys that a source adds, drops or renames."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from mktdash.domain.clock import MICROS_PER_DAY, iso
from mktdash.quality.base import CheckContext, CheckResult, CheckSpec, Status, nothing_to_judge
from mktdash.quality.payload_layout import kind_of
from mktdash.store.batches.batches import BatchRow

SPEC = CheckSpec("layout", "Provider layout", "columns changed", warn=1, fail=1)

# A change is reported for so long; then it is the known layout.
_NEWS = 7 * MICROS_PER_DAY
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Change:
    """How two payloads of one kind differ in layout; ``renamed`` are pairs that stand in the same place."""

    added: Sequence[str]
    dropped: Sequence[str]
    renamed: Sequence[tuple[str, str]]

    @property
    def count(self) -> int:
        """How many columns it touches."""
        return len(self.added) + len(self.dropped) + len(self.renamed)


def change_between(before: tuple[str, ...], after: tuple[str, ...]) -> Change:
    """How a layout changed; another order is no change, since columns are read by name."""
    gone = [name for name in before if name not in after]
    come = [name for name in after if name not in before]
    renamed = []
    if len(before) == len(after):
        renamed = [(old, new) for old, new in zip(before, after, strict=True) if old in gone and new in come]
    old_names, new_names = {old for old, _ in renamed}, {new for _, new in renamed}
    return Change(
        [name for name in come if name not in new_names], [name for name in gone if name not in old_names], renamed
    )


@dataclass(frozen=True, slots=True)
class Layout:
    """Follows each kind of payload back to its last change of layout."""

    spec: CheckSpec = SPEC

    def judge(self, context: CheckContext) -> CheckResult:
        """Columns dropped or renamed in the last week FAIL, columns only added WARN."""
        kinds: dict[str, list[BatchRow]] = {}
        for batch in context.batches:
            if context.layouts.get(batch.id):
                kinds.setdefault(kind_of(batch.url), []).append(batch)
        if not kinds:
            return nothing_to_judge(self.spec, context)
        changes = [found for batches in kinds.values() if (found := self._last_change(context, batches)) is not None]
        news = [found for found in changes if found[0].known_at > context.window_end - _NEWS]
        evidence: dict[str, Any] = {
            "columns": {kind: list(context.layouts[batches[0].id])[:100] for kind, batches in kinds.items()},
            "changes": [_describe(batch, change) for batch, change in changes],
        }
        result = CheckResult(
            self.spec.metric,
            Status.PASS,
            0.0,
            self.spec.unit,
            self.spec.warn,
            self.spec.fail,
            "the columns are as before",
            evidence,
            context.window_end,
        )
        if not news:
            return result
        batch, change = max(news, key=lambda found: found[1].count)
        harmful = any(change.dropped or change.renamed for _, change in news)
        return replace(
            result,
            status=Status.FAIL if harmful else Status.WARN,
            value=float(change.count),
            fail=self.spec.fail if harmful else None,
            summary=f"batch {batch.id} of {iso(batch.known_at)}: {_sentence(change)}",
        )

    def _last_change(self, context: CheckContext, batches: Sequence[BatchRow]) -> tuple[BatchRow, Change] | None:
        for newer, older in pairwise(batches):
            change = change_between(context.layouts[older.id], context.layouts[newer.id])
            if change.count:
                return newer, change
        return None


def _sentence(change: Change) -> str:
    parts = [f"{old} renamed to {new}" for old, new in change.renamed]
    if change.dropped:
        parts.append("dropped " + ", ".join(change.dropped[:_SHOWN]))
    if change.added:
        parts.append("added " + ", ".join(change.added[:_SHOWN]))
    return "; ".join(parts)


def _describe(batch: BatchRow, change: Change) -> dict[str, Any]:
    return {
        "batch": batch.id,
        "known_at": iso(batch.known_at),
        "added": list(change.added[:_SHOWN]),
        "dropped": list(change.dropped[:_SHOWN]),
        "renamed": [list(pair) for pair in change.renamed[:_SHOWN]],
    }
