"""What administrators do with tokens and browser sessions. Everything done is audited."""

from typing import Annotated

import strawberry

from mktdash.domain.errors import InvalidInputError, NotFoundError
from mktdash.graphql.changes import origin
from mktdash.graphql.context import Info
from mktdash.graphql.rights import needs
from mktdash.graphql.tokens.types import (
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
from mktdash.security.browser_sessions import end_session
from mktdash.security.principals import Role
from mktdash.security.tokens import Issuer, end_token, issue, life_of


@strawberry.type
class TokenMutations:
    """Changes of tokens and sessions."""

    @strawberry.mutation(**needs(Role.ADMIN, "Create a token."))
    async def create_token(
        self,
        info: Info,
        input: Annotated[CreateTokenInput, Text(description="The token to create.")],  # noqa: A002 - the agreed name
    ) -> CreateTokenResult:
        """Make one; a name that is taken is a member of the result."""
        services = info.context.services
        try:
            secret, row = await issue(
                services.engine,
                name=input.name,
                role=input.role,
                ttl=life_of(input.expires_in, "expiresIn"),
                by=_issuer(info),
                clock=services.clock,
            )
        except InvalidInputError as error:
            return TokenRefused(message=error.message)
        return CreatedToken(token=AccessTokenType.from_row(row), secret=secret.text)

    @strawberry.mutation(
        **needs(
            Role.ADMIN, "Revoke a token at once, on every process, with its sessions and all streams opened by them."
        )
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
            done = await end_token(services.engine, id, by=_issuer(info), clock=services.clock)
        except (NotFoundError, InvalidInputError) as error:
            return UnknownToken(message=error.message, id=id)
        made = [AccessTokenType.from_row(row) for row in done.made]
        return RevokedToken(token=AccessTokenType.from_row(done.token), made_with_it=made)

    @strawberry.mutation(
        **needs(Role.ADMIN, "Log one browser out; its token stays valid. To end one's own session: POST /api/logout.")
    )
    async def end_session(
        self,
        info: Info,
        id: Annotated[strawberry.ID, Text(description="The session's id.")],  # noqa: A002 - the agreed name
    ) -> EndSessionResult:
        """End one."""
        services, by = info.context.services, _issuer(info)
        bounds.name(id, "id")
        ended = await end_session(services.engine, id, by=by.name, clock=services.clock, detail=by.detail)
        if ended is None:
            return UnknownSession(message="there is no open session of this id", id=id)
        return BrowserSessionType.from_row(ended)


def _issuer(info: Info) -> Issuer:
    who = info.context.principal
    return Issuer(who.name, who.token_id, who.ends_at, origin(info.context))
