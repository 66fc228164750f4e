"""Resolves the hour that comes twice when clocks are put back, by the order of the rows."""

import numpy as np

from mktdash.domain.clock import MICROS_PER_DAY, MICROS_PER_SECOND
from mktdash.domain.observation import Int64Array


class RepeatedHourResolver:
    """Goes through a file's rows in order, series by series; it remembers the night that a series is in."""

    def __init__(self, interval_s: int, *, newest_first: bool) -> None:
        self._interval = interval_s * MICROS_PER_SECOND
        self._newest_first = newest_first
        # Of each series: the wall time seen last in a night, and whether the clocks had been put back by then.
        self._seen: dict[str, tuple[int, bool]] = {}

    def resolve(self, alias: str, first: Int64Array, fold: Int64Array) -> Int64Array:
        """The instants of a series' rows, in the order of the file.

        A row that steps back in such an hour (or repeats a time, where points are as far apart as the clocks are put
        back) is behind the change. Of a file with the newest row first it is the other way round; an hour that such a
        file has once is the first of the two.

        Args:
            alias: the series.
            first: the first instant of each row's wall time.
            fold: the second one (fold=1); the same where there is only one.
        """
        twice = np.flatnonzero(first != fold)
        if not len(twice):
            return first
        found = first.copy()
        night: list[int] = []
        for at in twice.tolist():
            now, shift = int(first[at]), int(fold[at] - first[at])
            last, back = self._seen.get(alias, (now - 2 * MICROS_PER_DAY, self._newest_first))
            if abs(now - last) > MICROS_PER_DAY:
                self._settle(found, first, night)
                night, back = [], self._newest_first
            elif now == last:
                back ^= self._interval >= shift and back == self._newest_first
            elif (now > last) == self._newest_first:
                back = not self._newest_first
            night.append(at)
            found[at] = fold[at] if back else now
            self._seen[alias] = (now, back)
        self._settle(found, first, night)
        return found

    def _settle(self, found: Int64Array, first: Int64Array, night: list[int]) -> None:
        """Where all of a night is behind the change, newest first, nothing says that there was a change at all."""
        if self._newest_first and night and (found[night] != first[night]).all():
            found[night] = first[night]
