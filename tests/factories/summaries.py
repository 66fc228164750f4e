"""Hand-made market summaries: small enough to reason about, complete enough to render."""

from datetime import UTC, date, datetime, timedelta

import numpy as np

from mktdash.domain.clock import to_micros
from mktdash.domain.flags import Flag
from mktdash.domain.observation import Columns
from mktdash.reports.market_summary.figures import figures_of
from mktdash.reports.market_summary.summary import (
    DatasetNote,
    MarketSummary,
    MissingSession,
    QualityNote,
    SeriesSummary,
)

END = date(2026, 10, 30)
START = END - timedelta(days=90)
SNAPSHOT_AT = to_micros(datetime(2026, 10, 30, 16, 5, tzinfo=UTC))
_NAMES = {
    "EURUSD": ("Euro / US dollar", "USD", 1.15),
    "EURJPY": ("Euro / Japanese yen", "JPY", 171.0),
    "EURGBP": ("Euro / Pound sterling", "GBP", 0.865),
    "EURCHF": ("Euro / Swiss franc", "CHF", 0.94),
    "EURTRY": ("Euro / Turkish lira", "TRY", 46.8),
}


def business_days(start=START, end=END):
    days = [start + timedelta(days=n) for n in range((end - start).days + 1)]
    return [day for day in days if day.weekday() < 5]


def columns_on(days, values, flags=0):
    """Daily columns fixed at 13:15 UTC."""
    as_of = [to_micros(datetime(day.year, day.month, day.day, 13, 15, tzinfo=UTC)) for day in days]
    return Columns(
        as_of=np.array(as_of, np.int64),
        value=np.array(values, np.float64),
        flags=np.full(len(days), int(flags), np.int64),
        known_at=np.array(as_of, np.int64) + 3_600_000_000,
    )


def series_summary(symbol, *, name=None, unit=None, base=1.0, drift=0.0004, wave=0.004, **changes):
    days = business_days()
    phase = sum(map(ord, symbol))
    # Plain arithmetic, so that every machine gets the same last bit.
    values = [base * (1 + drift * n + wave * ((n * 7 + phase) % 23 - 11) / 11) for n in range(len(days))]
    simulated = changes.get("simulated", False)
    measure = changes.pop("measure", "rate")
    columns = columns_on(days, values, Flag.SIMULATED if simulated else 0)
    figures, points = figures_of(columns, "UTC", measure, START, END)
    facts = {
        "symbol": symbol,
        "name": name or symbol,
        "asset_class": "FX",
        "source": "ecb",
        "dataset": "ecb-reference-rates",
        "measure": measure,
        "interval": "1d",
        "unit": unit or "USD",
        "simulated": False,
        "quality": "PASS",
    }
    return SeriesSummary(figures=figures, points=points, **(facts | changes))


def market_summary(rows=None, **changes):
    """Five currencies against the euro over ninety days, one dataset with three verdicts."""
    if rows is None:
        rows = [
            series_summary(symbol, name=name, unit=unit, base=base, drift=0.0006 * (at - 1.6))
            for at, (symbol, (name, unit, base)) in enumerate(_NAMES.items())
        ]
    note = DatasetNote(
        key="ecb-reference-rates",
        title="ECB euro foreign exchange reference rates",
        source="ecb",
        licence="European Central Bank, free reuse with attribution",
        simulated=False,
        version=3,
        known_at=SNAPSHOT_AT - 1_000_000,
        status="WARN",
        quality=(
            QualityNote("completeness_30d", "WARN", "2 of 155 expected observations are missing", SNAPSHOT_AT),
            QualityNote("freshness", "PASS", "the newest session is there", SNAPSHOT_AT),
        ),
        missing=(MissingSession("2026-10-14", "PROVIDER_GAP", 2, ("EURGBP", "EURTRY")),),
    )
    facts = {
        "run_id": "0199f0c2a1b2c3d4e5f60718",
        "snapshot_id": "5f" * 32,
        "code_sha": "c0ffee" * 6 + "abcd",
        "template": "market-summary",
        "template_version": 1,
        "snapshot_at": SNAPSHOT_AT,
        "title": "Market summary",
        "start": START,
        "end": END,
        "main": tuple(row.symbol for row in rows)[:6],
        "absent": (),
        "datasets": (note,),
        "remarks": ("1 d compares with the session before.",),
    }
    return MarketSummary(rows=tuple(rows), **(facts | changes))
