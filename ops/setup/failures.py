"""Turns what a failed tool wrote into one sentence that says what to do, because its own pages of output do not."""

import errno
import re

NO_COMPILER = (
    "a dependency has no ready-made wheel for this Python and needs a C compiler: install gcc and make"
    " (Debian: apt install build-essential python3-dev), or use Python 3.11 or 3.12"
)
UNREACHABLE = "the package index could not be reached: check the network, or the proxy and mirror settings of {tool}"
NO_SPACE = "the disk is full: free some space (a first set-up takes about 1.5 GB) and try again"
NOT_WRITABLE = "a file or folder could not be written: check who owns this folder and that it is not read-only"

# First match wins. A full disk and a missing right can look like a network error further down, so they come first.
_KNOWN: tuple[tuple[str, str], ...] = (
    (r"ENOSPC|No space left on device|os error 28|Disk quota exceeded|EDQUOT", NO_SPACE),
    (r"EROFS|Read-only file system|EACCES|Permission denied|os error 13|os error 30", NOT_WRITABLE),
    (
        r"UnknownIssuer|CERTIFICATE_VERIFY_FAILED|SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET)|certificate verify failed",
        (
            "the package index was reached, but its certificate is not trusted here: install ca-certificates,"
            " or point SSL_CERT_FILE at your company's certificates"
        ),
    ),
    (
        (
            r"(unable to execute|No such file or directory:|[Cc]ommand) '?\[?'?"
            r"(x86_64-linux-gnu-)?(gcc|cc|clang|g\+\+|make)'?"
            r"|[Nn]o (acceptable )?C compiler|linker `cc` not found|Python\.h: No such file"
        ),
        NO_COMPILER,
    ),
    (
        r"Failed to build",
        "a dependency without a ready-made wheel for this Python could not be built here: use Python 3.11 or 3.12",
    ),
    (
        r"lockfile.*needs to be updated",
        "uv.lock does not match pyproject.toml: run `uv lock` after a change of dependencies",
    ),
    (
        r"package-lock\.json.*in sync|EUSAGE",
        "frontend/package-lock.json does not match package.json: run `npm install` in frontend/",
    ),
    (
        (
            r"dns error|Failed to fetch|error sending request|ConnectTimeout|ConnectionError|NewConnectionError"
            r"|Connection refused|Temporary failure in name resolution|Name or service not known|timed out"
            r"|No matching distribution|ENOTFOUND|ECONNREFUSED|ECONNRESET|EAI_AGAIN|ETIMEDOUT|ENETUNREACH|FetchError"
        ),
        UNREACHABLE,
    ),
    (r"MemoryError|Killed|heap out of memory|Cannot allocate memory", "the machine ran out of memory"),
)


class SetupError(Exception):
    """The set-up cannot go on; the text is the one sentence that a person reads."""


def explain(tool: str, output: str) -> str:
    """The sentence for a failed tool, from everything it wrote; its own error line where nothing is recognised."""
    for pattern, sentence in _KNOWN:
        if re.search(pattern, output):
            return sentence.format(tool=tool)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    # npm ends with news of itself; what went wrong stands in a line that calls itself an error.
    lines = [line for line in lines if not line.startswith("npm notice")]
    if not lines:
        return f"{tool} failed without a word"
    errors = [line for line in lines if re.search(r"\b(Error|error|ERROR)\b: \w", line)]
    return f"{tool} said: {(errors or lines)[-1]}"


def explain_os_error(error: OSError) -> str:
    """The sentence for a file that could not be read or written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NO_SPACE
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"{error.filename or 'a file'} cannot be written: {error.strerror}; check who owns this folder"
    return f"{error.filename or 'the set-up'}: {error.strerror or error}"
