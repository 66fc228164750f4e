"""The plans of documents, each made once, and what runs them in place of the executor."""

from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
)
from graphql.execution.values import get_variable_values
from strawberry.schema.schema_converter import GraphQLCoreConverter

from mktdash.graphql.bulk import BULK
from mktdash.graphql.leaves import NoPlanError
from mktdash.graphql.operations import operations_called
from mktdash.graphql.plan import Completion, Planner, Run
from mktdash.graphql.weighted import WeightedCache

_MOST_PLANS = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """How one query is answered; without a ``completion`` the executor has to do it."""

    operation: OperationDefinitionNode
    completion: Completion | None

    @property
    def has_one_root(self) -> bool:
        """Whether one field is asked of the root."""
        return self.completion is not None and len(self.completion.steps) == 1


class Plans:
    """The plans of one schema, by document and operation."""

    def __init__(self, schema: GraphQLSchema, converter: GraphQLCoreConverter) -> None:
        self._schema = schema
        self._converter = converter
        # The document is kept with its plan: its identity names it, and must not be given to another meanwhile.
        self._kept: WeightedCache[tuple[int, str | None], tuple[DocumentNode, Plan | None]] = WeightedCache(_MOST_PLANS)

    def of(self, document: DocumentNode, name: str | None) -> Plan | None:
        """The plan of a valid document's operation; None where it is no query."""
        key = (id(document), name)
        kept = self._kept.get(key)
        if kept is None:
            kept = (document, self._made(document, name))
            self._kept.put(key, kept, 1)
        return kept[1]

    async def run(self, plan: Plan, inputs: dict[str, Any], context: Any) -> Any:
        """The data of a query.

        Raises:
            NoPlanError: the executor has to do it.
            Exception: anything went wrong; the executor will know what.
        """
        if plan.completion is None:
            raise NoPlanError
        variables = get_variable_values(self._schema, plan.operation.variable_definitions or (), inputs)
        if isinstance(variables, list):
            raise NoPlanError
        return (await plan.completion.of([self], Run(context, variables, self._converter)))[0]

    def _made(self, document: DocumentNode, name: str | None) -> Plan | None:
        operation = next(iter(operations_called(document, name)), None)
        root = self._schema.query_type
        if operation is None or operation.operation is not OperationType.QUERY:
            return None
        if root is None or operation.directives:
            return Plan(operation, None)
        fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
        try:
            return Plan(operation, Planner(fragments, BULK).plan(operation.selection_set, root))
        except NoPlanError:
            return Plan(operation, None)
