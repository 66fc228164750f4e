"""Things by their opaque ids, whatever they are: what clients with a cache of their own refetch by.

Each noun says itself how its things are found (``finds``).
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

import strawberry
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import NotFoundError, UnknownSymbolError
from mktdash.graphql.context import Info
from mktdash.graphql.cost_charging import note_size
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import Text
from mktdash.graphql.vocabulary.depends_on import never_kept
from mktdash.graphql.vocabulary.ids import kind_and_key
from mktdash.graphql.vocabulary.node import Node

_MOST_NODES = 50
_ANYTHING = "it may be an alert or a replay, which no kept answer tells of"

Finder = Callable[[Info, AsyncConnection, str], Awaitable[Node | None]]
_FINDERS: dict[str, Finder] = {}


def finds(kind: str) -> Callable[[Finder], Finder]:
    """Says of a function that it finds the things of a kind by the key in their id; None, or not found, for no such."""

    def register(finder: Finder) -> Finder:
        _FINDERS[kind] = finder
        return finder

    return register


@strawberry.type
class NodeQueries:
    """Relay's object identification."""

    @strawberry.field(metadata=never_kept(_ANYTHING), description="The object with this id; null if there is none.")
    async def node(
        self,
        info: Info,
        id: Annotated[strawberry.ID, Text(description="The id, from an earlier answer.")],  # noqa: A002 - Relay's name
    ) -> Node | None:
        """One thing."""
        async with info.context.read() as conn:
            return await _found(info, conn, id)

    @strawberry.field(
        metadata=never_kept(_ANYTHING),
        description="The objects with these ids, in their order; null for each that does not exist. Errors: BAD_INPUT.",
    )
    async def nodes(
        self,
        info: Info,
        ids: Annotated[list[strawberry.ID], Text(description="The ids, at most 50.")],
    ) -> list[Node | None]:
        """Many things."""
        bounds.within(len(ids), 0, _MOST_NODES, "ids")
        async with info.context.read() as conn:
            found = [await _found(info, conn, one) for one in ids]
        # Each series read above has noted how long it is; here the list is what counts.
        note_size(info, len(ids))
        return found


async def _found(info: Info, conn: AsyncConnection, text: str) -> Node | None:
    kind, key = kind_and_key(text) or ("", "")
    find = _FINDERS.get(kind)
    if find is None or not key or "\0" in key:
        return None
    try:
        return await find(info, conn, key)
    except (NotFoundError, UnknownSymbolError):
        return None
