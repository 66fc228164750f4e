"""What operations cost, judged from their text and their variables."""

import pytest
from graphql import parse

from mktdash.graphql.documents.cost import MOST, Costs
from mktdash.graphql.schema import MktdashSchema

COSTS = Costs(MktdashSchema().core)


def cost(text, sizes=None, **variables):
    return COSTS.of(parse(text), None, variables, sizes)


def test_scalars_cost_nothing_and_objects_one():
    assert cost("{ viewer { role name canRead } }") == 2
    assert cost("{ serverInfo { version } viewer { role } }") == 3


def test_a_page_costs_its_items():
    small = cost("{ instruments(first: 1) { edges { node { symbol } } } }")
    large = cost("{ instruments(first: 100) { edges { node { symbol } } } }")

    assert large - small == 99 * 2


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("query($n: Int!) { instruments(first: $n) { edges { node { symbol } } } }", {"n": 100}),
        ("query($n: Int! = 100) { instruments(first: $n) { edges { node { symbol } } } }", {}),
        ("{ ...Page } fragment Page on Query { instruments(first: 100) { edges { ... { node { symbol } } } } }", {}),
    ],
)
def test_variables_defaults_and_fragments_count_alike(text, variables):
    assert cost(text, **variables) == cost("{ instruments(first: 100) { edges { node { symbol } } } }")


def test_a_list_counts_alike_as_literal_variable_and_default():
    ids = [f"a{n}" for n in range(90)]
    text = "[" + ", ".join(f'"{one}"' for one in ids) + "]"
    literal = cost(f"{{ nodes(ids: {text}) {{ id }} }}")

    assert cost("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", ids=ids) == literal
    assert cost(f"query($ids: [ID!]! = {text}) {{ nodes(ids: $ids) {{ id }} }}") == literal
    assert literal > 90


def test_a_known_document_costs_what_its_variables_say_each_time():
    document = parse("query($n: Int = 3, $text: String) { instruments(first: $n, search: $text) { edges { cursor } } }")
    literal = [cost(f"{{ instruments(first: {n}) {{ edges {{ cursor }} }} }}") for n in (9, 2, 3)]

    def of(**variables):
        return COSTS.of(document, None, variables)

    assert len(set(literal)) == 3
    assert [of(n=9), of(n=2), of(), of(n=3, text="a"), of(n=9, text="b")] == [*literal, literal[2], literal[0]]
    # Null is none at all, and what is no number says nothing.
    assert of(n=None) == of(n="9") == of(n=50)
    assert of(n=9, text=[1, 2]) == of(n=9)


def test_what_is_left_out_counts_as_its_default():
    assert cost("{ instruments { edges { node { symbol } } } }") == cost(
        "{ instruments(first: 50) { edges { node { symbol } } } }"
    )


def test_points_cost_by_their_number():
    assert cost('{ series(symbol: "A", maxPoints: 400) { points { value } } }') < cost(
        '{ series(symbol: "A") { points { value } } }'
    )


def test_a_list_that_turned_out_short_cost_less():
    document = parse("{ instruments(first: 100) { edges { node { symbol } } } }")
    [operation] = document.definitions
    [field] = operation.selection_set.selections

    found = COSTS.of(document, None, {}, {id(field): 3})

    assert found == cost("{ instruments(first: 3) { edges { node { symbol } } } }")


def test_lists_within_lists_multiply_beyond_what_any_operation_may_cost():
    deep = "{ instruments(first: 200) { edges { node { series { recent(last: 500) { value } latest { value } } } } } }"
    many = " ".join(f"a{n}: " + deep[2:-2] for n in range(10))

    assert cost("{" + many + "}") > MOST


def test_the_watchlist_of_the_page_is_far_from_the_bound():
    watchlist = """{ instruments(first: 200) { totalCount edges { node { symbol name series { source quality
      latest { value change flags } recent(last: 30) { asOfMs value } freshness { status } } } } } }"""

    assert cost(watchlist) < MOST / 4


def test_negative_and_absurd_sizes_do_no_harm():
    assert cost("{ instruments(first: -5) { edges { node { symbol } } } }") >= 1
    assert cost("query($n: Int!) { instruments(first: $n) { totalCount } }", n="five") >= 1
