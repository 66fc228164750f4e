"""How long operations and resolvers take, as histograms; and a line in the log for each slow query."""

import hashlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def timed(document: DocumentNode | None, text: str | None, request_id: str) -> Iterator[None]:
    """Time an operation that was found to be valid, so its root field is one of the schema's."""
    started = perf_counter()
    yield
    seconds = perf_counter() - started
    OPERATIONS.labels(_root(document)).observe(seconds)
    if seconds > SLOW_SECONDS:
        _log.warning("slow query: %.0f ms, request %s, document %s", seconds * 1e3, request_id, document_id(text or ""))


class Timed(SchemaExtension):
    """Times what the executor runs."""

    def on_execute(self) -> Iterator[None]:
        """Time what comes in between."""
        execution = self.execution_context
        with timed(execution.graphql_document, execution.query, execution.context.request_id):
            yield


def _root(document: DocumentNode | None) -> str:
    for one in document.definitions if document is not None else ():
        if isinstance(one, OperationDefinitionNode):
            first = one.selection_set.selections[0]
            return first.name.value if isinstance(first, FieldNode) else "fragment"
    return "none"
