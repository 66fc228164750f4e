"""The one walk through a document: fragments spelt out and directives judged in one place, whoever asks."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLNamedType,
    GraphQLSchema,
    GraphQLSkipDirective,
    InlineFragmentNode,
    NamedTypeNode,
    SelectionNode,
    SelectionSetNode,
    is_abstract_type,
    is_object_type,
)
from graphql.execution.values import VariableValues, get_directive_values

Type = GraphQLNamedType | None


@dataclass(frozen=True, slots=True)
class Walk:
    """How one document is walked.

    Attributes:
        fragments: its fragments by name.
        schema: where given, each selection comes with the type that it is asked of; else with None.
        variables: where given, what ``@skip`` and ``@include`` leave out is left out.
    """

    fragments: Mapping[str, FragmentDefinitionNode] = field(default_factory=dict)
    schema: GraphQLSchema | None = None
    variables: VariableValues | None = None

    @classmethod
    def of(
        cls, document: DocumentNode, schema: GraphQLSchema | None = None, variables: VariableValues | None = None
    ) -> "Walk":
        """The walk through a document."""
        fragments = {one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)}
        return cls(fragments, schema, variables)

    def selections(
        self, merged: Iterable[SelectionSetNode], kind: Type = None, entered: set[str] | None = None
    ) -> Iterator[tuple[SelectionNode, Type]]:
        """The fields, inline fragments and spreads of selections of one type, and after each fragment what is in it.

        What is selected below the fields is left to whoever asks. No fragment is entered within itself; with
        ``entered``, which holds their names, each is entered once.
        """
        levels = [("", kind, iter([one for selection in merged for one in selection.selections]))]
        while levels:
            _, kind, nodes = levels[-1]
            node = next(nodes, None)
            if node is None:
                levels.pop()
                continue
            if not self._included(node):
                continue
            yield node, kind
            name, fragment = self._fragment(node)
            if fragment is None or not self._applies(fragment.type_condition, kind):
                continue
            if name and name in ([one for one, _, _ in levels] if entered is None else entered):
                continue
            if name and entered is not None:
                entered.add(name)
            levels.append((name, self._within(fragment.type_condition, kind), iter(fragment.selection_set.selections)))

    def fields(
        self, merged: Iterable[SelectionSetNode | None], kind: Type = None, entered: set[str] | None = None
    ) -> Iterator[tuple[FieldNode, Type]]:
        """The fields alone."""
        for node, of in self.selections([one for one in merged if one is not None], kind, entered):
            if isinstance(node, FieldNode):
                yield node, of

    def _fragment(self, node: SelectionNode) -> tuple[str, InlineFragmentNode | FragmentDefinitionNode | None]:
        """The fragment that a selection is, with its name."""
        if isinstance(node, FragmentSpreadNode):
            return node.name.value, self.fragments.get(node.name.value)
        return "", node if isinstance(node, InlineFragmentNode) else None

    def _included(self, node: SelectionNode) -> bool:
        if self.variables is None or not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self.variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self.variables)
        return not (skip and skip["if"]) and (include is None or bool(include["if"]))

    def _applies(self, condition: NamedTypeNode | None, kind: Type) -> bool:
        """Whether a fragment tells of an object; of what may be one of many types, each fragment may."""
        if self.schema is None or condition is None or not is_object_type(kind):
            return True
        wanted = self.schema.get_type(condition.name.value)
        return wanted is kind or (is_abstract_type(wanted) and self.schema.is_sub_type(wanted, kind))

    def _within(self, condition: NamedTypeNode | None, kind: Type) -> Type:
        """The type that a fragment's fields are of: an object stays what it is, whatever it is asked as."""
        if self.schema is None or condition is None or is_object_type(kind):
            return kind
        return self.schema.get_type(condition.name.value)
