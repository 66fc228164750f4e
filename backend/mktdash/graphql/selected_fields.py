"""What a query asks of a field, so that nothing else is read."""

from mktdash.graphql.context import Info
from mktdash.graphql.documents.walk import Walk


def asked(info: Info, *path: str) -> frozenset[str]:
    """The names of the fields selected under the present one, or under those of a path below it, wherever they are.

    Directives are not judged.
    """
    raw = info._raw_info  # noqa: SLF001 - strawberry's own wrapper builds whole trees, which costs more than the read
    walk = Walk(raw.fragments)
    selections = [node.selection_set for node in raw.field_nodes]
    for name in path:
        selections = [node.selection_set for node, _ in walk.fields(selections) if node.name.value == name]
    return frozenset(node.name.value for node, _ in walk.fields(selections))
