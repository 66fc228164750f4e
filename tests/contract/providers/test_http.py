"""The wire as it is: limits, bans, stumbles, cut bodies, sign-in pages. What comes through is whole or is an error."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.factories.sources.wire import Answer, wire_server

from mktdash.domain.errors import ProviderError, ProviderFormatError, ProviderUnavailableError
from mktdash.providers.base import Policy
from mktdash.providers.fetch.circuit import CircuitState
from mktdash.providers.fetch.fetcher import HttpFetcher, open_fetchers
from mktdash.providers.sim.client import SimProvider

POLICY = Policy(timeout_s=120.0, attempts=3, requests_per_s=1000.0, cache_s=0.0, max_bytes=10_000)
GOOD = Answer(b"Date,USD\n2026-10-30,1.1172\n", headers={"Content-Type": "text/csv"})


class Time:
    """A clock that moves when told, and a sleep that only notes how long it should have been."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
        self.slept: list[float] = []

    def __call__(self) -> datetime:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.fixture
def time():
    return Time()


@pytest.fixture
async def client():
    async with httpx.AsyncClient(trust_env=False, follow_redirects=True, timeout=None) as opened:  # noqa: S113  # the policy has it
        yield opened


def fetcher(client, time, **changes):
    return HttpFetcher(client, "test", replace(POLICY, **changes), clock=time, sleep=time.sleep)


async def test_a_good_answer_comes_with_its_place_and_time(client, time):
    async with wire_server(GOOD) as wire:
        payload = await fetcher(client, time).get(f"{wire.url}/a.csv", dataset="d", params={"id": "DGS10"})

    assert payload.body == GOOD.body
    assert payload.url == f"{wire.url}/a.csv?id=DGS10"
    assert (payload.fetched_at, payload.known_at, payload.content_type) == (time.now, time.now, "text/csv")
    assert wire.asked[0].headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize("status", [418, 429, 500, 502, 503, 504])
async def test_a_stumble_is_tried_again_and_then_good(client, time, status):
    async with wire_server(Answer(status=status), GOOD) as wire:
        one = fetcher(client, time)
        payload = await one.get(wire.url, dataset="d")

    assert payload.body == GOOD.body
    assert len(wire.asked) == 2
    assert one.state.circuit is CircuitState.CLOSED
    assert one.state.failures == 0


@pytest.mark.parametrize("status", [418, 429, 503])
async def test_retry_after_is_honoured_whoever_says_it(client, time, status):
    async with wire_server(Answer(status=status, headers={"Retry-After": "7"}), GOOD) as wire:
        await fetcher(client, time).get(wire.url, dataset="d")

    assert 7.0 <= max(time.slept) < 8.0


async def test_retry_after_as_a_date_is_honoured_too(client, time):
    at = (time.now + timedelta(seconds=9)).strftime("%a, %d %b %Y %H:%M:%S GMT")
    async with wire_server(Answer(status=503, headers={"Retry-After": at}), GOOD) as wire:
        await fetcher(client, time).get(wire.url, dataset="d")

    assert 9.0 <= max(time.slept) < 10.0


async def test_a_ban_is_not_waited_for_but_left_alone_until_it_ends(client, time):
    async with wire_server(Answer(status=418, headers={"Retry-After": "600"})) as wire:
        one = fetcher(client, time)
        with pytest.raises(ProviderUnavailableError) as first:
            await one.get(wire.url, dataset="d")
        with pytest.raises(ProviderUnavailableError, match="left alone"):
            await one.get(wire.url, dataset="d")

    assert first.value.data["retry_after_s"] == 600.0
    assert len(wire.asked) == 1
    assert one.state.circuit is CircuitState.OPEN
    time.now += timedelta(seconds=601)
    assert one.state.circuit is CircuitState.HALF_OPEN


async def test_pauses_between_tries_grow_and_differ(client, time):
    async with wire_server(Answer(status=500)) as wire:
        with pytest.raises(ProviderUnavailableError) as error:
            await fetcher(client, time, attempts=5).get(wire.url, dataset="d")

    pauses = [pause for pause in time.slept if pause > 0.2]
    assert error.value.data["attempts"] == len(wire.asked) == 5
    assert len(pauses) == 4
    assert all(0.25 * 2**n <= pause <= 0.5 * 2**n for n, pause in enumerate(pauses))
    assert error.value.retryable


async def test_a_refusal_is_final(client, time):
    async with wire_server(Answer(b"no such series", status=404)) as wire:
        with pytest.raises(ProviderError) as error:
            await fetcher(client, time).get(wire.url, dataset="d")

    assert (len(wire.asked), error.value.data["status"], error.value.retryable) == (1, 404, False)


@pytest.mark.parametrize("length", [True, False])
async def test_a_packed_answer_is_unpacked(client, time, length):
    async with wire_server(replace(GOOD, packed=True, length=length)) as wire:
        assert (await fetcher(client, time).get(wire.url, dataset="d")).body == GOOD.body


@pytest.mark.parametrize(
    "cut",
    [replace(GOOD, cut=10), replace(GOOD, packed=True, cut=15), replace(GOOD, packed=True, length=False, cut=25)],
    ids=["plain", "packed", "packed without a length"],
)
async def test_a_cut_body_is_noticed_and_asked_for_again(client, time, cut):
    async with wire_server(cut, GOOD) as wire:
        assert (await fetcher(client, time).get(wire.url, dataset="d")).body == GOOD.body
    async with wire_server(cut) as wire:
        with pytest.raises(ProviderUnavailableError):
            await fetcher(client, time).get(wire.url, dataset="d")


