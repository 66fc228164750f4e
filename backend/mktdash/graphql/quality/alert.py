"""Alerts on verdicts, and what operators say of them."""

from typing import Annotated

import strawberry

from mktdash.graphql.quality.verdicts import QualityStatus
from mktdash.graphql.vocabulary.connection import Cursor
from mktdash.graphql.vocabulary.depends_on import attributes_never_kept
from mktdash.graphql.vocabulary.failure import Failure, UnknownId
from mktdash.graphql.vocabulary.from_row import from_row
from mktdash.graphql.vocabulary.ids import global_id
from mktdash.graphql.vocabulary.node import Node
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.quality.alerts import AlertRow

QUIET = "the clock enters into it: an alert that is muted speaks again by itself"
ALERTS = "Alert"
ALERT_LIST = Cursor(ALERTS, id=int)


@attributes_never_kept(QUIET)
@strawberry.type(name="Alert", description="A check that warned or failed: open until its verdict is PASS again.")
class AlertType(Node):
    """An alert."""

    dataset: str = strawberry.field(description="Key of the dataset.")
    metric: str = strawberry.field(description="The check that raised it.")
    status: QualityStatus = strawberry.field(description="The present verdict, or the one it closed with.")
    worst: QualityStatus = strawberry.field(description="The most severe verdict since it opened.")
    summary: str = strawberry.field(description="The verdict in a sentence.")
    opened_at: Instant = strawberry.field(description="When the verdict stopped being PASS.")
    changed_at: Instant = strawberry.field(description="When the verdict last changed.")
    closed_at: Instant | None = strawberry.field(description="When the verdict was PASS again; null while it is open.")
    quiet: bool = strawberry.field(
        description="Whether it is acknowledged or muted now. The dataset's status does not change with it."
    )
    acknowledged_by: str | None = strawberry.field(description="Who acknowledged it.")
    acknowledged_at: Instant | None = strawberry.field(description="When it was acknowledged.")
    muted_by: str | None = strawberry.field(description="Who muted it.")
    muted_until: Instant | None = strawberry.field(description="The end of the mute.")
    note: str | None = strawberry.field(description="The operators' note.")

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
class UnknownAlert(UnknownId):
    """An expected failure."""


@strawberry.type(description="The alert was not changed: it is closed, the instant is past, or the note is too long.")
class AnswerRefused(Failure):
    """An expected failure."""


AnswerAlertResult = Annotated[
    AlertType | UnknownAlert | AnswerRefused,
    strawberry.union(
        "AnswerAlertResult",
        description="The changed alert, or why it was not changed.",
    ),
]
