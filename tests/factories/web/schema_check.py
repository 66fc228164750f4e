"""Holds the data of a GraphQL answer to the schema: each value of its declared type, each field asked for there."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    is_abstract_type,
)

from mktdash.graphql.vocabulary.scalars import parse_instant

_MOST_INT = 2**31


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_instant(value: Any) -> bool:
    return isinstance(value, str) and value.endswith("Z") and parse_instant(value) is not None


def _column_of(fits: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, list) and all(fits(one) for one in value)


SCALARS: Mapping[str, Callable[[Any], bool]] = {
    "Int": lambda value: isinstance(value, int) and not isinstance(value, bool) and abs(value) <= _MOST_INT,
    "Float": _is_number,
    "String": lambda value: isinstance(value, str),
    "ID": lambda value: isinstance(value, str),
    "Boolean": lambda value: isinstance(value, bool),
    "JSON": lambda _: True,
    "DateTime": _is_instant,
    "DateTimeColumn": _column_of(_is_instant),
    "EpochMillisColumn": _column_of(lambda value: isinstance(value, int)),
    "FloatColumn": _column_of(lambda value: value is None or _is_number(value)),
    "FlagsColumn": _column_of(_column_of(lambda value: isinstance(value, str))),
}


class Answers:
    """Judges answers to one document."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._fragments = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        [self._operation] = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]

    def faults(self, data: Any) -> list[str]:
        """Where the data are not what the schema says."""
        if data is None:
            return []
        root = self._schema.get_root_type(self._operation.operation)
        return self._object(root, data, self._operation.selection_set, "data")

    def _value(self, kind: Any, value: Any, selection: SelectionSetNode | None, at: str) -> list[str]:
        if isinstance(kind, GraphQLNonNull):
            return [f"{at} is null"] if value is None else self._value(kind.of_type, value, selection, at)
        if value is None:
            return []
        if isinstance(kind, GraphQLList):
            if not isinstance(value, list):
                return [f"{at} is no list"]
            return [
                fault for n, one in enumerate(value) for fault in self._value(kind.of_type, one, selection, f"{at}.{n}")
            ]
        if isinstance(kind, GraphQLScalarType | GraphQLEnumType):
            fits = value in kind.values if isinstance(kind, GraphQLEnumType) else SCALARS[kind.name](value)
            return [] if fits else [f"{at} is no {kind.name}: {value!r:.80}"]
        return self._object(kind, value, selection, at)

    def _object(self, kind: Any, value: Any, selection: SelectionSetNode | None, at: str) -> list[str]:
        if not isinstance(value, dict):
            return [f"{at} is no object"]
        if is_abstract_type(kind):
            kind = self._schema.type_map.get(value.get("__typename"))
            if kind is None:
                return []
        wanted = self._fields(kind, selection)
        faults = [f"{at} has {name}, which nobody asked for" for name in value.keys() - wanted.keys()]
        for name, node in wanted.items():
            if name not in value:
                faults.append(f"{at} lacks {name}")
            elif node.name.value != "__typename":
                field = kind.fields[node.name.value]
                faults += self._value(field.type, value[name], node.selection_set, f"{at}.{name}")
        return faults

    def _fields(self, kind: GraphQLObjectType, selection: SelectionSetNode | None) -> dict[str, FieldNode]:
        """The fields asked for of a type by the name they have in the answer; those that share one together."""
        fields: dict[str, FieldNode] = {}
        for node in selection.selections if selection else ():
            if isinstance(node, FieldNode):
                found = {(node.alias or node.name).value: node}
            else:
                part = self._fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
                condition = part.type_condition
                fitting = condition is None or condition.name.value == kind.name
                found = self._fields(kind, part.selection_set) if fitting else {}
            for name, one in found.items():
                fields[name] = _together(fields[name], one) if name in fields else one
        return fields


def _together(one: FieldNode, other: FieldNode) -> FieldNode:
    if one.selection_set is None or other.selection_set is None:
        return one
    both = (*one.selection_set.selections, *other.selection_set.selections)
    return FieldNode(alias=one.alias, name=one.name, selection_set=SelectionSetNode(selections=both))
