"""Completeness gives each missing session exactly one reason."""

from tests.factories.quality import DATASET, at, batch_row, columns, context, fixings, series_row, subjects

from mktdash.domain.clock import to_micros
from mktdash.domain.observation import Columns
from mktdash.quality.base import CheckContext, CheckResult, Status
from mktdash.quality.checks.arrival.completeness import LONG, SHORT, Completeness
from mktdash.quality.expected.missing_sessions import Explainer, Reason
from mktdash.store.batches.absences import QuarantineRow

NOW = "2026-11-20T12:00"


def judged(check: Completeness, made: CheckContext, data: dict[int, Columns]) -> CheckResult:
    return check.combine(made, check.measure(made, subjects(made, data)))


def one_missing(**more: object) -> tuple[CheckResult, str]:
    """The verdict on a series that lacks 2026-11-17, and the detail of that session."""
    data = {1: columns(fixings("2026-01-02", "2026-11-19", without=["2026-11-17"]))}
    made = context(NOW, data, **more)  # type: ignore[arg-type]
    assert made.slots is not None
    filled = subjects(made, data)[0].filled
    assert filled is not None
    found = {one.session: one for one in Explainer(made, made.slots).missing(made.series[0], filled)}
    assert set(found) == {"2026-11-17", "2026-11-20"}
    assert found["2026-11-20"].reason is Reason.NOT_YET_DUE
    result = judged(LONG, made, data)
    listed = {gap["session"]: gap["reason"] for gap in result.evidence["missing"]}
    if found["2026-11-17"].reason is Reason.SOURCE_SAYS_NONE:
        assert listed == {}
    else:
        assert listed == {"2026-11-17": found["2026-11-17"].reason.value}
    return result, found["2026-11-17"].detail


def quarantined(alias: str | None) -> QuarantineRow:
    as_of = to_micros(at("2026-11-17T13:15"))
    return QuarantineRow(1, 4, DATASET.key, alias, "NOT_A_NUMBER", "value", "'x' is no number", "x", 3, as_of)


def test_all_there_is_complete_and_what_is_not_due_is_not_expected() -> None:
    data = {1: columns(fixings("2026-01-02", "2026-11-19"))}

    result = judged(SHORT, context(NOW, data), data)

    # 2026-11-14 to 20: Monday to Thursday are due at noon on Friday.
    assert (result.status, result.value, result.evidence["expected"]) == (Status.PASS, 1.0, 4)


def test_a_session_is_expected_from_the_very_instant_on_at_which_it_is_due() -> None:
    data = {1: columns(fixings("2026-01-02", "2026-11-19"))}
    before, then = (
        judged(SHORT, context(now, data), data) for now in ("2026-11-20T16:59:59.999999", "2026-11-20T17:00")
    )

    assert (before.value, before.evidence["expected"]) == (1.0, 4)
    assert (then.value, then.evidence["expected"]) == (0.8, 5)


def test_a_session_no_batch_covers_was_never_fetched() -> None:
    result, detail = one_missing()

    assert result.status is Status.WARN
    assert detail == "no batch covers it"
    assert result.evidence["reasons"] == {"NEVER_FETCHED": 1}


def test_a_session_that_a_later_batch_covers_and_lacks_is_the_providers_gap() -> None:
    result, detail = one_missing(batches=[batch_row("2026-11-19T16:00", "2026-08-20T12:15", "2026-11-19T13:15", 9)])

    assert result.evidence["reasons"] == {"PROVIDER_GAP": 1}
    assert detail.startswith("batch 9 of 2026-11-19T16:00:00Z")


def test_a_batch_from_before_the_session_does_not_excuse_it() -> None:
    result, _ = one_missing(batches=[batch_row("2026-11-16T16:00", "2026-08-20T12:15", "2026-11-16T13:15")])

    assert result.evidence["reasons"] == {"NEVER_FETCHED": 1}


def test_a_refused_record_explains_its_session_before_any_batch_does() -> None:
    covering = [batch_row("2026-11-19T16:00", "2026-08-20T12:15", "2026-11-19T13:15")]

    result, detail = one_missing(batches=covering, quarantined=[quarantined("USD")], aliases={1: frozenset({"USD"})})
    other, _ = one_missing(batches=covering, quarantined=[quarantined("JPY")], aliases={1: frozenset({"USD"})})

    assert result.evidence["reasons"] == {"QUARANTINED": 1}
    assert detail == "rejected in batch 4: NOT_A_NUMBER, 'x' is no number"
    assert other.evidence["reasons"] == {"PROVIDER_GAP": 1}


