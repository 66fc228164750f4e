"""What administrators do with tokens and browser sessions. Everything done is audited."""

from typing import Annotated

import strawberry

from mktdash.domain.errors import InvalidInputError, NotFoundError
from mktdash.graphql.context import Info
from mktdash.graphql.rights import Needs
from mktdash.graphql.tokens.types import (
    NEEDS_ADMIN,
    AccessTokenType,
    BrowserSessionType,
    CreatedToken,
    CreateTokenInput,
    CreateTokenResult,
    EndSessionResult,
    RevokedToken,
    RevokeTokenResult,
    TokenRefused,
    UnknownSession,
    UnknownToken,
)
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.arguments import Text
from mktdash.security.principals import Role
from mktdash.security.sessions import end_session
from mktdash.security.tokens import Issuer, end_token, issue, life_of


@strawberry.type
class TokenMutations:
    """What administrators do with tokens."""

    @strawberry.mutation(description=f"Make a token. {NEEDS_ADMIN}.", extensions=[Needs(Role.ADMIN)])
    async def create_token(
        self,
        info: Info,
        input: Annotated[CreateTokenInput, Text(description="What token to make.")],  # noqa: A002 - the agreed name
    ) -> CreateTokenResult:
        """Make one; a name that is taken is a member of the result."""
        services = info.context.services
        try:
            secret, row = await issue(
                services.engine,
                name=input.name,
                role=input.role,
                ttl=life_of(input.expires_in, "expiresIn"),
                by=_maker(info),
                clock=services.clock,
            )
        except InvalidInputError as error:
            return TokenRefused(message=error.message)
        return CreatedToken(token=AccessTokenType.from_row(row), secret=secret.text)

    @strawberry.mutation(
        description="End a token at once, on every process: its sessions, and every stream opened with it or them. "
        f"{NEEDS_ADMIN}.",
        extensions=[Needs(Role.ADMIN)],
    )
    async def revoke_token(
        self,
        info: Info,
        id: Annotated[strawberry.ID, Text(description="Its id, or its name where one live token has it.")],  # noqa: A002 - the agreed name
    ) -> RevokeTokenResult:
        """Revoke one; revoking it again changes nothing."""
        services = info.context.services
        bounds.name(id, "id")
        try:
            done = await end_token(services.engine, id, by=_maker(info), clock=services.clock)
        except (NotFoundError, InvalidInputError) as error:
            return UnknownToken(message=error.message, id=id)
        return RevokedToken(
            token=AccessTokenType.from_row(done.token),
            made_with_it=[AccessTokenType.from_row(row) for row in done.made],
        )

    @strawberry.mutation(
        description="Log one browser out; its token stays good. Everybody ends their own by POST /api/logout. "
        f"{NEEDS_ADMIN}.",
        extensions=[Needs(Role.ADMIN)],
    )
    async def end_session(
        self,
        info: Info,
        id: Annotated[strawberry.ID, Text(description="The session's id.")],  # noqa: A002 - the agreed name
    ) -> EndSessionResult:
        """End one."""
        services, by = info.context.services, _maker(info)
        bounds.name(id, "id")
        ended = await end_session(services.engine, id, by=by.name, clock=services.clock, detail=by.detail)
        if ended is None:
            return UnknownSession(message="no such session is open", id=id)
        return BrowserSessionType.from_row(ended)


def _maker(info: Info) -> Issuer:
    context = info.context
    who, detail = context.principal, {"requestId": context.request_id, "client": context.client}
    return Issuer(who.name, who.token_id, who.ends_at, detail)
