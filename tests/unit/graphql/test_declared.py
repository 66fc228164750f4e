"""Every field that can be read says what its value depends on, or why no answer with it is kept."""

from typing import Any

import pytest
import strawberry
from graphql import get_named_type, is_abstract_type, is_object_type, parse

from mktdash.graphql.answer_cache.dependence import Reading, dependence_of
from mktdash.graphql.schema import MktdashSchema
from mktdash.graphql.vocabulary.depends_on import (
    attributes_depend_on,
    attributes_never_kept,
    declared,
    depends_on,
    never_kept,
)
from mktdash.store.live.topic_versions import ABOUT, CATALOGUE, DATA, FAMILIES, QUALITY, RAW, REPORTS

TOPICS = FAMILIES | {CATALOGUE, RAW, REPORTS}
SCHEMA = MktdashSchema().core


def readable():
    """Each field of each object type that a query may reach, with its type."""
    found: dict[str, Any] = {}
    left = [SCHEMA.query_type]
    while left:
        kind = left.pop()
        if kind.name in found:
            continue
        if is_abstract_type(kind):
            left.extend(SCHEMA.get_possible_types(kind))
        elif is_object_type(kind):
            found[kind.name] = kind
            left.extend(get_named_type(field.type) for field in kind.fields.values())
    return [(kind, name, field) for kind in found.values() for name, field in kind.fields.items()]


def test_every_field_that_can_be_read_is_declared():
    """Say at the field what its value changes with: ``metadata=depends_on(...)``, or ``never_kept("why")``.

    ``backend/mktdash/graphql/vocabulary/depends_on.py`` says what each of them promises; without it no answer is kept.
    """
    silent = {f"{kind.name}.{name}" for kind, name, field in readable() if declared(kind, field) is None}

    assert silent == set()


def test_what_is_declared_is_a_topic_or_a_reason():
    for kind, name, field in readable():
        said = declared(kind, field)
        assert said.topics <= TOPICS, f"{kind.name}.{name}"
        assert not (said.never and said.topics), f"{kind.name}.{name}"


@attributes_depend_on(CATALOGUE)
@strawberry.type
class Leaf:
    name: str
    other: str = strawberry.field(metadata=depends_on(ABOUT))

    @strawberry.field
    def worked_out(self) -> str:
        return ""

    @strawberry.field(metadata=depends_on(DATA))
    def known(self) -> str:
        return ""


@strawberry.type
class Derived(Leaf):
    more: str = ""


@attributes_depend_on(CATALOGUE)
@strawberry.type
class Tree:
    leaf: Leaf
    told: Leaf = strawberry.field(metadata=depends_on(REPORTS))


@attributes_never_kept("it is of the moment")
@strawberry.type
class Moment:
    now: str


@strawberry.interface
class Named:
    name: str


@attributes_depend_on(REPORTS)
@strawberry.type
class Both(Named):
    """Of one name."""


@strawberry.type
class Query:
    tree: Tree = strawberry.field(metadata=depends_on(CATALOGUE))
    noted: Tree = strawberry.field(metadata=depends_on(QUALITY, notes=True))
    leaf: Leaf = strawberry.field(metadata=depends_on())
    derived: Derived = strawberry.field(metadata=depends_on())
    moment: Moment = strawberry.field(metadata=depends_on())
    clock: str = strawberry.field(metadata=never_kept("it is of the moment"))
    both: Both = strawberry.field(metadata=depends_on())
    either: Named = strawberry.field(metadata=depends_on())
    silent: str


SMALL = MktdashSchema(Query).core


@pytest.mark.parametrize(
    "text",
    [
        "{ silent }",
        "{ leaf { workedOut } }",
        "{ tree { leaf { name } } }",
        "{ derived { more } }",
        "{ derived { name } }",
        "{ moment { now } }",
        "{ moment { __typename now } }",
        "{ clock }",
        "{ either { name } }",
        "{ leaf { name } clock }",
        "query ($a: Boolean!) { leaf { name } clock @include(if: $a) }",
        "{ leaf { name } ...F } fragment F on Query { ... on Query { silent } }",
        "query A { leaf { name } } query B { clock }",
        "{ __schema { queryType { name } } }",
        '{ leaf { name } __type(name: "Leaf") { name } }',
    ],
)
def test_a_document_with_a_field_that_says_nothing_or_never_is_not_kept(text):
    assert dependence_of(SMALL, parse(text)) is None


@pytest.mark.parametrize(
    ("text", "topics", "families", "noted"),
    [
        ("{ __typename leaf { __typename } }", set(), set(), set()),
        ("{ leaf { name } }", {CATALOGUE}, set(), set()),
        ("{ leaf { other } }", set(), {ABOUT}, set()),
        ("{ tree { told { name other known } } }", {CATALOGUE, REPORTS}, {ABOUT, DATA}, set()),
        ("{ noted { told { known } } }", {REPORTS}, set(), {QUALITY, DATA}),
        # Once below a field that notes, once not: all datasets count.
        (
            "{ noted { ...T } tree { ...T } } fragment T on Tree { told { known } }",
            {CATALOGUE, REPORTS},
            {DATA},
            {QUALITY, DATA},
        ),
        ("{ both { ...N ... on Named { name } } } fragment N on Named { name }", {REPORTS}, set(), set()),
        ("query A { leaf { name } } query B { leaf { other } }", {CATALOGUE}, {ABOUT}, set()),
        ("{ leaf { other @skip(if: true) } }", set(), {ABOUT}, set()),
    ],
)
def test_a_document_depends_on_all_that_its_fields_say(text, topics, families, noted):
    found = dependence_of(SMALL, parse(text))

    assert (found.topics, found.families, found.noted) == (topics, families, noted)


def test_what_is_noted_counts_in_the_families_of_fields_below_alone():
    reading = Reading({}, dependence_of(SMALL, parse("{ noted { told { known } } leaf { other } }")))

    reading.saw("ecb")

    assert reading.topics == {"quality:ecb", "data:ecb"}
