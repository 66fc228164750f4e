"""The server, the sources it asks, and who is asking it."""

import strawberry

from mktdash.contracts.registry import CONTRACTS
from mktdash.graphql.context import Info
from mktdash.graphql.selected_fields import asked
from mktdash.graphql.server.source import SourceType
from mktdash.graphql.server.types import ServerInfoType, ViewerType
from mktdash.graphql.vocabulary.depends_on import never_kept
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.live.cursor import head_cursor
from mktdash.store.live.heartbeats import beats, heard_at


@strawberry.type
class ServerQueries:
    """What can be read of the server."""

    @strawberry.field(
        metadata=never_kept("heartbeats of other processes move no topic version"),
        description="The state of each source, from the feed's heartbeat.",
    )
    async def sources(self, info: Info) -> list[SourceType]:
        """From the feeds' heartbeats."""
        async with info.context.read() as conn:
            return SourceType.from_beats(await beats(conn))

    @strawberry.field(
        metadata=never_kept("it is of this process and of this instant"),
        description="This server: its version, its time and its database.",
    )
    async def server_info(self, info: Info) -> ServerInfoType:
        """The server's version, code and times, and the state of its store."""
        services = info.context.services
        async with info.context.read() as conn:
            head = await head_cursor(conn)
            heard = await heard_at(conn, "feed") if "feedHeardAt" in asked(info) else None
        return ServerInfoType(
            version=services.version,
            code_sha=services.code_sha,
            epoch=head.epoch,
            cursor=str(head),
            now=Instant(services.now),
            started_at=Instant(services.started),
            feed_heard_at=None if heard is None else Instant(heard),
            database=services.engine.dialect.name,
            contracts=[contract.name for contract in CONTRACTS],
            anonymous_read=services.anonymous_read,
        )

    @strawberry.field(
        metadata=never_kept("it is of whoever asks"), description="Who sent this request, and what they may do."
    )
    def viewer(self, info: Info) -> ViewerType:
        """The principal of this request."""
        return ViewerType.from_principal(info.context.principal)
