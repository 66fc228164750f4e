"""The verdict on a dataset that an operator declared ended: its source publishes it no more, so nothing is missing."""

from mktdash.domain.clock import iso
from mktdash.domain.schedule import session_of
from mktdash.quality.base import CheckContext, CheckResult, CheckSpec, Status
from mktdash.store.catalogue.endings import Ending

_SHOWN = 20


def ended_result(spec: CheckSpec, context: CheckContext) -> CheckResult | None:
    """The verdict on a dataset that has ended as a whole or series by series; None where it goes on."""
    if context.ending is not None:
        return _ended(spec, context, context.ending)
    if context.ended and all(one.id in context.ended for one in context.series):
        return _all_ended(spec, context)
    return None


def _ended(spec: CheckSpec, context: CheckContext, ending: Ending) -> CheckResult:
    """PASS for what has ended, unless later values came all the same."""
    newest = max((row.as_of for row in context.latest.values()), default=None)
    day = None if newest is None else session_of(newest, context.dataset.timezone or "UTC")
    went_on = day is not None and day > ending.ended_on
    summary = f"ended on {ending.ended_on}: {ending.reason}"
    if went_on:
        summary += f"; but it has values up to {day}, so reopen it: mktdash quality reopen {context.dataset.key}"
    evidence = {
        "ended": {"on": ending.ended_on.isoformat(), "reason": ending.reason, "said_by": ending.recorded_by},
        "newest_as_of": None if newest is None else iso(newest),
    }
    status = Status.WARN if went_on else Status.PASS
    return CheckResult(
        spec.metric, status, None, spec.unit, spec.warn, spec.fail, summary, evidence, context.window_end
    )


def _all_ended(spec: CheckSpec, context: CheckContext) -> CheckResult:
    last = max(one.ended_on for one in context.ended.values()).isoformat()
    evidence = {"ended": ended_series(context)}
    summary = f"all series have ended, the last on {last}"
    return CheckResult(
        spec.metric, Status.PASS, None, spec.unit, spec.warn, spec.fail, summary, evidence, context.window_end
    )


def ended_series(context: CheckContext) -> dict[str, str]:
    """The last session of each series that ended by itself, and why, by symbol; the first twenty."""
    ends = [one for one in context.ended.values() if one.symbol is not None]
    return {str(one.symbol): f"{one.ended_on}: {one.reason}" for one in ends[:_SHOWN]}
