"""Reading, which is parsing and validation, once a document: known texts are kept, with their verdicts, within bounds.

Errors are made anew for each answer, because each answer marks its own errors with its own request id.
"""

from contextlib import suppress
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    OperationType,
    parse,
    validate,
)
from strawberry.types import ExecutionContext

from mktdash.domain.errors import InvalidInputError, ParseFailedError, ValidationFailedError
from mktdash.graphql.answer_cache.dependence import Dependence, dependence_of
from mktdash.graphql.documents.limits import MOST_CHARACTERS, MOST_ERRORS, MOST_TOKENS, RULES, judge
from mktdash.graphql.documents.operations import MOST_KEPT_CHARACTERS, operations_called
from mktdash.graphql.vocabulary.bounded_cache import WeightedCache
from mktdash.graphql.vocabulary.value_errors import long_numbers

# Reading a new text takes 3 to 15 us a character here, and a unit of cost is about 20 us of work.
_CHARACTERS_A_UNIT = 2


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed document, what is wrong with it, and what its answers depend on (None: they must not be kept)."""

    node: DocumentNode
    problems: tuple[GraphQLError, ...]
    operations: int
    dependence: Dependence | None


class DocumentCache:
    """Documents and what is wrong with them by their text, the least recently used forgotten first."""

    def __init__(
        self, schema: GraphQLSchema, most_characters: int = MOST_KEPT_CHARACTERS, *, introspection: bool = True
    ) -> None:
        self._schema = schema
        self._rules = RULES if introspection else (*RULES, NoSchemaIntrospectionCustomRule)
        self._kept: WeightedCache[str, Document | GraphQLError] = WeightedCache(most_characters)

    def __len__(self) -> int:
        return len(self._kept)

    def cost_to_read(self, text: str) -> int:
        """What a text costs its bearer to be read: nothing where it is known, or too long to be read at all."""
        if len(text) > MOST_CHARACTERS or self._kept.get(text) is not None:
            return 0
        return 1 + len(text) // _CHARACTERS_A_UNIT

    def document(self, text: str) -> Document:
        """A document of this text.

        Raises:
            GraphQLError: it does not parse, or is too long.
        """
        found = self._kept.get(text)
        if found is None:
            found = self._read(text)
            self._kept.put(text, found, len(text))
        if isinstance(found, GraphQLError):
            raise _again(found)
        return found

    def _read(self, text: str) -> Document | GraphQLError:
        if len(text) > MOST_CHARACTERS:
            message = f"the document has {len(text)} characters, the most allowed is {MOST_CHARACTERS}"
            return GraphQLError(message, extensions={"code": ValidationFailedError.code})
        try:
            node = parse(text, max_tokens=MOST_TOKENS)
        except GraphQLError as error:
            return error
        problems = self._problems(node)
        return Document(
            node,
            problems,
            sum(isinstance(one, OperationDefinitionNode) for one in node.definitions),
            None if problems else dependence_of(self._schema, node),
        )

    def _problems(self, node: DocumentNode) -> tuple[GraphQLError, ...]:
        # The cheap bounds first: validation itself takes long over a hostile document.
        too_much = judge(node)
        if too_much:
            return tuple(GraphQLError(problem) for problem in too_much[:MOST_ERRORS])
        unreadable = long_numbers(node)
        if unreadable:
            return tuple(unreadable[:MOST_ERRORS])
        return tuple(validate(self._schema, node, self._rules, max_errors=MOST_ERRORS))

    def prepare(self, execution: ExecutionContext) -> None:
        """Spare an operation parsing and validation: give it its document, and the verdict in errors of its own.

        One that does not parse is left to strawberry, which fails on it again: an exception from here would end a
        stream without a word.
        """
        execution.parse_options["max_tokens"] = MOST_TOKENS
        with suppress(GraphQLError):
            document = self.document(execution.query or "")
            execution.graphql_document = document.node
            execution.pre_execution_errors = [
                GraphQLError(problem.message, nodes=problem.nodes, extensions={"code": ValidationFailedError.code})
                for problem in document.problems
            ]
            if document.operations > 1 and not execution._provided_operation_name:  # noqa: SLF001 - strawberry would take the first
                unnamed = InvalidInputError(
                    "the document has several operations: name one as operationName", argument="operationName"
                )
                execution.pre_execution_errors.append(GraphQLError(unnamed.message, original_error=unnamed))

    def kind(self, text: str, name: str | None) -> OperationType | None:
        """What the operation asked for is; None where the text does not parse or it is not clear which is meant."""
        with suppress(GraphQLError):
            found = operations_called(self.document(text).node, name)
            return found[0].operation if len(found) == 1 else None
        return None

    def only_reads(self, text: str | None) -> bool:
        """Whether nothing but queries stands in a text."""
        with suppress(GraphQLError):
            return text is not None and not any(
                isinstance(one, OperationDefinitionNode) and one.operation is not OperationType.QUERY
                for one in self.document(text).node.definitions
            )
        return False

    def dependence(self, text: str) -> Dependence | None:
        """What the answers to a text depend on; None where they must not be kept."""
        with suppress(GraphQLError):
            return self.document(text).dependence
        return None


def _again(error: GraphQLError) -> GraphQLError:
    code = (error.extensions or {}).get("code", ParseFailedError.code)
    return GraphQLError(error.message, source=error.source, positions=error.positions, extensions={"code": code})
