"""What every test stands on; it imports no database and no web framework, so that a pure test starts at once."""

import asyncio
from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, settings

# The same examples in every run and no bound on their time, so that a change alone can fail one.
settings.register_profile(
    "steady", deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("steady")


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Asyncio's own loop; where a test says so, the server's too."""
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if item.get_closest_marker("both_loops") is not None:
        from uvicorn.loops.auto import auto_loop_factory  # noqa: PLC0415 - only where a test asks for it

        loops["served"] = auto_loop_factory()
    return loops
