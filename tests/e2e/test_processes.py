"""Starting, stopping and being killed: nothing is left behind, and what stands in the way is one sentence."""

import os
import signal
import subprocess
import time

import pytest
from tests.e2e.running import (
    MKTDASH,
    READY_SECONDS,
    REPOSITORY,
    STOP_SECONDS,
    Running,
    alive,
    environment,
    processes_of,
)

from mktdash.supervisor.port import free_port
from mktdash.supervisor.up import PROCESSES


def start_that_fails(home, port, **extra):
    return subprocess.run(
        [*MKTDASH, "up"],
        env=environment(home, port) | extra,
        check=False,
        capture_output=True,
        text=True,
        timeout=READY_SECONDS,
    )


def assert_one_sentence(failed, *words):
    assert failed.returncode == 1
    assert failed.stderr.count("\n") == 1
    assert failed.stderr.startswith("mktdash: ")
    assert "Traceback" not in failed.stderr + failed.stdout
    for word in words:
        assert word in failed.stderr


def test_a_second_start_on_the_same_home_is_told_where_the_first_one_runs(mktdash):
    # given / when
    failed = start_that_fails(mktdash.home, 0)
    # then
    assert_one_sentence(failed, "already runs", str(mktdash.process.pid), mktdash.url)


def test_a_port_in_use_is_one_sentence_with_a_port_that_is_free(mktdash, tmp_path):
    # given / when
    failed = start_that_fails(tmp_path, mktdash.port)
    # then
    assert_one_sentence(failed, f"port {mktdash.port}", "in use", "PORT=")
    assert not (tmp_path / "mktdash.db").exists()


def test_a_home_that_cannot_be_made_is_one_sentence(tmp_path):
    # given
    (tmp_path / "file").write_text("")
    # when / then
    assert_one_sentence(start_that_fails(tmp_path / "file" / "home", 0), "MKTDASH_HOME")


def test_a_database_that_is_none_is_one_sentence_and_leaves_nothing_running(tmp_path):
    # given
    home = tmp_path / "home"
    home.mkdir()
    (home / "mktdash.db").write_bytes(b"this is not a database" * 1000)
    # when
    failed = start_that_fails(home, 0)
    # then
    assert_one_sentence(failed, "database")


def test_a_port_that_is_no_number_is_one_sentence(tmp_path):
    # given / when / then
    assert_one_sentence(start_that_fails(tmp_path, "eighty"), "PORT")


def test_killed_outright_it_leaves_nothing_and_starts_again_on_the_same_data(tmp_path):
    # given: a home in a folder with a space, whose path is too long for a socket
    home = tmp_path / "a long way" / ("x" * 120)
    port = free_port("127.0.0.1", 0)
    with Running(home, port) as first:
        first.wait_for_line("ready: ")
        assert any("redis-server" in command for command in first.pids().values())
        # when
        first.stop(signal.SIGKILL)
    # then: a start at once waits for the guard to finish, and finds the data
    with Running(home, port) as second:
        second.wait_for_line("ready: ")
        assert not any("the store is empty" in line for line in second.said)
        assert second.link != first.link
        # and a child that dies is said and replaced
        worker = next(pid for pid, command in second.pids().items() if command.endswith(" worker "))
        os.kill(worker, signal.SIGKILL)
        assert second.wait_for_line("up     | worker").endswith("was ended by SIGKILL; starting it again in 0.5 s")
        # and Ctrl-C ends everything, with a good exit code
        started = second.pids()
        assert len(started) >= len(PROCESSES) + 2
        assert second.stop(signal.SIGINT) == 0
        nothing_left(second.home)
        assert not [command for pid, command in started.items() if alive(pid)]
        assert second.rest()[-1] == "up     | everything has stopped"


def nothing_left(home):
    """Return when no process of a home is left: one that was killed still needs its turn to end."""
    until = time.monotonic() + STOP_SECONDS
    while left := {pid: command for pid, command in processes_of(home).items() if alive(pid)}:
        assert time.monotonic() < until, left
        time.sleep(0.05)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGHUP])
def test_being_asked_to_end_while_starting_ends_everything_too(tmp_path, stop):
    # given
    with Running(tmp_path / "home") as running:
        running.wait_for_line("up     | database and Redis are ready")
        # when
        code = running.stop(stop)
        # then
        assert code == 0
        nothing_left(running.home)


def test_a_screen_that_is_gone_ends_everything_too(tmp_path):
    # given: what is said goes to another program, which ends after the first line
    home = tmp_path / "home"
    # when
    ended = subprocess.run(
        ["bash", "-c", 'set -o pipefail; "$@" up | head -n 1', "bash", *MKTDASH],
        env=environment(home, 0),
        check=False,
        capture_output=True,
        text=True,
        timeout=READY_SECONDS,
    )
    # then
    assert ended.returncode == 0
    assert ended.stderr == ""
    assert ended.stdout.startswith("up     | database and Redis are ready")
    nothing_left(home)


def test_a_set_up_that_is_done_is_not_done_again():
    # given
    if not (REPOSITORY / ".cache" / "setup" / "environment.json").exists():
        pytest.skip("this environment was not made by `make`")
    # when
    again = subprocess.run(
        [REPOSITORY / "ops" / "setup" / "start", "setup"],
        check=False,
        capture_output=True,
        text=True,
        timeout=READY_SECONDS,
    )
    # then
    assert again.returncode == 0
    assert "nothing to do" in again.stdout
    assert again.stdout.count("\n") == 1
