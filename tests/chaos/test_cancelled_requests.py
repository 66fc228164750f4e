"""Requests that are cancelled, in any await and more than once, leave nothing open: each way in that there is."""

from dataclasses import replace

import pytest
from tests.factories.cancelling import each_await
from tests.factories.leftovers import until_none
from tests.factories.web.application import PATIENT, resources_over
from tests.factories.web.asgi import Exchange
from tests.factories.web.every_request import MUTATIONS, QUERIES, ROUTES, STREAMS, Things, not_asked

from mktdash.app import create_app
from mktdash.domain.clock import system_clock
from mktdash.quality.runner import run_quality
from mktdash.security.tokens import create_token

# Not each await of each: there are many requests, and they share most of the way.
STEP = 5


@pytest.fixture
async def app(left, redis_url, tmp_path):
    """The application with Redis and a page; a token of an administrator."""
    # Tasks that look after streams and tokens end with the last of these, at their next look.
    times = replace(PATIENT, revocation=0.0, use_gathered=0.0)
    await run_quality(left.engine, clock=system_clock, code_sha="t")
    for page in ("index.html", "graphiql.html"):
        (tmp_path / page).write_text("<!doctype html>")
    resources = resources_over(left.engine, redis_url=redis_url, static_dir=tmp_path, times=times)
    app = create_app(resources)
    token = await create_token(left.engine, name="t", role="admin", clock=system_clock)
    async with app.router.lifespan_context(app):
        left.redis = resources.redis
        yield app, token
    await resources.redis.aclose()


@pytest.fixture
async def things(left, app):
    """Makes what requests name, with an application that has answered one request of each kind."""
    application, token = app
    for query in (QUERIES["series"], QUERIES["server"]):
        assert "errors" not in await Exchange(application, token).post(query)
    made = Things(application, token)
    # So that lists of sessions have one.
    await made.session()
    # What reads versions and credentials; that to Redis is the hub's, which hears wake-ups by it.
    await left.settle(idle=2, redis_idle=1)
    return made


@pytest.fixture
def walk(left, things):
    """Cancels a request, with what it names made anew before each run."""

    async def each(name, texts, ask, look=left.look):
        given = await things.named_in(*texts)

        async def look_and_make(after):
            nonlocal given
            await look(f"{name} {after}")
            given = await things.named_in(*texts)

        await each_await(lambda: ask(given), look_and_make, STEP)

    return each


async def test_each_way_in_is_walked(sqlite_engine):
    resources = resources_over(sqlite_engine)

    assert not_asked(create_app(resources)) == set()

    await resources.redis.aclose()


async def test_queries(app, walk):
    for name, query in QUERIES.items():

        async def ask(given, query=query):
            answer = await Exchange(*app).post(query, given)
            assert "errors" not in answer, answer
            assert None not in [*answer["data"].values(), *answer["data"].get("nodes", ())], answer

        await walk(name, [query], ask)


async def test_mutations(app, walk):
    for mutation, done in MUTATIONS.items():

        async def ask(given, mutation=mutation, done=done):
            answer = await Exchange(*app).post(mutation, given)
            assert "errors" not in answer, answer
            assert [one["__typename"] for one in answer["data"].values()] == [done]

        await walk(mutation, [mutation], ask)


async def test_routes(app, walk):
    application, token = app
    for one in ROUTES:

        async def ask(given, one=one):
            headers = {name: value.format(**given) for name, value in one.headers.items()}
            exchange = Exchange(application, token if one.by_token else None, **headers)
            assert await exchange.request(one.method, one.address.format(**given)) == one.status, exchange.heard

        await walk(f"{one.method} {one.address}", [*one.headers.values(), one.address], ask)


@pytest.mark.parametrize("way", ["follow", "follow_over_socket"])
async def test_streams(left, app, walk, way):
    hub = app[0].state.mktdash.hub

    async def subscribers():
        return hub.subscribers or None

    async def look(after):
        await until_none(subscribers, "streams that the hub serves", after)
        await left.look(after)

    for query, events in STREAMS.items():

        async def follow(given, query=query, events=events):
            one = Exchange(*app)
            await getattr(one, way)(query, given, events)
            assert one.events == events, one.heard

        await walk(query, [query], follow, look)
