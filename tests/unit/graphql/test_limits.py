"""Hostile documents are judged quickly and refused; honest ones pass."""

from graphql import get_introspection_query, parse

from mktdash.graphql.documents.limits import MOST, judge


def test_the_standard_introspection_passes():
    assert judge(parse(get_introspection_query(input_value_deprecation=True))) == []


def test_depth_is_bounded():
    deep = "{" + "a{" * 20 + "b" + "}" * 20 + "}"

    assert judge(parse(deep)) == ["the document is more than 16 fields deep"]


def test_depth_counts_through_fragments():
    chain = "".join(f"fragment F{n} on T {{ a {{ ...F{n + 1} }} }} " for n in range(20)) + "fragment F20 on T { b }"

    assert any("deep" in problem for problem in judge(parse("{ ...F0 } " + chain)))


def test_aliases_are_bounded():
    many = "{" + " ".join(f"a{n}: x" for n in range(MOST.aliases + 1)) + "}"

    assert any("aliases" in problem for problem in judge(parse(many)))


def test_directives_are_bounded():
    flood = "{ x " + "@skip(if: false) " * (MOST.directives + 1) + "}"

    assert any("directives" in problem for problem in judge(parse(flood)))


def test_fragments_that_double_are_counted_no_further_than_a_bound():
    bomb = (
        "".join(f"fragment F{n} on T {{ ...F{n + 1} ...F{n + 1} }} " for n in range(100)) + "fragment F100 on T { b }"
    )

    assert judge(parse("{ ...F0 } " + bomb)) == [
        "the document has more than 1000 selections, with its fragments expanded"
    ]


def test_a_fragment_that_spreads_itself_is_judged_in_finite_time():
    assert judge(parse("{ ...F } fragment F on T { a ...F }")) == []


def test_introspecting_again_and_again_is_refused():
    assert judge(parse("{ a: __schema { description } b: __schema { description } c: __schema { description } }"))


def test_what_no_operation_uses_is_refused_unmeasured():
    assert judge(parse("{ a } fragment F on T { b }")) == ["Fragment 'F' is never used."]


def test_a_document_is_measured_with_all_its_operations():
    half = "{" + "a " * (MOST.fields // 2) + "}"

    assert any("fields" in problem for problem in judge(parse(f"query A {half} query B {half} query C {half}")))


def test_fields_that_colocated_fragments_repeat_pass():
    parts = [f"fragment F{n} on T {{ __typename id f{n} {{ __typename id }} }}" for n in range(25)]

    assert judge(parse("{ t { " + " ".join(f"...F{n}" for n in range(25)) + " } } " + " ".join(parts))) == []


def test_a_field_repeated_far_too_often_is_refused():
    assert any("one name" in problem for problem in judge(parse("{ t {" + "id " * 100 + "} }")))
    assert judge(parse("{ t {" + "id " * 70 + "} }")) == []
