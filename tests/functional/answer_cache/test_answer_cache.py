"""Kept answers: as good as new, gone with the write that changes them, and never another's; on both engines."""

import asyncio
import gzip
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import brotli
import orjson
import pytest
import strawberry
import zstandard
from sqlalchemy import event
from tests.factories.metrics import counted
from tests.factories.sources.ingesting import ingest
from tests.factories.sources.scripted import ScriptedProvider
from tests.factories.web.application import resources_over, web_over

from mktdash.domain.clock import to_micros
from mktdash.graphql.answer_cache.middleware import ANSWERS
from mktdash.graphql.context import Info
from mktdash.graphql.rights import Needs
from mktdash.graphql.roots import Query
from mktdash.graphql.schema import MktdashSchema
from mktdash.graphql.series import queries
from mktdash.graphql.vocabulary.depends_on import depends_on
from mktdash.providers.base import RawPayload
from mktdash.quality.ageing import COUNTS_FOR_S
from mktdash.security.principals import Role
from mktdash.store.engine.session import write_transaction
from mktdash.store.live.topic_versions import CATALOGUE
from mktdash.store.quality.verdicts import NewDqResult, save_results

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEY = "scripted-daily"
SERIES = '{ series(symbol: "A") { latest { value } points { asOf value } } }'
WATCHLIST = """{ instruments(first: 50) { totalCount edges { node { symbol
  series { quality latest { value change } recent(last: 5) { value } } } } } }"""


async def ingest_body(engine, body):
    payload = RawPayload(KEY, body, "test:it", NOW, NOW)
    await ingest(engine, payload)


async def judge(engine, run_at, status="PASS"):
    verdict = NewDqResult(KEY, "freshness", status, 0.0, "sessions", 1, 2, "so", {}, run_at, 1)
    async with write_transaction(engine) as conn:
        await save_results(conn, [verdict], run_at=run_at, code_sha="t")


@pytest.fixture
async def stored(engine):
    await ingest_body(engine, b'{"A": [[0, 1.0, 0], [1, 2.5, 0]], "B": [[0, 7.0, 0]]}')
    return engine


@pytest.fixture
async def web(stored):
    async with web_over(resources_over(stored)) as opened:
        yield opened


@pytest.fixture
def outcomes():
    """What the cache had for the requests since the test began."""

    def count():
        return {one: counted(ANSWERS, one) for one in ("hit", "miss", "shared", "passed")}

    before = count()
    return lambda: {one: int(n - before[one]) for one, n in count().items() if n != before[one]}


def get(web, query, **headers):
    path = "/graphql?" + urlencode({"query": query})
    return web.client.get(path, headers={"graphql-preflight": "1", **headers})


@pytest.mark.parametrize("query", [SERIES, WATCHLIST, "{ datasets { key version } }", "{ reportTemplates { name } }"])
async def test_a_second_answer_is_the_first_one_again(web, outcomes, query):
    first = await web.post(query)
    second = await web.post(query)

    assert second.content == first.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert {**second.headers, "x-request-id": ""}.keys() - {"server-timing"} == {**first.headers}.keys() - {
        "server-timing"
    }
    assert outcomes() == {"miss": 1, "hit": 1}


async def test_a_write_is_seen_by_the_very_next_read(web, stored, outcomes):
    for value in range(20):
        await ingest_body(stored, orjson.dumps({"A": [[2 + value, float(value), 0]]}))
        assert (await web.data(SERIES))["series"]["latest"]["value"] == value
        assert (await web.data(SERIES))["series"]["latest"]["value"] == value

    assert outcomes() == {"miss": 20, "hit": 20}


async def test_a_write_to_another_dataset_leaves_an_answer_kept(web, stored, outcomes):
    class Other(ScriptedProvider):
        name = "other"
        datasets = (ScriptedProvider.datasets[0].__class__("other", "Other", "other", "24/7", "UTC", "00:00", 0, 1),)

    async def tell_other(n):
        payload = RawPayload("other", orjson.dumps({"OTHER": [[n, 1.0, 0]]}), "test:it", NOW, NOW)
        await ingest(stored, payload, Other())

    await tell_other(0)
    await web.post(SERIES)
    await tell_other(1)
    await web.post(SERIES)

    assert outcomes() == {"miss": 1, "hit": 1}


