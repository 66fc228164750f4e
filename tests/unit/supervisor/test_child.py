"""A child is relayed, restarted and stopped; what a killed supervisor leaves behind is ended by the guard."""

import asyncio
import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from mktdash.start_signal import WAITS
from mktdash.supervisor import child as child_module
from mktdash.supervisor.child import Child
from mktdash.supervisor.group import ProcessGroup, ProcessSpec
from mktdash.supervisor.log import ProcessLog


class SpokenLog(ProcessLog):
    """A log that can be waited for."""

    def __init__(self, folder):
        super().__init__(folder, ("up", "child"))
        self.lines = asyncio.Queue()

    def say(self, name, text):
        """Say it, and let who waits for it go on."""
        super().say(name, text)
        self.lines.put_nowait((name, text))

    async def next_line(self, name, start):
        """The next line of a process that starts so."""
        while True:
            said, text = await asyncio.wait_for(self.lines.get(), 60)
            if said == name and text.startswith(start):
                return text


@pytest.fixture
def log(tmp_path):
    log = SpokenLog(tmp_path)
    yield log
    log.close()


@pytest.fixture
def group(tmp_path):
    with (tmp_path / "held").open("w") as held:
        group = ProcessGroup(held.fileno(), exit_seconds=600)
        yield group
        group.close()


def python(script):
    return ProcessSpec("child", (sys.executable, "-I", "-u", "-c", script), dict(os.environ))


async def test_a_childs_both_streams_come_with_its_name_on_the_screen_and_in_the_file(capfd, group, log, tmp_path):
    # given
    child = Child(python("import sys; print('to out'); print('to err', file=sys.stderr)"), group, log)
    # when
    code = await child.run_once()
    # then
    assert code == 0
    assert "child | to out" in capfd.readouterr().out
    assert "child | to err" in (tmp_path / "mktdash.log").read_text()


async def test_a_line_without_an_end_and_a_line_of_many_kilobytes_are_relayed_too(group, log, tmp_path):
    # given
    child = Child(python("print('x' * 300_000, end='')"), group, log)
    # when
    await child.run_once()
    # then
    assert (tmp_path / "mktdash.log").read_text().count("x") == 300_000


async def test_a_child_that_dies_is_started_again_and_that_is_said(group, log):
    # given
    child = Child(python("import os; print('alive', flush=True); os._exit(3)"), group, log, first_pause=0.01)
    kept = asyncio.create_task(child.keep_running())
    # when
    said = [await log.next_line("up", "child ended") for _ in range(3)]
    await child.stop(5)
    await kept
    # then
    assert said == [
        f"child ended with exit code 3; starting it again in {pause} s" for pause in ("0.01", "0.02", "0.04")
    ]
    assert child.ends >= 3


async def test_a_program_that_is_not_there_is_said_and_tried_again(group, log):
    # given
    child = Child(ProcessSpec("child", ("/nowhere/at/all",), {}), group, log, first_pause=0.01)
    kept = asyncio.create_task(child.keep_running())
    # when
    said = await log.next_line("up", "child")
    await child.stop(5)
    await kept
    # then
    assert said.startswith("child could not be started (No such file or directory)")


async def test_a_child_that_ignores_sigterm_is_killed_after_the_grace(group, log):
    # given
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf')\nwhile True: signal.pause()"
    child = Child(python(deaf), group, log)
    kept = asyncio.create_task(child.keep_running())
    await log.next_line("child", "deaf")
    # when
    await child.stop(0.05)
    await kept
    # then
    assert await log.next_line("up", "child did not stop") == "child did not stop in 0.05 s and was killed"


async def test_closing_the_group_ends_what_a_stopped_child_left_behind(tmp_path, log):
    # given: a child that ends at once and leaves a grandchild that would stay for ever
    with (tmp_path / "held").open("w") as held:
        group = ProcessGroup(held.fileno(), exit_seconds=600)
    leaver = (
        "import subprocess, sys\n"
        "left = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()'], stdout=subprocess.DEVNULL)\n"
        "print(left.pid)"
    )
    child = Child(python(leaver), group, log)
    await child.run_once()
    left = int(await log.next_line("child", ""))
    # when
    group.close()
    # then
    await gone(left)


