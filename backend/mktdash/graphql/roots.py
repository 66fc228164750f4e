"""The three roots, put together from the nouns: what can be read, done and followed. A new noun is one line in each."""

import strawberry

from mktdash.graphql.instruments.queries import InstrumentQueries
from mktdash.graphql.nodes import NodeQueries
from mktdash.graphql.quality.mutations import QualityMutations
from mktdash.graphql.quality.queries import QualityQueries
from mktdash.graphql.quality.subscription import QualitySubscription
from mktdash.graphql.replays.mutations import ReplayMutations
from mktdash.graphql.replays.queries import ReplayQueries
from mktdash.graphql.reports.mutations import ReportMutations
from mktdash.graphql.reports.queries import ReportQueries
from mktdash.graphql.reports.subscription import ReportSubscription
from mktdash.graphql.series.queries import SeriesQueries
from mktdash.graphql.series.subscription import SeriesSubscription
from mktdash.graphql.server.queries import ServerQueries
from mktdash.graphql.tokens.mutations import TokenMutations
from mktdash.graphql.tokens.queries import TokenQueries


@strawberry.type(description="Reads. All that one query reads is of the same instant.")
class Query(
    InstrumentQueries,
    SeriesQueries,
    QualityQueries,
    ReportQueries,
    ReplayQueries,
    TokenQueries,
    ServerQueries,
    NodeQueries,
):
    """The root of reads."""


@strawberry.type(description="Changes. Each needs a role and is written to the audit log.")
class Mutation(ReportMutations, ReplayMutations, QualityMutations, TokenMutations):
    """The root of writes. Each needs a role, each leaves a row in the audit log."""


@strawberry.type(description="Streams, over WebSocket (graphql-transport-ws) or server-sent events.")
class Subscription(SeriesSubscription, QualitySubscription, ReportSubscription):
    """The root of streams. Each event carries the cursor to resume after it."""
