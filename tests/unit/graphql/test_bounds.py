"""Arguments of the right type and of no use are refused."""

from datetime import UTC, datetime

import pytest

from mktdash.domain.clock import to_micros
from mktdash.domain.errors import InvalidInputError
from mktdash.graphql.vocabulary import bounds
from mktdash.graphql.vocabulary.scalars import Instant

NOW = datetime(2026, 11, 1, tzinfo=UTC)


def at(year):
    return Instant(to_micros(datetime(year, 1, 1, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("start", "end"), [(None, None), (at(1999), at(2020)), (at(2020), at(2020)), (at(1900), at(2126))]
)
def test_a_range_that_makes_sense_passes(start, end):
    bounds.span(start, end, NOW)


@pytest.mark.parametrize(
    ("start", "end"), [(at(2020), at(2019)), (at(1899), None), (None, at(2200)), (at(1), at(2020))]
)
def test_a_reversed_or_absurd_range_is_refused(start, end):
    with pytest.raises(InvalidInputError):
        bounds.span(start, end, NOW)


def test_nobody_knows_the_future():
    with pytest.raises(InvalidInputError, match="future"):
        bounds.knowledge(at(2027), NOW)


@pytest.mark.parametrize("text", ["", "x" * 101, "a\0b"])
def test_a_name_that_could_not_be_one_is_refused(text):
    with pytest.raises(InvalidInputError):
        bounds.name(text, "symbol")
