"""A query made into a plan once, and run field by field over whole lists: what the executor does object by object.

A plan knows only how things go well. What it does not know (interfaces, unions, introspection) has no plan, and what
goes wrong while it runs is run again by the executor, so that errors, nulls and their paths are the executor's own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from inspect import isawaitable
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    OperationDefinitionNode,
    SelectionSetNode,
    Undefined,
    Visitor,
    get_nullable_type,
    is_enum_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    visit,
)
from graphql.execution.values import VariableValues, get_argument_values
from graphql.pyutils import Path
from prometheus_client import Histogram
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from mktdash.graphql.documents.walk import Walk
from mktdash.graphql.loaders import Parents, is_batched
from mktdash.graphql.planner.timing import RESOLVERS


class NoPlanError(Exception):
    """The executor has to do it."""


@dataclass(frozen=True, slots=True)
class Run:
    """One operation under way."""

    context: Any
    variables: VariableValues


@dataclass(frozen=True, slots=True)
class Step:
    """One field of an object type: how to get it from its parents, and how to complete it."""

    definition: GraphQLField
    info: GraphQLResolveInfo[Any]
    complete: "Completion"
    # The attribute that it is, where no resolver stands behind it.
    attribute: str | None
    batched: bool
    timer: Histogram
    # Its arguments, where they depend on no variable.
    constants: dict[str, Any] | None

    async def values(self, parents: Sequence[Any], run: Run) -> list[Any]:
        """The raw value of each parent."""
        if self.attribute is not None:
            return [getattr(parent, self.attribute) for parent in parents]
        arguments = self.constants
        if arguments is None:
            arguments = get_argument_values(self.definition, self.info.field_nodes[0], run.variables)
        resolve: Callable[..., Any] = self.definition.resolve  # type: ignore[assignment]  # strawberry's all have one
        info = self.info._replace(context=run.context, variable_values=run.variables)
        with self.timer.time():
            if self.batched:
                batch: list[Any] = await resolve(Parents(parents), info, **arguments)
                return batch
            values = []
            for parent in parents:
                value = resolve(parent, info, **arguments)
                values.append(await value if isawaitable(value) else value)
            return values


@dataclass(frozen=True, slots=True)
class Completion:
    """What becomes of raw values of a type, of which one part says more: a list's items, a leaf, an object's fields."""

    nullable: bool
    items: "Completion | None" = None
    leaf: Callable[[Any], Any] | None = None
    # An object's type, and its fields by the keys that they are answered under; None for ``__typename``.
    name: str = ""
    fields: tuple[tuple[str, Step | None], ...] = ()

    async def of(self, values: Sequence[Any], run: Run) -> list[Any]:
        """Each value as it is answered.

        Raises:
            NoPlanError: one is not what its type allows.
        """
        present = [value for value in values if value is not None]
        if len(present) < len(values) and not self.nullable:
            raise NoPlanError
        if self.leaf is not None:
            leaf = self.leaf
            done = [leaf(value) for value in present]
            if any(one is None or one is Undefined for one in done):
                raise NoPlanError
        elif self.items is not None:
            done = await self._lists(self.items, present, run)
        else:
            done = await self._objects(present, run)
        if len(present) == len(values):
            return done
        answers = iter(done)
        return [None if value is None else next(answers) for value in values]

    @staticmethod
    async def _lists(items: "Completion", values: Sequence[Any], run: Run) -> list[Any]:
        if not all(isinstance(value, list | tuple) for value in values):
            raise NoPlanError
        answers = iter(await items.of([item for value in values for item in value], run))
        return [[next(answers) for _ in value] for value in values]

    async def _objects(self, values: Sequence[Any], run: Run) -> list[Any]:
        if not values or not self.fields:
            return [{} for _ in values]
        keys = [key for key, _ in self.fields]
        columns = [
            [self.name] * len(values) if step is None else await step.complete.of(await step.values(values, run), run)
            for _, step in self.fields
        ]
        return [dict(zip(keys, row, strict=True)) for row in zip(*columns, strict=True)]


class Planner:
    """Makes the plan of an operation, of what these values of its variables include."""

    def __init__(self, walk: Walk, operation: OperationDefinitionNode) -> None:
        self._walk = walk
        self._operation = operation

    def plan(self, root: GraphQLObjectType) -> Completion:
        """The plan of the operation's selection.

        Raises:
            NoPlanError: there is something in it that plans do not know.
        """
        return self._object([self._operation.selection_set], root, nullable=False)

    def _object(self, merged: Sequence[SelectionSetNode], kind: GraphQLObjectType, *, nullable: bool) -> Completion:
        fields: dict[str, list[FieldNode]] = {}
        for node, _ in self._walk.fields(merged, kind, set()):
            fields.setdefault((node.alias or node.name).value, []).append(node)
        steps = [
            (key, None if nodes[0].name.value == "__typename" else self._step(key, nodes, kind))
            for key, nodes in fields.items()
        ]
        return Completion(nullable, name=kind.name, fields=tuple(steps))

    def _step(self, key: str, nodes: list[FieldNode], kind: GraphQLObjectType) -> Step:
        name = nodes[0].name.value
        definition = kind.fields.get(name)
        field = None if definition is None else definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        if definition is None or not isinstance(field, StrawberryField) or self._walk.schema is None:
            raise NoPlanError
        selections = [node.selection_set for node in nodes if node.selection_set is not None]
        return Step(
            definition,
            GraphQLResolveInfo(
                field_name=name,
                field_nodes=nodes,
                return_type=definition.type,
                parent_type=kind,
                path=Path(None, key, kind.name),
                schema=self._walk.schema,
                fragments=dict(self._walk.fragments),
                root_value=None,
                operation=self._operation,
                variable_values=None,  # type: ignore[arg-type]  # these three are of each run
                context=None,
                is_awaitable=isawaitable,  # type: ignore[arg-type]  # it narrows more types
                abort_signal=None,
                async_helpers=None,  # type: ignore[arg-type]  # nothing here leaves work behind
            ),
            self._completion(definition.type, selections),
            attribute=field.python_name if field.is_basic_field else None,
            batched=is_batched(field),
            timer=RESOLVERS.labels(f"{kind.name}.{name}"),
            constants=None if _varies(nodes[0]) else get_argument_values(definition, nodes[0]),
        )

    def _completion(self, kind: GraphQLOutputType, selections: list[SelectionSetNode]) -> Completion:
        nullable, bare = not is_non_null_type(kind), get_nullable_type(kind)
        if is_list_type(bare):
            return Completion(nullable, items=self._completion(bare.of_type, selections))
        if is_leaf_type(bare):
            write = bare.coerce_output_value
            return Completion(nullable, leaf=cache(write) if is_enum_type(bare) else write)
        if not is_object_type(bare):
            raise NoPlanError
        return self._object(selections, bare, nullable=nullable)


def _varies(node: FieldNode) -> bool:
    """Whether a field's arguments depend on variables."""
    found = _Variables()
    for argument in node.arguments or ():
        visit(argument, found)
    return found.any


class _Variables(Visitor):
    any = False

    def enter_variable(self, *_: Any) -> None:
        """Note that there is one."""
        self.any = True
