"""Bounds on documents, judged before validation: on the whole document, and no further than a bound is passed.

Thirty fragments that each spread the next one twice make a billion visits, so counting them all would itself be an
attack. And validation compares all fields of one name in a selection with one another, in pairs.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import comb

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
    specified_rules,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from mktdash.graphql.documents.walk import Walk

# Beyond these the parser itself, which reads character by character, would take long.
MOST_CHARACTERS = 50_000
MOST_TOKENS = 2_000
MOST_ERRORS = 5
# Fields of one name in one selection, counted in pairs: validation compares each pair, in 3 to 4 us here. Comparing
# two fragments takes four times that.
MOST_PAIRS = 3_000
_PAIRS_A_FRAGMENT_PAIR = 4


@dataclass(frozen=True, slots=True)
class DocumentSize:
    """How large a document may be with its fragments expanded."""

    depth: int = 0
    operations: int = 0
    fields: int = 0
    # Fields, inline fragments and spreads.
    selections: int = 0
    aliases: int = 0
    directives: int = 0
    introspections: int = 0


# Of all operations of a document together. The standard introspection query is 15 deep; graphql-core bounds its lists
# within lists by a rule of its own.
MOST = DocumentSize(depth=16, operations=50, fields=500, selections=1_000, aliases=50, directives=50, introspections=2)


RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


def judge(document: DocumentNode) -> list[str]:
    """What is too much about a document; nothing where all is within bounds."""
    extent = _Extent(Walk.of(document))
    operations = [one for one in document.definitions if isinstance(one, OperationDefinitionNode)]
    try:
        for one in operations:
            extent.add("operations")
            extent.add("directives", len(one.directives or ()))
            extent.measure(one.selection_set, depth=1)
    except _TooMuchError as problem:
        return [str(problem)]
    # What no operation reaches was not counted, and would be validated all the same.
    unused = [f"Fragment '{name}' is never used." for name in extent.walk.fragments if name not in extent.spread]
    if unused:
        return unused
    pairs = 0
    for one in operations:
        pairs += _pairs([one.selection_set], extent.walk)
        if pairs > MOST_PAIRS:
            return ["the document selects fields of one name too often; ask for each once, or under an alias"]
    return []


class _TooMuchError(Exception):
    """The document goes over a bound, and was looked at no further."""


class _Extent:
    """How large a document is with its fragments expanded."""

    def __init__(self, walk: Walk) -> None:
        self.walk = walk
        self.spread: set[str] = set()
        self._counts: Counter[str] = Counter()

    def add(self, what: str, n: int = 1) -> None:
        """Count.

        Raises:
            _TooMuchError: there are too many of these.
        """
        self._counts[what] += n
        most = getattr(MOST, what)
        if self._counts[what] > most:
            raise _TooMuchError(f"the document has more than {most} {what}, with its fragments expanded")

    def measure(self, selection: SelectionSetNode, depth: int) -> None:
        """Count what is in a selection and below it.

        Raises:
            _TooMuchError: it is too much.
        """
        for node, _ in self.walk.selections([selection]):
            self.add("selections")
            self.add("directives", len(node.directives or ()))
            if isinstance(node, FragmentSpreadNode):
                self.spread.add(node.name.value)
            elif isinstance(node, FieldNode):
                self.add("fields")
                self.add("aliases", 1 if node.alias else 0)
                self.add("introspections", 1 if node.name.value in {"__schema", "__type"} else 0)
                if depth > MOST.depth:
                    raise _TooMuchError(f"the document is more than {MOST.depth} fields deep")
                if node.selection_set is not None:
                    self.measure(node.selection_set, depth + 1)


def _pairs(merged: Sequence[SelectionSetNode], walk: Walk) -> int:
    """How many comparisons validation makes in selections that are one once merged, and below them."""
    by_key: dict[str, list[SelectionSetNode | None]] = {}
    entered: set[str] = set()
    for node, _ in walk.fields(merged, entered=entered):
        by_key.setdefault((node.alias or node.name).value, []).append(node.selection_set)
    pairs = _PAIRS_A_FRAGMENT_PAIR * comb(len(entered), 2) + sum(comb(len(sets), 2) for sets in by_key.values())
    for sets in by_key.values():
        below = [one for one in sets if one is not None]
        if below and pairs <= MOST_PAIRS:
            pairs += _pairs(below, walk)
    return pairs
