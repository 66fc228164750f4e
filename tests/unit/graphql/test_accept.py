"""The media type of an answer is the one the client wants most."""

import pytest

from mktdash.domain.errors import NotAcceptableError
from mktdash.graphql.transport.media_types import EVENT_STREAM, JSON, RESPONSE_JSON, answer_type, is_json


@pytest.mark.parametrize(
    ("accept", "given"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*;q=0.9", JSON),
        ("application/json", JSON),
        ("application/graphql-response+json", RESPONSE_JSON),
        ("application/graphql-response+json, application/json;q=0.9", RESPONSE_JSON),
        ("application/json;q=0.5, application/graphql-response+json;q=0.6", RESPONSE_JSON),
        ("text/event-stream", EVENT_STREAM),
        # what urql sends with a query: it can read streams, it does not ask for one
        (
            "application/graphql-response+json, application/graphql+json, application/json, text/event-stream",
            RESPONSE_JSON,
        ),
        ("text/event-stream, multipart/mixed", EVENT_STREAM),
        ("Application/JSON; charset=UTF-8", JSON),
    ],
)
def test_the_type_wanted_most_is_given(accept, given):
    assert answer_type(accept) == given


@pytest.mark.parametrize(
    "accept", ["text/html", "application/json;q=0", "application/json;charset=latin-1", "nonsense"]
)
def test_nothing_acceptable_is_an_error_that_lists_what_there_is(accept):
    with pytest.raises(NotAcceptableError) as refused:
        answer_type(accept)

    assert JSON in refused.value.data["given"]


@pytest.mark.parametrize(
    ("content_type", "good"),
    [
        ("application/json", True),
        ("application/json; charset=utf-8", True),
        ("application/jsonp", False),
        ("text/plain; x=application/json", False),
        ("application/json; charset=utf-16", False),
        ("application/x-www-form-urlencoded", False),
        (None, False),
    ],
)
def test_only_json_is_json(content_type, good):
    assert is_json(content_type) is good
