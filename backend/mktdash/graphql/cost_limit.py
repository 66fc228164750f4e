"""Holds operations to what they may cost: reserved before they run, the rest given back where they were cheaper."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from graphql import DocumentNode
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


class Spending:
    """What one operation takes from its bearer's bucket."""

    def __init__(
        self, costs: Costs, context: RequestContext, document: DocumentNode, name: str | None, inputs: Mapping[str, Any]
    ) -> None:
        self._costs = costs
        self._context = context
        self._asked = (document, name, inputs)
        self._requested = 0
        self._actual: int | None = None

    async def reserve(self) -> None:
        """Take the most that it can cost.

        Raises:
            TooCostlyError: no operation may cost so much.
            ThrottledError: its bearer has used up what a minute gives.
        """
        requested = self._costs.of(*self._asked)
        if requested > MOST:
            raise TooCostlyError(f"the operation could cost more than {MOST}", most=MOST)
        await self._take(requested)
        self._requested = requested

    async def settle(self, *, idle: bool = False) -> None:
        """Give back what it did not cost; an ``idle`` one failed before it did anything."""
        sizes = self._context.sizes
        self._actual = self._requested
        if idle:
            self._actual = 1
        elif sizes:
            self._actual = min(self._requested, self._costs.of(*self._asked, sizes))
        await self._take(self._actual - self._requested)

    async def cancel(self) -> None:
        """Give everything back: somebody else is to run it."""
        await self._take(-self._requested)

    def told(self, extensions: Mapping[str, Any] | None) -> dict[str, Any]:
        """What it cost, for an answer's ``extensions``, where the request's own ``extensions`` ask for ``cost``."""
        wanted = (extensions or {}).get(_COST)
        return {_COST: {"requested": self._requested, "actual": self._actual}} if wanted and self._actual else {}

    async def _take(self, amount: int) -> None:
        await charge(self._context, amount, "this operation")


class CostLimit(SchemaExtension):
    """Takes what the executor runs from its bearer's bucket."""

    def __init__(self, costs: Costs) -> None:
        self._costs = costs
        self._spending: Spending | None = None

    async def on_execute(self) -> AsyncIterator[None]:
        """Reserve, run, give back.

        Raises:
            TooCostlyError: no operation may cost so much.
            ThrottledError: its bearer has used up what a minute gives.
        """
        execution = self.execution_context
        document = execution.graphql_document
        assert document is not None  # noqa: S101 - nothing is executed that was not parsed
        spending = Spending(
            self._costs, execution.context, document, execution.operation_name, execution.variables or {}
        )
        await spending.reserve()
        self._spending = spending
        yield
        result = execution.result
        await spending.settle(idle=result is not None and result.data is None and bool(result.errors))

    def get_results(self) -> dict[str, Any]:
        """What it cost, where that was asked."""
        return {} if self._spending is None else self._spending.told(self.execution_context.operation_extensions)


def note_size(info: Info, items: int) -> None:
    """Say how many items a list turned out to have, so that the rest of what it could have cost is given back."""
    for node in info._raw_info.field_nodes:  # noqa: SLF001 - strawberry's wrapper does not give the nodes
        info.context.sizes[id(node)] = items
