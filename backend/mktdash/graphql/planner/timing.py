"""How long operations and resolvers take, as histograms; and a line in the log for each slow query."""

import hashlib
import logging
from collections.abc import Iterator
from time import perf_counter

from graphql import DocumentNode, FieldNode, OperationDefinitionNode
from prometheus_client import Histogram
from strawberry.extensions import SchemaExtension

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)
OPERATIONS = Histogram(
    "mktdash_operation_seconds",
    "Time to execute a query or mutation, by its first root field.",
    ["field"],
    buckets=_BUCKETS,
)
RESOLVERS = Histogram(
    "mktdash_resolver_seconds", "Time to resolve a field for all its parents at once.", ["field"], buckets=_BUCKETS
)
SLOW_SECONDS = 0.5

_log = logging.getLogger(__name__)


def document_id(text: str) -> str:
    """What a document goes by: the SHA-256 of its text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Timed(SchemaExtension):
    """Times what is executed, which was found to be valid: its root field is one of the schema's."""

    def on_execute(self) -> Iterator[None]:
        """Time what comes in between."""
        execution = self.execution_context
        started = perf_counter()
        yield
        seconds = perf_counter() - started
        OPERATIONS.labels(_root(execution.graphql_document)).observe(seconds)
        if seconds > SLOW_SECONDS:
            request, document = execution.context.request_id, document_id(execution.query or "")
            _log.warning("slow query: %.0f ms, request %s, document %s", seconds * 1e3, request, document)


def _root(document: DocumentNode | None) -> str:
    for one in document.definitions if document is not None else ():
        if isinstance(one, OperationDefinitionNode):
            first = one.selection_set.selections[0]
            return first.name.value if isinstance(first, FieldNode) else "fragment"
    return "none"
