"""What an answer depends on, told by its document before it runs, and noted while it does.

An answer is kept only where each field in it says what its value depends on (``declared``).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLNamedType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_interface_type,
    is_object_type,
)

from mktdash.graphql.documents.walk import Walk
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


def dependence_of(schema: GraphQLSchema, document: DocumentNode) -> Dependence | None:
    """What the answers to a valid document depend on; None where they must not be kept."""
    found = _Found(Walk.of(document, schema))
    for one in document.definitions:
        if isinstance(one, OperationDefinitionNode):
            if one.operation is not OperationType.QUERY:
                return None
            found.look([one.selection_set], schema.query_type, noted=False)
    if not found.known:
        return None
    return Dependence(
        topics=frozenset(found.topics - FAMILIES), families=frozenset(found.families), noted=frozenset(found.noted)
    )


@dataclass(slots=True)
class _Found:
    """What the fields of a document say, whatever its directives."""

    walk: Walk
    known: bool = True
    topics: set[str] = field(default_factory=set)
    families: set[str] = field(default_factory=set)
    noted: set[str] = field(default_factory=set)

    def look(self, merged: Sequence[SelectionSetNode], parent: GraphQLNamedType | None, *, noted: bool) -> None:
        """Look at a selection; ``noted`` where a field above notes the datasets that its fields tell of."""
        for node, kind in self.walk.fields(merged, parent):
            if node.name.value != "__typename":
                self._field(node, kind, noted=noted)

    def _field(self, node: FieldNode, kind: GraphQLNamedType | None, *, noted: bool) -> None:
        # Introspection's fields are on no type.
        fields = kind.fields if is_object_type(kind) or is_interface_type(kind) else {}
        definition = fields.get(node.name.value)
        declaration = None if definition is None or kind is None else declared(kind, definition)
        if definition is None or declaration is None or declaration.never:
            self.known = False
            return
        noted = noted or declaration.notes
        self.topics |= declaration.topics
        (self.noted if noted else self.families).update(declaration.topics & FAMILIES)
        if node.selection_set is not None:
            self.look([node.selection_set], get_named_type(definition.type), noted=noted)
