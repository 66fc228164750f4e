"""Verdicts as monitors see them, their history, and alerts as operators read and answer them, on both engines."""

import pytest
from sqlalchemy import event, insert, select
from tests.factories.quality import at
from tests.factories.web.application import resources_over, web_over

from mktdash.domain.clock import iso, to_micros
from mktdash.quality.runner import run_quality
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.quality.alerts import NOTE_LENGTH, alerts
from mktdash.store.quality.verdicts import NewDqResult, save_results
from mktdash.store.tables import metadata
from mktdash.store.tables.market import Dataset

ECB = "ecb-reference-rates"
# The recorded history ends on Friday 2026-10-30.
FRESH, ONE_LATE, TWO_LATE = at("2026-10-30T20:00"), at("2026-11-02T20:00"), at("2026-11-03T20:00")
HISTORY = """query($first: Int!) { dataset(key: "ecb-reference-rates") { version quality { freshness {
  status dataVersion codeSha history(first: $first) {
    status value warn fail summary since runAt windowEnd dataVersion codeSha evidence } } } } }"""
ALERTS = """query($open: Boolean, $dataset: String, $first: Int, $after: String) {
  alerts(open: $open, dataset: $dataset, first: $first, after: $after) { totalCount
    pageInfo { hasNextPage hasPreviousPage endCursor }
    edges { node { id dataset metric status worst summary openedAt changedAt closedAt quiet
      acknowledgedBy acknowledgedAt mutedBy mutedUntil note } } } }"""
ANSWER = "{ __typename ... on Alert { id quiet acknowledgedBy acknowledgedAt mutedBy mutedUntil note status } "
ANSWER += "... on UnknownAlert { message id } ... on AnswerRefused { message } }"
ACKNOWLEDGE = f"mutation($id: ID!, $note: String) {{ acknowledgeAlert(id: $id, note: $note) {ANSWER} }}"
MUTE = f"mutation($id: ID!, $until: DateTime!) {{ muteAlert(id: $id, until: $until) {ANSWER} }}"
ANNOTATE = f"mutation($id: ID!, $note: String!) {{ annotateAlert(id: $id, note: $note) {ANSWER} }}"


@pytest.fixture
async def web(ecb_engine):
    async with web_over(resources_over(ecb_engine, clock=lambda: TWO_LATE)) as opened:
        yield opened


@pytest.fixture
def operate(web):
    """Sends a mutation as an operator; gives its one field."""
    tokens = []

    async def send(query, **variables):
        if not tokens:
            tokens.append(await web.token("operator"))
        body = await web.ask(query, variables, authorization=f"Bearer {tokens[0]}")
        assert "errors" not in body, body
        return next(iter(body["data"].values()))

    return send


async def judged(engine, *instants, code_sha="abc123"):
    for now in instants:
        await run_quality(engine, clock=lambda now=now: now, code_sha=code_sha)


async def freshness_alert(web):
    edges = (await web.data(ALERTS, {"open": True, "dataset": ECB}))["alerts"]["edges"]
    return next(edge["node"] for edge in edges if edge["node"]["metric"] == "freshness")


async def test_a_strict_monitor_is_told_of_a_failure_alone(web, ecb_engine):
    unknown = await web.client.get("/api/health/data-quality?strict=1")
    await judged(ecb_engine, TWO_LATE)
    strict, lenient = [await web.client.get(f"/api/health/data-quality?strict={how}") for how in (1, 0)]

    assert (unknown.status_code, unknown.json()["status"]) == (200, "UNKNOWN")
    assert (strict.status_code, strict.json()["status"]) == (503, "FAIL")
    assert (lenient.status_code, lenient.json()["status"]) == (200, "FAIL")


async def test_a_metric_gives_its_results_over_time_with_their_data_and_code(web, ecb_engine):
    await judged(ecb_engine, FRESH, ONE_LATE)
    await judged(ecb_engine, TWO_LATE, code_sha="def456")

    dataset = (await web.data(HISTORY, {"first": 30}))["dataset"]

    freshness = dataset["quality"]["freshness"]
    past = freshness["history"]
    assert [(one["status"], one["value"]) for one in past] == [("FAIL", 2.0), ("WARN", 1.0), ("PASS", 0.0)]
    assert [one["runAt"] for one in past] == [iso(to_micros(now)) for now in (TWO_LATE, ONE_LATE, FRESH)]
    assert [one["codeSha"] for one in past] == ["def456", "abc123", "abc123"]
    assert {one["dataVersion"] for one in past} == {dataset["version"]}
    assert (freshness["status"], freshness["dataVersion"], freshness["codeSha"]) == (
        "FAIL",
        dataset["version"],
        "def456",
    )


