"""Outlives a killed supervisor by a moment, to end what it left behind.

Run by path as a plain script, so that it starts in milliseconds. It leads the process group that every child joins. Its
standard input is a pipe that only the supervisor holds open; the pipe whose number it is given is held open by every
child. So it needs no list of processes, and a process started a moment before the end is not forgotten.
"""

import contextlib
import os
import select
import signal
import sys


def main() -> None:
    """Wait for the supervisor's end, ask the group to stop, and after the grace make it."""
    alive, grace_seconds = int(sys.argv[1]), float(sys.argv[2])
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    while os.read(0, 1):
        pass
    with contextlib.suppress(ProcessLookupError):
        os.killpg(0, signal.SIGTERM)
    select.select([alive], [], [], grace_seconds)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
