"""Replays: what was learned since an instant, told again from its raw bytes; how far each is and what it came to."""

from typing import Annotated

import strawberry

from mktdash.graphql.reports.types import ReportErrorType, ReportState
from mktdash.graphql.vocabulary.depends_on import attributes_never_kept
from mktdash.graphql.vocabulary.from_row import from_row
from mktdash.graphql.vocabulary.ids import global_id
from mktdash.graphql.vocabulary.node import Node
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.jobs.replays import ReplayRow

REPLAYS = "ReplayRun"
NO_VERSION = "no version tells how far a replay is"


@attributes_never_kept(NO_VERSION)
@strawberry.type(name="ReplayedDataset", description="What the replay of one dataset came to.")
class ReplayedDatasetType:
    """A dataset that is done."""

    dataset: str = strawberry.field(description="Key of the dataset.")
    batches: int = strawberry.field(description="How many batches were told again.")
    observations: int = strawberry.field(description="How many current values it had before.")
    new: int = strawberry.field(description="Values that were not there before.")
    revised: int = strawberry.field(description="Values that are different now.")
    retracted: int = strawberry.field(description="Values that are gone now.")
    snapshot_before: str = strawberry.field(description="The hash over all its series before.")
    snapshot_after: str = strawberry.field(description="The hash over all its series now: the same where all is.")


@attributes_never_kept(NO_VERSION)
@strawberry.type(name="ReplayRun", description="One replay asked for.")
class ReplayRunType(Node):
    """A run."""

    run_id: str = strawberry.field(description="The run's own id, as in logs.")
    state: ReportState = strawberry.field(description="Where it stands.")
    since: Instant = strawberry.field(description="What was learned after this instant is told again.")
    source: str | None = strawberry.field(description="Only this source's datasets; all where null.")
    progress: float = strawberry.field(description="How far it is, from 0 to 1.")
    attempts: int = strawberry.field(description="How often a worker has begun it or gone on with it.")
    requested_by: str = strawberry.field(description="Who asked for it.")
    created_at: Instant = strawberry.field(description="When it was asked for.")
    started_at: Instant | None = strawberry.field(description="When a worker first began it.")
    finished_at: Instant | None = strawberry.field(description="When it came to its end.")
    datasets: list[ReplayedDatasetType] = strawberry.field(description="The datasets that are done, in order.")
    error: ReportErrorType | None = strawberry.field(description="Why its last attempt failed.")

    @classmethod
    def from_row(cls, row: ReplayRow) -> "ReplayRunType":
        """A run as stored."""
        return from_row(
            cls,
            row,
            id=global_id(REPLAYS, row.id),
            run_id=row.id,
            state=ReportState(row.state),
            datasets=[ReplayedDatasetType(**one) for one in row.results],
            error=ReportErrorType.of_run(row),
        )


@strawberry.type(description="No dataset of that source is held.")
class UnknownSource:
    """An expected failure."""

    message: str = strawberry.field(description="The failure for people.")
    name: str = strawberry.field(description="The name asked for.")
    known: list[str] = strawberry.field(description="The sources there are.")


StartReplayResult = Annotated[
    ReplayRunType | UnknownSource,
    strawberry.union(
        "StartReplayResult", description="The replay that was queued, or why none was: expected failures are answers."
    ),
]
