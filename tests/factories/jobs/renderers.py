"""Renderers that misbehave. They are module-level functions, for they run in another process."""

import os
import signal
import threading
from pathlib import Path

from mktdash.domain.errors import InvalidInputError
from mktdash.reports.base import Format
from mktdash.reports.market_summary.files import render_files


def one_file(summary, on_stage):
    """A small file at once."""
    on_stage("rendering csv", 0.5)
    return {Format.CSV: summary.run_id.encode()}


def kill_itself(summary, on_stage):
    """What the kernel does to a process that takes all memory."""
    del summary, on_stage
    os.kill(os.getpid(), signal.SIGKILL)


def exit_at_once(summary, on_stage):
    """What a fault in a compiled library does."""
    del summary, on_stage
    os._exit(3)


def divide_by_zero(summary, on_stage):
    """A fault in the template, whose text nobody outside should read."""
    del summary, on_stage
    raise ZeroDivisionError("secret")


def refuse(summary, on_stage):
    """An error of our own kind."""
    del summary, on_stage
    raise InvalidInputError("no such thing")


def write_pid_and_hang(summary, on_stage):
    """Says where it runs, in the file that the title names, and never ends."""
    Path(summary.title).write_text(str(os.getpid()))
    on_stage("rendering pdf", 0.5)
    threading.Event().wait()


def hang_on_the_first_try(summary, on_stage):
    """Hangs while the file that the title names is not there, and makes it; the real thing afterwards."""
    mark = Path(summary.title)
    if not mark.exists():
        mark.write_text(str(os.getpid()))
        on_stage("rendering pdf", 0.5)
        threading.Event().wait()
    return render_files(summary, on_stage)
