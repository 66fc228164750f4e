"""The schema can be asked for itself on loopback, and elsewhere by setting."""

import pytest
from tests.factories.web.application import resources_over, web_over

QUERIES = ["{ __schema { queryType { name } } }", '{ __type(name: "Query") { name } }']


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, True),
        ({"host": "localhost"}, True),
        ({"host": "0.0.0.0"}, False),  # noqa: S104 - nothing is bound
        ({"host": "0.0.0.0", "introspection": "on"}, True),  # noqa: S104 - nothing is bound
        ({"introspection": "off"}, False),
    ],
)
async def test_the_schema_is_told_where_it_should_be(sqlite_engine, query, options, told):
    async with web_over(resources_over(sqlite_engine, **options)) as web:
        body = await web.ask(query)
        plain = await web.data("{ __typename }")

    assert plain == {"__typename": "Query"}
    if told:
        assert body["data"]
    else:
        assert "data" not in body
        assert body["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