async def test_a_verdict_is_seen_at_once_and_its_age_without_any_write(stored, outcomes):
    now = NOW
    async with web_over(resources_over(stored, clock=lambda: now)) as web:

        async def status():
            data = await web.data(WATCHLIST)
            return data["instruments"]["edges"][0]["node"]["series"][0]["quality"]

        assert await status() == "UNKNOWN"
        await judge(stored, to_micros(NOW))
        assert [await status(), await status()] == ["PASS", "PASS"]
        now = NOW + timedelta(seconds=COUNTS_FOR_S)
        assert await status() == "PASS"
        now = NOW + timedelta(seconds=COUNTS_FOR_S, microseconds=1)
        assert await status() == "UNKNOWN"
        await judge(stored, to_micros(now))
        assert await status() == "PASS"

    assert outcomes() == {"miss": 4, "hit": 2}


@pytest.mark.parametrize(
    "query",
    [
        "{ serverInfo { now } }",
        "{ viewer { role } }",
        '{ series(symbol: "A") { quality { missing { reason } } } reportTemplates { name } }',
        "{ __schema { queryType { name } } }",
        "query { ...R } fragment R on Query { viewer { role } }",
        "mutation { pauseQueue { __typename } }",
        "{ nonsense }",
        "{",
    ],
)
async def test_what_depends_on_more_than_data_is_never_kept(web, outcomes, query):
    await web.post(query)
    await web.post(query)

    assert "hit" not in outcomes()


async def test_an_answer_with_an_error_is_never_kept(web, outcomes):
    for _ in range(2):
        assert "errors" in await web.ask('{ series(symbol: "NOPE") { id } }')

    assert outcomes() == {"miss": 2}


async def test_names_differ_in_document_variables_operation_and_role(web, outcomes):
    query = "query A($s: String!) { series(symbol: $s) { unit { name } } } query B { reportTemplates { name } }"
    asked = [
        {"query": query, "variables": {"s": "A"}, "operationName": "A"},
        {"query": query, "variables": {"s": "B"}, "operationName": "A"},
        {"query": query, "variables": {"s": "A"}, "operationName": "B"},
        {"query": query.replace("unit", "u: unit"), "variables": {"s": "A"}, "operationName": "A"},
    ]
    for body in asked:
        await web.client.post("/graphql", json=body)
    assert outcomes() == {"miss": 4}

    for body in asked:
        await web.client.post("/graphql", json=body | {"extensions": None})

    assert outcomes() == {"miss": 4, "hit": 4}


@strawberry.type
class OfRoles(Query):
    """With a field that differs by role, though its author says that it depends on the catalogue alone."""

    @strawberry.field(metadata=depends_on(CATALOGUE), extensions=[Needs(Role.ANALYST)])
    async def secret(self, info: Info) -> str:
        return info.context.principal.role.name


async def test_no_role_is_given_what_another_was_answered(stored, outcomes):
    async with web_over(resources_over(stored), MktdashSchema(OfRoles)) as web:
        tokens = {role: await web.token(role) for role in ("admin", "operator", "analyst", "viewer")}
        answers = {
            role: [(await web.post("{ secret }", authorization=f"Bearer {token}")).json() for _ in range(2)]
            for role, token in tokens.items()
        }

    for role in ("admin", "operator", "analyst"):
        assert answers[role] == [{"data": {"secret": role.upper()}}] * 2
    assert [one["errors"][0]["extensions"]["code"] for one in answers["viewer"]] == ["FORBIDDEN"] * 2
    assert outcomes() == {"miss": 5, "hit": 3}


async def test_get_and_post_share_an_answer_and_get_has_a_strong_tag(web, outcomes):
    posted = await web.post(SERIES)
    first = await get(web, SERIES)
    etag = first.headers["etag"]
    unchanged = await get(web, SERIES, **{"if-none-match": f'"x", {etag}'})

    assert first.content == posted.content
    assert first.headers["cache-control"] == "private, no-cache"
    assert posted.headers["cache-control"] == "no-store"
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == etag
    assert outcomes() == {"miss": 1, "hit": 2}


async def test_the_first_get_has_the_tag_of_the_second_and_a_write_changes_it(web, stored):
    first = (await get(web, SERIES)).headers["etag"]
    second = (await get(web, SERIES)).headers["etag"]
    await ingest_body(stored, b'{"A": [[2, 9.0, 0]]}')
    changed = await get(web, SERIES, **{"if-none-match": first})

    assert first == second
    assert changed.status_code == 200
    assert changed.headers["etag"] != first


async def test_a_get_that_no_script_could_send_is_refused_though_its_answer_is_kept(web):
    await web.post(SERIES)

    refused = await web.client.get("/graphql?" + urlencode({"query": SERIES}))

    assert refused.status_code == 400
    assert b"value" not in refused.content


