"""A dict that remembers so many and no more."""

from mktdash.bounded_dict import BoundedDict


def test_the_entry_written_longest_ago_goes_first_and_reading_changes_nothing():
    found = BoundedDict(2)
    found["a"], found["b"] = 1, 2
    found["a"] = 3
    assert found.get("b") == 2
    found["c"] = 4
    assert dict(found) == {"a": 3, "c": 4}
