"""Alerts on verdicts, and what operators say of them."""

from typing import Annotated

import strawberry

from mktdash.graphql.quality.verdicts import QualityStatus
from mktdash.graphql.vocabulary.connection import Cursor
from mktdash.graphql.vocabulary.depends_on import attributes_never_kept
from mktdash.graphql.vocabulary.from_row import from_row
from mktdash.graphql.vocabulary.ids import global_id
from mktdash.graphql.vocabulary.node import Node
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.quality.alerts import AlertRow

QUIET = "the clock enters into it: an alert that is muted speaks again by itself"
ALERTS = "Alert"
ALERT_LIST = Cursor(ALERTS, id=int)


@attributes_never_kept(QUIET)
@strawberry.type(name="Alert", description="A verdict that is, or was, not as it should be, from its first day on.")
class AlertType(Node):
    """An alert."""

    dataset: str = strawberry.field(description="Key of the dataset.")
    metric: str = strawberry.field(description="The check whose verdict it is about.")
    status: QualityStatus = strawberry.field(description="The verdict as it is now, or as it closed.")
    worst: QualityStatus = strawberry.field(description="The most severe verdict since it opened.")
    summary: str = strawberry.field(description="The verdict in a sentence.")
    opened_at: Instant = strawberry.field(description="When the verdict first was not good.")
    changed_at: Instant = strawberry.field(description="When the verdict last changed.")
    closed_at: Instant | None = strawberry.field(description="When it was good again; null while it is not.")
    quiet: bool = strawberry.field(
        description="Whether it is acknowledged, or muted just now. The dataset's status is the same either way."
    )
    acknowledged_by: str | None = strawberry.field(description="Who has seen it.")
    acknowledged_at: Instant | None = strawberry.field(description="When that was.")
    muted_by: str | None = strawberry.field(description="Who muted it.")
    muted_until: Instant | None = strawberry.field(description="Until when.")
    note: str | None = strawberry.field(description="What operators know of it.")

    @classmethod
    def from_row(cls, row: AlertRow, now: int) -> "AlertType":
        """An alert as stored; ``now`` in microseconds."""
        return from_row(
            cls,
            row,
            id=global_id(ALERTS, row.id),
            status=QualityStatus(row.status),
            worst=QualityStatus(row.worst),
            quiet=row.quiet_at(now),
        )


@strawberry.type(description="There is no such alert.")
class UnknownAlert:
    """An expected failure."""

    message: str = strawberry.field(description="The failure for people.")
    id: strawberry.ID = strawberry.field(description="The id asked for.")


@strawberry.type(description="The alert takes no such answer: it is closed, the instant is past, the note too long.")
class AnswerRefused:
    """An expected failure."""

    message: str = strawberry.field(description="The failure for people.")


AnswerAlertResult = Annotated[
    AlertType | UnknownAlert | AnswerRefused,
    strawberry.union(
        "AnswerAlertResult",
        description="The alert with the answer, or why it took none: expected failures are answers.",
    ),
]
