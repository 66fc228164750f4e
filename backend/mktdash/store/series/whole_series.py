"""Whole series with what they consist of: on PostgreSQL by one statement, which is a view of the store by itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, String, any_, bindparam, literal_column
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from mktdash.store.catalogue.instruments import ANY, INSTRUMENTS, Which
from mktdash.store.catalogue.series_lookup import SYMBOL, WIDTH, Located, locate, placed, placed_where
from mktdash.store.engine.driver_reads import compiled, fetch_built
from mktdash.store.engine.session import is_postgres
from mktdash.store.engine.shared_read import SharedRead
from mktdash.store.series.chunk_slices import Stretch, read_stretches

Whole = tuple[Located, list[Stretch]]

_DIGESTS: ColumnElement[bytes] = literal_column(
    "(SELECT string_agg(int8send(bucket) || digest, ''::bytea ORDER BY bucket)"
    " FROM observation_chunk WHERE series_id = series.id)"
)
_TAIL: ColumnElement[bytes] = literal_column("(SELECT tail FROM latest WHERE series_id = series.id)")
_BUCKET_BYTES = 8
_A_CHUNK = _BUCKET_BYTES + 32


class WholeSeries:
    """Whole series by symbol; one statement serves all who asked before it was sent."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._postgres = engine.dialect.name == "postgresql"
        self.shared: SharedRead[str, list[Sequence[Any]]] = SharedRead(engine, self._read)

    async def of(self, symbol: str, which: Which = ANY) -> Whole | None:
        """The series that :func:`store.located.locate` finds; None where it takes more than one statement to know.

        Raises:
            Exception: whatever the database says when it can't be read.
        """
        # Symbols of many requests go into one statement, which none that is no text may spoil.
        if not self._postgres or not symbol.isprintable():
            return None
        return _first(await self.shared.of(symbol) or (), which)

    async def aclose(self) -> None:
        """Give the connection back."""
        await self.shared.aclose()

    async def _read(self, driver: Any, symbols: set[str]) -> Mapping[str, list[Sequence[Any]]]:
        text, _, _ = compiled(_of_symbols, True)  # noqa: FBT003 - for PostgreSQL
        found: dict[str, list[Sequence[Any]]] = {}
        for row in await driver.fetch(text, list(symbols)):
            found.setdefault(row[SYMBOL], []).append(row)
        return found


async def locate_whole(
    conn: AsyncConnection,
    symbol: str,
    which: Which = ANY,
) -> Whole:
    """What :func:`store.located.locate` finds, and what the whole series consists of.

    Raises:
        UnknownSymbolError: as ``locate`` does.
    """
    rows = await fetch_built(conn, _of_symbols, symbols=[symbol]) if is_postgres(conn) else ()
    known = _first(rows, which)
    if known is not None:
        return known
    found = await locate(conn, symbol, which)
    return found, await read_stretches(conn, found.series)


def _first(rows: Sequence[Sequence[Any]], which: Which) -> Whole | None:
    for row in rows:
        found = placed(row[:WIDTH], which)
        if found is not None:
            return found, _stretches(*row[WIDTH:])
    return None


def _stretches(digests: bytes | None, tail: bytes | None) -> list[Stretch]:
    packed = digests or b""
    found = [
        Stretch(
            int.from_bytes(packed[at : at + _BUCKET_BYTES], "big", signed=True),
            packed[at + _BUCKET_BYTES : at + _A_CHUNK],
            None,
            None,
        )
        for at in range(0, len(packed), _A_CHUNK)
    ]
    return [*found, Stretch(None, bytes(tail), None, None)] if tail is not None else found


def _of_symbols(_: bool) -> Select[Any]:  # noqa: FBT001 - for PostgreSQL alone
    asked = INSTRUMENTS.c.symbol == any_(bindparam("symbols", type_=ARRAY(String)))
    return placed_where(asked).add_columns(_DIGESTS, _TAIL)
