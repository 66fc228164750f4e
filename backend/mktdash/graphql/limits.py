"""Bounds on documents, judged before validation, looking at each fragment once.

Counting through fragments without memory is itself an attack: thirty fragments that each spread the next one twice
make a billion visits.
"""

from collections.abc import Mapping
from dataclasses import dataclass

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

MOST_TOKENS = 2_000
MOST_ERRORS = 5


@dataclass(frozen=True, slots=True)
class Extent:
    """How large a selection is once its fragments are spelt out."""

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    introspections: int = 0

    def beside(self, other: "Extent") -> "Extent":
        """Both selections, side by side."""
        return Extent(
            max(self.depth, other.depth),
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.directives + other.directives,
            self.introspections + other.introspections,
        )


# The standard introspection query is 15 deep; graphql-core bounds its lists within lists by a rule of its own.
MOST = Extent(depth=16, fields=500, aliases=50, directives=50, introspections=2)


RULES = (*specified_rules, MaybeNullValidationRule, OneOfInputValidationRule)


def judge(document: DocumentNode) -> list[str]:
    """What is too much about a document; nothing where all is within bounds."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    measured: dict[str, Extent] = {}
    problems = []
    for node in document.definitions:
        if not isinstance(node, OperationDefinitionNode):
            continue
        extent = _of(node.selection_set, fragments, measured).beside(Extent(directives=len(node.directives or ())))
        problems += [
            f"the operation has {what} {size}, the most allowed is {most}"
            for what, size, most in (
                ("depth", extent.depth, MOST.depth),
                ("fields", extent.fields, MOST.fields),
                ("aliases", extent.aliases, MOST.aliases),
                ("directives", extent.directives, MOST.directives),
                ("introspections", extent.introspections, MOST.introspections),
            )
            if size > most
        ]
    return problems


def _of(
    selection: SelectionSetNode | None, fragments: Mapping[str, FragmentDefinitionNode], measured: dict[str, Extent]
) -> Extent:
    total = Extent()
    for node in selection.selections if selection is not None else ():
        own = Extent(directives=len(node.directives or ()))
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


def _of_fragment(name: str, fragments: Mapping[str, FragmentDefinitionNode], measured: dict[str, Extent]) -> Extent:
    if name not in measured and name in fragments:
        # A fragment that spreads itself finds this nothing instead of itself; another rule refuses the document.
        measured[name] = Extent()
        measured[name] = _of(fragments[name].selection_set, fragments, measured)
    return measured.get(name, Extent())
