"""Many coroutines at once without a task for each: resolvers of a list mostly wait for one and the same loader."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any


async def together(coroutines: Sequence[Coroutine[Any, Any, Any]]) -> list[Any]:
    """The results of many coroutines that mostly wait for one loader, without a task for each.

    The first that fails ends them all.
    """
    loop = asyncio.get_running_loop()
    results: list[Any] = [None] * len(coroutines)
    done: asyncio.Future[None] = loop.create_future()
    left = len(coroutines)

    def step(at: int) -> None:
        nonlocal left
        if done.done():
            return
        try:
            waits = coroutines[at].send(None)
        except StopIteration as stop:
            results[at] = stop.value
            left -= 1
            if not left:
                done.set_result(None)
        except Exception as error:  # noqa: BLE001 - told to whoever waits for all
            done.set_exception(error)
        else:
            if waits is None:
                loop.call_soon(step, at)
            else:
                # What a task does with a future that its coroutine yields.
                waits._asyncio_future_blocking = False  # noqa: SLF001 - as asyncio does
                waits.add_done_callback(lambda _: step(at))

    try:
        for at in range(len(coroutines)):
            step(at)
        await done
    finally:
        for one in coroutines:
            one.close()
    return results
