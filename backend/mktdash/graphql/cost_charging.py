"""Holds operations to what they may cost: reserved before they run, the rest given back where they were cheaper."""

from collections.abc import AsyncIterator
from typing import Any

from strawberry.extensions import SchemaExtension

from mktdash.domain.errors import ThrottledError, TooCostlyError
from mktdash.graphql.context import Info, RequestContext
from mktdash.graphql.documents.cost import MOST, Costs

_COST = "cost"
# The extensions of a request that its answer says something to; there are no others.
ANSWERED_EXTENSIONS = frozenset({_COST})


async def count_request(context: RequestContext) -> None:
    """Count an operation on a socket as the request that it would be by itself.

    Raises:
        ThrottledError: its bearer has used up what a minute gives.
    """
    limit, buckets = context.services.request_limit, context.services.buckets
    if limit is not None and buckets is not None:
        (await buckets.take(limit, context.bearer)).require()


async def charge(context: RequestContext, amount: int, what: str) -> None:
    """Take the cost of something from its bearer's bucket; a negative amount gives back.

    Raises:
        ThrottledError: its bearer has used up what a minute gives.
    """
    limit, buckets = context.services.cost_limit, context.services.buckets
    if limit is None or buckets is None or not amount:
        return
    standing = await buckets.take(limit, context.bearer, amount)
    context.standings[limit.name] = standing
    if not standing.granted:
        raise ThrottledError(
            f"{what} costs {amount}, of which {standing.remaining} are left this minute",
            retryAfter=round(standing.retry_after, 3),
            cost=amount,
            remaining=standing.remaining,
            aMinute=limit.a_minute,
        )


class CostLimit(SchemaExtension):
    """Takes what an operation costs from its bearer's bucket."""

    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self._told: dict[str, Any] = {}

    async def on_execute(self) -> AsyncIterator[None]:
        """Take the most that it can cost, run it, give back what it did not cost.

        Raises:
            TooCostlyError: no operation may cost so much.
            ThrottledError: its bearer has used up what a minute gives.
        """
        execution = self.execution_context
        context, document = execution.context, execution.graphql_document
        assert document is not None  # noqa: S101 - nothing is executed that was not parsed
        asked = (document, execution.operation_name, execution.variables or {})
        requested = actual = self._costs.of(*asked)
        if requested > MOST:
            raise TooCostlyError(f"the operation could cost more than {MOST}", most=MOST)
        await charge(context, requested, "this operation")
        yield
        result = execution.result
        if result is not None and result.data is None and result.errors:
            # It failed before it did anything.
            actual = 1
        elif context.sizes:
            actual = min(requested, self._costs.of(*asked, context.sizes))
        await charge(context, actual - requested, "this operation")
        if (execution.operation_extensions or {}).get(_COST):
            self._told = {_COST: {"requested": requested, "actual": actual}}

    def get_results(self) -> dict[str, Any]:
        """What it cost, where the request's own ``extensions`` ask for ``cost``."""
        return self._told


def note_size(info: Info, items: int) -> None:
    """Say how many items a list turned out to have, so that the rest of what it could have cost is given back."""
    for node in info._raw_info.field_nodes:  # noqa: SLF001 - strawberry's wrapper does not give the nodes
        info.context.sizes[id(node)] = items
