"""What contract tests stand on: a real server with the real ECB history, and Node with clients nobody here wrote."""

import asyncio
import json
import subprocess
from pathlib import Path

import pytest
from tests.factories.node import find_node
from tests.factories.web.threaded import served_in_a_thread

_FOLDER = Path(__file__).parent / "node"
_SECONDS = 300


def pytest_configure(config):
    """Load the stores' fixtures once, whichever folder asks first."""
    config.pluginmanager.import_plugin("tests.factories.stores.fixtures")


@pytest.fixture(scope="package")
def server(databases):
    """A server with the whole ECB history and no limits on how often it is asked."""
    url = asyncio.run(databases.make("sqlite", "ecb"))
    with served_in_a_thread(url, request_rate=0, cost_rate=0, answer_seconds=600) as running:
        yield running


@pytest.fixture(scope="package")
def node():
    """A Node that is new enough."""
    found = find_node()
    if found is not None:
        return found
    pytest.skip("NO CLIENTS OF NODE TESTED: there is no Node 22.18 or newer here")


@pytest.fixture(scope="package")
def run_script(node):
    """Runs a script of the node folder and gives what it prints as JSON."""
    if not (_FOLDER / "node_modules" / "graphql-http").is_dir():
        pytest.skip("NO CLIENTS OF NODE TESTED: their packages are not installed (make test, or npm ci, installs them)")

    async def run(name, *arguments):
        process = await asyncio.create_subprocess_exec(
            node, _FOLDER / name, *arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        try:
            async with asyncio.timeout(_SECONDS):
                said, complained = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, complained.decode()
        return json.loads(said)

    return run
