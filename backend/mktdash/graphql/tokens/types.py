"""Access tokens and the sessions that browsers have for them, as administrators see them. No secret is among it."""

from typing import Annotated

import strawberry

from mktdash.graphql.vocabulary.connection import Cursor
from mktdash.graphql.vocabulary.depends_on import attributes_never_kept
from mktdash.graphql.vocabulary.failure import Failure, UnknownId
from mktdash.graphql.vocabulary.from_row import from_row
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.access.browser_sessions import SessionRow
from mktdash.store.access.tokens import TokenRow

TOKEN_LIST = Cursor("AccessToken", created_at=int, id=str)
SESSION_LIST = Cursor("BrowserSession", opened_at=int, id=str)
RIGHTS = "rights are asked of the store each time"


@attributes_never_kept(RIGHTS)
@strawberry.type(name="AccessToken", description="An access token, without its secret.")
class AccessTokenType:
    """A token."""

    id: strawberry.ID = strawberry.field(description="Its id, as `mktdash token list` shows it.")
    name: str = strawberry.field(description="The name of its bearer in the audit log.")
    role: str = strawberry.field(description="VIEWER, ANALYST, OPERATOR or ADMIN.")
    kind: str = strawberry.field(description="`api`, or `link` for the token of the sign-in link printed at the start.")
    created_at: Instant = strawberry.field(description="When it was created.")
    expires_at: Instant | None = strawberry.field(description="When it expires; null for never.")
    revoked_at: Instant | None = strawberry.field(description="When it was revoked; null if it was not.")
    last_used_at: Instant | None = strawberry.field(description="When it was last used, to about a minute.")
    made_by: strawberry.ID | None = strawberry.field(
        description="The token that created it over the API; null if it was created on the command line."
    )
    sessions: int = strawberry.field(description="How many open browser sessions it has, at most 20.")

    @classmethod
    def from_row(cls, row: TokenRow) -> "AccessTokenType":
        """A token as stored."""
        return from_row(cls, row, role=row.role.upper())


@attributes_never_kept(RIGHTS)
@strawberry.type(name="BrowserSession", description="A browser signed in with a token; it ends with the token.")
class BrowserSessionType:
    """A session."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    token_id: strawberry.ID = strawberry.field(description="The token it was opened with.")
    name: str = strawberry.field(description="The token's name.")
    role: str = strawberry.field(description="The token's present role.")
    opened_at: Instant = strawberry.field(description="When the browser signed in.")
    expires_at: Instant = strawberry.field(description="When it expires, if its token does not expire before.")
    last_used_at: Instant | None = strawberry.field(description="When it was last used, to about a minute.")

    @classmethod
    def from_row(cls, row: SessionRow) -> "BrowserSessionType":
        """A session as stored."""
        return from_row(cls, row, role=row.role.upper())


@strawberry.input(description="The token to create.")
class CreateTokenInput:
    """A request for a token."""

    name: str = strawberry.field(description="The name of its bearer in the audit log; no live token may have it.")
    role: str = strawberry.field(description="viewer, analyst, operator or admin.")
    expires_in: str | None = strawberry.field(
        default=None,
        description="How long it lasts, such as 90d, 12h or 30m. Left out: until it is revoked, or, where the token or "
        "session that makes it ends, as long as that.",
    )


@strawberry.type(description="A new token.")
class CreatedToken:
    """A token with its secret."""

    token: AccessTokenType = strawberry.field(description="The token.")
    secret: str = strawberry.field(description="To be sent as `Authorization: Bearer` and this. It is shown only once.")


@strawberry.type(description="No token was created.")
class TokenRefused(Failure):
    """An expected failure."""


@strawberry.type(description="A revoked token. Its sessions and streams have ended.")
class RevokedToken:
    """A revoked token."""

    token: AccessTokenType = strawberry.field(description="The token.")
    made_with_it: list[AccessTokenType] = strawberry.field(
        description="The live tokens that were created with it over the API."
    )


@strawberry.type(description="There is no such token, or several have this name.")
class UnknownToken(UnknownId):
    """An expected failure."""


@strawberry.type(description="There is no such open session.")
class UnknownSession(UnknownId):
    """An expected failure."""


CreateTokenResult = Annotated[
    CreatedToken | TokenRefused,
    strawberry.union("CreateTokenResult", description="The new token, or why none was created."),
]
RevokeTokenResult = Annotated[
    RevokedToken | UnknownToken,
    strawberry.union("RevokeTokenResult", description="The revoked token, or why none was revoked."),
]
EndSessionResult = Annotated[
    BrowserSessionType | UnknownSession,
    strawberry.union("EndSessionResult", description="The session that was ended, or why none was."),
]
