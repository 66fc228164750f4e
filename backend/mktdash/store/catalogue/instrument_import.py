"""Who is who: instruments and the dated names that sources have for them, as people know and import them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.clock import iso
from mktdash.domain.instrument import InstrumentSpec
from mktdash.store.catalogue.instruments import INSTRUMENT_COLUMNS, instrument_row
from mktdash.store.engine.session import is_postgres
from mktdash.store.tables import ALIASES, INSTRUMENTS, SERIES

# Any constant does; it only has to be the same in every process.
_IMPORT_LOCK = 0x6D6B_7464_6173_6803
_FOREVER = 1 << 62


@dataclass(frozen=True, slots=True)
class NamePeriod:
    """What a source calls an instrument, from one instant (microseconds; 0: always) to another (None: still)."""

    source: str
    symbol: str
    valid_from: int
    valid_to: int | None

    def overlaps(self, other: "NamePeriod") -> bool:
        """Whether there is an instant in both periods."""
        return _start(self) < _end(other) and _start(other) < _end(self)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of an import: an instrument and, where it has one, a source's name for it."""

    line: int
    instrument: InstrumentSpec
    alias: NamePeriod | None

    @property
    def symbol(self) -> str:
        """The instrument's symbol."""
        return self.instrument.symbol


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a line was not taken: the field at fault, and a sentence."""

    line: int
    field: str
    reason: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import came to: how many instruments and names were new, changed, or there already."""

    new: int = 0
    changed: int = 0
    same: int = 0
    aliases_new: int = 0
    aliases_changed: int = 0
    aliases_same: int = 0
    refused: Sequence[Refusal] = ()


async def import_instruments(conn: AsyncConnection, entries: Sequence[Entry], *, skip_bad: bool) -> Imported:
    """Store instruments and names. Where any entry can't be, nothing is stored, or with ``skip_bad`` the others.

    Two imports at once take turns. A name given here replaces what a provider declared for all time; a period that is
    there already with the same start and instrument takes the end given here. Needs a write transaction.
    """
    if is_postgres(conn):
        await conn.execute(select(func.pg_advisory_xact_lock(_IMPORT_LOCK)))
    stored = await _imported_names(conn)
    good, refused = _fitting(entries, stored)
    good, other = await _of_their_currency(conn, good)
    refused = sorted([*refused, *other], key=lambda one: one.line)
    if refused and not skip_bad:
        return Imported(refused=refused)
    ids, (new, changed, same) = await _keep_instruments(conn, {one.symbol: one.instrument for one in good})
    names = [(one.alias, one.symbol) for one in good if one.alias is not None]
    counts = await _keep_names(conn, names, stored, ids)
    return Imported(new, changed, same, *counts, refused=refused)


async def _imported_names(conn: AsyncConnection) -> dict[tuple[str, str], dict[int, tuple[NamePeriod, str]]]:
    """The imported names: (source, symbol) to start to (period, the instrument's symbol)."""
    fields = ("source", "symbol", "valid_from", "valid_to")
    wanted = (
        select(*(ALIASES.c[name] for name in fields), INSTRUMENTS.c.symbol.label("instrument"))
        .join(INSTRUMENTS, INSTRUMENTS.c.id == ALIASES.c.instrument_id)
        .where(ALIASES.c.imported)
    )
    found: dict[tuple[str, str], dict[int, tuple[NamePeriod, str]]] = defaultdict(dict)
    for *period, instrument in (await conn.execute(wanted)).all():
        one = NamePeriod(*period)
        found[one.source, one.symbol][one.valid_from] = (one, instrument)
    return found


async def _of_their_currency(conn: AsyncConnection, entries: Sequence[Entry]) -> tuple[list[Entry], list[Refusal]]:
    """The entries that leave the currency of every instrument with series as it is, and why the others do not."""
    has_series = exists().where(SERIES.c.instrument_id == INSTRUMENTS.c.id)
    wanted = select(INSTRUMENTS.c.symbol, INSTRUMENTS.c.currency).where(INSTRUMENTS.c.currency.is_not(None), has_series)
    held = dict((await conn.execute(wanted)).all())
    good, refused = [], []
    for one in entries:
        currency = one.instrument.currency
        if currency == held.get(one.symbol, currency):
            good.append(one)
        else:
            reason = f"{one.symbol} has series in {held[one.symbol]}, so it can't become one of {currency or 'none'}"
            refused.append(Refusal(one.line, "currency", reason))
    return good, refused


