"""What a query asks of a field, so that nothing else is read."""

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, SelectionSetNode

from mktdash.graphql.context import Info


def asked(info: Info) -> frozenset[str]:
    """The names of the fields selected just under the present one, through fragments; directives are not judged."""
    raw = info._raw_info  # noqa: SLF001 - strawberry's own wrapper builds whole trees, which costs more than the read
    names: set[str] = set()
    for node in raw.field_nodes:
        _collect(node.selection_set, raw.fragments, names)
    return frozenset(names)


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