async def test_a_history_is_as_long_as_was_asked_for_and_two_may_be_asked_at_once(web, ecb_engine):
    await judged(ecb_engine, FRESH, ONE_LATE, TWO_LATE)

    quality = (
        await web.data(
            '{ dataset(key: "ecb-reference-rates") { quality { freshness { '
            "one: history(first: 1) { status } two: history(first: 2) { status } } } } }"
        )
    )["dataset"]["quality"]["freshness"]

    assert quality == {"one": [{"status": "FAIL"}], "two": [{"status": "FAIL"}, {"status": "WARN"}]}
    error = await web.error(HISTORY, {"first": 201})
    assert error["extensions"]["code"] == "BAD_INPUT"


async def test_the_histories_of_many_datasets_take_as_many_statements_as_those_of_one(web, ecb_engine):
    await judged(ecb_engine, FRESH, ONE_LATE)
    query = "{ datasets { key quality { metrics { metric history { status runAt } } } } }"
    counts, seen = [], []

    def note(_conn, _cursor, statement, *_):
        if "FROM event" not in statement and statement.startswith(("SELECT", "WITH")):
            seen.append(statement)

    event.listen(ecb_engine.sync_engine, "before_cursor_execute", note)
    for total in (1, 6):
        await with_datasets(ecb_engine, total)
        seen.clear()
        datasets = (await web.data(query))["datasets"]
        counts.append(len(seen))
        assert len(datasets) == total
        assert all(metric["history"] for dataset in datasets for metric in dataset["quality"]["metrics"])
    event.remove(ecb_engine.sync_engine, "before_cursor_execute", note)

    assert counts[0] == counts[1] <= 6


async def with_datasets(engine, total):
    """Add datasets, each with a failed verdict, until there are so many."""
    for number in range(1, total):
        key = f"other-{number}"
        async with write_transaction(engine) as conn:
            await conn.execute(
                insert(Dataset).values(
                    key=key,
                    title=key,
                    source="test",
                    calendar="TARGET",
                    timezone="Europe/Berlin",
                    fixing_time="14:15",
                    publish_delay_s=0,
                    grace_s=0,
                    licence="",
                    simulated=False,
                    version=0,
                )
            )
            await save_results(conn, [verdict(key, "FAIL")], run_at=to_micros(TWO_LATE), code_sha="abc123")


def verdict(dataset, status):
    return NewDqResult(
        dataset=dataset,
        metric="freshness",
        status=status,
        value=3.0,
        unit="sessions late",
        warn=1,
        fail=2,
        summary=f"{status} of a test",
        evidence={},
        window_end=to_micros(TWO_LATE),
        dataset_version=1,
        calm=status == "PASS",
    )


