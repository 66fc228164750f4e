"""Tokens and browser sessions, as administrators see them."""

import strawberry

from mktdash.graphql.context import Info
from mktdash.graphql.cost_charging import note_size
from mktdash.graphql.rights import needs
from mktdash.graphql.tokens.types import (
    RIGHTS,
    SESSION_LIST,
    TOKEN_LIST,
    AccessTokenType,
    BrowserSessionType,
)
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import After, First
from mktdash.graphql.vocabulary.connection import Connection
from mktdash.graphql.vocabulary.depends_on import never_kept
from mktdash.security.principals import Role
from mktdash.store.access.browser_sessions import sessions_page
from mktdash.store.access.tokens import tokens_page


@strawberry.type
class TokenQueries:
    """What administrators see of tokens."""

    @strawberry.field(
        metadata=never_kept(RIGHTS),
        **needs(Role.ADMIN, "Tokens, newest first, in pages.", "BAD_INPUT"),
    )
    async def tokens(self, info: Info, first: First = 50, after: After = None) -> Connection[AccessTokenType] | None:
        """A page of tokens."""
        bounds.page_size(first, "first")
        async with info.context.read() as conn:
            page = await tokens_page(conn, info.context.services.now, first=first, after=TOKEN_LIST.after(after))
        note_size(info, len(page.items))
        return Connection.from_page(page, TOKEN_LIST, AccessTokenType.from_row)

    @strawberry.field(
        metadata=never_kept(RIGHTS),
        **needs(Role.ADMIN, "Open browser sessions, newest first, in pages.", "BAD_INPUT"),
    )
    async def sessions(
        self, info: Info, first: First = 50, after: After = None
    ) -> Connection[BrowserSessionType] | None:
        """A page of sessions."""
        bounds.page_size(first, "first")
        async with info.context.read() as conn:
            page = await sessions_page(conn, info.context.services.now, first=first, after=SESSION_LIST.after(after))
        note_size(info, len(page.items))
        return Connection.from_page(page, SESSION_LIST, BrowserSessionType.from_row)
