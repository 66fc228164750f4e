"""So much a minute: counted in Redis for all processes, or by each alone, or not served, when Redis is away."""

import asyncio
import socket
import time
from functools import partial

import pytest
from redis.asyncio import Redis
from tests.factories.web.application import resources_over, web_over

from mktdash.domain.errors import UnavailableError
from mktdash.security.buckets import Buckets, Limit

VIEWER = "{ viewer { role } }"


@pytest.fixture(params=["redis", "alone"])
async def buckets(request):
    if request.param == "alone":
        yield Buckets(None, monotonic=lambda: 0.0)
        return
    url = request.getfixturevalue("redis_url")
    redis = Redis.from_url(url)
    yield Buckets(redis, seconds_to_answer=600)
    await redis.aclose()


async def test_a_bucket_holds_a_minutes_worth_and_says_when_to_come_back(buckets):
    limit = Limit("things", 2)

    granted = [(await buckets.take(limit, "a")).granted for _ in range(2)]
    refused = await buckets.take(limit, "a")

    assert granted == [True] * 2
    assert not refused.granted
    assert refused.remaining == 0
    assert 0 < refused.retry_after <= 30
    assert (await buckets.take(limit, "b")).granted


async def test_what_is_given_back_can_be_taken_again(buckets):
    limit = Limit("things", 60)
    assert (await buckets.take(limit, "a", 60)).granted
    assert not (await buckets.take(limit, "a", 30)).granted

    await buckets.take(limit, "a", -30)

    assert (await buckets.take(limit, "a", 30)).granted


async def test_giving_back_never_fills_beyond_the_brim(buckets):
    limit = Limit("things", 60)
    await buckets.take(limit, "a", -1000)

    assert (await buckets.take(limit, "a", 60)).granted
    assert not (await buckets.take(limit, "a", 60)).granted


async def test_two_processes_share_one_bucket(redis_url):
    limit = Limit("things", 200)
    redis = Redis.from_url(redis_url)
    one, other = (Buckets(redis, seconds_to_answer=600, monotonic=lambda: 0.0) for _ in range(2))

    started = time.monotonic()
    granted = await asyncio.gather(*(each.take(limit, "a") for _ in range(200) for each in (one, other)))
    # What comes back meanwhile can be taken too.
    most = limit.a_minute * (1 + (time.monotonic() - started) / 60)
    await redis.aclose()

    assert 150 <= sum(standing.granted for standing in granted) <= most + 1


class Counting:
    """A Redis that remembers with what its script was asked, and that may be lost."""

    def __init__(self, redis):
        self.redis = redis
        self.asked = []
        self.lost = False

    def register_script(self, text):
        script = self.redis.register_script(text)

        async def run(keys, args):
            if self.lost:
                raise ConnectionError("no Redis")
            self.asked.append(args[0])
            return await script(keys=keys, args=args)

        return run


@pytest.fixture
async def counting(redis_url):
    redis = Redis.from_url(redis_url)
    yield Counting(redis)
    await redis.aclose()


async def test_who_loses_redis_goes_on_from_where_the_bucket_stood(counting):
    limit = Limit("things", 60)
    buckets = Buckets(counting, seconds_to_answer=600, monotonic=lambda: 0.0)
    assert (await buckets.take(limit, "a", 60)).granted
    counting.lost = True

    assert not (await buckets.take(limit, "a")).granted
    assert (await buckets.take(limit, "b")).granted


class Answering:
    """A Redis whose script answers what the test says."""

    def __init__(self, answer):
        self.register_script = lambda _: answer


@pytest.fixture
def flapping():
    """Buckets over a Redis of which the test says what it answers next; ``None`` for no answer. No time passes."""

    async def answer(**_):
        if buckets.says is None:
            raise ConnectionError("no Redis")
        return buckets.says

    buckets = Buckets(Answering(answer), seconds_to_answer=600, monotonic=lambda: buckets.now)
    buckets.now, buckets.says = 0.0, None
    return buckets


