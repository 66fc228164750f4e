"""Access tokens and the sessions that browsers have for them, as administrators see them. No secret is among it."""

from typing import Annotated

import strawberry

from mktdash.graphql.vocabulary.connection import Cursor
from mktdash.graphql.vocabulary.depends_on import attributes_never_kept
from mktdash.graphql.vocabulary.from_row import from_row
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.access.sessions import SessionRow
from mktdash.store.access.tokens import TokenRow

TOKEN_LIST = Cursor("AccessToken", created_at=int, id=str)
SESSION_LIST = Cursor("BrowserSession", opened_at=int, id=str)
RIGHTS = "rights are asked of the store each time"


@attributes_never_kept(RIGHTS)
@strawberry.type(name="AccessToken", description="A token, without its secret, which nobody has but its bearer.")
class AccessTokenType:
    """A token."""

    id: strawberry.ID = strawberry.field(description="Its id, as `mktdash token list` shows it.")
    name: str = strawberry.field(description="What the audit log calls its bearer.")
    role: str = strawberry.field(description="VIEWER, ANALYST, OPERATOR or ADMIN.")
    kind: str = strawberry.field(description="`api`, or `link` for that of the link a start prints.")
    created_at: Instant = strawberry.field(description="When it was made.")
    expires_at: Instant | None = strawberry.field(description="When it ends by itself; null for never.")
    revoked_at: Instant | None = strawberry.field(description="When it was revoked; null where it was not.")
    last_used_at: Instant | None = strawberry.field(description="When it was last used, to about a minute.")
    made_by: strawberry.ID | None = strawberry.field(
        description="The token that made it over the API; null for those of the command line."
    )
    sessions: int = strawberry.field(description="How many browsers have a session for it now, at most 20.")

    @classmethod
    def from_row(cls, row: TokenRow) -> "AccessTokenType":
        """A token as stored."""
        return from_row(cls, row, role=row.role.upper())


@attributes_never_kept(RIGHTS)
@strawberry.type(name="BrowserSession", description="A browser that was let in by a token, and ends with it.")
class BrowserSessionType:
    """A session."""

    id: strawberry.ID = strawberry.field(description="Its id.")
    token_id: strawberry.ID = strawberry.field(description="The token that it was had for.")
    name: str = strawberry.field(description="The token's name.")
    role: str = strawberry.field(description="The token's role, as it is now.")
    opened_at: Instant = strawberry.field(description="When the browser was let in.")
    expires_at: Instant = strawberry.field(description="When it ends by itself; sooner where its token does.")
    last_used_at: Instant | None = strawberry.field(description="When it was last used, to about a minute.")

    @classmethod
    def from_row(cls, row: SessionRow) -> "BrowserSessionType":
        """A session as stored."""
        return from_row(cls, row, role=row.role.upper())


@strawberry.input(description="What token to make.")
class CreateTokenInput:
    """A request for a token."""

    name: str = strawberry.field(description="What the audit log is to call its bearer; no live token has it yet.")
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
    secret: str = strawberry.field(description="What its bearer shows: `Bearer` and this. It is given this once.")


@strawberry.type(description="No token was made.")
class TokenRefused:
    """An expected failure."""

    message: str = strawberry.field(description="The failure for people.")


@strawberry.type(description="A token that is over, with its sessions and every stream had by it.")
class RevokedToken:
    """A revoked token."""

    token: AccessTokenType = strawberry.field(description="The token.")
    made_with_it: list[AccessTokenType] = strawberry.field(
        description="The tokens that were made with it over the API and are still good."
    )


@strawberry.type(description="There is no such token, or several have this name.")
class UnknownToken:
    """An expected failure."""

    message: str = strawberry.field(description="The failure for people.")
    id: strawberry.ID = strawberry.field(description="What was asked for.")


@strawberry.type(description="No such session is open.")
class UnknownSession:
    """An expected failure."""

    message: str = strawberry.field(description="The failure for people.")
    id: strawberry.ID = strawberry.field(description="What was asked for.")


CreateTokenResult = Annotated[
    CreatedToken | TokenRefused,
    strawberry.union("CreateTokenResult", description="The token that was made, or why none was."),
]
RevokeTokenResult = Annotated[
    RevokedToken | UnknownToken,
    strawberry.union("RevokeTokenResult", description="The token that is over now, or why none is."),
]
EndSessionResult = Annotated[
    BrowserSessionType | UnknownSession,
    strawberry.union("EndSessionResult", description="The session as it was, or why none has ended."),
]
