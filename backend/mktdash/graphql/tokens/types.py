"""Access tokens and the sessions that browsers have for them, as administrators see them. No secret is among it."""

from typing import Annotated

import strawberry

from mktdash.graphql.vocabulary.depends_on import attributes_never_kept
from mktdash.graphql.vocabulary.ids import page_cursor
from mktdash.graphql.vocabulary.page import PageInfo
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.store.access.sessions import SessionRow
from mktdash.store.access.tokens import TokenRow
from mktdash.store.catalogue.instruments import Page

TOKENS = "AccessToken"
SESSIONS = "BrowserSession"
RIGHTS = "rights are asked of the store each time"
NEEDS_ADMIN = "Needs the role admin. Errors: UNAUTHENTICATED, FORBIDDEN"


def _instant(at: int | None) -> Instant | None:
    return None if at is None else Instant(at)


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
        return cls(
            id=strawberry.ID(row.id),
            name=row.name,
            role=row.role.upper(),
            kind=row.kind,
            created_at=Instant(row.created_at),
            expires_at=_instant(row.expires_at),
            revoked_at=_instant(row.revoked_at),
            last_used_at=_instant(row.last_used_at),
            made_by=None if row.made_by is None else strawberry.ID(row.made_by),
            sessions=row.sessions,
        )


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
        return cls(
            id=strawberry.ID(row.id),
            token_id=strawberry.ID(row.token_id),
            name=row.name,
            role=row.role.upper(),
            opened_at=Instant(row.opened_at),
            expires_at=Instant(row.expires_at),
            last_used_at=_instant(row.last_used_at),
        )


@attributes_never_kept(RIGHTS)
@strawberry.type(description="A token and its place in the list.")
class AccessTokenEdge:
    """Relay edge."""

    cursor: str = strawberry.field(description="The place after this token.")
    node: AccessTokenType = strawberry.field(description="The token.")


@attributes_never_kept(RIGHTS)
@strawberry.type(description="A page of tokens, newest first.")
class AccessTokenConnection:
    """Relay connection."""

    edges: list[AccessTokenEdge] = strawberry.field(description="The tokens of this page.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(description="How many tokens there are in all.")

    @classmethod
    def from_page(cls, page: Page[TokenRow]) -> "AccessTokenConnection":
        """A page as stored."""
        edges = [
            AccessTokenEdge(cursor=_cursor(TOKENS, row.created_at, row.id), node=AccessTokenType.from_row(row))
            for row in page.items
        ]
        info = PageInfo.over([one.cursor for one in edges], has_next=page.has_next, has_previous=page.has_previous)
        return cls(edges=edges, page_info=info, total_count=page.total)


@attributes_never_kept(RIGHTS)
@strawberry.type(description="A session and its place in the list.")
class BrowserSessionEdge:
    """Relay edge."""

    cursor: str = strawberry.field(description="The place after this session.")
    node: BrowserSessionType = strawberry.field(description="The session.")


@attributes_never_kept(RIGHTS)
@strawberry.type(description="A page of the sessions that are open, newest first.")
class BrowserSessionConnection:
    """Relay connection."""

    edges: list[BrowserSessionEdge] = strawberry.field(description="The sessions of this page.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")
    total_count: int = strawberry.field(description="How many sessions are open in all.")

    @classmethod
    def from_page(cls, page: Page[SessionRow]) -> "BrowserSessionConnection":
        """A page as stored."""
        edges = [
            BrowserSessionEdge(cursor=_cursor(SESSIONS, row.opened_at, row.id), node=BrowserSessionType.from_row(row))
            for row in page.items
        ]
        info = PageInfo.over([one.cursor for one in edges], has_next=page.has_next, has_previous=page.has_previous)
        return cls(edges=edges, page_info=info, total_count=page.total)


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


def _cursor(kind: str, at: int, key: str) -> str:
    return page_cursor(kind, f"{at}-{key}")
