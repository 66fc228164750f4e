"""Bounds on documents, judged before validation: on the whole document, each fragment looked at once.

Counting through fragments without memory is itself an attack: thirty fragments that each spread the next one twice
make a billion visits. And validation compares all fields of one name in a selection with one another, in pairs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from math import comb

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    specified_rules,
)
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

# Beyond these the parser itself, which reads character by character, would take long.
MOST_CHARACTERS = 50_000
MOST_TOKENS = 2_000
MOST_ERRORS = 5
# Fields of one name in one selection, counted in pairs: validation compares each pair, in 3 to 4 us here. Comparing
# two fragments takes four times that.
MOST_PAIRS = 3_000
_PAIRS_A_FRAGMENT_PAIR = 4


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a selection is once its fragments are spelt out."""

    depth: int = 0
    operations: int = 0
    fields: int = 0
    # Fields, inline fragments and spreads.
    selections: int = 0
    aliases: int = 0
    directives: int = 0
    introspections: int = 0

    def beside(self, other: "Extent") -> "Extent":
        """Both selections, side by side."""
        return Extent(
            max(self.depth, other.depth),
            self.operations + other.operations,
            self.fields + other.fields,
            self.selections + other.selections,
            self.aliases + other.aliases,
            self.directives + other.directives,
            self.introspections + other.introspections,
        )


# Of all operations of a document together. The standard introspection query is 15 deep; graphql-core bounds its lists
# within lists by a rule of its own.
MOST = Extent(depth=16, operations=50, fields=500, selections=1_000, aliases=50, directives=50, introspections=2)


RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)

_Fragments = Mapping[str, FragmentDefinitionNode]


def judge(document: DocumentNode) -> list[str]:
    """What is too much about a document; nothing where all is within bounds."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    measured: dict[str, Extent] = {}
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    total = Extent()
    for node in operations:
        own = Extent(operations=1, directives=len(node.directives or ()))
        total = total.beside(_of(node.selection_set, fragments, measured)).beside(own)
    problems = [
        f"the document has {one.name} {getattr(total, one.name)}, the most allowed is {getattr(MOST, one.name)}"
        for one in fields(Extent)
        if getattr(total, one.name) > getattr(MOST, one.name)
    ]
    # What no operation reaches was not counted, and would be validated all the same.
    problems += [f"Fragment '{name}' is never used." for name in fragments if name not in measured]
    if problems:
        return problems
    pairs = 0
    for node in operations:
        pairs += _pairs([node.selection_set], fragments)
        if pairs > MOST_PAIRS:
            return ["the document selects fields of one name too often; ask for each once, or under an alias"]
    return []


def _of(selection: SelectionSetNode | None, fragments: _Fragments, measured: dict[str, Extent]) -> Extent:
    total = Extent()
    for node in selection.selections if selection is not None else ():
        own = Extent(selections=1, directives=len(node.directives or ()))
        match node:
            case FieldNode():
                inner = _of(node.selection_set, fragments, measured)
                own = own.beside(inner).beside(
                    Extent(
                        depth=inner.depth + 1,
                        fields=1,
                        aliases=1 if node.alias else 0,
                        introspections=1 if node.name.value in {"__schema", "__type"} else 0,
                    )
                )
            case InlineFragmentNode():
                own = own.beside(_of(node.selection_set, fragments, measured))
            case FragmentSpreadNode():
                own = own.beside(_of_fragment(node.name.value, fragments, measured))
            case _:
                pass
        total = total.beside(own)
    return total


def _of_fragment(name: str, fragments: _Fragments, measured: dict[str, Extent]) -> Extent:
    if name not in measured and name in fragments:
        # A fragment that spreads itself finds this nothing instead of itself; another rule refuses the document.
        measured[name] = Extent()
        measured[name] = _of(fragments[name].selection_set, fragments, measured)
    return measured.get(name, Extent())


def _pairs(merged: Sequence[SelectionSetNode], fragments: _Fragments) -> int:
    """How many comparisons validation makes in selections that are one once merged, and below them."""
    by_key: dict[str, list[SelectionSetNode | None]] = {}
    spread: set[str] = set()
    for node in _fields(merged, fragments, spread):
        by_key.setdefault((node.alias or node.name).value, []).append(node.selection_set)
    pairs = _PAIRS_A_FRAGMENT_PAIR * comb(len(spread), 2) + sum(comb(len(sets), 2) for sets in by_key.values())
    for sets in by_key.values():
        below = [one for one in sets if one is not None]
        if below and pairs <= MOST_PAIRS:
            pairs += _pairs(below, fragments)
    return pairs


def _fields(merged: Iterable[SelectionSetNode], fragments: _Fragments, spread: set[str]) -> Iterable[FieldNode]:
    for selection in merged:
        for node in selection.selections:
            match node:
                case FieldNode():
                    yield node
                case InlineFragmentNode():
                    yield from _fields([node.selection_set], fragments, spread)
                case FragmentSpreadNode() if node.name.value not in spread and node.name.value in fragments:
                    spread.add(node.name.value)
                    yield from _fields([fragments[node.name.value].selection_set], fragments, spread)
                case _:
                    pass
