"""What an operation costs, judged before it runs: each object one, lists by their size, columns by their length.

The size of a list is what its argument asks for (``first``, ``last``, ``symbols``), else what such lists usually
hold. Reading history is dearer than the object it hangs on.
"""

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
    is_leaf_type,
    value_from_ast_untyped,
)

from mktdash.graphql.documents.operations import MOST_KEPT_CHARACTERS, characters, operations_called
from mktdash.graphql.documents.walk import Walk
from mktdash.graphql.vocabulary.bounded_cache import WeightedCache

MOST = 20_000
# Points of one cost unit: so many are encoded in about the time that an object takes.
_POINTS_A_UNIT = 500
_USUAL_POINTS = 10_000
_USUAL_LIST = {"series": 3, "aliases": 3, "datasets": 10, "reportTemplates": 5, "metrics": 8, "artifacts": 3}
_OTHER_LIST = 10
_SIZES = ("first", "last", "ids")
# What is computed over whole series or datasets.
_EXTRA = {"snapshotId": 5, "missing": 20, "flagCounts": 5, "provenance": 5, "requestReport": 50, "startReplay": 100}
_INTROSPECTION = 50
_LEFT_OUT = object()


class Costs:
    """What operations cost over one schema; worked out once for a document and the numbers that its variables hold."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        # The document is kept with what it costs: its identity names it, and must not be given to another meanwhile.
        self._kept: WeightedCache[tuple[Any, ...], tuple[DocumentNode, int]] = WeightedCache(MOST_KEPT_CHARACTERS)

    def of(
        self,
        document: DocumentNode,
        name: str | None,
        variables: Mapping[str, Any],
        sizes: Mapping[int, int] | None = None,
    ) -> int:
        """The most that an operation can cost with these variables; what it did cost, given the sizes of its lists."""
        operation = next(iter(operations_called(document, name)), None)
        if operation is None:
            return 0
        numbers = [
            _size(variables.get(one.variable.name.value, _LEFT_OUT)) for one in operation.variable_definitions or ()
        ]
        asked = (id(document), name, *numbers, *(sizes or {}).items())
        kept = self._kept.get(asked)
        if kept is not None:
            return kept[1]
        cost = self._worked_out(document, operation, variables, sizes or {})
        self._kept.put(asked, (document, cost), characters(document))
        return cost

    def _worked_out(
        self,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        variables: Mapping[str, Any],
        sizes: Mapping[int, int],
    ) -> int:
        root = self._schema.get_root_type(operation.operation)
        if root is None:
            return 0
        walk = Walk.of(document, self._schema)
        given = {
            one.variable.name.value: value_from_ast_untyped(one.default_value)
            for one in operation.variable_definitions or ()
            if one.default_value is not None
        } | dict(variables)
        return 1 + _Cost(walk, given, sizes).selection(operation.selection_set, root, None)


class _Cost:
    def __init__(self, walk: Walk, variables: Mapping[str, Any], sizes: Mapping[int, int]) -> None:
        self._walk = walk
        self._variables = variables
        self._sizes = sizes

    def selection(self, chosen: SelectionSetNode | None, parent: Any, page: int | None) -> int:
        """The cost of a selection, once; ``page`` is the size that an enclosing connection was asked for."""
        total = 0
        for node, kind in self._walk.fields([chosen], parent):
            total += self._field(node, kind, page)
            if total > MOST:
                break
        return total

    def _field(self, node: FieldNode, parent: Any, page: int | None) -> int:
        name = node.name.value
        if name.startswith("__"):
            return _INTROSPECTION if name in {"__schema", "__type"} else 0
        fields = parent.fields if isinstance(parent, GraphQLObjectType | GraphQLInterfaceType) else {}
        known = fields.get(name)
        extra = _EXTRA.get(name, 0)
        if known is None:
            return extra + self.selection(node.selection_set, None, page)
        kind: GraphQLOutputType = known.type
        named = get_named_type(kind)
        if is_leaf_type(named):
            return extra
        asked = self._asked(node, known.args)
        if named.name == "SeriesPoints":
            points = asked if asked is not None else page if page is not None else _USUAL_POINTS
            return extra + 1 + points // _POINTS_A_UNIT
        if named.name == "Series":
            # The points of a series are as many as the series itself was asked to thin them out to.
            most = self._sizes[id(node)] if id(node) in self._sizes else self._number(node, "maxPoints")
            return extra + 1 + self.selection(node.selection_set, named, most)
        times = self._times(name, kind, asked, page)
        inner = self.selection(node.selection_set, named, asked if asked is not None and not _is_list(kind) else None)
        return extra + times * (1 + inner)

    def _times(self, name: str, kind: GraphQLOutputType, asked: int | None, page: int | None) -> int:
        if not _is_list(kind):
            return 1
        if asked is not None:
            return asked
        return page if page is not None and name == "edges" else _USUAL_LIST.get(name, _OTHER_LIST)

    def _asked(self, node: FieldNode, arguments: Mapping[str, Any]) -> int | None:
        if id(node) in self._sizes:
            return self._sizes[id(node)]
        for size in _SIZES:
            if size in arguments:
                usual = arguments[size].default_value
                found = self._number(node, size)
                if found is None and isinstance(usual, int):
                    found = usual
                return found
        return None

    def _number(self, node: FieldNode, argument: str) -> int | None:
        for given in node.arguments or ():
            if given.name.value == argument:
                value: Any = given.value
                if isinstance(value, VariableNode):
                    size = _size(self._variables.get(value.name.value))
                    return size if isinstance(size, int) else None
                if isinstance(value, IntValueNode):
                    return max(0, int(value.value))
                if isinstance(value, ListValueNode):
                    return len(value.values)
        return None


def _size(value: Any) -> Any:
    """What a variable's value says of the size of a list: a number, itself where it is none, and nothing else."""
    if isinstance(value, list):
        return len(value)
    return max(0, value) if isinstance(value, int) else value if value is None or value is _LEFT_OUT else ""


def _is_list(kind: GraphQLOutputType) -> bool:
    inner = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    return isinstance(inner, GraphQLList)
