"""One readable log of many processes: each line with the name of its process in front, on the screen and in a file."""

import asyncio
import logging
import os
import select
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path

_FILE_BYTES = 5_000_000
_FILES_KEPT = 3
_STDOUT = 1
# The reader takes a line whole up to here; a longer one comes in pieces.
LONGEST_LINE = 65_536


class _Screen(logging.Handler):
    """Standard output, until nobody reads it any more: a closed terminal must not stop the stopping."""

    gone = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write and flush, so that lines of other processes do not come between."""
        try:
            sys.stdout.write(self.format(record) + "\n")
            sys.stdout.flush()
        except (OSError, ValueError):
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: ARG002, N802 - the name logging calls
        """Write into nothing from now on."""
        self.gone = True
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, sys.stdout.fileno())
        os.close(nothing)


class _File(RotatingFileHandler):
    """The file, as far as it can be written: a full disk must not fill the screen."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name logging calls
        """Leave the line out."""


class ProcessLog:
    """The log of a supervisor and its children.

    Args:
        folder: where the file is kept.
        names: of all processes, for the width of the first column.
        in_file_only: of those whose lines would only be noise on the screen.
    """

    def __init__(self, folder: Path, names: tuple[str, ...], in_file_only: tuple[str, ...] = ()) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._width = max(map(len, names))
        self._in_file_only = in_file_only
        self._screen = _Screen()
        self.file = folder / "mktdash.log"
        self._file = _File(self.file, maxBytes=_FILE_BYTES, backupCount=_FILES_KEPT, encoding="utf-8", errors="replace")
        self._file.setFormatter(logging.Formatter("%(asctime)s %(message)s"))

    def say(self, name: str, text: str) -> None:
        """One line of a process."""
        record = _record(f"{name:<{self._width}} | {text}")
        if name not in self._in_file_only:
            self._screen.handle(record)
        self._file.handle(record)

    def announce(self, text: str) -> None:
        """A line as it is, for the screen only: it may carry a token, which no file may."""
        self._screen.handle(_record(text))

    async def relay(self, name: str, stream: asyncio.StreamReader) -> None:
        """Every line of a process, until it closes its output."""
        while True:
            try:
                line = await stream.readuntil(b"\n")
            except asyncio.IncompleteReadError as end:
                line = end.partial
            except asyncio.LimitOverrunError:
                line = await stream.read(LONGEST_LINE)
            if not line:
                return
            self.say(name, line.decode(errors="replace").rstrip())

    def screen_is_gone(self) -> bool:
        """Whether the terminal hung up, or the program that read standard output has ended."""
        if self._screen.gone:
            return True
        watched = select.poll()
        # Asking for no event at all still tells of these two.
        watched.register(_STDOUT, 0)
        return any(event & (select.POLLHUP | select.POLLERR) for _, event in watched.poll(0))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _record(text: str) -> logging.LogRecord:
    return logging.LogRecord("mktdash.supervisor.up", logging.INFO, "", 0, "%s", (text,), None)