async def test_a_redis_that_has_forgotten_lends_nobody_a_full_bucket(flapping):
    limit, granted = Limit("things", 60), 0
    for _ in range(5):
        flapping.says = [1, 0, 1_000_000]  # the first of an empty bucket
        granted += (await flapping.take(limit, "a")).granted
        flapping.says = None
        for _ in range(100):
            granted += (await flapping.take(limit, "a")).granted
        flapping.now += 2

    # What Redis grants itself, and what comes back meanwhile, over the one bucket there is.
    assert granted <= 60 + 5 + 5 * 2


async def test_an_answer_that_comes_late_makes_no_bucket_emptier(flapping):
    limit = Limit("things", 60)
    flapping.says = [1, 0, 60_000_000]
    await flapping.take(limit, "a")
    flapping.says = [1, 0, 1_000_000]  # what Redis said before that
    await flapping.take(limit, "a", 0)
    flapping.says = None

    assert not (await flapping.take(limit, "a")).granted


async def test_a_redis_whose_clock_was_set_keeps_nobody_waiting_for_longer_than_a_minute(flapping):
    limit = Limit("things", 60)
    flapping.says = [0, 3_540_000_000, 3_600_000_000]
    await flapping.take(limit, "a")
    flapping.says = None

    refused = await flapping.take(limit, "a")
    assert not refused.granted
    assert refused.retry_after <= 1


async def test_a_standstill_of_this_process_is_not_taken_for_a_loss_of_redis():
    here, there = socket.socketpair()
    reader, writer = await asyncio.open_connection(sock=here)

    def stand_still():
        time.sleep(0.3)
        there.send(b"!")

    async def answer(**_):
        asyncio.get_running_loop().call_soon(stand_still)
        await reader.readexactly(1)
        return 1, 0, 0

    buckets = Buckets(Answering(answer), without_redis="refuse", seconds_to_answer=0.1)

    assert (await buckets.take(Limit("things", 60), "a")).granted
    writer.close()
    await writer.wait_closed()
    there.close()


async def test_who_takes_often_is_lent_some_and_never_more_than_there_is(counting):
    limit, asked = Limit("costs", 100_000), counting.asked
    buckets = Buckets(counting, seconds_to_answer=600, monotonic=lambda: 0.0)

    started = time.monotonic()
    granted = [(await buckets.take(limit, "a", 50)).granted for _ in range(1_900)]
    calls = len(asked)
    granted += [(await buckets.take(limit, "a", 50)).granted for _ in range(200)]
    # What comes back meanwhile can be taken too.
    most = limit.a_minute * (1 + (time.monotonic() - started) / 60)

    assert max(asked) == 1_000, "at most a hundredth of a minute's"
    assert calls < 150
    assert all(granted[:1_900])
    assert sum(granted) * 50 <= most + 1


async def test_what_a_busy_bearer_gives_back_is_at_hand_again(redis_url):
    limit = Limit("costs", 100_000)
    redis = Redis.from_url(redis_url)
    buckets = Buckets(redis, seconds_to_answer=600, monotonic=lambda: 0.0)
    for _ in range(20):
        await buckets.take(limit, "a", 100)

    assert buckets.at_hand(limit, "a", -90) is not None
    assert buckets.at_hand(limit, "a", 90) is not None
    # Much goes back to where others see it too.
    assert buckets.at_hand(limit, "a", -5_000) is None
    await redis.aclose()


async def test_without_redis_everybody_is_refused_where_that_is_wanted():
    redis = Redis.from_url("unix:///nowhere/redis.sock")
    buckets = Buckets(redis, without_redis="refuse", seconds_to_answer=600)

    with pytest.raises(UnavailableError):
        await buckets.take(Limit("things", 60), "a")
    await redis.aclose()


@pytest.fixture
def standing(monkeypatch):
    """Buckets over which no time passes, so that nothing comes back."""
    monkeypatch.setattr("mktdash.app.Buckets", partial(Buckets, monotonic=lambda: 0.0))


