"""The server itself, and who is asking it."""

import strawberry

from mktdash.graphql.vocabulary.depends_on import attributes_never_kept
from mktdash.graphql.vocabulary.scalars import Instant
from mktdash.security.principals import Principal, Role


@attributes_never_kept("it is of this process and of this instant")
@strawberry.type(name="ServerInfo", description="This server: its version, its time and its database.")
class ServerInfoType:
    """The server's version, code and times."""

    version: str = strawberry.field(description="The version of mktdash.")
    code_sha: str = strawberry.field(description="The version of the code.")
    epoch: str = strawberry.field(description="The id of the event log; cursors of another one have expired.")
    cursor: str = strawberry.field(
        description="The newest place in the event log. Subscribe with it as `since` to miss nothing after this answer."
    )
    now: Instant = strawberry.field(description="The server's time.")
    started_at: Instant = strawberry.field(description="When this process started.")
    feed_heard_at: Instant | None = strawberry.field(
        description="The last heartbeat of a feed, due every 2 s: without a feed no values arrive and no checks run. "
        "Null if none has run for a day, or the last one was shut down."
    )
    database: str = strawberry.field(description="The database engine: sqlite or postgresql.")
    contracts: list[str] = strawberry.field(description="The versions of the data contract in use.")
    anonymous_read: bool = strawberry.field(description="Whether this machine's own requests may read without a token.")


@attributes_never_kept("it is of whoever asks")
@strawberry.type(name="Viewer", description="Who sent this request, and what they may do.")
class ViewerType:
    """The principal of the request."""

    role: str = strawberry.field(description="ANONYMOUS, VIEWER, ANALYST, OPERATOR or ADMIN.")
    name: str = strawberry.field(description="Their name in the audit log.")
    can_read: bool = strawberry.field(description="Whether they may read.")
    can_request_reports: bool = strawberry.field(description="Whether they may request reports.")
    can_operate: bool = strawberry.field(
        description="Whether they may start replays, answer alerts and operate the queue."
    )
    ends_at: Instant | None = strawberry.field(
        description="When this token or session expires; null for never, and without a token."
    )
    by_session: bool = strawberry.field(description="Whether this is a browser session, which POST /api/logout ends.")

    @classmethod
    def from_principal(cls, principal: Principal) -> "ViewerType":
        """What a principal may do."""
        return cls(
            role=Role(principal.role).name,
            name=principal.name,
            can_read=principal.may_read,
            can_request_reports=principal.may_request_reports,
            can_operate=principal.may_operate,
            ends_at=None if principal.ends_at is None else Instant(principal.ends_at),
            by_session=principal.session_id is not None,
        )
