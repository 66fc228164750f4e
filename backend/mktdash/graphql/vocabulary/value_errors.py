"""What is said of a value that does not fit its type: our own sentence, for graphql shows it as Python writes it."""

import re

from graphql import DocumentNode, FloatValueNode, GraphQLError, IntValueNode, Visitor, visit
from graphql.language.ast import Node

# More digits than any number here can have; Python refuses to read very many at all.
_LONGEST_NUMBER = 400
_SAID = re.compile(
    r"(?P<where>Variable '\$\w+' has invalid value[^:]*: )?(?P<kind>Int|Float|String|Boolean|ID) cannot "
)
_WANTED = {
    "Int": "an Int is a whole number from -2147483648 to 2147483647",
    "Float": "a Float is a number",
    "String": "a String is text in quotes",
    "Boolean": "a Boolean is true or false",
    "ID": "an ID is text in quotes, or a whole number",
}


def long_numbers(document: DocumentNode) -> list[GraphQLError]:
    """The numbers of a document that are too long to be any."""
    found: list[GraphQLError] = []

    class Look(Visitor):
        def _number(self, node: IntValueNode | FloatValueNode, *_: object) -> None:
            if len(node.value) > _LONGEST_NUMBER:
                found.append(_too_long(node, len(node.value)))

        enter_int_value = enter_float_value = _number

    visit(document, Look())
    return found


def _too_long(node: Node, length: int) -> GraphQLError:
    return GraphQLError(f"a number has {length} characters, at most {_LONGEST_NUMBER} are allowed", node)


def in_plain_words(message: str) -> str:
    """A message of graphql's, in our own words where it shows a value."""
    matched = _SAID.match(message)
    return message if matched is None else f"{matched['where'] or ''}{_WANTED[matched['kind']]}"
