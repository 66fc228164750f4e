"""Documents are parsed and judged once, and errors belong to one answer each."""

import time

import pytest
from graphql import GraphQLError

from mktdash.graphql.documents.cache import DocumentCache
from mktdash.graphql.schema import MktdashSchema

SCHEMA = MktdashSchema()


def cache(**options):
    return DocumentCache(SCHEMA.core, **options)


def test_a_known_document_is_not_parsed_again():
    documents = cache()

    assert documents.document("{ viewer { role } }") is documents.document("{ viewer { role } }")


def test_the_cache_is_bounded_by_the_length_of_its_texts():
    documents = cache(most_characters=1_000)
    for n in range(100):
        documents.document(f"{{ a{n}: viewer {{ role }} }}")

    assert len(documents) == 1_000 // len("{ a99: viewer { role } }")


def test_text_that_does_not_parse_is_read_once_and_an_error_of_its_own_each_time(monkeypatch):
    documents, read = cache(), []
    do = documents._read  # noqa: SLF001 - nothing outside shows how often a text was read
    monkeypatch.setattr(documents, "_read", lambda text: read.append(text) or do(text))
    raised = []
    for _ in range(2):
        with pytest.raises(GraphQLError, match="Syntax Error") as caught:
            documents.document("{")
        raised.append(caught.value)

    assert read == ["{"]
    assert raised[0] is not raised[1]
    assert raised[0].locations == raised[1].locations != []


def test_too_many_tokens_are_refused():
    with pytest.raises(GraphQLError, match="token"):
        cache().document("{ viewer { " + "role " * 3000 + "} }")


def test_at_most_five_problems_are_told():
    assert len(cache().document("{ a b c d e f g h }").problems) <= 6


def test_a_text_of_too_many_characters_is_not_even_parsed():
    documents = cache()
    text = "{ viewer { role } } #" + "x" * 50_000

    assert documents.cost_to_read(text) == 0
    with pytest.raises(GraphQLError, match="characters"):
        documents.document(text)


def test_a_new_text_costs_by_its_length_and_a_known_one_nothing():
    documents = cache()
    text = "{ viewer { role } }"

    assert documents.cost_to_read(text) == 1 + len(text) // 2
    documents.document(text)
    assert documents.cost_to_read(text) == 0


# What reading these takes is told apart from the slowness of a machine by what an honest document takes beside it.
HOSTILE = {
    "a fragment of many equal fields that nothing uses": "{ viewer { role } } fragment F on Query {"
    + "viewer { role } " * 480
    + "}",
    "many equal fields": "{" + "viewer { role } " * 240 + "}",
    "equal fields within equal fields": "{" + ("datasets { series {" + "id " * 20 + "} } ") * 24 + "}",
    "many fragments side by side": "{"
    + "".join(f"...F{n} " for n in range(150))
    + "}"
    + " ".join(f"fragment F{n} on Query {{ viewer {{ role }} }}" for n in range(150)),
    "operations that share fragments": " ".join(f"query Q{n} {{ ...F }}" for n in range(100))
    + " fragment F on Query {"
    + "viewer { role } " * 75
    + "}",
    "inline fragments in a fragment spread often": "{"
    + "...F " * 200
    + "} fragment F on Query {"
    + "... {" * 100
    + "__typename"
    + "}" * 100
    + "}",
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_document_takes_no_longer_than_a_few_honest_ones(what):
    honest = "{" + " ".join(f"a{n}: viewer {{ role name canRead }}" for n in range(45)) + "}"

    assert _seconds(HOSTILE[what]) < 12 * _seconds(honest)


def _seconds(text):
    taken = []
    for _ in range(5):
        documents, started = cache(), time.process_time()
        assert documents.document(text).node
        taken.append(time.process_time() - started)
    return min(taken)


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_document_is_refused_with_a_reason(what):
    assert [problem.message for problem in cache().document(HOSTILE[what]).problems]