async def test_alerts_are_read_page_by_page_newest_first(web, ecb_engine):
    await with_datasets(ecb_engine, 6)
    found, after = [], None
    for _ in range(3):
        page = (await web.data(ALERTS, {"open": True, "first": 2, "after": after}))["alerts"]
        found += [edge["node"]["dataset"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]

    assert found == ["other-5", "other-4", "other-3", "other-2", "other-1"]
    assert page["totalCount"] == 5
    assert (page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"]) == (False, True)
    [only] = (await web.data(ALERTS, {"dataset": "other-2", "first": 5}))["alerts"]["edges"]
    assert only["node"] | {"id": None} == {
        "id": None,
        "dataset": "other-2",
        "metric": "freshness",
        "status": "FAIL",
        "worst": "FAIL",
        "summary": "FAIL of a test",
        "openedAt": "2026-11-03T20:00:00Z",
        "changedAt": "2026-11-03T20:00:00Z",
        "closedAt": None,
        "quiet": False,
        "acknowledgedBy": None,
        "acknowledgedAt": None,
        "mutedBy": None,
        "mutedUntil": None,
        "note": None,
    }


async def test_an_alert_is_found_again_by_its_id(web, ecb_engine):
    await judged(ecb_engine, TWO_LATE)
    alert = await freshness_alert(web)

    query = "query($id: ID!) { node(id: $id) { id ... on Alert { metric openedAt } } }"
    found = (await web.data(query, {"id": alert["id"]}))["node"]
    # Alert:x and Alert:99999999
    none = [(await web.data(query, {"id": other}))["node"] for other in ("QWxlcnQ6eA", "QWxlcnQ6OTk5OTk5OTk")]

    assert found == {key: alert[key] for key in ("id", "metric", "openedAt")}
    assert none == [None, None]


async def test_alerts_that_are_over_are_told_apart_from_those_that_stand(web, ecb_engine):
    await with_datasets(ecb_engine, 3)
    async with write_transaction(ecb_engine) as conn:
        await save_results(conn, [verdict("other-1", "PASS")], run_at=to_micros(TWO_LATE) + 1, code_sha="abc123")

    datasets = {}
    for chosen in (True, False, None):
        edges = (await web.data(ALERTS, {"open": chosen, "first": 9}))["alerts"]["edges"]
        datasets[chosen] = [(edge["node"]["dataset"], edge["node"]["status"]) for edge in edges]

    assert datasets == {
        True: [("other-2", "FAIL")],
        False: [("other-1", "PASS")],
        None: [("other-2", "FAIL"), ("other-1", "PASS")],
    }


@pytest.mark.parametrize("after", ["nonsense", "YWZ0ZXItQWxlcnQ6eA", "YWZ0ZXItQWxlcnQ6LTE"])
async def test_a_cursor_that_is_none_of_alerts_is_refused(web, after):
    error = await web.error(ALERTS, {"first": 5, "after": after})

    assert error["extensions"]["code"] == "BAD_INPUT"


async def test_an_operator_acknowledges_mutes_and_notes_and_it_is_all_in_the_audit_log(web, ecb_engine, operate):
    await judged(ecb_engine, TWO_LATE)
    alert = await freshness_alert(web)

    seen = await operate(ACKNOWLEDGE, id=alert["id"], note="asked the bank")
    muted = await operate(MUTE, id=alert["id"], until="2026-11-05T08:00:00Z")
    noted = await operate(ANNOTATE, id=alert["id"], note="it answers on Thursday")

    assert (seen["__typename"], seen["quiet"], seen["acknowledgedAt"]) == ("Alert", True, "2026-11-03T20:00:00Z")
    assert (muted["mutedUntil"], muted["note"]) == ("2026-11-05T08:00:00Z", "asked the bank")
    assert (noted["note"], noted["status"]) == ("it answers on Thursday", "FAIL")
    shown = await freshness_alert(web)
    assert {key: shown[key] for key in noted if key != "__typename"} == {
        key: value for key, value in noted.items() if key != "__typename"
    }
    audit = metadata.tables["audit_event"]
    async with read_transaction(ecb_engine) as conn:
        rows = await conn.execute(
            select(audit.c.action, audit.c.principal).where(audit.c.target.like("alert:%")).order_by(audit.c.id)
        )
        log = [tuple(row) for row in rows.all()]
    assert log == [(action, noted["mutedBy"]) for action in ("alert.acknowledge", "alert.mute", "alert.note")]


async def test_a_quiet_alert_hides_no_failure(web, ecb_engine, operate):
    await judged(ecb_engine, TWO_LATE)
    await operate(ACKNOWLEDGE, id=(await freshness_alert(web))["id"])

    dataset = (await web.data('{ dataset(key: "ecb-reference-rates") { quality { status } } }'))["dataset"]

    assert dataset["quality"]["status"] == "FAIL"


async def test_answers_that_make_no_sense_are_told_as_such_and_change_nothing(web, ecb_engine, operate):
    await judged(ecb_engine, TWO_LATE)
    alert = await freshness_alert(web)

    for unknown in ("none", "987654", "9" * 40, "-1", "", "QWxlcnQ6eA"):
        assert (await operate(ACKNOWLEDGE, id=unknown))["__typename"] == "UnknownAlert"
    past = await operate(MUTE, id=alert["id"], until="2026-11-03T19:59:59Z")
    long = await operate(ANNOTATE, id=alert["id"], note="x" * (NOTE_LENGTH + 1))
    broken = await operate(ANNOTATE, id=alert["id"], note="a\0b")

    assert {one["__typename"] for one in (past, long, broken)} == {"AnswerRefused"}
    assert "is past" in past["message"]
    assert await freshness_alert(web) == alert


async def test_a_closed_alert_takes_no_answer(ecb_engine, operate):
    await with_datasets(ecb_engine, 2)
    async with write_transaction(ecb_engine) as conn:
        await save_results(conn, [verdict("other-1", "PASS")], run_at=to_micros(TWO_LATE) + 1, code_sha="abc123")
        [closed] = await alerts(conn, "other-1", closed=True)

    answer = await operate(ACKNOWLEDGE, id=str(closed.id))

    assert answer["__typename"] == "AnswerRefused"
    assert "closed" in answer["message"]


async def test_an_analyst_may_read_alerts_and_not_answer_them(web, ecb_engine):
    await judged(ecb_engine, TWO_LATE)
    alert = await freshness_alert(web)
    token = await web.token("analyst")

    body = await web.ask(ACKNOWLEDGE, {"id": alert["id"]}, authorization=f"Bearer {token}")

    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert await freshness_alert(web) == alert
