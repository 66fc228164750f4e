"""From a snapshot to a summary: reads the data as they were known then, and works out every figure."""

from datetime import date
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.errors import MktdashError
from mktdash.domain.instrument import AssetClass
from mktdash.reports.market_summary.figures import LOOK_BACK, figures_of
from mktdash.reports.market_summary.parameters import MarketSummaryParameters
from mktdash.reports.market_summary.selection import reading_bounds
from mktdash.reports.market_summary.summary import (
    DatasetNote,
    MarketSummary,
    MissingSession,
    QualityNote,
    SeriesSummary,
)
from mktdash.reports.snapshot import series_by_key
from mktdash.reports.text import ChangeKind
from mktdash.store.jobs.reports import ReportRow
from mktdash.store.series.reading import read_columns

MOST_OBSERVATIONS = 250_000
_MOST_LINES = 6
# Whom a chart shows where nobody has said: what most readers look for first.
_MAJORS = (
    *("EURUSD", "EURJPY", "EURGBP", "EURCHF", "EURCNY", "EURSEK"),
    *("UST2Y", "UST10Y", "UST30Y", "SPX", "VIX", "BTC-USD", "ETH-USD"),
)
_HOW_CHANGES_ARE_MEASURED = (
    "1 d compares with the session before, 1 w with the last session at least seven days earlier, "
    "the period with its first session. Only closes of sessions are compared."
)


class ReportTooLargeError(MktdashError):
    """The period holds more observations than a report can carry; ``limit`` says how many it can."""

    code = "REPORT_TOO_LARGE"
    http_status = 400


async def build_summary(
    conn: AsyncConnection, run: ReportRow, parameters: MarketSummaryParameters, facts: dict[str, Any]
) -> MarketSummary:
    """The summary of a run whose snapshot has been taken; ``facts`` are the snapshot's.

    The same facts give the same summary for as long as the history below the snapshot is not amended.

    Raises:
        ReportTooLargeError: the period holds too much.
        NotFoundError: a series of the snapshot is gone.
    """
    datasets = tuple(_dataset_note(fact) for fact in facts["datasets"])
    by_key = {note.key: note for note in datasets}
    start, end = date.fromisoformat(facts["start"]), date.fromisoformat(facts["end"])
    low, high = reading_bounds(start, end, before=LOOK_BACK)
    rows: list[SeriesSummary] = []
    total = 0
    for fact in facts["series"]:
        series = await series_by_key(conn, fact["key"])
        note = by_key[series.dataset]
        columns = await read_columns(conn, series, start=low, end=high, as_known_at=note.known_at)
        total += len(columns)
        if total > MOST_OBSERVATIONS:
            raise ReportTooLargeError(
                f"{start} to {end} holds more than {MOST_OBSERVATIONS:,} observations: "
                "name fewer symbols or a shorter period",
                limit=MOST_OBSERVATIONS,
            )
        figures, points = figures_of(columns, series.timezone, series.measure, start, end)
        rows.append(
            SeriesSummary(
                symbol=series.symbol,
                name=fact["name"],
                asset_class=fact["asset_class"],
                source=series.source,
                dataset=series.dataset,
                measure=series.measure,
                interval=series.interval,
                unit=series.unit,
                simulated=series.simulated,
                quality=note.status,
                figures=figures,
                points=points,
            )
        )
    return MarketSummary(
        run_id=run.id,
        snapshot_id=run.snapshot_id or "",
        code_sha=run.code_sha or "",
        template=run.template,
        template_version=run.template_version,
        snapshot_at=run.snapshot_at or 0,
        title=parameters.title,
        start=start,
        end=end,
        rows=tuple(rows),
        main=_main(rows, asked=parameters.symbols is not None),
        absent=tuple(facts["absent"]),
        datasets=datasets,
        remarks=tuple(_remarks(rows)),
    )


def _main(rows: list[SeriesSummary], *, asked: bool) -> tuple[str, ...]:
    """The series of the chart: as asked for, else the majors; all of them with changes of one kind."""
    drawable = [row for row in rows if row.figures.change_period is not None]
    if not asked:
        rank = {symbol: at for at, symbol in enumerate(_MAJORS)}
        drawable.sort(key=lambda row: (rank.get(row.symbol, len(rank)), row.symbol))
    if not drawable:
        return ()
    kind = drawable[0].figures.kind
    return tuple(row.symbol for row in drawable if row.figures.kind is kind)[:_MOST_LINES]


def _remarks(rows: list[SeriesSummary]) -> list[str]:
    remarks = [_HOW_CHANGES_ARE_MEASURED]
    if any(row.asset_class == AssetClass.FX for row in rows):
        remarks.append(
            "A rate is the price of one unit of the first currency in the second: where EURUSD rises, a euro buys more "
            "dollars."
        )
    if any(row.figures.kind is ChangeKind.BASIS_POINTS for row in rows):
        remarks.append("Changes of yields are in basis points: 1 bp is 0.01 percentage points.")
    if any(row.simulated for row in rows):
        remarks.append(
            "Rows marked SIMULATED come from a random generator that ships with this program. They are no market."
        )
    return remarks


def _dataset_note(fact: dict[str, Any]) -> DatasetNote:
    return DatasetNote(
        key=fact["key"],
        title=fact["title"],
        source=fact["source"],
        licence=fact["licence"],
        simulated=fact["simulated"],
        version=fact["version"],
        known_at=fact["known_at"],
        status=fact["status"],
        quality=tuple(QualityNote(**note) for note in fact["quality"]),
        missing=tuple(
            MissingSession(gap["session"], gap["reason"], gap["series"], tuple(gap["symbols"]))
            for gap in fact["missing"]
        ),
    )
