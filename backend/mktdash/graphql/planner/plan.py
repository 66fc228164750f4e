"""A document made into a plan once, and run field by field over whole lists: what the executor does object by object.

A plan knows only how things go well. What it does not know (interfaces, unions, introspection) has no plan, and what
goes wrong while it runs is run again by the executor, so that errors, nulls and their paths are the executor's own.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import isawaitable
from types import SimpleNamespace
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLIncludeDirective,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    ListValueNode,
    NamedTypeNode,
    ObjectValueNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.values import VariableValues, get_argument_values, get_directive_values
from prometheus_client import Histogram
from strawberry.schema.schema_converter import GraphQLCoreConverter, get_arguments
from strawberry.types.field import StrawberryField

from mktdash.graphql.planner.leaves import NoPlanError, leaf_of
from mktdash.graphql.planner.timing import RESOLVERS
from mktdash.graphql.planner.together import together

# Answers a field for many parents at once: the parents, the request's context.
Bulk = Callable[[Sequence[Any], Any], Awaitable[list[Any]]]


@dataclass(slots=True)
class PlanInfo:
    """As much of strawberry's ``Info`` as resolvers here look at; anything else they ask for ends the plan."""

    context: Any
    _raw_info: SimpleNamespace


@dataclass(slots=True)
class Run:
    """One operation under way."""

    context: Any
    variables: VariableValues
    converter: GraphQLCoreConverter


@dataclass(frozen=True, slots=True)
class Step:
    """One field of one type: how to get it from its parents, and how to complete it."""

    key: str
    definition: GraphQLField
    field: StrawberryField
    nodes: tuple[FieldNode, ...]
    raw_info: SimpleNamespace
    complete: "Completion"
    timer: Histogram
    bulk: Bulk | None
    # Whether its arguments depend on variables; where they do not, they are worked out once and stand in ``given``.
    varies: bool
    given: dict[str, Any]

    async def values(self, parents: Sequence[Any], run: Run) -> list[Any]:
        """The raw value of each parent."""
        resolver = self.field.base_resolver
        if resolver is None:
            name = self.field.python_name
            return [getattr(parent, name) for parent in parents]
        if self.bulk is not None:
            with self.timer.time():
                return await self.bulk(parents, run.context)
        named = self._arguments(PlanInfo(run.context, self.raw_info), run)
        own = resolver.self_parameter is not None
        call: Callable[..., Any] = resolver
        with self.timer.time():
            results = [call(parent, **named) if own else call(**named) for parent in parents]
            if not results or not isawaitable(results[0]):
                return results
            return [await results[0]] if len(results) == 1 else await together(results)

    def _arguments(self, info: PlanInfo, run: Run) -> dict[str, Any]:
        resolver = self.field.base_resolver
        if self.given and resolver is not None and resolver.info_parameter is not None:
            return {**self.given, resolver.info_parameter.name: info}
        _, named = get_arguments(
            field=self.field,
            source=None,
            info=info,  # type: ignore[arg-type]  # it has what is used
            kwargs=get_argument_values(self.definition, self.nodes[0], run.variables),
            config=run.converter.config,
            scalar_registry=run.converter.scalar_registry,
        )
        if not self.varies:
            self.given.update({name: value for name, value in named.items() if value is not info})
        return named


@dataclass(frozen=True, slots=True)
class Completion:
    """What becomes of raw values of a type: its wrappers, and the plan of its fields or the form of its leaves."""

    nullable: bool
    items: "Completion | None" = None
    leaf: Callable[[Any], Any] | None = None
    # Of an object: its type, and its fields by the keys that they are answered under; None for ``__typename``.
    name: str = ""
    fields: tuple[tuple[str, Step | None], ...] = ()

    @property
    def steps(self) -> list[Step]:
        """The fields of an object that take something to answer."""
        return [step for _, step in self.fields if step is not None]

    async def of(self, values: Sequence[Any], run: Run) -> list[Any]:
        """Each value as it is answered.

        Raises:
            NoPlanError: one is null where none may be.
        """
        there = [at for at, value in enumerate(values) if value is not None]
        if len(there) < len(values) and not self.nullable:
            raise NoPlanError
        present = values if len(there) == len(values) else [values[at] for at in there]
        if self.leaf is not None:
            leaf = self.leaf
            done = [leaf(value) for value in present]
        elif self.items is not None:
            done = await self._lists(self.items, present, run)
        else:
            done = await self._objects(present, run)
        if present is values:
            return done
        answered: list[Any] = [None] * len(values)
        for at, value in zip(there, done, strict=True):
            answered[at] = value
        return answered

    @staticmethod
    async def _lists(items: "Completion", values: Sequence[Any], run: Run) -> list[Any]:
        if not all(isinstance(value, list | tuple) for value in values):
            raise NoPlanError
        flat = await items.of([item for value in values for item in value], run)
        done, at = [], 0
        for value in values:
            done.append(flat[at : at + len(value)])
            at += len(value)
        return done

    async def _objects(self, values: Sequence[Any], run: Run) -> list[Any]:
        if not values or not self.fields:
            return [{} for _ in values]
        keys, columns = [], []
        for key, step in self.fields:
            keys.append(key)
            columns.append(
                [self.name] * len(values)
                if step is None
                else await step.complete.of(await step.values(values, run), run)
            )
        return [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]


