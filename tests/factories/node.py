"""Node, for tests of clients and of the page."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

_OLDEST = (22, 18)


def find_node() -> str | None:
    """A Node that is new enough: the environment's own, else the one on PATH; None where there is neither."""
    for candidate in (Path(sys.prefix) / "bin" / "node", shutil.which("node")):
        if candidate is None or not Path(candidate).exists():
            continue
        answer = subprocess.run([candidate, "--version"], check=False, capture_output=True, text=True).stdout
        version = re.match(r"v(\d+)\.(\d+)", answer)
        if version and (int(version[1]), int(version[2])) >= _OLDEST:
            return str(candidate)
    return None
