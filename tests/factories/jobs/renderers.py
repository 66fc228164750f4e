"""Renderers that misbehave. They are module-level functions, for they run in another process."""

import os
import signal
import threading
from pathlib import Path

from mktdash.domain.errors import InvalidInputError
from mktdash.reports.render import render_all
from mktdash.store.jobs.run_queue import NewArtifact


def one_file(summary, tell):
    """A small file at once."""
    tell("rendering csv", 0.5)
    return [NewArtifact("csv", "text/csv", "00" * 32, summary.run_id.encode())]


def kill_itself(summary, tell):
    """What the kernel does to a process that takes all memory."""
    del summary, tell
    os.kill(os.getpid(), signal.SIGKILL)


def exit_at_once(summary, tell):
    """What a fault in a compiled library does."""
    del summary, tell
    os._exit(3)


def divide_by_zero(summary, tell):
    """A fault in the template, whose text nobody outside should read."""
    del summary, tell
    raise ZeroDivisionError("secret")


def refuse(summary, tell):
    """An error of our own kind."""
    del summary, tell
    raise InvalidInputError("no such thing")


def write_pid_and_hang(summary, tell):
    """Says where it runs, in the file that the title names, and never ends."""
    Path(summary.title).write_text(str(os.getpid()))
    tell("rendering pdf", 0.5)
    threading.Event().wait()


def hang_on_the_first_try(summary, tell):
    """Hangs while the file that the title names is not there, and makes it; the real thing afterwards."""
    mark = Path(summary.title)
    if not mark.exists():
        mark.write_text(str(os.getpid()))
        tell("rendering pdf", 0.5)
        threading.Event().wait()
    return render_all(summary, tell)
