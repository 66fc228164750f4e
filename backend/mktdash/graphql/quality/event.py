"""What followers of quality are told: verdicts that turned, and alerts that changed or were answered."""

from enum import Enum
from typing import Any

import strawberry

from mktdash.graphql.quality.alert import AlertType
from mktdash.graphql.quality.verdicts import QualityStatus
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.quality import alerts


@strawberry.enum(description="What happened.")
class QualityChange(Enum):
    """Kinds of events, named as the outbox names them."""

    VERDICT = strawberry.enum_value("verdict", description="The verdict of a check changed.")
    ALERT_OPENED = strawberry.enum_value(alerts.OPENED, description="An alert was opened.")
    ALERT_CHANGED = strawberry.enum_value(alerts.CHANGED, description="The verdict of an open alert changed.")
    ALERT_CLOSED = strawberry.enum_value(alerts.CLOSED, description="An alert was closed: its verdict is PASS again.")
    ALERT_ACKNOWLEDGED = strawberry.enum_value(alerts.ACKNOWLEDGED, description="An operator acknowledged an alert.")
    ALERT_MUTED = strawberry.enum_value(alerts.MUTED, description="An operator muted an alert.")
    ALERT_ANNOTATED = strawberry.enum_value(alerts.ANNOTATED, description="An operator wrote a note on an alert.")


@strawberry.type(description="A change of a verdict or of an alert.")
class QualityEvent:
    """One change."""

    cursor: str = strawberry.field(description="Pass it as `since` to resume after this event.")
    change: QualityChange = strawberry.field(description="What happened.")
    dataset: str = strawberry.field(description="Key of the dataset.")
    metric: str = strawberry.field(description="The check's name.")
    previous: QualityStatus | None = strawberry.field(description="The verdict before; null for the first.")
    status: QualityStatus = strawberry.field(description="The verdict after it.")
    summary: str = strawberry.field(description="The verdict in a sentence.")
    at: Instant = strawberry.field(description="When it happened.")
    alert: AlertType | None = strawberry.field(description="The alert after it; null for a change of a verdict.")

    @classmethod
    def from_event(cls, cursor: str, payload: dict[str, Any], alert: AlertType | None) -> "QualityEvent":
        """A change as the outbox holds it."""
        previous = payload["previous"]
        return cls(
            cursor=cursor,
            change=QualityChange(payload.get("action", QualityChange.VERDICT.value)),
            dataset=payload["dataset"],
            metric=payload["metric"],
            previous=None if previous is None else QualityStatus(previous),
            status=QualityStatus(payload["status"]),
            summary=payload["summary"],
            at=Instant(payload["run_at"]),
            alert=alert,
        )
