"""Who may run beside whom."""

import asyncio

from mktdash.jobs.concurrency import ConcurrencyLimit


class Visitor:
    """Someone who enters, if let in, and stays until told to leave."""

    def __init__(self, limit, *, alone=False):
        self.inside = asyncio.Event()
        self._leave = asyncio.Event()
        self.task = asyncio.create_task(self._visit(limit, alone))

    async def _visit(self, limit, alone):
        async with limit.enter(alone=alone):
            self.inside.set()
            await self._leave.wait()

    async def leave(self):
        """Go, and be gone."""
        self._leave.set()
        await self.task


async def settle():
    for _ in range(10):
        await asyncio.sleep(0)


async def test_as_many_enter_as_there_is_room_for():
    limit = ConcurrencyLimit(2)
    visitors = [Visitor(limit) for _ in range(3)]
    await settle()
    assert [one.inside.is_set() for one in visitors] == [True, True, False]
    await visitors[0].leave()
    await settle()
    assert visitors[2].inside.is_set()
    assert limit.inside == 2
    await visitors[1].leave()
    await visitors[2].leave()


async def test_one_who_must_be_alone_waits_for_all_and_keeps_all_out():
    limit = ConcurrencyLimit(3)
    first = Visitor(limit)
    await settle()
    lonely = Visitor(limit, alone=True)
    await settle()
    later = Visitor(limit)
    await settle()
    assert (lonely.inside.is_set(), later.inside.is_set()) == (False, False)
    await first.leave()
    await settle()
    assert (lonely.inside.is_set(), later.inside.is_set()) == (True, False)
    await lonely.leave()
    await settle()
    assert later.inside.is_set()
    await later.leave()


async def test_two_who_must_be_alone_take_turns():
    limit = ConcurrencyLimit(3)
    visitors = [Visitor(limit, alone=True) for _ in range(2)]
    await settle()
    assert sum(one.inside.is_set() for one in visitors) == 1
    for one in sorted(visitors, key=lambda visitor: not visitor.inside.is_set()):
        await one.leave()
    assert limit.inside == 0


async def test_one_who_gives_up_waiting_to_be_alone_keeps_nobody_out():
    limit = ConcurrencyLimit(2)
    first = Visitor(limit)
    await settle()
    impatient = Visitor(limit, alone=True)
    await settle()
    waiting = Visitor(limit)
    impatient.task.cancel()
    await asyncio.gather(impatient.task, return_exceptions=True)
    await settle()
    assert waiting.inside.is_set()
    await first.leave()
    await waiting.leave()
