"""A cache bounded by the bytes it holds; what was used least recently goes first."""

from collections import OrderedDict
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class WeightedCache(Generic[K, V]):
    """Values by key with a weight in bytes each; for one event loop."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[K, tuple[V, int]] = OrderedDict()
        self.weight = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: K) -> V | None:
        """The value of a key, which counts as used now; None where it is not kept."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: K, value: V, weight: int) -> None:
        """Keep a value in place of the one before; a value larger than an eighth of the whole is not kept."""
        self.drop(key)
        if weight * 8 > self._most:
            return
        self._kept[key] = (value, weight)
        self.weight += weight
        while self.weight > self._most:
            _, (_, gone) = self._kept.popitem(last=False)
            self.weight -= gone

    def drop(self, key: K) -> None:
        """Forget a key."""
        before = self._kept.pop(key, None)
        if before is not None:
            self.weight -= before[1]
