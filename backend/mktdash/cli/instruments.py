"""``mktdash instruments``: import instruments and sources' symbols from a file, and list them."""

import asyncio
import csv
import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mktdash.domain.clock import iso, to_micros
from mktdash.domain.errors import InvalidInputError
from mktdash.domain.instrument import FAULTS, AssetClass, InstrumentSpec
from mktdash.settings import Settings

if TYPE_CHECKING:
    from mktdash.store.catalogue.instrument_import import Entry, Imported, NamePeriod, Refusal

app = typer.Typer(no_args_is_help=True, help="Import and list instruments, and the symbols that sources use for them.")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
COLUMNS = (*InstrumentSpec._fields, "source", "alias", "valid_from", "valid_to")
_NEEDED = frozenset({"symbol", "name", "asset_class"})


class _BadFieldError(ValueError):
    """A field is invalid."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(reason)
        self.field = field


@app.command(name="import")
def import_(
    file: Annotated[Path, typer.Argument(help="A CSV file; its columns are " + ", ".join(COLUMNS) + ".")],
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Store the good rows even if others are bad.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import instruments and dated symbols from a CSV file; reports bad rows, and stores nothing if there are any."""
    entries, refused = _read(file)
    done = asyncio.run(_import(entries, refused, skip_bad=skip_bad))
    if as_json:
        typer.echo(json.dumps(asdict(done)))
    else:
        for one in done.refused:
            typer.echo(f"line {one.line}, {one.field}: {one.reason}", err=True)
        typer.echo(
            f"instruments: new {done.new}, changed {done.changed}, same {done.same}; "
            f"names: new {done.aliases_new}, changed {done.aliases_changed}, same {done.aliases_same}"
            + (f"; refused {len(done.refused)}" if done.refused else "")
        )
        if done.aliases_new or done.aliases_changed:
            typer.echo("to apply the new names to stored data, run `mktdash replay`")
    if done.refused and not skip_bad:
        raise typer.Exit(1)


@app.command(name="list")
def list_(
    search: Annotated[str | None, typer.Option(help="Text in symbols, names and sources' symbols.")] = None,
    as_json: AsJson = False,
) -> None:
    """List instruments by symbol, with the symbols that sources use."""
    found = asyncio.run(_list(search))
    if as_json:
        typer.echo(json.dumps(found))
        return
    for one in found:
        facts = " ".join(one[name] for name in InstrumentSpec._fields if name not in _NEEDED and one[name])
        typer.echo(f"{one['symbol']:<16} {one['asset_class']:<10} {one['name']}  {facts}".rstrip())
        for alias in one["aliases"]:
            until = "" if alias["valid_to"] is None else f" to {alias['valid_to'][:10]}"
            since = "" if alias["valid_from"] is None else f" from {alias['valid_from'][:10]}"
            typer.echo(f"  {alias['source']}: {alias['symbol']}{since}{until}")


async def _import(entries: "list[Entry]", refused: "list[Refusal]", *, skip_bad: bool) -> "Imported":
    from mktdash.resources import open_store
    from mktdash.store.catalogue.instrument_import import Imported, import_instruments
    from mktdash.store.engine.session import write_transaction

    if refused and not skip_bad:
        return Imported(refused=refused)
    async with open_store(Settings()) as resources, write_transaction(resources.engine) as conn:
        done = await import_instruments(conn, entries, skip_bad=skip_bad)
    every = sorted([*refused, *done.refused], key=lambda one: one.line)
    return Imported(**{name: getattr(done, name) for name in Imported.__slots__} | {"refused": every})


def _read(path: Path) -> "tuple[list[Entry], list[Refusal]]":
    from mktdash.store.catalogue.instrument_import import Refusal

    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInputError(f"{path.name} can't be read: {error.strerror}", file=path.name) from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"{path.name} is not UTF-8 text", file=path.name) from None
    rows = csv.DictReader(text.splitlines(keepends=True), strict=True)
    header = rows.fieldnames or []
    if lacking := sorted(_NEEDED - set(header)):
        raise InvalidInputError(f"{path.name}: missing columns: {', '.join(lacking)}", file=path.name)
    if unknown := [name for name in header if name not in COLUMNS]:
        raise InvalidInputError(f"{path.name}: unknown columns: {', '.join(unknown)}", file=path.name)
    entries, refused = [], []
    try:
        for row in rows:
            if None in row or None in row.values():
                wrong = f"the row does not have {len(header)} fields like the header"
                refused.append(Refusal(rows.line_num, "row", wrong))
                continue
            try:
                entries.append(_entry(rows.line_num, {name: value.strip() for name, value in row.items()}))
            except _BadFieldError as error:
                refused.append(Refusal(rows.line_num, error.field, str(error)))
    except csv.Error as error:
        raise InvalidInputError(f"{path.name}, line {rows.line_num}: {error}", file=path.name) from None
    return entries, refused


def _entry(line: int, row: dict[str, str]) -> "Entry":
    from mktdash.store.catalogue.instrument_import import Entry

    facts: dict[str, Any] = {name: row.get(name) or None for name in InstrumentSpec._fields}
    for name in sorted(_NEEDED, key=InstrumentSpec._fields.index):
        if facts[name] is None:
            raise _BadFieldError(name, f"it has no {name}")
    for name, text in facts.items():
        if text is not None and name in FAULTS and (fault := FAULTS[name](text)):
            raise _BadFieldError(name, fault)
    return Entry(line, InstrumentSpec(**facts | {"asset_class": AssetClass(facts["asset_class"])}), _alias(row))


def _alias(row: dict[str, str]) -> "NamePeriod | None":
    from mktdash.store.catalogue.instrument_import import NamePeriod

    source, symbol = row.get("source", ""), row.get("alias", "")
    first, last = row.get("valid_from", ""), row.get("valid_to", "")
    if not (source or symbol or first or last):
        return None
    if not source:
        raise _BadFieldError("source", "an alias needs the source that uses it")
    if not symbol:
        raise _BadFieldError("alias", f"an alias needs the symbol that {source} uses")
    valid_from = _instant("valid_from", first) if first else 0
    valid_to = _instant("valid_to", last) if last else None
    if valid_to is not None and valid_to <= valid_from:
        raise _BadFieldError("valid_to", f"the period ends ({last}) before it begins ({first or 'always'})")
    return NamePeriod(source, symbol, valid_from, valid_to)


def _instant(field: str, text: str) -> int:
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        raise _BadFieldError(field, f"{text!r} is not a date such as 2022-06-09") from None
    return to_micros(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))


async def _list(search: str | None) -> list[dict[str, Any]]:
    from mktdash.resources import open_store
    from mktdash.store.catalogue.instruments import aliases_by_instrument_ids, search_instruments
    from mktdash.store.engine.session import read_transaction

    found: list[dict[str, Any]] = []
    async with open_store(Settings()) as resources, read_transaction(resources.engine) as conn:
        after = None
        while True:
            page = await search_instruments(conn, search=search, first=200, after=after)
            names = await aliases_by_instrument_ids(conn, [row.id for row in page.items])
            for row in page.items:
                aliases = [
                    {
                        "source": one.source,
                        "symbol": one.symbol,
                        "valid_from": iso(one.valid_from) if one.valid_from else None,
                        "valid_to": None if one.valid_to is None else iso(one.valid_to),
                    }
                    for one in names.get(row.id, [])
                ]
                found.append({**row.spec._asdict(), "aliases": aliases})
            if not page.has_next:
                return found
            after = page.items[-1].symbol
