"""Holds operations to what they may cost: reserved before they run, the rest given back where they were cheaper."""

from collections.abc import AsyncIterator
from typing import Any

from graphql import FragmentDefinitionNode, OperationDefinitionNode
from strawberry.extensions import SchemaExtension

from mktdash.domain.errors import ThrottledError, TooCostlyError
from mktdash.graphql.context import Info, RequestContext
from mktdash.graphql.cost import MOST, CostModel


class CostLimit(SchemaExtension):
    """Takes an operation's cost from its bearer's bucket."""

    def __init__(self, model: CostModel) -> None:
        self._model = model
        self._cost: dict[str, int] = {}

    async def on_execute(self) -> AsyncIterator[None]:
        """Reserve, run, give back.

        Raises:
            TooCostlyError: no operation may cost so much.
            ThrottledError: its bearer has used up what a minute gives.
        """
        context: RequestContext = self.execution_context.context
        requested = self._of(None)
        if requested > MOST:
            raise TooCostlyError(f"the operation could cost more than {MOST}", most=MOST)
        await self._take(context, requested)
        self._cost = {"requested": requested}
        yield
        result = self.execution_context.result
        idle = result is not None and result.data is None and bool(result.errors)
        actual = 1 if idle else min(requested, self._of(context.sizes)) if context.sizes else requested
        self._cost["actual"] = actual
        if actual < requested:
            await self._take(context, actual - requested)

    def get_results(self) -> dict[str, Any]:
        """What it cost, for ``extensions``, where the request's own ``extensions`` ask for ``cost``."""
        wanted = (self.execution_context.operation_extensions or {}).get("cost")
        return {"cost": self._cost} if wanted and "actual" in self._cost else {}

    def _of(self, sizes: dict[int, int] | None) -> int:
        execution = self.execution_context
        document = execution.graphql_document
        assert document is not None  # noqa: S101 - nothing is executed that was not parsed
        fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
        name = execution.operation_name
        for one in document.definitions:
            if isinstance(one, OperationDefinitionNode) and (name is None or (one.name and one.name.value == name)):
                return self._model.of(one, fragments, execution.variables or {}, sizes)
        return 0

    @staticmethod
    async def _take(context: RequestContext, amount: int) -> None:
        limit, buckets = context.services.cost_limit, context.services.buckets
        if limit is None or buckets is None or not amount:
            return
        standing = await buckets.take(limit, context.bearer, amount)
        context.standings[limit.name] = standing
        if not standing.granted:
            raise ThrottledError(
                f"this operation costs {amount}, of which {standing.remaining} are left this minute",
                retryAfter=round(standing.retry_after, 3),
                cost=amount,
                remaining=standing.remaining,
                aMinute=limit.a_minute,
            )


def note_size(info: Info, items: int) -> None:
    """Say how many items a list turned out to have, so that the rest of what it could have cost is given back."""
    for node in info._raw_info.field_nodes:  # noqa: SLF001 - strawberry's wrapper does not give the nodes
        info.context.sizes[id(node)] = items
