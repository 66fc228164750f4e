"""Documents are parsed and judged once, and errors belong to one answer each."""

import pytest
from graphql import GraphQLError

from mktdash.graphql.documents import DocumentCache
from mktdash.graphql.schema import MktdashSchema

SCHEMA = MktdashSchema()


def cache(**options):
    return DocumentCache(SCHEMA._schema, **options)


def test_a_known_document_is_not_parsed_again():
    documents = cache()

    assert documents.document("{ viewer { role } }") is documents.document("{ viewer { role } }")


def test_the_cache_is_bounded():
    documents = cache(most=3)
    for n in range(10):
        documents.document(f"{{ a{n}: viewer {{ role }} }}")

    assert len(documents) == 3


def test_text_that_does_not_parse_is_an_error_each_time_and_not_kept():
    documents = cache()
    for _ in range(2):
        with pytest.raises(GraphQLError):
            documents.document("{")

    assert len(documents) == 0


def test_too_many_tokens_are_refused():
    with pytest.raises(GraphQLError, match="token"):
        cache().document("{ viewer { " + "role " * 3000 + "} }")


def test_at_most_five_problems_are_told():
    assert len(cache().document("{ a b c d e f g h }").problems) <= 6


def test_long_documents_are_served_but_not_kept():
    documents = cache()
    documents.document("{ viewer { role } } #" + "x" * 30_000)

    assert len(documents) == 0
