"""Rendering in a process of its own: off the event loop, killable, and free to crash without its worker.

A fork server is started once and holds the renderer's imports, so that each report costs one fork.
"""

import asyncio
import contextlib
import logging
import multiprocessing
import os
import threading
from collections.abc import Awaitable, Callable
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from typing import Any, ClassVar

from mktdash.domain.errors import MktdashError
from mktdash.jobs.attempt import WorkCrashedError
from mktdash.reports.base import Render
from mktdash.reports.render import render_all
from mktdash.store.jobs.reports import NewArtifact
from mktdash.uncancelled import uncancelled

_log = logging.getLogger(__name__)
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["__main__", "mktdash.reports.catalogue", "jinja2", "typst"])


def warm_up() -> None:
    """Start the fork server and its imports before the first report needs them; blocks shortly."""
    forkserver.ensure_running()


class RendererCrashedError(WorkCrashedError):
    """The rendering process died without a word; its ``exitcode`` is negative for a signal."""


class RenderTimeoutError(MktdashError):
    """Rendering took longer than it may; ``seconds`` says how long that is."""

    code = "RENDER_TIMEOUT"
    retryable = True


class RenderFailedError(MktdashError):
    """The renderer raised: the same input would make it raise again."""

    code = "RENDER_FAILED"
    retryable: ClassVar[bool] = False


async def render_in_process(
    render: Render, content: object, on_stage: Callable[[str, float], Awaitable[None]], seconds: float
) -> list[NewArtifact]:
    """Make the files of ``content`` in a process of its own; cancelling this kills that process.

    ``render`` is a module-level function, and ``content`` can be pickled.

    ``on_stage`` is awaited with each stage and its share of the work (0 to 1).

    Raises:
        RendererCrashedError: the process died.
        RenderTimeoutError: it had not ended after ``seconds``.
        RenderFailedError: ``render`` raised.
    """
    ours, theirs = _context.Pipe()
    process = _context.Process(target=_render, args=(render, content, theirs), daemon=True)
    try:
        # Cut short, a process would be there that nobody ends.
        await uncancelled(asyncio.to_thread(process.start))
        theirs.close()
        async with asyncio.timeout(seconds):
            return await _listen(ours, process, on_stage)
    except TimeoutError as error:
        raise RenderTimeoutError(f"rendering took longer than {seconds:g} s", seconds=seconds) from error
    finally:
        if process.pid is not None:
            process.kill()
            await uncancelled(_gone(process))
        theirs.close()
        ours.close()


async def _gone(process: Any) -> None:
    await asyncio.to_thread(process.join)
    process.close()


async def _listen(
    ours: "Connection[Any, Any]", process: Any, on_stage: Callable[[str, float], Awaitable[None]]
) -> list[NewArtifact]:
    while True:
        kind, content = await asyncio.to_thread(_receive, ours)
        if kind == "stage":
            await on_stage(*content)
        elif kind == "done":
            return list(content)
        elif kind == "failed":
            raise RenderFailedError(content)
        else:
            await asyncio.to_thread(process.join)
            raise RendererCrashedError(f"the renderer died (exit code {process.exitcode})", exitcode=process.exitcode)


def _receive(ours: "Connection[Any, Any]") -> tuple[str, Any]:
    try:
        kind, content = ours.recv()
    except (EOFError, OSError):
        return "gone", None
    return kind, content


def _render(render: Render, content: object, theirs: "Connection[Any, Any]") -> None:
    threading.Thread(target=_end_with_worker, args=(theirs,), daemon=True).start()
    with contextlib.suppress(BrokenPipeError):
        try:
            files = render_all(render, content, lambda stage, share: theirs.send(("stage", (stage, share))))
        except BrokenPipeError:
            raise
        except MktdashError as error:
            theirs.send(("failed", error.message))
        except Exception as error:  # noqa: BLE001 - whatever it is, the worker must hear of it
            _log.exception("rendering failed")
            theirs.send(("failed", f"the renderer raised {type(error).__name__}"))
        else:
            theirs.send(("done", files))


def _end_with_worker(theirs: "Connection[Any, Any]") -> None:
    # The worker never sends anything; all that can come is the end of it, and then nobody wants the rest.
    with contextlib.suppress(EOFError, OSError):
        theirs.recv()
    os._exit(1)
