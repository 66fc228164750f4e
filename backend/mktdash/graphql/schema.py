"""The schema put together, and how an operation runs: with its own view of the store, its errors fit to be sent."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext, ExecutionResult
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from mktdash.domain.errors import MktdashError, ThrottledError, TimedOutError
from mktdash.graphql.context import RequestContext
from mktdash.graphql.cost_charging import CostLimit, charge
from mktdash.graphql.documents.cache import DocumentCache
from mktdash.graphql.documents.cost import Costs
from mktdash.graphql.errors import present
from mktdash.graphql.planner.plans import PlannedExecution, Plans
from mktdash.graphql.planner.timing import Timed
from mktdash.graphql.roots import Mutation, Query, Subscription
from mktdash.graphql.vocabulary.scalars import SCALARS

_SECONDS_TO_ANSWER = 30.0
_ANSWERED_ONCE = frozenset({OperationType.QUERY, OperationType.MUTATION})


class MktdashSchema(strawberry.Schema):
    """Strawberry's schema with kept documents, one reader an operation, and masked surprises."""

    def __init__(
        self, query: type = Query, *, seconds_to_answer: float = _SECONDS_TO_ANSWER, introspection: bool = True
    ) -> None:
        super().__init__(
            query=query,
            mutation=Mutation,
            subscription=Subscription,
            config=StrawberryConfig(scalar_map=SCALARS),
            extensions=[
                lambda: CostLimit(self.costs),
                Timed,
                lambda: PlannedExecution(self.plans),
            ],
        )
        # What strawberry built, for whoever looks into documents by it.
        self.core = self._schema
        self.documents = DocumentCache(self._schema, introspection=introspection)
        self.costs = Costs(self._schema)
        self.plans = Plans(self._schema)
        self._seconds_to_answer = seconds_to_answer
        self._under_way: set[asyncio.Task[ExecutionResult]] = set()

    async def admit(self, query: str | None, context: RequestContext) -> GraphQLError | None:
        """Read a text before anything else is done with it; whoever sends one that is new here pays for that.

        Returns why it is not to be run: it is no document, or its bearer has used up what a minute gives.
        """
        if not query:
            return None
        try:
            await charge(context, self.documents.cost_to_read(query), "reading this new document")
            self.documents.document(query)
        except MktdashError as error:
            return GraphQLError(error.message, original_error=error)
        except GraphQLError as error:
            return error
        return None

    async def execute(  # noqa: PLR0917 - strawberry's signature
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: RequestContext | None = None,
        root_value: object = None,
        operation_name: str | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
        operation_extensions: dict[str, Any] | None = None,
    ) -> ExecutionResult:
        """Answer a query or a mutation; all that a query reads is of one instant."""
        assert context_value is not None  # noqa: S101 - the endpoint always gives one
        context = context_value.for_operation(shared=True)
        try:
            async with self._time_to_answer():
                if context.reading is not None and query is not None:
                    context.reading.dependence = self.documents.dependence(query)
                result = await super().execute(
                    query,
                    variable_values,
                    context,
                    root_value,
                    operation_name,
                    allowed_operation_types,
                    operation_extensions,
                )
                if context.reading is not None:
                    context.reading.clean = not result.errors
                return result
        except TimeoutError:
            late = TimedOutError(f"no answer within {self._seconds_to_answer:.0f} s", seconds=self._seconds_to_answer)
            errors = [GraphQLError(late.message, original_error=late)]
            present(errors, context.request_id)
            return ExecutionResult(data=None, errors=errors)
        finally:
            await context.read.aclose()

    def _create_execution_context(self, *args: Any, **kwargs: Any) -> ExecutionContext:
        execution = super()._create_execution_context(*args, **kwargs)
        self.documents.prepare(execution)
        return execution

    def _time_to_answer(self) -> asyncio.Timeout:
        return asyncio.timeout(self._seconds_to_answer)

    async def stream(  # noqa: PLR0917 - strawberry's signature
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: RequestContext | None = None,
        root_value: object = None,
        operation_name: str | None = None,
        operation_extensions: dict[str, Any] | None = None,
        allowed_operation_types: Iterable[OperationType] | None = None,
    ) -> AsyncGenerator[Any, None]:
        """Answer any operation over a transport that can go on.

        A query or a mutation is answered once, within the bounds that it has over HTTP; each read of a subscription is
        of its own instant.
        """
        assert context_value is not None  # noqa: S101 - the endpoint always gives one
        refused = await self.admit(query, context_value)
        if refused is not None:
            return self._refused(refused, context_value)
        kind = None if query is None else self.documents.kind(query, operation_name)
        allowed = set(OperationType) if allowed_operation_types is None else set(allowed_operation_types)
        if kind is not None and OperationType(kind.value) in _ANSWERED_ONCE & allowed:
            return self._once(
                query,
                variable_values,
                context_value,
                root_value,
                operation_name,
                allowed,
                operation_extensions,
            )
        return self._followed(
            context_value,
            await super().stream(
                query,
                variable_values,
                context_value.for_operation(shared=False),
                root_value,
                operation_name,
                operation_extensions,
                allowed_operation_types,
            ),
        )

    async def _refused(self, error: GraphQLError, context: RequestContext) -> AsyncGenerator[Any, None]:
        errors = [error]
        present(errors, context.request_id)
        yield PreExecutionError(data=None, errors=errors)

    async def _followed(self, context: RequestContext, results: AsyncGenerator[Any, None]) -> AsyncGenerator[Any, None]:
        """The results of a subscription, which has a place among those of its bearer for as long as it is read."""
        async with aclosing(results):
            try:
                with context.services.streams.place(context.bearer):
                    async for result in results:
                        yield result
            except ThrottledError as error:
                async with aclosing(
                    self._refused(GraphQLError(error.message, original_error=error), context)
                ) as refusal:
                    async for result in refusal:
                        yield result

    async def _once(self, *asked: Any) -> AsyncGenerator[Any, None]:
        # On a task of its own, told once to end: a transport that goes away says so again and again, and a second
        # word would keep the driver from telling the database.
        work = asyncio.create_task(self.execute(*asked))
        self._under_way.add(work)
        work.add_done_callback(self._under_way.discard)
        try:
            yield await asyncio.shield(work)
        finally:
            work.cancel()

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """Make errors fit to be sent, whatever the transport."""
        context = None if execution_context is None else execution_context.context
        present(errors, context.request_id if isinstance(context, RequestContext) else "")


def export_schema() -> str:
    """The schema's text as committed at ``schema/graphql/schema.graphql``."""
    return (
        "# Made from the code by `mktdash schema export`; a test fails when the two differ.\n\n"
        + str(MktdashSchema())
        + "\n"
    )
