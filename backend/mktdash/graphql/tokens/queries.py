"""Tokens and browser sessions, as administrators see them."""

import strawberry

from mktdash.domain.errors import InvalidInputError
from mktdash.graphql.context import Info
from mktdash.graphql.cost_limit import note_size
from mktdash.graphql.rights import Needs
from mktdash.graphql.tokens.types import (
    NEEDS_ADMIN,
    RIGHTS,
    SESSIONS,
    TOKENS,
    AccessTokenConnection,
    BrowserSessionConnection,
)
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import After, First
from mktdash.graphql.vocabulary.depends_on import never_kept
from mktdash.graphql.vocabulary.ids import key_after
from mktdash.security.principals import Role
from mktdash.store.access.sessions import sessions_page
from mktdash.store.access.tokens import tokens_page


@strawberry.type
class TokenQueries:
    """What administrators see of tokens."""

    @strawberry.field(
        metadata=never_kept(RIGHTS),
        description=f"Tokens, newest first, a page at a time. {NEEDS_ADMIN}, BAD_INPUT.",
        extensions=[Needs(Role.ADMIN)],
    )
    async def tokens(self, info: Info, first: First = 50, after: After = None) -> AccessTokenConnection | None:
        """A page of tokens."""
        bounds.page_size(first, "first")
        place = _place(TOKENS, after)
        async with info.context.read() as conn:
            page = await tokens_page(conn, info.context.services.now, first=first, after=place)
        note_size(info, len(page.items))
        return AccessTokenConnection.from_page(page)

    @strawberry.field(
        metadata=never_kept(RIGHTS),
        description=f"Open browser sessions, newest first, a page at a time. {NEEDS_ADMIN}, BAD_INPUT.",
        extensions=[Needs(Role.ADMIN)],
    )
    async def sessions(self, info: Info, first: First = 50, after: After = None) -> BrowserSessionConnection | None:
        """A page of sessions."""
        bounds.page_size(first, "first")
        place = _place(SESSIONS, after)
        async with info.context.read() as conn:
            page = await sessions_page(conn, info.context.services.now, first=first, after=place)
        note_size(info, len(page.items))
        return BrowserSessionConnection.from_page(page)


def _place(kind: str, cursor: str | None) -> tuple[int, str] | None:
    """When the last item of the page before was made, and its id."""
    key = key_after(kind, cursor)
    if key is None:
        return None
    at, _, last = key.partition("-")
    if not (at.isascii() and at.isdigit() and len(at) < 19):  # noqa: PLR2004 - more digits are no instant
        raise InvalidInputError("after is not a cursor of this list", argument="after")
    return int(at), last
