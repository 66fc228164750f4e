"""Puts a document's plan in place of the executor, and the executor in place of a plan that does not get through."""

from collections.abc import AsyncIterator
from typing import Any

from graphql import (
    DocumentNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.values import get_variable_values
from prometheus_client import Counter
from strawberry.extensions import SchemaExtension
from strawberry.schema.schema_converter import GraphQLCoreConverter

from mktdash.graphql.bulk import BULK
from mktdash.graphql.plan import Completion, NoPlanError, Planner, Run
from mktdash.graphql.weighted import WeightedCache

_RUNS = Counter("mktdash_operations_run_total", "Queries executed, by what executed them.", ["by"])
_PLANNED, _AGAIN, _EXECUTED = (_RUNS.labels(one) for one in ("plan", "executor after plan", "executor"))
_MOST_PLANS = 500


class Plans:
    """The plans of one schema, by document and operation."""

    def __init__(self, schema: GraphQLSchema, converter: GraphQLCoreConverter) -> None:
        self._schema = schema
        self._converter = converter
        # The document is kept with its plan: its identity names it, and must not be given to another meanwhile.
        self._kept: WeightedCache[tuple[int, str | None], tuple[DocumentNode, Completion | None]] = WeightedCache(
            _MOST_PLANS
        )

    async def run(self, document: DocumentNode, name: str | None, inputs: dict[str, Any], context: Any) -> Any:
        """The data of a query.

        Raises:
            NoPlanError: this operation has no plan.
            Exception: anything went wrong; the executor will know what.
        """
        operation = _operation(document, name)
        plan = self._plan(document, name, operation)
        if plan is None:
            raise NoPlanError
        variables = get_variable_values(self._schema, operation.variable_definitions or (), inputs)
        if isinstance(variables, list):
            raise NoPlanError
        return (await plan.of([self], Run(context, variables, self._converter)))[0]

    def _plan(self, document: DocumentNode, name: str | None, operation: OperationDefinitionNode) -> Completion | None:
        key = (id(document), name)
        kept = self._kept.get(key)
        if kept is None:
            kept = (document, self._made(document, operation))
            self._kept.put(key, kept, 1)
        return kept[1]

    def _made(self, document: DocumentNode, operation: OperationDefinitionNode) -> Completion | None:
        root = self._schema.query_type
        if operation.operation is not OperationType.QUERY or root is None or operation.directives:
            return None
        fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
        try:
            return Planner(fragments, BULK).plan(operation.selection_set, root)
        except NoPlanError:
            return None


class Planned(SchemaExtension):
    """Runs a query by its plan; the last extension, so that limits come before it."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans

    async def on_execute(self) -> AsyncIterator[None]:
        """Answer, where a plan gets through."""
        execution = self.execution_context
        if execution.graphql_document is not None and execution.operation_type.value == "query":
            try:
                data = await self._plans.run(
                    execution.graphql_document,
                    execution._provided_operation_name,  # noqa: SLF001 - the name asked for, not the one found
                    execution.variables or {},
                    execution.context,
                )
            except NoPlanError:
                _EXECUTED.inc()
            except Exception:  # noqa: BLE001 - the executor meets it again, and tells it as it should be told
                _AGAIN.inc()
                await execution.context.start_over()
            else:
                _PLANNED.inc()
                execution.result = ExecutionResult(data=data, errors=None)
        yield


def _operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    for one in document.definitions:
        if isinstance(one, OperationDefinitionNode) and (name is None or (one.name and one.name.value == name)):
            return one
    raise NoPlanError
