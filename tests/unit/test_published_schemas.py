"""What is published of the API is what the code does."""

import inspect
from pathlib import Path

import orjson
import pytest
from graphql import build_schema

from mktdash.graphql.schema import export_schema
from mktdash.http.openapi.document import document
from mktdash.http.routes import OPERATIONS
from mktdash.published_schemas import error_classes, permissions_page, published_files

SCHEMA = Path(__file__).parents[2] / "schema"


@pytest.mark.parametrize("name", ["openapi.json", "errors.md", "permissions.md"])
def test_the_committed_file_is_what_the_code_says(name):
    assert (SCHEMA / name).read_text() == published_files()[name], (
        "run `mktdash schema export` and look at the difference"
    )


def test_every_error_explains_itself_and_has_a_code_of_its_own():
    for one in error_classes():
        assert inspect.getdoc(one)
        assert one.code.isupper()
        assert 400 <= one.http_status < 600


def test_every_root_field_and_every_route_has_a_row_of_rights():
    schema, page = build_schema(export_schema()), permissions_page()
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    for root in roots:
        for name in root.fields:
            assert f"| `{root.name}.{name}` |" in page
    for operation in OPERATIONS:
        assert f"| `{operation.method} {operation.path}` |" in page


def test_every_reference_in_openapi_leads_somewhere():
    described = orjson.loads(orjson.dumps(document(OPERATIONS)))

    def references(value):
        if isinstance(value, dict):
            if "$ref" in value:
                yield value["$ref"]
            for inner in value.values():
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    for reference in references(described):
        place = described
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place