def test_what_the_source_declares_empty_does_not_count_against_it() -> None:
    as_of = to_micros(at("2026-11-17T13:15"))

    result, detail = one_missing(absences={1: [(as_of, as_of)]})

    assert (result.status, result.value) == (Status.PASS, 1.0)
    assert detail == "the source says that there is no value"


def test_the_bounds_are_one_and_five_in_a_hundred() -> None:
    def share(missing: int) -> Status:
        sessions = fixings("2026-10-22", "2026-11-19")
        gone = set(sessions[1 : 1 + missing])
        kept = columns([as_of for as_of in sessions if as_of not in gone])
        whole = columns(sessions)
        data = {1: kept} | dict.fromkeys(range(2, 6), whole)
        return judged(LONG, context(NOW, data), data).status

    # 5 series x 21 sessions = 105 expected.
    assert [share(n) for n in (0, 1, 2, 5, 6)] == [Status.PASS, Status.PASS, Status.WARN, Status.WARN, Status.FAIL]


def test_a_series_is_not_expected_before_its_first_observation() -> None:
    data = {1: columns(fixings("2026-11-16", "2026-11-19"))}

    assert judged(LONG, context(NOW, data), data).evidence["expected"] == 4


def test_series_out_of_print_do_not_alarm() -> None:
    data = {1: columns(fixings("2026-01-02", "2026-11-19")), 2: columns(fixings("2022-01-03", "2022-12-30"))}

    result = judged(LONG, context(NOW, data, ceased=[2]), data)

    assert (result.status, result.value) == (Status.PASS, 1.0)


def test_an_empty_dataset_and_one_without_a_schedule_are_unknown() -> None:
    empty = {1: Columns.empty()}
    point = {1: columns([to_micros(at("2026-11-19T13:15"))])}

    assert judged(LONG, context(NOW, empty), empty).status is Status.UNKNOWN
    nameless = context(NOW, point, dataset=DATASET._replace(calendar=""))
    assert judged(LONG, nameless, point).status is Status.UNKNOWN


def test_a_dataset_of_one_point_is_complete() -> None:
    data = {1: columns([to_micros(at("2026-11-19T13:15"))])}

    assert judged(LONG, context(NOW, data), data).value == 1.0


def test_ticks_are_expected_by_the_hour_and_a_burst_does_not_fill_a_gap() -> None:
    sim = DATASET._replace(calendar="24/7", timezone="UTC", fixing_time="00:00", publish_delay_s=0, grace_s=10)
    start = to_micros(at("2026-11-20T09:00"))
    step = 5_000_000
    whole = [start + n * step for n in range(720)]
    half = [start + 720 * step + n * step for n in range(360)]
    doubled = [start + 1440 * step + n * step // 2 for n in range(1440)]
    data = {1: columns(whole + half + doubled)}
    made = context("2026-11-20T12:30", data, dataset=sim, series=[series_row(interval="5s")])

    result = judged(SHORT, made, data)

    assert (result.evidence["expected"], result.evidence["present"]) == (3 * 720, 2 * 720 + 360)
    assert [gap["session"] for gap in result.evidence["missing"]] == ["2026-11-20T10:00:00Z"]


def test_a_monthly_source_is_judged_over_months() -> None:
    delay = 15 * 86_400
    macro = DATASET._replace(
        calendar="SIFMA_US", timezone="America/New_York", fixing_time="00:00", publish_delay_s=delay
    )
    months = fixings("2024-01-01", "2026-10-01", macro._replace(calendar="MONTHLY"), without=["2026-06-01"])
    data = {1: columns(months)}
    made = context(NOW, data, dataset=macro, series=[series_row(interval="1M")])

    result = judged(SHORT, made, data)

    assert [gap["session"] for gap in result.evidence["missing"]] == ["2026-06-01"]
    assert (result.evidence["expected"], result.evidence["window"]["first"]) == (6, "2026-05-01")
