"""Streams held for three times the longest timer of the system, against the real thing with its timers as they ship.

They are opened when the session begins and judged at its end (see conftest), so that they cost no time of their own.
"""

import pytest

pytestmark = pytest.mark.held


@pytest.mark.parametrize(
    "stream", ["quiet socket", "busy socket", "talking socket", "gql", "graphql-ws", "quiet events", "busy events"]
)
def test_a_stream_is_held_past_every_timer(held, stream):
    outcome = held.outcome(stream)
    if outcome.missing:
        pytest.skip(outcome.missing)

    assert outcome.ended is None, f"ended after {outcome.seconds:.0f} s: {outcome.ended}"
    assert outcome.seconds >= held.SECONDS
    assert (outcome.events == 0) == stream.startswith("quiet"), outcome.events
