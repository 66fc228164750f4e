"""What an answer depends on, told by its document before it runs, and noted while it does.

An answer is kept only where each field in it says what its value depends on (``declared``).
"""

from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    NamedTypeNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_interface_type,
    is_object_type,
)

from mktdash.graphql.vocabulary.depends_on import declared
from mktdash.store.live.topic_versions import FAMILIES, Versions

# Where a request carries its reading to the operation.
READING_KEY = "mktdash.reading"


@dataclass(frozen=True, slots=True)
class Dependence:
    """What all answers to a document depend on.

    Attributes:
        topics: versions that count whatever is read.
        families: of these the versions of all datasets count.
        noted: of these the versions of the datasets that are noted count.
    """

    topics: frozenset[str]
    families: frozenset[str]
    noted: frozenset[str]


@dataclass(slots=True)
class Reading:
    """What one answer was made from.

    Attributes:
        versions: read before anything else was, so that all that is read is as new as they are, or newer. Versions
            only grow: where they are still the present ones, nothing has changed since, and nothing had in between.
        dependence: None where the answer must not be kept.
        until: the instant (microseconds) from which the same data say something else; None for never.
        clean: executed to its end without an error.
    """

    versions: Versions
    dependence: Dependence | None = None
    topics: set[str] = field(default_factory=set)
    until: int | None = None
    clean: bool = False

    def saw(self, dataset: str) -> None:
        """Note that something of a dataset is in the answer."""
        if self.dependence is not None:
            self.topics.update(family + dataset for family in self.dependence.noted)

    def ends(self, instant: int) -> None:
        """Note that the answer holds until an instant, and not from it on."""
        self.until = instant if self.until is None else min(self.until, instant)


def dependence_of(schema: GraphQLSchema, node: DocumentNode) -> Dependence | None:
    """What the answers to a valid document depend on; None where they must not be kept."""
    fragments = {one.name.value: one for one in node.definitions if isinstance(one, FragmentDefinitionNode)}
    walk = _Walk(schema, fragments)
    for one in node.definitions:
        if isinstance(one, OperationDefinitionNode):
            if one.operation is not OperationType.QUERY or schema.query_type is None:
                return None
            walk.selection(one.selection_set, schema.query_type, noted=False)
    if not walk.known:
        return None
    return Dependence(
        topics=frozenset(walk.topics - FAMILIES), families=frozenset(walk.families), noted=frozenset(walk.noted)
    )


@dataclass(slots=True)
class _Walk:
    """What the fields of a document say, whatever its directives; each fragment is looked at once in each state."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    known: bool = True
    topics: set[str] = field(default_factory=set)
    families: set[str] = field(default_factory=set)
    noted: set[str] = field(default_factory=set)
    _spread: set[tuple[str, str | None, bool]] = field(default_factory=set)

    def selection(self, selection: SelectionSetNode | None, parent: GraphQLNamedType | None, *, noted: bool) -> None:
        """Look at a selection; ``noted`` where a field above notes the datasets that its fields tell of."""
        for node in selection.selections if selection is not None else ():
            match node:
                case FieldNode():
                    self._field(node, parent, noted=noted)
                case InlineFragmentNode():
                    self.selection(node.selection_set, self._within(parent, node.type_condition), noted=noted)
                case FragmentSpreadNode():
                    self._fragment(self.fragments[node.name.value], parent, noted=noted)
                case _:
                    pass

    def _fragment(self, node: FragmentDefinitionNode, parent: GraphQLNamedType | None, *, noted: bool) -> None:
        kind = self._within(parent, node.type_condition)
        seen = (node.name.value, None if kind is None else kind.name, noted)
        if seen not in self._spread:
            self._spread.add(seen)
            self.selection(node.selection_set, kind, noted=noted)

    def _within(self, parent: GraphQLNamedType | None, condition: NamedTypeNode | None) -> GraphQLNamedType | None:
        """The type that a fragment's fields are of: an object stays what it is, whatever it is asked as."""
        wanted = parent if condition is None else self.schema.get_type(condition.name.value)
        return parent if is_object_type(parent) and is_abstract_type(wanted) else wanted

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, *, noted: bool) -> None:
        if node.name.value == "__typename":
            return
        # Introspection's fields are on no type.
        definition = (
            parent.fields.get(node.name.value)
            if parent is not None and (is_object_type(parent) or is_interface_type(parent))
            else None
        )
        said = None if definition is None or parent is None else declared(parent, definition)
        if definition is None or said is None or said.never:
            self.known = False
            return
        noted = noted or said.notes
        self.topics |= said.topics
        (self.noted if noted else self.families).update(said.topics & FAMILIES)
        self.selection(node.selection_set, get_named_type(definition.type), noted=noted)
