"""Freshness: how many sessions (or ticks) of its schedule a dataset is behind."""

from dataclasses import dataclass, replace
from typing import Any

from mktdash.domain.clock import MICROS_PER_SECOND, iso
from mktdash.domain.interval import span_text
from mktdash.domain.schedule import expected_at, fixing_at, session_of, sessions_between
from mktdash.quality.base import CheckContext, CheckResult, CheckSpec, Status, nothing_to_judge, unknown, unscheduled
from mktdash.quality.ended import ended_result, ended_series
from mktdash.quality.expected.expected_sessions import Schedule, label_of
from mktdash.quality.expected.irregular_pace import FEWEST_GAPS

# A tick or two late is normal; after these times people should know.
_TICKS_WARN_S = 60
_TICKS_FAIL_S = 300
_SHOWN = 20
# Of an irregular series: how many times its longest gap it may be silent.
_GAPS_WARN = 1.5
_GAPS_FAIL = 3.0
# So many sessions or periods late, and the source answers: it may have ended.
_ENDED_AFTER = 20
_ENDED_AFTER_PERIODS = 4

SPEC = CheckSpec("freshness", "Freshness", "sessions late", warn=1, fail=2)


@dataclass(frozen=True, slots=True)
class Freshness:
    """Counts the sessions that are due and newer than all observations of the dataset."""

    spec: CheckSpec = SPEC

    def judge(self, context: CheckContext) -> CheckResult:
        """0 sessions late is PASS, 1 WARN, 2 or more FAIL; of ticks a minute's worth and five.

        An irregular dataset is judged by its own past gaps: beyond 1.5 times the longest WARN, beyond 3 FAIL.
        """
        ended = ended_result(self.spec, context)
        if ended is not None:
            return ended
        if context.irregular:
            return self._irregular(context)
        if context.schedule is None:
            return unscheduled(self.spec, context)
        quoted = [row for series_id, row in context.latest.items() if series_id in context.quoted]
        if not quoted:
            return unknown(self.spec, context, "no observations yet", pipeline=_pipeline(context))
        newest = max(quoted, key=lambda row: row.as_of)
        evidence: dict[str, Any] = {
            "newest": label_of(context.schedule, newest.as_of),
            "newest_as_of": iso(newest.as_of),
            "latency_s": max(0, newest.known_at - newest.as_of) // MICROS_PER_SECOND,
            "pipeline": _pipeline(context),
            **_by_series(context, context.schedule, newest.as_of),
        }
        if context.schedule.step_s is not None:
            return self._ticks(context, context.schedule, context.schedule.step_s, newest.as_of, evidence)
        return self._sessions(context, context.schedule, newest.as_of, evidence)

    def _sessions(
        self, context: CheckContext, schedule: Schedule, newest: int, evidence: dict[str, Any]
    ) -> CheckResult:
        expected = expected_at(schedule, context.now)
        first = min(expected, session_of(newest, schedule.timezone))
        since = sessions_between(schedule, first, expected)
        late = [
            date.isoformat()
            for date, start, due in zip(since.dates, since.start.tolist(), since.due.tolist(), strict=True)
            if start > newest and due <= context.window_end
        ]
        named = label_of(schedule, fixing_at(schedule, expected))
        evidence |= {"expected": named, "late": late[-_SHOWN:]}
        spec = self.spec if schedule.period is None else replace(self.spec, unit="periods late")
        enough = _ENDED_AFTER if schedule.period is None else _ENDED_AFTER_PERIODS
        if len(late) >= enough and _asked_well(context):
            on = session_of(newest, schedule.timezone).isoformat()
            evidence["ended_proposed"] = {"on": on}
            named += f"; if it has ended: mktdash quality end {context.dataset.key} --on {on} --reason ..."
        return self._result(context, spec, len(late), evidence, f"expected {named}")

    def _irregular(self, context: CheckContext) -> CheckResult:
        newest = max((row.as_of for one, row in context.latest.items() if one in context.quoted), default=None)
        if newest is None or context.pace is None:
            return nothing_to_judge(
                self.spec, context, f"irregular, and fewer than {FEWEST_GAPS + 1} values to know its usual gaps"
            )
        spec = replace(self.spec, unit="times its longest gap", warn=_GAPS_WARN, fail=_GAPS_FAIL)
        age = max(0, context.window_end - newest)
        share = round(age / context.pace.longest, 3)
        status = Status.PASS if share <= _GAPS_WARN else Status.WARN if share <= _GAPS_FAIL else Status.FAIL
        day = session_of(newest, context.dataset.timezone or "UTC").isoformat()
        summary = (
            f"irregular: newest is {day}, {span_text(age)} ago; the longest of its last {context.pace.gaps} gaps was "
            f"{span_text(context.pace.longest)}"
        )
        evidence: dict[str, Any] = {
            "newest_as_of": iso(newest),
            "gaps": context.pace.gaps,
            "longest_gap_s": context.pace.longest // MICROS_PER_SECOND,
            "age_s": age // MICROS_PER_SECOND,
            "pipeline": _pipeline(context),
        }
        if status is Status.FAIL and _asked_well(context):
            evidence["ended_proposed"] = {"on": day}
            summary += f"; if it has ended: mktdash quality end {context.dataset.key} --on {day} --reason ..."
        return CheckResult(
            spec.metric, status, share, spec.unit, spec.warn, spec.fail, summary, evidence, context.window_end
        )

    def _ticks(
        self, context: CheckContext, schedule: Schedule, step_s: int, newest: int, evidence: dict[str, Any]
    ) -> CheckResult:
        due = context.window_end - _allowed(schedule)
        late = max(0, due - newest) // (step_s * MICROS_PER_SECOND)
        spec = replace(
            self.spec,
            unit="intervals late",
            warn=-(-max(step_s, _TICKS_WARN_S) // step_s),
            fail=-(-max(2 * step_s, _TICKS_FAIL_S) // step_s),
        )
        evidence |= {"interval_s": step_s, "age_s": max(0, context.window_end - newest) // MICROS_PER_SECOND}
        return self._result(context, spec, late, evidence, f"{span_text(max(0, due - newest))} behind")

    def _result(
        self, context: CheckContext, spec: CheckSpec, late: int, evidence: dict[str, Any], expected: str
    ) -> CheckResult:
        status = Status.PASS
        if spec.fail is not None and late >= spec.fail:
            status = Status.FAIL
        elif spec.warn is not None and late >= spec.warn:
            status = Status.WARN
        newest = evidence["newest"]
        unit = spec.unit if late != 1 else spec.unit.replace("s late", " late")
        summary = f"{late} {unit}: newest is {newest}, {expected}"
        if status is Status.PASS:
            summary = f"up to date: newest is {newest}"
        return CheckResult(
            spec.metric, status, float(late), spec.unit, spec.warn, spec.fail, summary, evidence, context.window_end
        )


def _asked_well(context: CheckContext) -> bool:
    """Whether the source itself has no news: it answered after its last error, or is a file that nobody fetches."""
    dataset = context.dataset
    return dataset.last_error_at is None or (
        dataset.checked_at is not None and dataset.checked_at > dataset.last_error_at
    )


def _allowed(schedule: Schedule) -> int:
    return (schedule.publish_delay_s + schedule.grace_s) * MICROS_PER_SECOND


def _by_series(context: CheckContext, schedule: Schedule, newest: int) -> dict[str, Any]:
    """The series behind the newest observation, and the discontinued ones, each with its own newest session."""
    behind, ceased, empty = {}, {}, []
    label = label_of(schedule, newest)
    labels = {newest: label}  # most series are of one age
    for one in context.series:
        latest = context.latest.get(one.id)
        if latest is None:
            if one.id in context.quoted:
                empty.append(one.symbol)
        elif one.id in context.ended:
            continue
        elif one.id not in context.quoted:
            ceased[one.symbol] = label_of(schedule, latest.as_of)
        else:
            own = labels.get(latest.as_of) or labels.setdefault(latest.as_of, label_of(schedule, latest.as_of))
            if own != label:
                behind[one.symbol] = own
    return {
        "series": len(context.quoted),
        "behind": dict(sorted(behind.items(), key=lambda item: item[1])[:_SHOWN]),
        "behind_count": len(behind),
        "empty": empty[:_SHOWN],
        # Proposed as ended: the source answers, and has no values of these any more.
        "no_longer_quoted": dict(sorted(ceased.items(), key=lambda item: item[1])[-_SHOWN:]),
        "ended": ended_series(context),
    }


def _pipeline(context: CheckContext) -> dict[str, Any]:
    """When the source was last fetched, and the result; for information, not part of the verdict."""
    checked = context.dataset.checked_at
    last = context.batches[0] if context.batches else None
    return {
        "checked_at": None if checked is None else iso(checked),
        "age_s": None if checked is None else max(0, context.window_end - checked) // MICROS_PER_SECOND,
        "last_batch": None if last is None else {"id": last.id, "known_at": iso(last.known_at), "new": last.new},
        "last_error": context.dataset.last_error,
    }
