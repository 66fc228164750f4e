"""A change of the schema that breaks a client of the last release does not pass the check."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from mktdash.cli.breaking_changes import breaking_changes, last_release
from mktdash.cli.schemas import app
from mktdash.graphql.schema import export_schema

RELEASED = Path(__file__).parents[3] / "schema" / "graphql" / "released"


def test_the_present_schema_breaks_no_client_of_the_last_release():
    last = last_release(RELEASED)

    assert last is not None
    assert breaking_changes(last.read_text(), export_schema()) == []


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ("type Query { a: Int b: Int }", "type Query { a: Int }", "Query.b"),
        ("type Query { a: Int! }", "type Query { a: Int }", "Query.a"),
        ("type Query { a: Int }", "type Query { a(b: Int!): Int }", "b"),
        ("type Query { a: E } enum E { X Y }", "type Query { a: E } enum E { X }", "Y"),
        ("type Query { a: T } type T { b: Int }", "type Query { a: Int }", "T"),
    ],
)
def test_what_breaks_is_named(before, after, named):
    found = breaking_changes(before, after)

    assert found
    assert any(named in sentence for sentence in found)


def test_what_is_added_or_deprecated_breaks_nothing():
    before, after = "type Query { a: Int }", 'type Query { a: Int @deprecated(reason: "2027: b") b(c: Int): Int }'

    assert breaking_changes(before, after) == []


def test_releases_are_ordered_as_numbers(tmp_path):
    for version in ("0.9.0", "0.10.0", "0.2.1"):
        (tmp_path / f"{version}.graphql").touch()

    assert last_release(tmp_path).stem == "0.10.0"
    assert last_release(tmp_path / "none") is None


def test_the_check_fails_and_names_a_field_that_a_release_had(tmp_path):
    run = CliRunner()
    assert run.invoke(app, ["export", "--folder", str(tmp_path)]).exit_code == 0
    released = tmp_path / "graphql" / "released" / "1.0.0.graphql"
    released.parent.mkdir()
    present = (tmp_path / "graphql" / "schema.graphql").read_text()

    released.write_text(present)
    assert run.invoke(app, ["check", "--folder", str(tmp_path)]).exit_code == 0

    released.write_text(present + "extend type Query { gone: Int }\n")
    failed = run.invoke(app, ["check", "--folder", str(tmp_path)])
    assert failed.exit_code == 1
    assert "Query.gone" in failed.output
    assert "1.0.0" in failed.output
