"""Which operations of a document a request can mean."""

from graphql import DocumentNode, OperationDefinitionNode


def operations_called(document: DocumentNode, name: str | None) -> list[OperationDefinitionNode]:
    """The operations of a name, of which a valid document has one at most; all of them where no name is given."""
    return [
        one
        for one in document.definitions
        if isinstance(one, OperationDefinitionNode) and (not name or (one.name is not None and one.name.value == name))
    ]
