"""How sources are doing, over GraphQL: circuit and last error, by the word of the feed that asks them."""

from tests.factories.web.application import resources_over, web_over

from mktdash.domain.clock import system_clock, to_micros
from mktdash.store.live.heartbeats import BeatRow, beat

QUERY = "{ sources { name role circuit failures lastError retryAt nextPollAt } }"
OPEN = {
    "circuit": "open",
    "failures": 5,
    "last_error": "ecb: it can't be reached",
    "retry_at": "2026-11-23T09:00:30Z",
    "role": "active",
    "next_poll_at": "2026-11-23T09:01:00+00:00",
}


async def say(engine, name, sources):
    now = to_micros(system_clock())
    await beat(engine, BeatRow(name, "feed", "here", 1, now, now, {"sources": sources}))


async def test_an_open_circuit_says_why_and_until_when(engine):
    await say(engine, "one", {"ecb": OPEN, "sim": {"circuit": "closed", "failures": 0, "role": "active"}})
    await say(engine, "two", {"ecb": {"circuit": "closed", "role": "standby"}})
    async with web_over(resources_over(engine)) as web:
        ecb, sim = (await web.data(QUERY))["sources"]
    assert ecb == {
        "name": "ecb",
        "role": "active",
        "circuit": "open",
        "failures": 5,
        "lastError": "ecb: it can't be reached",
        "retryAt": "2026-11-23T09:00:30Z",
        "nextPollAt": "2026-11-23T09:01:00Z",
    }
    assert (sim["name"], sim["circuit"], sim["lastError"]) == ("sim", "closed", None)
