"""What an answer depends on, told by its document before it runs, and noted while it does.

An answer may be kept under the versions it was read at only if nothing else enters into it: not the time, not who
asks, not the process. A root field that is not listed here is never kept.
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
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    is_interface_type,
    is_object_type,
)

from mktdash.store import versions
from mktdash.store.versions import Versions

# Where a request carries its reading to the operation.
READING_KEY = "mktdash.reading"

# Roots whose answers notice the datasets they read, as they read them.
NOTICED = frozenset({"instruments", "instrument", "series"})
# Roots that may read any dataset.
ANYTHING = frozenset({"datasets", "dataset", "provenance", "revisions"})
REPORTS = frozenset({"reportRuns", "reportRun"})
# Roots made of code alone.
CONSTANT = frozenset({"reportTemplates"})
KEPT_ROOTS = NOTICED | ANYTHING | REPORTS | CONSTANT
# Of the process, of the moment, or of whoever asks.
NEVER_ROOTS = frozenset({"node", "nodes", "serverInfo", "viewer", "alerts", "replayRuns", "replayRun", "sources"})
# What the clock enters into below the roots; whether a verdict is too old to count is noted as the answer's end.
NEVER_FIELDS = frozenset({"SeriesQuality.missing", "DatasetQuality.missing"})

_ABOUT = frozenset({"Dataset.checkedAt", "Dataset.lastError", "Dataset.lastErrorAt"})
_VERDICTS = frozenset({"QualityStatus", "QualityMetric", "DatasetQuality", "SeriesQuality"})
_OF_VERDICTS = frozenset({"SeriesSummary.qualityCountsUntil"})


@dataclass(frozen=True, slots=True)
class Dependence:
    """What all answers to a document depend on.

    Attributes:
        topics: versions that count whatever is read.
        anything: the versions of every topic count.
        about, verdicts: of each dataset read, its dealings with its source and the verdicts on it count too.
    """

    topics: frozenset[str]
    anything: bool
    about: bool
    verdicts: bool


@dataclass(slots=True)
class Reading:
    """What one answer was made from.

    Attributes:
        dependence: None where the answer must not be kept.
        versions: as of the very snapshot that was read.
        until: the instant (microseconds) from which the same data say something else; None for never.
        clean: executed to its end without an error.
    """

    dependence: Dependence | None = None
    versions: Versions | None = None
    topics: set[str] = field(default_factory=set)
    until: int | None = None
    clean: bool = False

    def saw(self, dataset: str) -> None:
        """Note that something of a dataset is in the answer."""
        if self.dependence is None:
            return
        self.topics.add(versions.data(dataset))
        if self.dependence.about:
            self.topics.add(versions.about(dataset))
        if self.dependence.verdicts:
            self.topics.add(versions.quality(dataset))

    def ends(self, instant: int) -> None:
        """Note that the answer holds until an instant, and not from it on."""
        self.until = instant if self.until is None else min(self.until, instant)


def dependence_of(schema: GraphQLSchema, node: DocumentNode) -> Dependence | None:
    """What the answers to a valid document depend on; None where they must not be kept."""
    walk = _Walk(schema, {one.name.value: one for one in node.definitions if isinstance(one, FragmentDefinitionNode)})
    for one in node.definitions:
        if isinstance(one, OperationDefinitionNode):
            if one.operation is not OperationType.QUERY or schema.query_type is None:
                return None
            walk.selection(one.selection_set, schema.query_type)
    roots = {name.removeprefix("Query.") for name in walk.fields if name.startswith("Query.")}
    if not roots <= KEPT_ROOTS or walk.fields & NEVER_FIELDS:
        return None
    topics = set()
    if roots & NOTICED:
        topics.add(versions.CATALOGUE)
    if roots & REPORTS:
        topics.add(versions.REPORTS)
    return Dependence(
        topics=frozenset(topics),
        anything=bool(roots & ANYTHING),
        about=bool(walk.fields & _ABOUT),
        verdicts=bool(walk.types & _VERDICTS or walk.fields & _OF_VERDICTS),
    )


@dataclass(slots=True)
class _Walk:
    """Every field a document may visit, as ``Type.field``, and every type; each fragment is looked at once."""

    schema: GraphQLSchema
    fragments: dict[str, FragmentDefinitionNode]
    fields: set[str] = field(default_factory=set)
    types: set[str] = field(default_factory=set)
    _spread: set[str] = field(default_factory=set)

    def selection(self, selection: SelectionSetNode | None, parent: GraphQLNamedType | None) -> None:
        for node in selection.selections if selection is not None else ():
            match node:
                case FieldNode():
                    self._field(node, parent)
                case InlineFragmentNode():
                    on = node.type_condition
                    self.selection(node.selection_set, parent if on is None else self.schema.get_type(on.name.value))
                case FragmentSpreadNode() if node.name.value not in self._spread:
                    self._spread.add(node.name.value)
                    fragment = self.fragments[node.name.value]
                    self.selection(fragment.selection_set, self.schema.get_type(fragment.type_condition.name.value))
                case _:
                    pass

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None) -> None:
        name = node.name.value
        if name == "__typename" or parent is None:
            return
        self.fields.add(f"{parent.name}.{name}")
        # Introspection's fields are on no type: they count as roots that are not listed.
        if is_object_type(parent) or is_interface_type(parent):
            definition = parent.fields.get(name)
            if definition is not None:
                kind = get_named_type(definition.type)
                self.types.add(kind.name)
                self.selection(node.selection_set, kind)
