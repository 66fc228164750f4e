"""Which operations of a document a request can mean, and how much of documents is kept."""

from graphql import DocumentNode, OperationDefinitionNode

# Of their text, wherever documents are kept or something is made of them: in memory a document takes some hundred times
# as much where its words are short.
MOST_KEPT_CHARACTERS = 512 * 1024


def characters(document: DocumentNode) -> int:
    """How long a document's text is."""
    return len(document.loc.source.body) if document.loc is not None else 1


def operations_called(document: DocumentNode, name: str | None) -> list[OperationDefinitionNode]:
    """The operations of a name, of which a valid document has one at most; all of them where no name is given."""
    return [
        one
        for one in document.definitions
        if isinstance(one, OperationDefinitionNode) and (not name or (one.name is not None and one.name.value == name))
    ]
