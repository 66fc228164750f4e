"""A process loads its code while its supervisor still prepares what it needs, and runs when it is let in."""

import os
import sys

# Set by the supervisor for the processes that it holds back.
WAITS = "MKTDASH_WAITS_TO_RUN"


def wait_to_run() -> None:
    """Return when the supervisor lets this process in; at once where nobody holds it back.

    Raises:
        SystemExit: the supervisor has gone.
    """
    if os.environ.pop(WAITS, None) and not sys.stdin.buffer.readline():
        raise SystemExit(1)
