"""How each source is doing, as the feed that asks it says with its heartbeat."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import strawberry

from mktdash.domain.clock import to_micros
from mktdash.graphql.vocabulary.depends_on import attributes_never_kept
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.live.heartbeats import BeatRow


@attributes_never_kept("heartbeats of other processes move no topic version")
@strawberry.type(name="Source", description="A source, and the state of its polling.")
class SourceType:
    """A source's circuit and last trouble."""

    name: str = strawberry.field(description="Its name: ecb, treasury, kraken and so on.")
    role: str = strawberry.field(
        description="active: this feed polls it. standby: another feed does. starting: not decided yet."
    )
    circuit: str = strawberry.field(
        description="closed: polled as usual. open: paused after failures. half-open: one try is due."
    )
    failures: int = strawberry.field(description="Failures in a row.")
    last_error: str | None = strawberry.field(description="Its last error; null if there was none.")
    retry_at: Instant | None = strawberry.field(description="When an open circuit allows the next try.")
    next_poll_at: Instant | None = strawberry.field(description="When it will be polled next.")
    said_at: Instant = strawberry.field(description="When the feed reported this.")

    @classmethod
    def from_beats(cls, beats: Sequence[BeatRow]) -> "list[SourceType]":
        """The sources of all feeds by name; of several feeds' word, that of the one that asks, then the newest."""
        latest: dict[str, tuple[tuple[bool, int], SourceType]] = {}
        for beat in beats:
            for name, state in beat.detail.get("sources", {}).items() if beat.kind == "feed" else ():
                rank = (state.get("role", "active") == "active", beat.beat_at)
                if name not in latest or rank > latest[name][0]:
                    latest[name] = (rank, cls._from_state(name, state, beat.beat_at))
        return [source for _, (_, source) in sorted(latest.items())]

    @classmethod
    def _from_state(cls, name: str, state: dict[str, Any], said_at: int) -> "SourceType":
        return cls(
            name=name,
            role=state.get("role", "active"),
            circuit=state.get("circuit", "closed"),
            failures=state.get("failures", 0),
            last_error=state.get("poll_error") or state.get("last_error"),
            retry_at=_instant(state.get("retry_at")),
            next_poll_at=_instant(state.get("next_poll_at")),
            said_at=Instant(said_at),
        )


def _instant(text: str | None) -> Instant | None:
    return None if text is None else Instant(to_micros(datetime.fromisoformat(text)))
