"""One walk through documents: what is selected, of which type, whatever fragments and directives stand around it."""

import pytest
from graphql import OperationDefinitionNode, build_schema, parse
from graphql.execution.values import get_variable_values

from mktdash.graphql.documents.walk import Walk

SCHEMA = build_schema(
    "interface Node { id: ID } type A implements Node { id: ID a: Int } type B implements Node { id: ID b: Int }"
    "type Query { node: Node a: A q: Int r: Int }"
)


def fields(text, kind="Query", variables=None, entered=None):
    """The names of the fields at the top, each with the type it is asked of."""
    document = parse(text)
    operation = next(one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    given = None
    if variables is not None:
        given = get_variable_values(SCHEMA, operation.variable_definitions, variables)
    walk = Walk.of(document, SCHEMA, given)
    found = walk.fields([operation.selection_set], SCHEMA.get_type(kind), entered)
    return [f"{of.name}.{node.name.value}" for node, of in found]


def test_fragments_are_spelt_out_where_they_stand():
    text = "{ q ...F ... { r } q } fragment F on Query { a { a } ...G } fragment G on Query { node { id } }"

    assert fields(text) == ["Query.q", "Query.a", "Query.node", "Query.r", "Query.q"]


def test_a_fragment_is_entered_again_or_once_but_never_within_itself():
    text = "{ ...F ...F } fragment F on Query { q ...F ...G } fragment G on Query { r ...F }"

    assert fields(text) == ["Query.q", "Query.r"] * 2
    assert fields(text, entered=set()) == ["Query.q", "Query.r"]


def test_a_fragment_that_is_not_there_holds_nothing():
    assert fields("{ q ...Nope }") == ["Query.q"]


@pytest.mark.parametrize(
    ("kind", "found"),
    [("Node", ["Node.id", "A.a", "B.b", "Node.id"]), ("A", ["A.id", "A.a", "A.id"]), ("B", ["B.id", "B.b", "B.id"])],
)
def test_of_an_object_only_what_applies_is_selected_and_of_an_interface_all(kind, found):
    assert fields("{ id ... on A { a } ...F ... on Node { id } } fragment F on B { b }", kind) == found


def test_directives_are_judged_where_there_are_variables():
    text = """query ($yes: Boolean!) { q @skip(if: $yes) ... @include(if: $yes) { r } ...F @skip(if: true) node { id } }
    fragment F on Query { a { a } }"""

    assert fields(text) == ["Query.q", "Query.r", "Query.a", "Query.node"]
    assert fields(text, variables={"yes": True}) == ["Query.r", "Query.node"]
    assert fields(text, variables={"yes": False}) == ["Query.q", "Query.node"]
