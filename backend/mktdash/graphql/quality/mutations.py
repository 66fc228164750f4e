"""What operators say of alerts, and of what has ended. The store audits each."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Annotated

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import InvalidInputError, NotFoundError
from mktdash.graphql.context import Info
from mktdash.graphql.quality.alert import (
    ALERTS,
    AlertType,
    AnswerAlertResult,
    AnswerRefused,
    UnknownAlert,
)
from mktdash.graphql.quality.dataset import DatasetType
from mktdash.graphql.rights import Needs
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import Text
from mktdash.graphql.vocabulary.ids import key_of, number_of
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.live.publish import notify
from mktdash.security.principals import Role
from mktdash.store.catalogue.datasets import dataset_by_key
from mktdash.store.catalogue.endings import LONGEST_REASON, say_continued, say_ended
from mktdash.store.engine.session import write_transaction
from mktdash.store.quality.alerts import TOPIC, AlertRow, acknowledge, annotate, mute

AlertId = Annotated[strawberry.ID, Text(description="The alert's id, or its number.")]


Note = Annotated[str | None, Text(description="What is known of it, in place of the note before; at most 2000.")]


Key = Annotated[str, Text(description="The dataset's key.")]


Symbol = Annotated[str | None, Text(description="Only its series of this symbol; the whole dataset if left out.")]


_Answer = Callable[[AsyncConnection, int], Awaitable[AlertRow]]


@strawberry.type
class QualityMutations:
    """What operators can say of alerts and of a dataset's end."""

    @strawberry.mutation(
        description="Say that an alert was seen: it stays what it is, and is no longer shouted until it gets worse. "
        "Needs the role operator or above. Errors: UNAUTHENTICATED, FORBIDDEN.",
        extensions=[Needs(Role.OPERATOR)],
    )
    async def acknowledge_alert(self, info: Info, id: AlertId, note: Note = None) -> AnswerAlertResult:  # noqa: A002 - the field's standard name
        """Acknowledge."""
        now, by = info.context.services.now, info.context.principal.name
        return await _answered(info, id, lambda conn, key: acknowledge(conn, key, by=by, now=now, note=note))

    @strawberry.mutation(
        description="Keep an alert quiet until an instant, or until it gets worse. "
        "Needs the role operator or above. Errors: UNAUTHENTICATED, FORBIDDEN.",
        extensions=[Needs(Role.OPERATOR)],
    )
    async def mute_alert(
        self,
        info: Info,
        id: AlertId,  # noqa: A002 - the agreed name
        until: Annotated[Instant, Text(description="Until when; it must be still to come.")],
        note: Note = None,
    ) -> AnswerAlertResult:
        """Mute."""
        now, by = info.context.services.now, info.context.principal.name
        return await _answered(info, id, lambda conn, key: mute(conn, key, by=by, until=until, now=now, note=note))

    @strawberry.mutation(
        description="Write down what is known of an alert. "
        "Needs the role operator or above. Errors: UNAUTHENTICATED, FORBIDDEN.",
        extensions=[Needs(Role.OPERATOR)],
    )
    async def annotate_alert(
        self,
        info: Info,
        id: AlertId,  # noqa: A002 - the agreed name
        note: Annotated[str, Text(description="The text, in place of the note before; at most 2000 characters.")],
    ) -> AnswerAlertResult:
        """Annotate."""
        now, by = info.context.services.now, info.context.principal.name
        return await _answered(info, id, lambda conn, key: annotate(conn, key, by=by, note=note, now=now))

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


async def _answered(info: Info, text: str, answer: _Answer) -> AnswerAlertResult:
    key = number_of(key_of(ALERTS, text))
    if key is None:
        return UnknownAlert(message="there is no such alert", id=strawberry.ID(text))
    services = info.context.services
    try:
        async with write_transaction(services.engine) as conn:
            row = await answer(conn, key)
    except NotFoundError as error:
        return UnknownAlert(message=error.message, id=strawberry.ID(text))
    except InvalidInputError as error:
        return AnswerRefused(message=error.message)
    await notify(services.redis, [TOPIC])
    return AlertType.from_row(row, services.now)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError("on must be a date such as 2026-10-30", argument="on", value=text[:40]) from None
