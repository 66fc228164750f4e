"""The plans of documents, each made once, and what runs them in place of the executor."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DirectiveNode,
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.values import VariableValues, get_variable_values
from strawberry.schema.schema_converter import GraphQLCoreConverter

from mktdash.graphql.documents.operations import operations_called
from mktdash.graphql.planner.batch_resolvers import BULK
from mktdash.graphql.planner.leaves import NoPlanError
from mktdash.graphql.planner.plan import Completion, Planner, Run
from mktdash.graphql.vocabulary.bounded_cache import WeightedCache

_MOST_PLANS = 500


@dataclass(frozen=True, slots=True)
class Plan:
    """How one query is answered with its variables; without a ``completion`` the executor has to do it."""

    completion: Completion | None
    variables: VariableValues


@dataclass(frozen=True, slots=True)
class _Known:
    """A query that was met before; ``switches`` are the variables that decide which of its fields are answered."""

    operation: OperationDefinitionNode
    fragments: Mapping[str, FragmentDefinitionNode]
    switches: tuple[str, ...]


class Plans:
    """The plans of one schema, by document, operation, and what its variables include and skip."""

    def __init__(self, schema: GraphQLSchema, converter: GraphQLCoreConverter) -> None:
        self._schema = schema
        self._converter = converter
        # The document is kept with what is known of it: its identity names it, and must not be given to another
        # meanwhile.
        self._known: WeightedCache[tuple[int, str | None], tuple[DocumentNode, _Known | None]] = WeightedCache(
            _MOST_PLANS
        )
        self._made: WeightedCache[tuple[Any, ...], tuple[DocumentNode, Completion | None]] = WeightedCache(_MOST_PLANS)

    def of(self, document: DocumentNode, name: str | None, inputs: dict[str, Any]) -> Plan | None:
        """The plan of a valid document's operation; None where it is no query, or its variables are not right."""
        key = (id(document), name)
        met = self._known.get(key)
        if met is None:
            met = (document, _known(document, name))
            self._known.put(key, met, 1)
        known = met[1]
        if known is None:
            return None
        variables = get_variable_values(self._schema, known.operation.variable_definitions or (), inputs)
        if isinstance(variables, list):
            return None
        switched = (*key, *(variables.coerced.get(one) for one in known.switches))
        made = self._made.get(switched)
        if made is None:
            made = (document, self._planned(known, variables))
            self._made.put(switched, made, 1)
        return Plan(made[1], variables)

    async def run(self, plan: Plan, context: Any) -> Any:
        """The data of a query.

        Raises:
            NoPlanError: the executor has to do it.
            Exception: anything went wrong; the executor will know what.
        """
        if plan.completion is None:
            raise NoPlanError
        return (await plan.completion.of([self], Run(context, plan.variables, self._converter)))[0]

    def _planned(self, known: _Known, variables: VariableValues) -> Completion | None:
        root = self._schema.query_type
        if root is None:
            return None
        try:
            return Planner(self._schema, known.fragments, BULK, variables).plan(known.operation.selection_set, root)
        except NoPlanError:
            return None


def _known(document: DocumentNode, name: str | None) -> _Known | None:
    operation = next(iter(operations_called(document, name)), None)
    if operation is None or operation.operation is not OperationType.QUERY:
        return None
    switches = _Switches()
    visit(document, switches)
    fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
    return _Known(operation, fragments, tuple(sorted(switches.names)))


class _Switches(Visitor):
    """The variables that directives in a document look at."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        """Note the variables given to a directive."""
        self.names.update(one.value.name.value for one in node.arguments or () if isinstance(one.value, VariableNode))
