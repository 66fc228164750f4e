"""Datasets and the alerts on them."""

from typing import Annotated

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.graphql.context import Info
from mktdash.graphql.cost_charging import note_size
from mktdash.graphql.nodes import finds
from mktdash.graphql.quality.alert import (
    ALERT_LIST,
    ALERTS,
    QUIET,
    AlertType,
)
from mktdash.graphql.quality.dataset import DATASETS, DatasetType
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import (
    After,
    First,
    Text,
)
from mktdash.graphql.vocabulary.connection import Connection
from mktdash.graphql.vocabulary.depends_on import depends_on, never_kept
from mktdash.graphql.vocabulary.ids import number_of
from mktdash.graphql.vocabulary.node import Node
from mktdash.store.catalogue.datasets import all_datasets, dataset_by_key
from mktdash.store.live.topic_versions import CATALOGUE
from mktdash.store.quality.alerts import alert_by_id, alerts_page


@strawberry.type
class QualityQueries:
    """What can be read of datasets and alerts."""

    @strawberry.field(metadata=depends_on(CATALOGUE), description="All datasets, by key.")
    async def datasets(self, info: Info) -> list[DatasetType]:
        """All datasets."""
        async with info.context.read() as conn:
            return [DatasetType.from_row(row) for row in await all_datasets(conn)]

    @strawberry.field(metadata=depends_on(CATALOGUE, notes=True), description="One dataset. Errors: NOT_FOUND.")
    async def dataset(
        self, info: Info, key: Annotated[str, Text(description="The dataset's key.")]
    ) -> DatasetType | None:
        """A dataset by its key."""
        bounds.name(key, "key")
        async with info.context.read() as conn:
            info.context.saw(key)
            return DatasetType.from_row(await dataset_by_key(conn, key))

    @strawberry.field(metadata=never_kept(QUIET), description="Alerts, newest first, in pages. Errors: BAD_INPUT.")
    async def alerts(
        self,
        info: Info,
        open: Annotated[  # noqa: A002 - the agreed name
            bool | None, Text(description="True for open alerts, false for closed ones; both if left out.")
        ] = None,
        dataset: Annotated[str | None, Text(description="Only of the dataset with this key.")] = None,
        first: First = 50,
        after: After = None,
    ) -> Connection[AlertType]:
        """A page of alerts."""
        bounds.page_size(first, "first")
        if dataset is not None:
            bounds.name(dataset, "dataset")
        now = info.context.services.now
        async with info.context.read() as conn:
            page = await alerts_page(conn, standing=open, dataset=dataset, first=first, after=ALERT_LIST.after(after))
        note_size(info, len(page.items))
        return Connection.from_page(page, ALERT_LIST, lambda row: AlertType.from_row(row, now))


@finds(DATASETS)
async def _dataset(_: Info, conn: AsyncConnection, key: str) -> Node | None:
    return DatasetType.from_row(await dataset_by_key(conn, key))


@finds(ALERTS)
async def _alert(info: Info, conn: AsyncConnection, key: str) -> Node | None:
    number = number_of(key)
    return None if number is None else AlertType.from_row(await alert_by_id(conn, number), info.context.services.now)