class Planner:
    """Makes the plan of one document, of what these values of its variables include."""

    def __init__(
        self,
        schema: GraphQLSchema,
        fragments: Mapping[str, FragmentDefinitionNode],
        bulk: Mapping[str, Bulk],
        variables: VariableValues,
    ) -> None:
        self._schema = schema
        self._fragments = dict(fragments)
        self._bulk = bulk
        self._variables = variables

    def plan(self, selection: SelectionSetNode, root: GraphQLObjectType) -> Completion:
        """The plan of an operation's selection.

        Raises:
            NoPlanError: there is something in it that plans do not know.
        """
        return self._object([selection], root, nullable=False)

    def _object(self, selections: Sequence[SelectionSetNode], kind: GraphQLObjectType, *, nullable: bool) -> Completion:
        fields: dict[str, list[FieldNode]] = {}
        for selection in selections:
            self._collect(selection, kind, fields)
        planned = (
            (key, None if nodes[0].name.value == "__typename" else self._step(key, nodes, kind))
            for key, nodes in fields.items()
        )
        return Completion(nullable, name=kind.name, fields=tuple(planned))

    def _collect(
        self, selection: SelectionSetNode, kind: GraphQLObjectType, fields: dict[str, list[FieldNode]]
    ) -> None:
        for node in selection.selections:
            if not self._included(node):
                continue
            match node:
                case FieldNode():
                    key = node.alias.value if node.alias else node.name.value
                    fields.setdefault(key, []).append(node)
                case InlineFragmentNode():
                    if self._is_of(kind, node.type_condition):
                        self._collect(node.selection_set, kind, fields)
                case FragmentSpreadNode():
                    fragment = self._fragments[node.name.value]
                    if self._is_of(kind, fragment.type_condition):
                        self._collect(fragment.selection_set, kind, fields)
                case _:
                    raise NoPlanError

    def _included(self, node: SelectionNode) -> bool:
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return not (skip and skip["if"]) and (include is None or bool(include["if"]))

    def _is_of(self, kind: GraphQLObjectType, condition: NamedTypeNode | None) -> bool:
        if condition is None or condition.name.value == kind.name:
            return True
        wanted = self._schema.get_type(condition.name.value)
        return is_abstract_type(wanted) and self._schema.is_sub_type(wanted, kind)

    def _step(self, key: str, nodes: list[FieldNode], kind: GraphQLObjectType) -> Step:
        definition = kind.fields.get(nodes[0].name.value)
        field = None if definition is None else definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        if definition is None or not isinstance(field, StrawberryField) or field.extensions:
            raise NoPlanError
        selections = [node.selection_set for node in nodes if node.selection_set is not None]
        raw_info = SimpleNamespace(field_nodes=nodes, fragments=self._fragments, asked={})
        complete = self._completion(definition.type, selections)
        name = f"{kind.name}.{nodes[0].name.value}"
        timer, bulk = RESOLVERS.labels(name), self._bulk.get(name)
        varies = any(_varies(one.value) for one in nodes[0].arguments or ())
        return Step(key, definition, field, tuple(nodes), raw_info, complete, timer, bulk, varies, {})

    def _completion(self, kind: Any, selections: list[SelectionSetNode]) -> Completion:
        nullable = not is_non_null_type(kind)
        bare = get_nullable_type(kind)
        if is_list_type(bare):
            return Completion(nullable, items=self._completion(bare.of_type, selections))
        if is_leaf_type(bare):
            return Completion(nullable, leaf=leaf_of(bare))
        named = get_named_type(bare)
        if not is_object_type(named):
            raise NoPlanError
        return self._object(selections, named, nullable=nullable)


def _varies(value: ValueNode) -> bool:
    match value:
        case VariableNode():
            return True
        case ListValueNode():
            return any(_varies(one) for one in value.values)
        case ObjectValueNode():
            return any(_varies(one.value) for one in value.fields)
        case _:
            return False
