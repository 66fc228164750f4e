"""Roles form a ladder."""

import pytest

from mktdash.domain.errors import ForbiddenError, InvalidInputError, UnauthenticatedError
from mktdash.security.principals import LOCAL_READER, STRANGER, Principal, Role


@pytest.mark.parametrize("has", list(Role))
@pytest.mark.parametrize("needs", list(Role))
def test_a_role_may_do_what_the_ones_below_it_may(has, needs):
    principal = Principal("someone", has)

    if has >= needs:
        principal.require(needs)
    else:
        with pytest.raises(UnauthenticatedError if has is Role.ANONYMOUS else ForbiddenError):
            principal.require(needs)


def test_a_stranger_does_not_even_read():
    LOCAL_READER.require_reader()
    with pytest.raises(UnauthenticatedError):
        STRANGER.require_reader()


def test_a_role_is_named_in_any_case_and_no_other_is():
    assert Role.named("Operator") is Role.OPERATOR
    with pytest.raises(InvalidInputError) as refused:
        Role.named("root")
    assert "admin" in refused.value.data["known"]
