"""Sockets and event streams end with whoever they are for: at the end of a token, at log-out, with another role."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest
import sqlalchemy as sa
from tests.factories.web.application import PATIENT, client_of, resources_over, served, socket_to
from tests.functional.access.test_token_ends import (
    GUARD_S,
    close_code,
    cookie_of,
    following,
    last_events,
    listening,
    shown,
)

from mktdash.domain.clock import system_clock, to_micros
from mktdash.security.tokens import Issuer, create_token, end_token
from mktdash.store.engine.session import read_transaction, write_transaction
from mktdash.store.tables.access import ApiToken
from mktdash.store.tables.reports import ReportRun

REQUEST = 'mutation { requestReport(input: {template: "market-summary"}) { __typename } }'


async def test_streams_end_at_the_end_of_their_token(engine):
    now = datetime(2026, 1, 1, tzinfo=UTC)
    async with served(resources_over(engine, clock=lambda: now)) as address:
        token = await create_token(engine, name="short", role="viewer", clock=lambda: now, ttl=timedelta(seconds=5))
        cookie = await cookie_of(address, token)
        bearer = {"authorization": f"Bearer {token}"}
        async with (
            following(address, token) as by_token,
            following(address, None, shown(address, cookie)) as by_cookie,
            listening(address, **bearer) as events,
        ):
            now += timedelta(seconds=5)
            codes = [await close_code(socket) for socket in (by_token, by_cookie)]
            *_, last, complete = await last_events(events)

    assert [code for code, _ in codes] == [4401, 4401]
    assert '"code":"UNAUTHENTICATED"' in last
    assert complete.startswith("event: complete")


async def test_logging_out_ends_the_sessions_streams_and_leaves_those_of_its_token(engine):
    async with served(resources_over(engine)) as address:
        token = await create_token(engine, name="desk", role="viewer", clock=system_clock)
        cookie = await cookie_of(address, token)
        async with (
            following(address, token) as by_token,
            following(address, None, shown(address, cookie)) as by_cookie,
            client_of(address) as client,
        ):
            assert (await client.post("/api/logout", headers=shown(address, cookie))).status_code == 204
            code, _ = await close_code(by_cookie)
            await by_token.send('{"type":"ping"}')
            async with asyncio.timeout(GUARD_S):
                assert orjson.loads(await by_token.recv()) == {"type": "pong"}

    assert code == 4401


async def test_a_smaller_role_ends_what_was_opened_with_the_greater(engine):
    async with served(resources_over(engine)) as address:
        token = await create_token(engine, name="desk", role="admin", clock=system_clock)
        async with following(address, token) as socket:
            async with write_transaction(engine) as conn:
                await conn.execute(sa.update(ApiToken).values(role="viewer"))

            assert (await close_code(socket))[0] == 4401


async def test_nothing_is_done_over_a_socket_whose_token_has_just_ended(engine):
    async with served(resources_over(engine, times=replace(PATIENT, revocation=3600.0))) as address:
        token = await create_token(engine, name="desk", role="operator", kind="link", clock=system_clock)
        async with following(address, token) as socket:
            await end_token(engine, "desk", by=Issuer("a test"), clock=system_clock)
            message = {"id": "2", "type": "subscribe", "payload": {"query": REQUEST}}
            await socket.send(orjson.dumps(message).decode())

            assert (await close_code(socket))[0] == 4401
    async with read_transaction(engine) as conn:
        assert (await conn.execute(sa.select(sa.func.count()).select_from(ReportRun))).scalar_one() == 0


async def test_a_stream_without_a_token_stays(engine):
    async with served(resources_over(engine)) as address, following(address) as socket:
        token = await create_token(engine, name="desk", role="viewer", kind="link", clock=system_clock)
        async with following(address, token) as other:
            await end_token(engine, "desk", by=Issuer("a test"), clock=system_clock)
            assert (await close_code(other))[0] == 4401
        await socket.send('{"type":"ping"}')
        async with asyncio.timeout(GUARD_S):
            assert orjson.loads(await socket.recv()) == {"type": "pong"}


@pytest.mark.parametrize("protocol", ["graphql-transport-ws"])
async def test_a_client_that_does_not_answer_the_close_is_not_waited_for(sqlite_engine, protocol):
    """Two sockets of one token: the first reads nothing any more, the second is closed all the same."""
    async with served(resources_over(sqlite_engine)) as address:
        token = await create_token(sqlite_engine, name="desk", role="viewer", kind="link", clock=system_clock)
        headers = {"authorization": f"Bearer {token}"}
        async with socket_to(address, protocol, additional_headers=headers, close_timeout=0.1) as deaf:
            await deaf.send('{"type":"connection_init"}')
            await deaf.recv()
            deaf.transport.pause_reading()
            async with following(address, token) as socket:
                await end_token(sqlite_engine, "desk", by=Issuer("a test"), clock=system_clock)

                assert (await close_code(socket))[0] == 4401


async def test_a_token_whose_stream_is_open_is_in_use(sqlite_engine):
    times = replace(PATIENT, use_gathered=0.0, use_noted=0.0)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    async with served(resources_over(sqlite_engine, clock=lambda: now, times=times)) as address:
        token = await create_token(sqlite_engine, name="desk", role="viewer", clock=lambda: now)
        async with following(address, token):
            now += timedelta(hours=1)
            used = 0
            async with asyncio.timeout(GUARD_S):
                while used < to_micros(now):
                    await asyncio.sleep(0.05)
                    async with read_transaction(sqlite_engine) as conn:
                        used = (await conn.execute(sa.select(ApiToken.last_used_at))).scalar_one() or 0
