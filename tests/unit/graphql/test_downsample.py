"""Thinning out keeps points as they were, and both ends."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mktdash.domain.observation import Columns
from mktdash.graphql.columns.downsample import Downsample, thin_out


def walk(n, seed=1):
    draw = np.random.default_rng(seed)
    return Columns(
        as_of=np.cumsum(draw.integers(1, 10**11, n)),
        value=np.cumsum(draw.normal(size=n)),
        flags=draw.integers(0, 4, n),
        known_at=np.arange(n),
    )


@settings(deadline=None, max_examples=60)
@given(n=st.integers(1, 3000), most=st.integers(2, 600), how=st.sampled_from(Downsample))
def test_what_stays_is_a_subset_in_order_with_both_ends(n, most, how):
    columns = walk(n)

    thinned = thin_out(columns, most, how)

    places = np.searchsorted(columns.as_of, thinned.as_of)
    assert len(thinned) <= max(most, 2)
    assert (np.diff(places) > 0).all()
    assert (columns.value[places] == thinned.value).all()
    assert (columns.flags[places] == thinned.flags).all()
    assert places[0] == 0
    assert places[-1] == n - 1


@pytest.mark.parametrize("how", list(Downsample))
def test_any_few_points_can_be_asked_for(how):
    for n in range(2, 40):
        for most in range(2, n):
            thinned = thin_out(walk(n), most, how)
            assert 2 <= len(thinned) <= most


@pytest.mark.parametrize("how", list(Downsample))
def test_a_short_series_is_left_alone(how):
    columns = walk(10)

    assert thin_out(columns, 10, how) is columns


def test_min_max_keeps_a_spike():
    columns = walk(5000)
    columns.value[2345] = 1e6

    assert thin_out(columns, 50, Downsample.MIN_MAX).value.max() == 1e6
