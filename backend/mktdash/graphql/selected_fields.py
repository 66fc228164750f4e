"""What a query asks of a field, so that nothing else is read."""

from collections.abc import Callable, Sequence
from typing import Any

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from mktdash.graphql.context import Info


def asked(info: Info) -> frozenset[str]:
    """The names of the fields selected just under the present one, through fragments; directives are not judged."""
    raw = info._raw_info  # noqa: SLF001 - strawberry's own wrapper builds whole trees, which costs more than the read
    return _remembered(raw, None, lambda: [node.selection_set for node in raw.field_nodes])


def asked_within(info: Info, field: str) -> frozenset[str]:
    """The names of the fields selected under a field just under the present one, wherever it is selected."""
    raw = info._raw_info  # noqa: SLF001 - as above

    def selections() -> list[SelectionSetNode | None]:
        found: list[SelectionSetNode | None] = []
        for node in raw.field_nodes:
            _collect_selections(node.selection_set, field, raw.fragments, found)
        return found

    return _remembered(raw, field, selections)


def _remembered(
    raw: Any, field: str | None, selections: Callable[[], Sequence[SelectionSetNode | None]]
) -> frozenset[str]:
    """The names in selections; a plan asks for the same ones again and again, and has a place to keep them."""
    known: dict[str | None, frozenset[str]] = getattr(raw, "asked", {})
    if field not in known:
        names: set[str] = set()
        for selection in selections():
            _collect(selection, raw.fragments, names)
        known[field] = frozenset(names)
    return known[field]


def _collect_selections(
    selection: SelectionSetNode | None,
    field: str,
    fragments: dict[str, FragmentDefinitionNode],
    found: list[SelectionSetNode | None],
) -> None:
    for node in selection.selections if selection is not None else ():
        match node:
            case FieldNode() if node.name.value == field and node.selection_set is not None:
                found.append(node.selection_set)
            case InlineFragmentNode():
                _collect_selections(node.selection_set, field, fragments, found)
            case FragmentSpreadNode():
                _collect_selections(fragments[node.name.value].selection_set, field, fragments, found)
            case _:
                pass


def _collect(selection: SelectionSetNode | None, fragments: dict[str, FragmentDefinitionNode], names: set[str]) -> None:
    if selection is None:
        return
    for node in selection.selections:
        match node:
            case FieldNode():
                names.add(node.name.value)
            case InlineFragmentNode():
                _collect(node.selection_set, fragments, names)
            case FragmentSpreadNode():
                _collect(fragments[node.name.value].selection_set, fragments, names)
            case _:
                pass
