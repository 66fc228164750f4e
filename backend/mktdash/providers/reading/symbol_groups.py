"""Groups rows by the symbol in a column, without one Python object a row."""

import numpy as np

from mktdash.domain.observation import Int64Array
from mktdash.providers.reading.numerals import Cells

# In bytes. Longer ones count as nameless; no market names its symbols so.
_WIDTH = 128


def group_rows(cells: Cells) -> tuple[dict[str, Int64Array], Int64Array]:
    """The row numbers of each symbol, and the rows whose cell is empty or too long to be a symbol."""
    if not len(cells):
        return {}, np.empty(0, np.int64)
    width = cells.end - cells.start
    named = (width > 0) & (width <= _WIDTH)
    letters = np.zeros((len(cells), max(int(width.max(initial=0, where=named)), 1)), np.uint8)
    for position in range(letters.shape[1]):
        letters[:, position] = cells.byte(position)
    changes = np.ones(len(cells), np.bool_)
    changes[1:] = (letters[1:] != letters[:-1]).any(axis=1) | (named[1:] != named[:-1])
    # Files are mostly sorted by symbol: the runs are few, and only their heads need to be told apart.
    heads = np.flatnonzero(changes)
    _, first, ids = np.unique(letters[heads], axis=0, return_index=True, return_inverse=True)
    ids = np.where(named[heads], ids.ravel(), -1)
    by_row = np.repeat(ids, np.diff(np.append(heads, len(cells))))
    order = np.argsort(by_row, kind="stable")
    bounds = np.flatnonzero(np.diff(by_row[order], prepend=by_row[order[:1]])) if len(order) else order
    parts = np.split(order, bounds)
    groups: dict[str, Int64Array] = {}
    for rows in parts:
        which = int(by_row[rows[0]])
        if which >= 0:
            groups[cells.text(int(heads[first[which]]))] = rows
    return groups, np.flatnonzero(~named)
