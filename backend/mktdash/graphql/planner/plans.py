"""The plans of queries, each made once, and the extension that runs them in place of the executor."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, GraphQLError, GraphQLSchema, OperationDefinitionNode, OperationType
from graphql.execution.values import VariableValues, get_variable_values
from prometheus_client import Counter
from strawberry.extensions import SchemaExtension
from strawberry.types import ExecutionResult

from mktdash.graphql.documents.operations import MOST_KEPT_CHARACTERS, characters, operations_called
from mktdash.graphql.documents.walk import Walk
from mktdash.graphql.planner.plan import Completion, NoPlanError, Planner, Run
from mktdash.graphql.vocabulary.bounded_cache import WeightedCache

RUNS = Counter("mktdash_operations_run_total", "Queries executed, by what executed them.", ["by"])
_PLANNED, _AGAIN, _EXECUTED = (RUNS.labels(one) for one in ("plan", "executor after plan", "executor"))
# What stands for the root: its fields ask nothing of it.
_ROOT = ("root",)


@dataclass(frozen=True, slots=True)
class Plan:
    """How one query is answered with its variables; without a ``completion`` the executor has to do it."""

    completion: Completion | None
    variables: VariableValues


class Plans:
    """The plans of one schema, by document, operation, and what its variables may include and skip."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        # The document is kept with its plan: its identity names it, and must not be given to another meanwhile.
        self._kept: WeightedCache[tuple[Any, ...], tuple[DocumentNode, Completion | None]] = WeightedCache(
            MOST_KEPT_CHARACTERS
        )

    def of(self, document: DocumentNode, name: str | None, inputs: dict[str, Any]) -> Plan | None:
        """The plan of a valid document's operation; None where it is no query, or its variables are not right."""
        operation = next(iter(operations_called(document, name)), None)
        if operation is None or operation.operation is not OperationType.QUERY:
            return None
        variables = get_variable_values(self._schema, operation.variable_definitions or (), inputs)
        if isinstance(variables, list):
            return None
        # Which fields are included depends on variables that are true or false, and on no others.
        switches = ((name, value) for name, value in variables.coerced.items() if value is True or value is False)
        key = (id(document), name, *switches)
        kept = self._kept.get(key)
        if kept is None:
            kept = (document, self._made(document, operation, variables))
            self._kept.put(key, kept, characters(document))
        return Plan(kept[1], variables)

    def _made(
        self, document: DocumentNode, operation: OperationDefinitionNode, variables: VariableValues
    ) -> Completion | None:
        root = self._schema.query_type
        if root is None:
            return None
        try:
            return Planner(Walk.of(document, self._schema, variables), operation).plan(root)
        except (NoPlanError, GraphQLError):
            # A switch that is null, or an argument that can't be: the executor tells it as it should be told.
            return None


class PlannedExecution(SchemaExtension):
    """Answers a query by its plan; what that can't do is left to the executor, as if nothing had been done yet."""

    def __init__(self, plans: Plans) -> None:
        self._plans = plans

    async def on_execute(self) -> AsyncIterator[None]:
        """Put the answer where the executor's would be."""
        execution = self.execution_context
        document = execution.graphql_document
        assert document is not None  # noqa: S101 - nothing is executed that was not parsed
        plan = self._plans.of(document, execution.operation_name, execution.variables or {})
        if plan is not None and plan.completion is None:
            _EXECUTED.inc()
        elif plan is not None and plan.completion is not None:
            context = execution.context
            try:
                (data,) = await plan.completion.of(_ROOT, Run(context, plan.variables))
                execution.result = ExecutionResult(data=data, errors=None)
                _PLANNED.inc()
            except Exception:  # noqa: BLE001 - the executor meets it again, and tells it as it should be told
                _AGAIN.inc()
                context.sizes.clear()
                await context.read.start_over()
        yield
