"""Streams end when who they are for ends, are looked at together, and cost nothing where none is open."""

import asyncio
from datetime import UTC, datetime, timedelta

from mktdash.domain.clock import to_micros
from mktdash.domain.errors import UnauthenticatedError, UnavailableError
from mktdash.security.principals import LOCAL_READER, Principal, Role
from mktdash.security.stream_revocation import Revocation

NOW = datetime(2026, 1, 1, tzinfo=UTC)
GUARD_S = 60


class Store:
    """Tokens that a test revokes, and the looks at them."""

    def __init__(self, *principals):
        self.good = {one.credential_id: one for one in principals}
        self.looks = []
        self.fault = None

    async def look(self, ids):
        self.looks.append(set(ids))
        if self.fault is not None:
            raise self.fault
        return {one: self.good[one] for one in ids if one in self.good}


def bearer(token_id, role=Role.VIEWER, **more):
    return Principal(token_id, role, token_id=token_id, **more)


def ending():
    """A future of the error that a stream was ended with, and what sets it."""
    ended = asyncio.get_running_loop().create_future()
    return ended, ended.set_result


async def looked(store, times):
    async with asyncio.timeout(GUARD_S):
        while len(store.looks) < times:  # noqa: ASYNC110 - the loop itself is what is watched
            await asyncio.sleep(0)


async def test_a_stream_ends_once_when_its_token_is_gone_and_others_go_on():
    one, other = bearer("one"), bearer("other")
    store = Store(one, other)
    watch = Revocation(store.look, lambda: NOW, seconds_between_looks=0)
    (gone, end), (kept, keep) = ending(), ending()
    with watch.watching(one, end), watch.watching(other, keep):
        await looked(store, 2)
        del store.good["one"]
        error = await asyncio.wait_for(gone, GUARD_S)
        await looked(store, len(store.looks) + 3)
        assert not kept.done()
    await watch.aclose()

    assert isinstance(error, UnauthenticatedError)
    assert {frozenset(look) for look in store.looks} == {frozenset({"one", "other"}), frozenset({"other"})}


async def test_streams_of_one_token_are_looked_up_once():
    one = bearer("one")
    store = Store(one)
    watch = Revocation(store.look, lambda: NOW, seconds_between_looks=0)
    with watch.watching(one, print), watch.watching(one, print):
        await looked(store, 1)
    await watch.aclose()

    assert store.looks[0] == {"one"}


async def test_nobody_is_looked_up_where_no_stream_has_a_token():
    store = Store()
    watch = Revocation(store.look, lambda: NOW, seconds_between_looks=0)
    with watch.watching(LOCAL_READER, print):
        for _ in range(20):
            await asyncio.sleep(0)
    await watch.aclose()

    assert store.looks == []


async def test_after_the_last_stream_there_is_no_look_and_with_the_next_there_is():
    one = bearer("one")
    store = Store(one)
    watch = Revocation(store.look, lambda: NOW, seconds_between_looks=0)
    with watch.watching(one, print):
        await looked(store, 1)
    async with asyncio.timeout(GUARD_S):
        while "revocation of streams" in {task.get_name() for task in asyncio.all_tasks()}:  # noqa: ASYNC110 - likewise
            await asyncio.sleep(0)
    done = len(store.looks)
    with watch.watching(one, print):
        await looked(store, done + 1)
    await watch.aclose()


async def test_a_stream_ends_at_exactly_the_end_of_its_token_with_the_store_away():
    now = NOW
    one = bearer("one", ends_at=to_micros(NOW + timedelta(seconds=5)))
    store = Store(one)
    store.fault = UnavailableError("away")
    watch = Revocation(store.look, lambda: now, seconds_between_looks=0)
    ended, end = ending()
    with watch.watching(one, end):
        now = NOW + timedelta(microseconds=4_999_999)
        await looked(store, 3)
        assert not ended.done()
        now = NOW + timedelta(seconds=5)
        await asyncio.wait_for(ended, GUARD_S)
    await watch.aclose()


async def test_a_longer_life_of_a_session_is_a_longer_life_of_its_streams():
    now = NOW
    one = bearer("one", ends_at=to_micros(NOW + timedelta(seconds=5)))
    store = Store(bearer("one", ends_at=to_micros(NOW + timedelta(seconds=50))))
    watch = Revocation(store.look, lambda: now, seconds_between_looks=0)
    ended, end = ending()
    with watch.watching(one, end):
        await looked(store, 2)
        now = NOW + timedelta(seconds=20)
        await looked(store, len(store.looks) + 3)
        assert not ended.done()
    await watch.aclose()


async def test_another_role_is_another_stream():
    store = Store(bearer("one", Role.VIEWER))
    watch = Revocation(store.look, lambda: NOW, seconds_between_looks=0)
    ended, end = ending()
    with watch.watching(bearer("one", Role.ADMIN), end):
        await asyncio.wait_for(ended, GUARD_S)
    await watch.aclose()


async def test_a_store_that_is_away_is_waited_for_and_not_for_ever():
    one, passed = bearer("one"), 0.0
    store = Store(one)
    store.fault = UnavailableError("away")
    watch = Revocation(store.look, lambda: NOW, monotonic=lambda: passed, seconds_between_looks=0)
    ended, end = ending()
    with watch.watching(one, end):
        await looked(store, 3)
        passed = 59.0
        await looked(store, len(store.looks) + 3)
        assert not ended.done()
        store.fault = None
        await looked(store, len(store.looks) + 2)
        store.fault = UnavailableError("away")
        passed = 100.0
        await looked(store, len(store.looks) + 3)
        assert not ended.done()
        passed = 161.0
        error = await asyncio.wait_for(ended, GUARD_S)
    await watch.aclose()

    assert error is store.fault


async def test_a_look_that_fails_as_nobody_foresaw_is_made_again(caplog):
    one = bearer("one")
    store = Store()
    store.fault = RuntimeError("nobody foresaw")
    watch = Revocation(store.look, lambda: NOW, seconds_between_looks=0)
    ended, end = ending()
    with watch.watching(one, end):
        await looked(store, 2)
        store.fault = None
        await asyncio.wait_for(ended, GUARD_S)
    await watch.aclose()

    assert "could not be looked at" in caplog.text