async def test_damaged_gzip_is_a_stumble(client, time):
    bad = Answer(b"not gzip at all", headers={"Content-Encoding": "gzip"})
    async with wire_server(bad, GOOD) as wire:
        assert (await fetcher(client, time).get(wire.url, dataset="d")).body == GOOD.body


async def test_a_slow_body_runs_into_the_timeout(client, time):
    async with wire_server(Answer(b"x" * 100, stall=True)) as wire:
        with pytest.raises(ProviderUnavailableError, match=r"no complete answer within 0\.05 s") as error:
            await fetcher(client, time, timeout_s=0.05, attempts=2).get(wire.url, dataset="d")

    assert error.value.data["attempts"] == 2


@pytest.mark.parametrize(
    "body",
    [b"<!DOCTYPE html><html><body>Sign in</body></html>", b"\n\n <HTML>blocked</HTML>", b"<!-- x --><html></html>"],
)
async def test_a_web_page_under_200_is_a_format_error_at_once(client, time, body):
    async with wire_server(Answer(body, headers={"Content-Type": "text/csv"})) as wire:
        with pytest.raises(ProviderFormatError, match="web page"):
            await fetcher(client, time).get(wire.url, dataset="d")

    assert len(wire.asked) == 1


@pytest.mark.parametrize("body", [b"", b" \r\n"])
async def test_an_empty_answer_is_a_format_error(client, time, body):
    async with wire_server(Answer(body)) as wire:
        with pytest.raises(ProviderFormatError, match="empty"):
            await fetcher(client, time).get(wire.url, dataset="d")


@pytest.mark.parametrize("packed", [False, True])
async def test_an_endless_answer_is_cut_off_at_the_limit(client, time, packed):
    async with wire_server(Answer(b"1" * 5_000_000, packed=packed)) as wire:
        with pytest.raises(ProviderError, match="larger than 10000 bytes"):
            await fetcher(client, time).get(wire.url, dataset="d")


async def test_an_unchanged_answer_is_asked_for_by_its_etag(client, time):
    tagged = replace(GOOD, headers={"ETag": '"v1"'})
    async with wire_server(tagged, Answer(status=304)) as wire:
        one = fetcher(client, time)
        first = await one.get(wire.url, dataset="d")
        time.now += timedelta(minutes=5)
        second = await one.get(wire.url, dataset="d")

    assert wire.asked[1].headers["if-none-match"] == '"v1"'
    assert (first.unchanged, second.unchanged) == (False, True)
    assert second.body == first.body
    assert (second.fetched_at, second.known_at) == (time.now, first.known_at)


async def test_a_fresh_answer_is_not_asked_for_again(client, time):
    async with wire_server(GOOD) as wire:
        one = fetcher(client, time, cache_s=60.0)
        await one.get(wire.url, dataset="d")
        assert (await one.get(wire.url, dataset="d")).unchanged
        time.now += timedelta(seconds=61)
        assert not (await one.get(wire.url, dataset="d")).unchanged

    assert len(wire.asked) == 2


async def test_requests_keep_the_pace_of_the_policy(client, time):
    async with wire_server(GOOD) as wire:
        one = fetcher(client, time, requests_per_s=0.01)
        await asyncio.gather(*(one.get(f"{wire.url}/{n}", dataset="d") for n in range(4)))

    assert len(wire.asked) == 4
    pauses = sorted(pause for pause in time.slept if pause > 1)
    assert [round(pause, -2) for pause in pauses] == [100, 200, 300]


async def test_the_circuit_opens_after_five_failures_tries_once_and_closes_again(client, time):
    async with wire_server(*[Answer(status=404)] * 6, GOOD) as wire:
        one = fetcher(client, time)
        for _ in range(5):
            with pytest.raises(ProviderError):
                await one.get(wire.url, dataset="d")
        with pytest.raises(ProviderUnavailableError, match="left alone"):
            await one.get(wire.url, dataset="d")
        time.now += timedelta(seconds=40)
        with pytest.raises(ProviderError, match="404"):
            await one.get(wire.url, dataset="d")
        with pytest.raises(ProviderUnavailableError, match="left alone"):
            await one.get(wire.url, dataset="d")
        time.now += timedelta(seconds=80)
        assert (await one.get(wire.url, dataset="d")).body == GOOD.body

    assert one.state.circuit is CircuitState.CLOSED
    assert one.state.as_json()["last_error"] == "test: it refused with status 404"


async def test_where_nobody_listens_it_gives_up_soon(client, time):
    async with wire_server(GOOD) as wire:
        url = wire.url
    with pytest.raises(ProviderUnavailableError, match="can't be reached") as error:
        await fetcher(client, time, attempts=9).get(url, dataset="d")

    assert error.value.data["attempts"] == 2


async def test_a_network_that_is_off_is_never_touched():
    async with wire_server(GOOD) as wire, open_fetchers(network="off", clock=Time()) as fetchers:
        with pytest.raises(ProviderUnavailableError, match="switched off"):
            await fetchers.of(SimProvider(1)).get(wire.url, dataset="d")

    assert wire.asked == []
