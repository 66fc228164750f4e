"""The cache that counts bytes."""

from mktdash.graphql.vocabulary.bounded_cache import WeightedCache


def test_what_was_used_least_recently_goes_first():
    cache = WeightedCache(800)
    for name in range(8):
        cache.put(name, str(name), 100)

    assert cache.get(0) == "0"
    cache.put(8, "8", 100)

    assert cache.get(1) is None
    assert cache.get(0) == "0"
    assert cache.weight == 800


def test_a_value_replaced_counts_once_and_one_forgotten_not_at_all():
    cache = WeightedCache(800)

    cache.put("a", "old", 80)
    cache.put("a", "new", 50)
    cache.put("b", "b", 10)
    cache.drop("b")

    assert cache.get("a") == "new"
    assert (cache.weight, len(cache)) == (50, 1)


def test_a_value_too_large_is_not_kept_and_takes_its_predecessor_along():
    cache = WeightedCache(800)
    cache.put("a", "small", 10)

    cache.put("a", "huge", 101)

    assert cache.get("a") is None
    assert cache.weight == 0