@pytest.mark.usefixtures("standing")
async def test_too_many_requests_are_refused_with_the_time_to_wait(sqlite_engine):
    async with web_over(resources_over(sqlite_engine, request_rate=4)) as web:
        answers = [await web.post(VIEWER) for _ in range(8)]
        token = await web.token("viewer")
        other = await web.post(VIEWER, authorization=f"Bearer {token}")
        alive = await web.client.get("/api/health/live")

    assert [one.status_code for one in answers[:4]] == [200] * 4
    assert answers[0].headers["ratelimit-policy"].startswith('"requests";q=4;w=60')
    assert '"requests";r=3;t=' in answers[0].headers["ratelimit"]
    last = answers[-1]
    assert last.status_code == 429
    assert last.json()["code"] == "THROTTLED"
    assert last.json()["retryable"] is True
    assert 1 <= int(last.headers["retry-after"]) <= 15
    # a token has a bucket of its own, and monitors are not counted
    assert other.status_code == 200
    assert alive.status_code == 200


@pytest.mark.usefixtures("standing")
async def test_a_costly_operation_uses_up_the_minute_and_a_cheap_one_gives_back(ecb_engine):
    query = "{ instruments(first: 200) { edges { node { symbol series { source } } } } }"
    # An answer that is kept costs nothing to give, so none is kept here; and the text is read once.
    async with web_over(resources_over(ecb_engine, cost_rate=1215 + 1 + len(query) // 2, answer_cache_mb=0)) as web:
        response = await web.client.post("/graphql", json={"query": query, "extensions": {"cost": True}})
        again = await web.post(query, accept="application/graphql-response+json")
        # Twice what one costs in the end leaves less than what one asks for.
        refused = await web.post(query, accept="application/graphql-response+json")

    cost = response.json()["extensions"]["cost"]
    # 200 were asked for, 41 there are
    assert cost["actual"] < cost["requested"] / 4
    assert again.status_code == 200
    assert '"cost";r=' in again.headers["ratelimit"]
    assert refused.status_code == 429
    assert "data" not in refused.json()
    error = refused.json()["errors"][0]["extensions"]
    assert error["code"] == "THROTTLED"
    assert error["retryAfter"] > 0
    assert int(refused.headers["retry-after"]) >= 1


async def test_an_operation_that_could_cost_too_much_is_refused_before_it_runs(sqlite_engine):
    inner = "instruments(first: 200) { edges { node { series { recent(last: 500) { value } } } } }"
    query = "{" + " ".join(f"a{n}: {inner}" for n in range(12)) + "}"
    async with web_over(resources_over(sqlite_engine)) as web:
        error = await web.error(query)

    assert error["extensions"]["code"] == "TOO_COSTLY"


async def test_costs_are_not_shown_unless_asked_for(sqlite_engine):
    async with web_over(resources_over(sqlite_engine)) as web:
        assert set(await web.ask(VIEWER)) == {"data"}


@pytest.mark.usefixtures("standing")
async def test_what_cheap_operations_give_back_lasts_for_many_more(sqlite_engine, redis_url):
    # Fifteen are asked for and none is there: of what is taken each time, nearly all comes back to what is lent.
    query = "{ instruments(first: 15) { edges { node { symbol series { source } } } } }"
    asked = {"query": query, "extensions": {"cost": True}}
    resources = resources_over(sqlite_engine, redis_url=redis_url, cost_rate=20_000, answer_cache_mb=0)
    async with web_over(resources) as web:
        answers = [(await web.client.post("/graphql", json=asked)).json() for _ in range(600)]

    costs = [one["extensions"]["cost"] for one in answers if "extensions" in one]
    assert len(costs) == 600, "none was refused"
    assert sum(one["requested"] for one in costs) > 2 * 20_000 > 8 * sum(one["actual"] for one in costs)
