"""What operators do about alerts, and about what a source no longer publishes. The store audits each."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated, Any

import strawberry

from mktdash.domain.errors import InvalidInputError, NotFoundError
from mktdash.graphql.changes import change
from mktdash.graphql.context import Info
from mktdash.graphql.quality.alert import ALERTS, AlertType, AnswerAlertResult, AnswerRefused, UnknownAlert
from mktdash.graphql.quality.dataset import DatasetType
from mktdash.graphql.rights import needs
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import Text
from mktdash.graphql.vocabulary.ids import key_of, number_of
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.security.principals import Role
from mktdash.store.catalogue.datasets import dataset_by_key
from mktdash.store.catalogue.endings import LONGEST_REASON, end_dataset, reopen_dataset
from mktdash.store.quality.alerts import TOPIC, AlertRow, acknowledge, annotate, mute

AlertId = Annotated[strawberry.ID, Text(description="The alert's id, or its number.")]
Note = Annotated[str | None, Text(description="A note, which replaces the one before; at most 2000 characters.")]
Key = Annotated[str, Text(description="The dataset's key.")]
Symbol = Annotated[str | None, Text(description="Only its series of this symbol; the whole dataset if left out.")]


@strawberry.type
class QualityMutations:
    """Changes of alerts and of the ends of datasets."""

    @strawberry.mutation(
        **needs(Role.OPERATOR, "Acknowledge an alert: it stays open, and counts as seen until it gets worse.")
    )
    async def acknowledge_alert(self, info: Info, id: AlertId, note: Note = None) -> AnswerAlertResult:  # noqa: A002 - the field's standard name
        """Acknowledge."""
        return await _answered(info, id, acknowledge, note=note)

    @strawberry.mutation(**needs(Role.OPERATOR, "Mute an alert until an instant, or until it gets worse."))
    async def mute_alert(
        self,
        info: Info,
        id: AlertId,  # noqa: A002 - the agreed name
        until: Annotated[Instant, Text(description="The end of the mute, in the future.")],
        note: Note = None,
    ) -> AnswerAlertResult:
        """Mute."""
        return await _answered(info, id, mute, until=until, note=note)

    @strawberry.mutation(**needs(Role.OPERATOR, "Write a note on an alert."))
    async def annotate_alert(
        self,
        info: Info,
        id: AlertId,  # noqa: A002 - the agreed name
        note: Annotated[str, Text(description="The note, which replaces the one before; at most 2000 characters.")],
    ) -> AnswerAlertResult:
        """Annotate."""
        return await _answered(info, id, annotate, note=note)

    @strawberry.mutation(
        **needs(
            Role.OPERATOR,
            "Record that a source publishes a dataset, or one series of it, no more: from the next run of the checks "
            "nothing of it is late or missing.",
            *("BAD_INPUT", "NOT_FOUND", "UNKNOWN_SYMBOL"),
        )
    )
    async def end_dataset(
        self,
        info: Info,
        dataset: Key,
        on: Annotated[str, Text(description="The last session that has a value, YYYY-MM-DD.")],
        reason: Annotated[str, Text(description=f"Why; at most {LONGEST_REASON} characters.")],
        symbol: Symbol = None,
    ) -> DatasetType:
        """Record an end."""
        return await _changed(info, dataset, end_dataset, symbol, on=_day(on), reason=reason)

    @strawberry.mutation(
        **needs(
            Role.OPERATOR,
            "Withdraw the recorded end of a dataset, or of one series of it.",
            *("BAD_INPUT", "NOT_FOUND", "UNKNOWN_SYMBOL"),
        )
    )
    async def reopen_dataset(self, info: Info, dataset: Key, symbol: Symbol = None) -> DatasetType:
        """Withdraw an end."""
        return await _changed(info, dataset, reopen_dataset, symbol)


async def _answered(
    info: Info, text: str, answer: Callable[..., Awaitable[AlertRow]], **given: Any
) -> AnswerAlertResult:
    key = number_of(key_of(ALERTS, text))
    if key is None:
        return UnknownAlert(message="there is no such alert", id=strawberry.ID(text))
    try:
        async with change(info, TOPIC) as made:
            row = await answer(made.conn, key, by=made.by, now=made.now, **given)
    except NotFoundError as error:
        return UnknownAlert(message=error.message, id=strawberry.ID(text))
    except InvalidInputError as error:
        return AnswerRefused(message=error.message)
    return AlertType.from_row(row, info.context.services.now)


async def _changed(
    info: Info, key: str, alter: Callable[..., Awaitable[None]], symbol: str | None, **given: Any
) -> DatasetType:
    bounds.name(key, "dataset")
    async with change(info, TOPIC) as made:
        await alter(made.conn, key, symbol, by=made.by, now=made.now, **given)
        return DatasetType.from_row(await dataset_by_key(made.conn, key))


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError("on must be a date such as 2026-10-30", argument="on", value=text[:40]) from None
