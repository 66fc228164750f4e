"""Finds trades that a stream left out: exchanges number them in sequence, so a gap shows."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gap:
    """Trades that were not seen: those between two numbers; the first of the two was at ``since``, microseconds UTC."""

    symbol: str
    after: int
    before: int
    since: int


class GapWatch:
    """The last trade seen of each symbol."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, int]] = {}

    def observe(self, symbol: str, trades: Iterable[tuple[int, int]]) -> Gap | None:
        """Note trades (number, instant in microseconds) in order of arrival; returns the gap before them, if any."""
        ordered = sorted(trades)
        if not ordered:
            return None
        gap = None
        if symbol in self._last:
            number, at = self._last[symbol]
            if ordered[0][0] > number + 1:
                gap = Gap(symbol, after=number, before=ordered[0][0], since=at)
            if ordered[-1][0] <= number:
                return None
        self._last[symbol] = ordered[-1]
        return gap