async def test_a_stranger_gets_nothing_that_is_kept(stored):
    async with web_over(resources_over(stored)) as web:
        await web.post(SERIES)

        refused = await web.post(SERIES, **{"x-forwarded-for": "192.0.2.1"})

    assert refused.status_code == 401


@pytest.mark.parametrize(
    ("accepted", "used", "unpack"),
    [
        ("gzip", "gzip", gzip.decompress),
        ("gzip, deflate, br", "br", brotli.decompress),
        ("gzip, deflate, br, zstd", "br", brotli.decompress),
        ("*", "gzip", gzip.decompress),
        ("gzip;q=0.5, br;q=0.5, zstd", "zstd", lambda body: zstandard.ZstdDecompressor().decompress(body)),
        ("zstd;q=0, gzip;q=0.5", "gzip", gzip.decompress),
        ("identity", None, bytes),
    ],
)
async def test_long_answers_are_sent_as_their_reader_accepts_them(ecb_engine, outcomes, accepted, used, unpack):
    query = '{ series(symbol: "EURUSD") { points { asOf value } } }'
    async with web_over(resources_over(ecb_engine)) as web:
        plain = await web.post(query, **{"accept-encoding": "identity"})
        for _ in range(2):
            path = "/graphql?" + urlencode({"query": query})
            headers = {"accept-encoding": accepted, "graphql-preflight": "1"}
            async with web.client.stream("GET", path, headers=headers) as response:
                body = b"".join([piece async for piece in response.aiter_raw()])
            assert response.headers.get("content-encoding") == used
            assert int(response.headers["content-length"]) == len(body)
            assert unpack(body) == plain.content
            assert used is None or response.headers["etag"].endswith(f'-{used}"')

    assert outcomes() == {"miss": 1, "hit": 2}


async def test_equal_requests_at_once_are_answered_by_one_reading(web, outcomes):
    answers = await asyncio.gather(*(web.post(SERIES) for _ in range(12)))

    assert len({answer.content for answer in answers}) == 1
    assert outcomes()["miss"] == 1
    assert outcomes().get("shared", 0) + outcomes().get("hit", 0) == 11


async def test_whoever_asks_after_a_write_does_not_take_the_answer_that_was_begun_before_it(web, stored, outcomes):
    begun, go_on = asyncio.Event(), asyncio.Event()
    real = queries.read_history

    async def slow(*args, **options):
        found = await real(*args, **options)
        begun.set()
        await go_on.wait()
        return found

    queries.read_history = slow
    try:
        early = asyncio.create_task(web.data(SERIES))
        await begun.wait()
        queries.read_history = real
        await ingest_body(stored, b'{"A": [[2, 9.0, 0]]}')
        late = asyncio.create_task(web.data(SERIES))
        go_on.set()

        assert (await early)["series"]["latest"]["value"] == 2.5
        assert (await late)["series"]["latest"]["value"] == 9.0
    finally:
        queries.read_history = real

    assert outcomes() == {"miss": 2}


async def test_a_kept_answer_reads_nothing_but_the_versions(web, stored):
    seen = []
    await web.post(SERIES)
    event.listen(stored.sync_engine, "before_cursor_execute", lambda *args: seen.append(args[2]))

    await web.post(SERIES)

    # What the process does beside (its beat, forgetting old events) reads no more than events.
    assert [one for one in seen if one.startswith("SELECT") and "FROM event" not in one] == []


async def test_without_a_cache_every_answer_is_made(stored, outcomes):
    async with web_over(resources_over(stored, answer_cache_mb=0)) as web:
        assert await web.data(SERIES) == await web.data(SERIES)

    assert outcomes() == {}


async def test_answers_that_are_kept_say_the_same_at_any_later_time(stored):
    """What the clock alone could change must be on the list of what is never kept."""
    query = """{ instruments { edges { node { id symbol aliases { symbol } series { id quality latest { session value }
        recent { asOf } freshness { status since } } } } }
      series(symbol: "A", asKnownAt: "2026-02-28T00:00:00Z") { snapshotId dataVersion points { count } }
      datasets { key version checkedAt seriesCount observationCount quality { status metrics { metric status } } }
      reportRuns { totalCount } reportTemplates { name } }"""
    now = NOW + timedelta(days=1)
    async with web_over(resources_over(stored, clock=lambda: now, answer_cache_mb=0)) as web:
        first = await web.data(query)
        now += timedelta(days=400)
        assert await web.data(query) == first
