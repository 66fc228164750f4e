"""The template ``instrument-history``: the newest values of one symbol, and when each became known."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.identifiers import SYMBOL_LENGTH, SYMBOL_PATTERN
from mktdash.reports.base import Format, OnStage, ReportTemplate, Selection
from mktdash.reports.render.csv import csv_bytes, safe
from mktdash.reports.render.html import render_html
from mktdash.reports.render.pdf import render_pdf
from mktdash.reports.snapshot import series_by_key
from mktdash.reports.text import instant_text, value_text
from mktdash.store.catalogue.series import series_by_symbol
from mktdash.store.jobs.reports import ReportRow
from mktdash.store.series.reading import read_columns

_FOLDER = Path(__file__).parent


class InstrumentHistoryParameters(BaseModel):
    """Parameters of `instrument-history` version 1; all of them have defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="instrument-history v1")

    symbol: Annotated[str, Field(min_length=1, max_length=SYMBOL_LENGTH, pattern=SYMBOL_PATTERN)] = Field(
        "EURUSD", description="The instrument to show."
    )
    values: Annotated[int, Field(ge=1, le=1_000)] = Field(20, description="How many of its newest values.")


@dataclass(frozen=True, slots=True)
class Line:
    """A value, with its instants as people read them."""

    as_of: str
    value: str
    known_at: str


@dataclass(frozen=True, slots=True)
class History:
    """The whole report; ``made_at`` is the snapshot's time, microseconds UTC."""

    symbol: str
    name: str
    unit: str
    lines: tuple[Line, ...]
    run_id: str
    snapshot_id: str
    made_at: int


async def select(conn: AsyncConnection, parameters: InstrumentHistoryParameters) -> Selection:
    """The symbol's first series.

    Raises:
        UnknownSymbolError: there is none.
    """
    return Selection((await series_by_symbol(conn, parameters.symbol),), {})


async def build(
    conn: AsyncConnection, run: ReportRow, parameters: InstrumentHistoryParameters, facts: dict[str, Any]
) -> History:
    """The newest values, as they were known at the snapshot."""
    (chosen,), (dataset,) = facts["series"], facts["datasets"]
    series = await series_by_key(conn, chosen["key"])
    columns = await read_columns(conn, series, as_known_at=dataset["known_at"])
    newest = columns.take(slice(max(0, len(columns) - parameters.values), None))
    known = newest.as_of if newest.known_at is None else newest.known_at
    lines = [
        Line(instant_text(int(as_of)), value_text(float(value), series.measure), instant_text(int(known_at)))
        for as_of, value, known_at in zip(newest.as_of, newest.value, known, strict=True)
    ]
    return History(
        symbol=series.symbol,
        name=chosen["name"],
        unit=series.unit,
        lines=tuple(lines),
        run_id=run.id,
        snapshot_id=run.snapshot_id or "",
        made_at=run.snapshot_at or 0,
    )


def render(history: History, on_stage: OnStage) -> dict[Format, bytes]:
    """The three files."""
    on_stage("rendering", 0.0)
    rows = [(safe(history.symbol), line.as_of, line.value, safe(history.unit), line.known_at) for line in history.lines]
    return {
        Format.PDF: render_pdf(_FOLDER, history, history.made_at),
        Format.HTML: render_html(_FOLDER, history),
        Format.CSV: csv_bytes(("symbol", "as_of", "value", "unit", "known_at"), rows),
    }


INSTRUMENT_HISTORY = ReportTemplate(
    name="instrument-history",
    version=1,
    title="Instrument history",
    description="The newest values of one symbol, and when each became known.",
    parameters=InstrumentHistoryParameters,
    select=select,
    build=build,
    render=render,
)
