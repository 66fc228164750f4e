"""``mktdash`` as people run it, with a home and a database of the test's choice, and nothing fetched."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from mktdash.cli.main import main


@dataclass(frozen=True)
class Done:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Command:
    """The command with its folder; ``env`` is added to what every process has."""

    folder: Path
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """Where its state is, unless ``env`` says otherwise."""
        return self.folder / "home"

    def __call__(self, *words: str | Path) -> Done:
        """Run it to its end in this process: its errors, exit code and streams are those of the command."""
        out, err = io.StringIO(), io.StringIO()
        argv = ["mktdash", *(str(word) for word in words)]
        with (
            mock.patch.dict(os.environ, self._env(), clear=True),
            mock.patch.object(sys, "argv", argv),
            redirect_stdout(out),
            redirect_stderr(err),
            pytest.raises(SystemExit) as end,
        ):
            main()
        return Done(int(end.value.code or 0), out.getvalue(), err.getvalue())

    def apart(self, *words: str | Path) -> Done:
        """Run it to its end in a process of its own."""
        program = Path(sys.executable).with_name("mktdash")
        done = subprocess.run(
            [program, *words], cwd=self.folder, env=self._env(), capture_output=True, text=True, check=False
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def json(self, *words: str | Path) -> Any:
        """What it prints with ``--json``, where it succeeds."""
        done = self(*words, "--json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    def _env(self) -> dict[str, str]:
        own = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
        return own | {"MKTDASH_HOME": str(self.home), "MKTDASH_NETWORK": "off"} | dict(self.env)
