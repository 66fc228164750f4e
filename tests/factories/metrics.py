"""What a counter of Prometheus has counted, as a scrape would show it."""

from prometheus_client import Counter


def counted(counter: Counter, *labels: str) -> float:
    """The count of one set of labels."""
    (family,) = counter.labels(*labels).collect()
    return next(sample.value for sample in family.samples if sample.name.endswith("_total"))