async def test_a_child_asked_to_stop_just_after_its_end_keeps_its_exit_code(caplog, group, log, monkeypatch):
    # given: a child that has ended by itself, of which the loop has not heard yet
    wait, heard = os.waitpid, threading.Event()

    def late(*arguments):
        heard.wait(20)
        return wait(*arguments)

    monkeypatch.setattr(os, "waitpid", late)
    child = Child(python("import os; print(os.getpid()); os._exit(7)"), group, log)
    running = asyncio.create_task(child.run_once())
    pid = int(await log.next_line("child", ""))
    await asyncio.to_thread(os.waitid, os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    # when
    stopping = asyncio.create_task(child.stop(20))
    await asyncio.sleep(0)
    heard.set()
    await stopping
    # then
    assert await running == 7
    assert caplog.records == []


WAITING = "from mktdash.start_signal import wait_to_run\nprint('loaded')\nwait_to_run()\nprint('runs')"


def of_ours(script):
    package = Path(child_module.__file__).parents[2]
    return ProcessSpec("child", (sys.executable, "-u", "-c", script), {**os.environ, "PYTHONPATH": str(package)})


async def test_a_child_loads_its_code_and_runs_when_it_is_let_in(group, log):
    # given
    let_in = asyncio.Event()
    child = Child(of_ours(WAITING), group, log, let_in=let_in)
    running = asyncio.create_task(child.run_once())
    await log.next_line("child", "loaded")
    assert log.lines.empty()
    # when
    let_in.set()
    # then
    await log.next_line("child", "runs")
    assert await running == 0
    # and one that is started again need not wait
    assert await child.run_once() == 0


async def test_a_child_is_stopped_while_it_waits(group, log):
    # given
    child = Child(of_ours(WAITING), group, log, let_in=asyncio.Event())
    kept = asyncio.create_task(child.keep_running())
    await log.next_line("child", "loaded")
    # when
    await child.stop(60)
    await kept
    # then
    assert child.ends == 0
    assert log.lines.empty()


@pytest.mark.parametrize(("held_back", "line", "ended"), [(True, b"", 1), (True, b"\n", 0), (False, b"", 0)])
async def test_a_process_runs_when_nobody_holds_it_back_and_not_after_its_supervisor_is_gone(held_back, line, ended):
    # given
    spec = of_ours(WAITING)
    held = {WAITS: "1"} if held_back else {}
    # when
    process = await asyncio.create_subprocess_exec(
        *spec.command, env={**spec.env, **held}, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate(line)
    # then
    assert process.returncode == ended
    assert (b"runs" in said) is (ended == 0)


@pytest.mark.parametrize("child_is_deaf", [False, True])
async def test_a_supervisor_killed_outright_leaves_nothing_behind(tmp_path, child_is_deaf, monkeypatch):
    # given: a supervisor in a process of its own, with a child that says its number
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN);" if child_is_deaf else ""
    script = f"import os, signal; {deaf} print(os.getpid(), flush=True)\nwhile True: signal.pause()"
    program = _SUPERVISOR.format(script=script, grace=0.1 if child_is_deaf else 60)
    monkeypatch.setenv("PYTHONPATH", str(Path(child_module.__file__).parents[2]))
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE, cwd=tmp_path
    )
    line = await asyncio.wait_for(supervisor.stdout.readline(), 60)
    pid = int(line.decode().split("|")[1])
    # when
    supervisor.send_signal(signal.SIGKILL)
    await supervisor.wait()
    # then
    await gone(pid)


_SUPERVISOR = """
import asyncio, os, sys
from pathlib import Path
from mktdash.supervisor.child import Child
from mktdash.start_signal import WAITS
from mktdash.supervisor.group import ProcessGroup, ProcessSpec
from mktdash.supervisor.log import ProcessLog

async def main():
    with open("held", "w") as held:
        group = ProcessGroup(held.fileno(), grace_seconds={grace})
        log = ProcessLog(Path("."), ("child",))
        spec = ProcessSpec("child", (sys.executable, "-c", {script!r}), dict(os.environ))
        await Child(spec, group, log).keep_running()

asyncio.run(main())
"""


async def gone(pid):
    """Wait until a process that is not our child has ended; a zombie has."""
    async with asyncio.timeout(60):
        while alive(pid):  # noqa: ASYNC110 - the process is not ours to wait for
            await asyncio.sleep(0.01)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
