"""Requests that are cancelled, in any await and more than once, leave nothing open: each query, mutation and stream."""

import pytest
from tests.factories.asgi import Exchange
from tests.factories.cancelling import each_await
from tests.factories.leftovers import until_none
from tests.factories.web import resources_over

from mktdash.app import create_app
from mktdash.domain.clock import system_clock
from mktdash.live.cursor import Cursor
from mktdash.quality.runner import run_quality
from mktdash.security import use, validity
from mktdash.security.tokens import create_token
from mktdash.store.events import event_epoch
from mktdash.store.session import read_transaction

# Not each await of each: there are many requests, and they share most of the way.
STEP = 5
QUERIES = {
    "alerts": "{ alerts { edges { node { id } } } }",
    "node": '{ node(id: "RGF0YXNldDpzY3JpcHRlZC1kYWlseQ") { id } }',
    "instruments": "{ instruments(first: 5) { edges { node { symbol series { latest { asOf value } } } } } }",
    "instrument": '{ instrument(symbol: "AAA") { symbol series { recent(last: 2) { count } quality } } }',
    "series": '{ series(symbol: "AAA") { points { count asOf value } } }',
    "series-as-known": '{ series(symbol: "AAA", asKnownAt: "2020-06-01T00:00:00Z") { points { count } } }',
    "series-and-more": '{ series(symbol: "AAA") { points { count } } datasets { key } }',
    "datasets": "{ datasets { key version quality { status } } }",
    "dataset": '{ dataset(key: "scripted-daily") { key quality { status } } }',
    "provenance": '{ provenance(symbol: "AAA", asOf: "2020-01-01T00:00:00Z") { batch { id } } }',
    "revisions": '{ revisions(symbol: "AAA") { edges { node { asOf } } } }',
    "sources": "{ sources { name } }",
    "reports": "{ reportRuns { edges { node { id } } } reportTemplates { name } }",
    "replays": "{ replayRuns { id } }",
    "server": "{ serverInfo { cursor } viewer { role } }",
}
PATHS = ("/api/health/ready", "/api/health/data-quality", "/metrics", "/api/reports/none/pdf")


@pytest.fixture
async def app(left, redis_url, monkeypatch):
    """The application with Redis; a token of an operator."""
    # Tasks that look after streams and tokens end with the last of these, at their next look.
    monkeypatch.setattr(validity, "_SECONDS_BETWEEN_LOOKS", 0.0)
    monkeypatch.setattr(use, "_SECONDS_TO_GATHER", 0.0)
    await run_quality(left.engine, clock=system_clock, code_sha="t")
    resources = resources_over(left.engine, redis_url=redis_url)
    app = create_app(resources)
    token = await create_token(left.engine, name="t", role="operator", clock=system_clock)
    async with app.router.lifespan_context(app):
        left.redis = resources.redis
        yield app, token
    await resources.redis.aclose()


@pytest.fixture
async def exchange(left, app):
    """Makes exchanges with an application that has answered one request of each kind."""
    application, token = app
    for query in (QUERIES["series"], QUERIES["server"]):
        assert "errors" not in await Exchange(application, token).post(query)
    # One is the hub's, which hears wake-ups by it.
    await left.settle(redis_idle=1)
    return lambda: Exchange(application, token)


async def asked(left, exchange, queries):
    """Cancel each of some requests to GraphQL."""
    for name, query in queries.items():

        async def ask(query=query):
            answer = await exchange().post(query)
            assert "errors" not in answer, answer

        async def look(after, name=name):
            await left.look(f"{name} {after}")

        await each_await(ask, look, STEP)


async def test_queries(left, exchange):
    await asked(left, exchange, QUERIES)


async def test_mutations(left, exchange):
    alerts = await exchange().post(QUERIES["alerts"])
    alert = alerts["data"]["alerts"]["edges"][0]["node"]["id"]
    report = 'input: {template: "market-summary", parameters: {symbols: ["AAA"]}}'
    mutations = {
        "acknowledgeAlert": f'id: "{alert}"',
        "muteAlert": f'id: "{alert}", until: "2100-01-01T00:00:00Z"',
        "annotateAlert": f'id: "{alert}", note: "seen"',
        "requestReport": report,
        "startReplay": 'window: "7d"',
    }
    await asked(
        left, exchange, {name: f"mutation {{ {name}({of}) {{ __typename }} }}" for name, of in mutations.items()}
    )


async def test_paths(left, exchange):
    for path in PATHS:

        async def look(after, path=path):
            await left.look(f"{path} {after}")

        await each_await(lambda path=path: exchange().get(path), look, STEP)


@pytest.mark.parametrize("way", ["follow", "follow_over_socket"])
async def test_streams_that_resume(left, app, exchange, way):
    hub = app[0].state.mktdash.hub
    async with read_transaction(left.engine) as conn:
        since = str(Cursor(await event_epoch(conn), 0))

    async def subscribers():
        return hub.subscribers or None

    for name, of in (("observations", 'symbols: ["AAA"], '), ("quality", "")):

        async def follow(name=name, of=of):
            one = exchange()
            await getattr(one, way)(f'subscription {{ {name}({of}since: "{since}") {{ cursor }} }}', 2)
            assert one.events == 2, one.heard

        async def look(after, name=name):
            await until_none(subscribers, "streams that the hub serves", f"{name} {after}")
            await left.look(f"{name} {after}")

        await each_await(follow, look, STEP)
