"""Replays: what was learned since an instant, told again from its raw bytes; how far each is and what it came to."""

from typing import Annotated

import strawberry

from mktdash.graphql.reports.types import ReportErrorType, ReportState
from mktdash.graphql.vocabulary.depends_on import attributes_never_kept
from mktdash.graphql.vocabulary.failure import Failure
from mktdash.graphql.vocabulary.from_row import from_row
from mktdash.graphql.vocabulary.ids import global_id
from mktdash.graphql.vocabulary.node import Node
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.jobs.replays import ReplayRow

REPLAYS = "ReplayRun"
NO_VERSION = "no version tells how far a replay is"


@attributes_never_kept(NO_VERSION)
@strawberry.type(name="ReplayedDataset", description="The result of a replay for one dataset.")
class ReplayedDatasetType:
    """A dataset that is done."""

    dataset: str = strawberry.field(description="Key of the dataset.")
    batches: int = strawberry.field(description="How many batches were replayed.")
    observations: int = strawberry.field(description="How many current values it had before.")
    new: int = strawberry.field(description="How many values are new.")
    revised: int = strawberry.field(description="How many values were revised.")
    retracted: int = strawberry.field(description="How many values were retracted.")
    snapshot_before: str = strawberry.field(description="The snapshot id of all its series before.")
    snapshot_after: str = strawberry.field(
        description="The snapshot id of all its series after it; the same if nothing changed."
    )


@attributes_never_kept(NO_VERSION)
@strawberry.type(name="ReplayRun", description="A replay of stored raw data.")
class ReplayRunType(Node):
    """A run."""

    run_id: str = strawberry.field(description="The run's own id, as in logs.")
    state: ReportState = strawberry.field(description="Its state.")
    since: Instant = strawberry.field(
        description="The beginning of the window: what was learned after this instant is replayed."
    )
    source: str | None = strawberry.field(description="Only this source's datasets; all if null.")
    progress: float = strawberry.field(description="The progress, from 0 to 1.")
    attempts: int = strawberry.field(description="How many times a worker has started or resumed it.")
    requested_by: str = strawberry.field(description="Who requested it.")
    created_at: Instant = strawberry.field(description="When it was requested.")
    started_at: Instant | None = strawberry.field(description="When a worker first started it.")
    finished_at: Instant | None = strawberry.field(description="When it ended.")
    datasets: list[ReplayedDatasetType] = strawberry.field(description="The datasets finished so far, in order.")
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


@strawberry.type(description="There is no dataset of this source.")
class UnknownSource(Failure):
    """An expected failure."""

    name: str = strawberry.field(description="The name in the request.")
    known: list[str] = strawberry.field(description="The known sources.")


StartReplayResult = Annotated[
    ReplayRunType | UnknownSource,
    strawberry.union("StartReplayResult", description="The queued replay, or why none was queued."),
]
