"""Verdicts and alerts as they change."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated

import strawberry

from mktdash.graphql.context import Info, RequestContext
from mktdash.graphql.quality.alert import AlertType
from mktdash.graphql.quality.event import QualityEvent
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import Since
from mktdash.store.catalogue.datasets import dataset_by_key
from mktdash.store.engine.session import read_transaction
from mktdash.store.quality.alerts import TOPIC as QUALITY
from mktdash.store.quality.alerts import alert_by_id


@strawberry.type
class QualitySubscription:
    """What can be followed of quality."""

    @strawberry.subscription(
        description="Changes of verdicts and of alerts. Errors: NOT_FOUND, CURSOR_EXPIRED, BAD_INPUT."
    )
    async def quality(
        self,
        info: Info,
        dataset: Annotated[
            str | None, strawberry.argument(description="Only of the dataset with this key; of all if left out.")
        ] = None,
        since: Since = None,
    ) -> AsyncGenerator[QualityEvent, None]:
        """One event a change."""
        context = info.context
        if dataset is not None:
            bounds.name(dataset, "dataset")
            async with read_transaction(context.services.engine) as conn:
                await dataset_by_key(conn, dataset)
        keys = None if dataset is None else [dataset]
        async with aclosing(context.services.hub.stream(QUALITY, keys=keys, since=since)) as events:
            async for cursor, event in events:
                alert = await _alert(context, event.payload.get("alert"))
                yield QualityEvent.from_event(str(cursor), event.payload, alert)


async def _alert(context: RequestContext, alert_id: int | None) -> AlertType | None:
    if alert_id is None:
        return None
    async with read_transaction(context.services.engine) as conn:
        return AlertType.from_row(await alert_by_id(conn, alert_id), context.services.now)
