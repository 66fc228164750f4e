"""The committed schema is the code's, and it explains itself."""

from pathlib import Path

from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType, build_schema

from mktdash.graphql.schema import export_schema

COMMITTED = Path(__file__).parents[3] / "schema" / "graphql" / "schema.graphql"


def test_the_committed_schema_is_what_the_code_exports():
    assert COMMITTED.read_text() == export_schema(), "run `mktdash schema export` and look at the difference"


def test_every_type_field_argument_and_enum_value_has_a_description():
    schema = build_schema(export_schema())
    silent = []
    for name, kind in schema.type_map.items():
        if name.startswith("__") or name in {"String", "Int", "Float", "Boolean", "ID"}:
            continue
        if not kind.description:
            silent.append(name)
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType):
            silent += [f"{name}.{field}" for field, spec in kind.fields.items() if not spec.description]
        if isinstance(kind, GraphQLEnumType):
            silent += [f"{name}.{value}" for value, spec in kind.values.items() if not spec.description]
        if isinstance(kind, GraphQLObjectType | GraphQLInterfaceType):
            silent += [
                f"{name}.{field}({argument})"
                for field, spec in kind.fields.items()
                for argument, known in spec.args.items()
                if not known.description
            ]

    assert silent == []
