"""A process loads its code while the supervisor prepares database and Redis, and runs on its signal."""

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
