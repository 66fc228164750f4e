"""Rendering in another process: what it hands back, and every way in which it can go wrong."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from tests.factories.jobs import renderers
from tests.factories.summaries import market_summary

from mktdash.jobs.render_process import RendererCrashedError, RenderFailedError, RenderTimeoutError, render_in_process
from mktdash.reports.market_summary.files import render_files
from mktdash.reports.render import render_all


async def ignore(stage, share):
    del stage, share


async def test_another_process_gives_the_same_files():
    told = []

    async def hear(stage, share):
        told.append((stage, share))

    files = await render_in_process(render_files, market_summary(), hear, 60)
    assert files == render_all(render_files, market_summary(), lambda *_: None)
    assert [stage for stage, _ in told] == ["charts", "rendering pdf", "rendering html", "rendering csv"]


@pytest.mark.parametrize("render", [renderers.kill_itself, renderers.exit_at_once])
async def test_a_renderer_that_dies_is_an_error_and_not_the_end_of_the_worker(render):
    with pytest.raises(RendererCrashedError) as caught:
        await render_in_process(render, market_summary(), ignore, 60)
    assert caught.value.data["exitcode"] in {-signal.SIGKILL, 3}


async def test_a_renderer_that_raises_says_what_kind_of_error_and_no_more():
    with pytest.raises(RenderFailedError, match="raised ZeroDivisionError") as caught:
        await render_in_process(renderers.divide_by_zero, market_summary(), ignore, 60)
    assert "secret" not in str(caught.value)


async def test_a_renderer_that_refuses_is_quoted():
    with pytest.raises(RenderFailedError, match="no such thing"):
        await render_in_process(renderers.refuse, market_summary(), ignore, 60)


async def test_a_renderer_that_hangs_is_ended(tmp_path):
    summary = market_summary(title=str(tmp_path / "pid"))
    with pytest.raises(RenderTimeoutError):
        await render_in_process(renderers.write_pid_and_hang, summary, ignore, 1.0)
    assert not alive(tmp_path / "pid")


async def test_cancelling_ends_the_renderer(tmp_path):
    begun = asyncio.Event()

    async def hear(stage, share):
        del stage, share
        begun.set()

    summary = market_summary(title=str(tmp_path / "pid"))
    task = asyncio.create_task(render_in_process(renderers.write_pid_and_hang, summary, hear, 60))
    await begun.wait()
    assert alive(tmp_path / "pid")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(tmp_path / "pid")


def alive(pid_file: Path):
    try:
        os.kill(int(pid_file.read_text()), 0)
    except (ProcessLookupError, FileNotFoundError, ValueError):
        # Gone, or ended before it had written its number.
        return False
    return True
