"""The mutations by which operators say what has ended. The store audits each."""

from datetime import date
from typing import Annotated

import strawberry

from mktdash.domain.errors import InvalidInputError
from mktdash.graphql.context import Info
from mktdash.graphql.quality.dataset import DatasetType
from mktdash.graphql.rights import Needs
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import Text
from mktdash.live.publish import notify
from mktdash.security.principals import Role
from mktdash.store.catalogue.datasets import dataset_by_key
from mktdash.store.catalogue.endings import LONGEST_REASON, say_continued, say_ended
from mktdash.store.engine.session import write_transaction

Key = Annotated[str, Text(description="The dataset's key.")]
Symbol = Annotated[str | None, Text(description="Only its series of this symbol; the whole dataset if left out.")]


@strawberry.type
class EndingMutations:
    """What operators can say of a dataset's end."""

    @strawberry.mutation(
        description="Say that a dataset, or a series of it, is published no more: from the next round of checks on "
        "nothing of it is late or missing. Needs the role operator or above. "
        "Errors: UNAUTHENTICATED, FORBIDDEN, BAD_INPUT, NOT_FOUND, UNKNOWN_SYMBOL.",
        extensions=[Needs(Role.OPERATOR)],
    )
    async def say_ended(
        self,
        info: Info,
        dataset: Key,
        on: Annotated[str, Text(description="The last session that has a value, YYYY-MM-DD.")],
        reason: Annotated[str, Text(description=f"Why; at most {LONGEST_REASON} characters.")],
        symbol: Symbol = None,
    ) -> DatasetType:
        """Write it down."""
        bounds.name(dataset, "dataset")
        services = info.context.services
        async with write_transaction(services.engine) as conn:
            by = info.context.principal.name
            await say_ended(conn, dataset, symbol, on=_day(on), reason=reason, by=by, now=services.now)
            row = await dataset_by_key(conn, dataset)
        await notify(services.redis, ["quality"])
        return DatasetType.from_row(row)

    @strawberry.mutation(
        description="Take back that a dataset, or a series of it, has ended. Needs the role operator or above. "
        "Errors: UNAUTHENTICATED, FORBIDDEN, BAD_INPUT, NOT_FOUND, UNKNOWN_SYMBOL.",
        extensions=[Needs(Role.OPERATOR)],
    )
    async def say_continued(self, info: Info, dataset: Key, symbol: Symbol = None) -> DatasetType:
        """Take it back."""
        bounds.name(dataset, "dataset")
        services = info.context.services
        async with write_transaction(services.engine) as conn:
            await say_continued(conn, dataset, symbol, by=info.context.principal.name, now=services.now)
            row = await dataset_by_key(conn, dataset)
        await notify(services.redis, ["quality"])
        return DatasetType.from_row(row)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError("on must be a date such as 2026-10-30", argument="on", value=text[:40]) from None