def _fitting(
    entries: Sequence[Entry], stored: dict[tuple[str, str], dict[int, tuple[NamePeriod, str]]]
) -> tuple[list[Entry], list[Refusal]]:
    """The entries that agree with each other and with what is stored, and why the others do not."""
    good: list[Entry] = []
    refused: list[Refusal] = []
    facts: dict[str, Entry] = {}
    names = {key: dict(periods) for key, periods in stored.items()}
    given: dict[tuple[str, str, int], Entry] = {}
    # First what replaces a stored period, so that the order of lines does not matter.
    for one in entries:
        if one.alias is not None:
            periods = names.setdefault((one.alias.source, one.alias.symbol), {})
            before = periods.get(one.alias.valid_from)
            if before is not None and before[1] == one.symbol:
                periods[one.alias.valid_from] = (one.alias, one.symbol)
    for one in entries:
        first = facts.setdefault(one.symbol, one)
        pairs = zip(InstrumentSpec._fields, first.instrument, one.instrument, strict=True)
        differing = next(((name, other) for name, other, own in pairs if other != own), None)
        if differing is not None:
            name, other = differing
            refused.append(Refusal(one.line, name, f"{one.symbol} has another {name} in line {first.line}: {other!r}"))
            continue
        if one.alias is not None:
            key = (one.alias.source, one.alias.symbol)
            clash = _clash(one, names[key], given)
            if clash is not None:
                refused.append(Refusal(one.line, "alias", clash))
                continue
            names[key][one.alias.valid_from] = (one.alias, one.symbol)
            given[(*key, one.alias.valid_from)] = one
        good.append(one)
    return good, refused


def _clash(
    entry: Entry, periods: dict[int, tuple[NamePeriod, str]], given: dict[tuple[str, str, int], Entry]
) -> str | None:
    alias = entry.alias
    if alias is None:
        return None
    twin = given.get((alias.source, alias.symbol, alias.valid_from))
    if twin is not None and (twin.alias, twin.symbol) != (alias, entry.symbol):
        return f"line {twin.line} says another thing of the same name from the same day"
    for start, (period, instrument) in periods.items():
        if start == alias.valid_from and instrument == entry.symbol:
            continue
        if alias.overlaps(period):
            until = "" if period.valid_to is None else f" to {iso(period.valid_to)[:10]}"
            since = "always" if period.valid_from == 0 else f"from {iso(period.valid_from)[:10]}"
            return f"{alias.source}'s {alias.symbol} is {instrument} {since}{until} already"
    return None


async def _keep_instruments(
    conn: AsyncConnection, instruments: dict[str, InstrumentSpec]
) -> tuple[dict[str, int], tuple[int, int, int]]:
    rows = map(instrument_row, (await conn.execute(select(*INSTRUMENT_COLUMNS))).all())
    stored = {row.symbol: row for row in rows if row.symbol in instruments}
    ids = {symbol: row.id for symbol, row in stored.items()}
    changed = 0
    for symbol in sorted(instruments):
        spec = instruments[symbol]
        if symbol not in stored:
            made = insert(INSTRUMENTS).values(**spec._asdict()).returning(INSTRUMENTS.c.id)
            ids[symbol] = int((await conn.execute(made)).scalar_one())
        elif stored[symbol].spec != spec:
            await conn.execute(update(INSTRUMENTS).where(INSTRUMENTS.c.id == ids[symbol]).values(**spec._asdict()))
            changed += 1
    return ids, (len(instruments) - len(stored), changed, len(stored) - changed)


async def _keep_names(
    conn: AsyncConnection,
    names: Sequence[tuple[NamePeriod, str]],
    stored: dict[tuple[str, str], dict[int, tuple[NamePeriod, str]]],
    ids: dict[str, int],
) -> tuple[int, int, int]:
    new = changed = same = 0
    for alias, symbol in dict.fromkeys(names):
        before = stored.get((alias.source, alias.symbol), {}).get(alias.valid_from)
        if before == (alias, symbol):
            same += 1
            continue
        changed += before is not None
        new += before is None
        here = (ALIASES.c.source == alias.source) & (ALIASES.c.symbol == alias.symbol)
        # What a provider declared for all time is less than what is said here; so is the period this one replaces.
        await conn.execute(
            delete(ALIASES).where(here, ~ALIASES.c.imported | (ALIASES.c.valid_from == alias.valid_from))
        )
        values: dict[str, Any] = {"instrument_id": ids[symbol], "imported": True}
        values |= {name: getattr(alias, name) for name in ("source", "symbol", "valid_from", "valid_to")}
        await conn.execute(insert(ALIASES).values(**values))
    return new, changed, same


def _start(period: NamePeriod) -> int:
    return period.valid_from or -_FOREVER


def _end(period: NamePeriod) -> int:
    return _FOREVER if period.valid_to is None else period.valid_to
