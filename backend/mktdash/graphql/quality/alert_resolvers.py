"""The root fields of alerts: what stands, and what operators say of it. The store audits each answer."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import InvalidInputError, NotFoundError
from mktdash.graphql.context import Info
from mktdash.graphql.cost_limit import note_size
from mktdash.graphql.quality.alert import (
    ALERTS,
    QUIET,
    AlertConnection,
    AlertType,
    AnswerAlertResult,
    AnswerRefused,
    UnknownAlert,
)
from mktdash.graphql.rights import Needs
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import After, First, Text
from mktdash.graphql.vocabulary.depends_on import never_kept
from mktdash.graphql.vocabulary.ids import key_after, key_of
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.live.publish import notify
from mktdash.security.principals import Role
from mktdash.store.engine.session import write_transaction
from mktdash.store.quality.alerts import TOPIC, AlertRow, acknowledge, alerts_page, annotate, mute

AlertId = Annotated[strawberry.ID, Text(description="The alert's id, or its number.")]
Note = Annotated[str | None, Text(description="What is known of it, in place of the note before; at most 2000.")]
_Answer = Callable[[AsyncConnection, int], Awaitable[AlertRow]]
# A number with more digits is no row's id in either engine.
_MOST_DIGITS = 18


@strawberry.type
class AlertQueries:
    """What can be read of alerts."""

    @strawberry.field(
        metadata=never_kept(QUIET), description="Alerts, newest first, a page at a time. Errors: BAD_INPUT."
    )
    async def alerts(
        self,
        info: Info,
        open: Annotated[  # noqa: A002 - the agreed name
            bool | None, Text(description="True for those that stand, false for those that are over; all if left out.")
        ] = None,
        dataset: Annotated[str | None, Text(description="Of the dataset of this key only.")] = None,
        first: First = 50,
        after: After = None,
    ) -> AlertConnection:
        """A page of alerts."""
        bounds.page_size(first, "first")
        if dataset is not None:
            bounds.name(dataset, "dataset")
        key = key_after(ALERTS, after)
        last = None if key is None else _number(key)
        if key is not None and last is None:
            raise InvalidInputError("after is not a cursor of this list", argument="after")
        async with info.context.read() as conn:
            page = await alerts_page(conn, standing=open, dataset=dataset, first=first, after=last)
        note_size(info, len(page.items))
        return AlertConnection.from_page(page, info.context.services.now)


@strawberry.type
class AlertMutations:
    """What operators can say of alerts."""

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


async def _answered(info: Info, text: str, answer: _Answer) -> AnswerAlertResult:
    key = _number(key_of(ALERTS, text))
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


def _number(key: str) -> int | None:
    return int(key) if key.isascii() and key.isdigit() and len(key) <= _MOST_DIGITS else None
