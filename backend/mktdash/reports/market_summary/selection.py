"""Which series and which period a market summary is about, worked out from its parameters and the data there is."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from mktdash.domain.clock import from_micros, to_micros
from mktdash.domain.errors import MktdashError, UnknownSymbolError
from mktdash.domain.schedule import end_of
from mktdash.quality.quoted import read_quoting
from mktdash.reports.base import Selection
from mktdash.reports.market_summary.parameters import (
    DEFAULT_DATASET,
    DEFAULT_DAYS,
    MOST_SYMBOLS,
    MarketSummaryParameters,
)
from mktdash.reports.parameters import ParameterProblem, invalid
from mktdash.store.catalogue.instruments import instrument_by_symbol, search_instruments
from mktdash.store.catalogue.series import SeriesRow, series_by_instrument_ids, series_of_dataset
from mktdash.store.series.latest import LatestRow, latest_by_series_ids
from mktdash.store.series.reading import read_columns

_DAY = timedelta(days=1)


class NoObservationsError(MktdashError):
    """There is nothing to report on: no such data yet, or none in the period."""

    code = "NO_OBSERVATIONS"
    http_status = 404


async def check_request(conn: AsyncConnection, parameters: MarketSummaryParameters) -> None:
    """Refuse symbols that may mean series of two datasets. An unknown one may have arrived until the run.

    Raises:
        InvalidParametersError: a symbol may mean series of two datasets, or the dataset named does not have it.
    """
    with suppress(UnknownSymbolError):
        await candidate_series(conn, parameters)


async def select_series(conn: AsyncConnection, parameters: MarketSummaryParameters) -> Selection:
    """The series and the period that parameters mean, given the data as they are.

    The facts are ``start`` and ``end``, both included, and ``absent``: symbols that were asked for and have no
    observation at all.

    Raises:
        UnknownSymbolError: a symbol is not known.
        InvalidParametersError: a symbol may mean series of two datasets, or the dataset named does not have it.
        NoObservationsError: nothing is left to show.
    """
    candidates = await candidate_series(conn, parameters)
    latest = await latest_by_series_ids(conn, [one.id for one in candidates])
    filled = [one for one in candidates if one.id in latest]
    if not filled:
        raise NoObservationsError("there are no observations to report on yet")
    end = parameters.end or max(_session(one, latest[one.id]) for one in filled)
    start = parameters.start or end - timedelta(days=parameters.days or DEFAULT_DAYS)
    chosen = filled if parameters.symbols is not None else await _quoted(conn, filled, latest, end)
    if not chosen or start > end:
        raise NoObservationsError(f"there are no observations from {start} to {end}", start=str(start), end=str(end))
    absent = [one.symbol for one in candidates if one.id not in latest] if parameters.symbols is not None else []
    facts = {"start": start.isoformat(), "end": end.isoformat(), "absent": absent}
    return Selection(tuple(chosen[:MOST_SYMBOLS]), facts)


def reading_bounds(start: date, end: date, before: timedelta = timedelta(0)) -> tuple[int, int]:
    """Instants (microseconds UTC) that surely enclose the sessions of a period, whatever their time zone."""
    return _midnight(start - before - _DAY), _midnight(end + 2 * _DAY)


async def candidate_series(conn: AsyncConnection, parameters: MarketSummaryParameters) -> list[SeriesRow]:
    """The series that parameters name, one of each instrument, whether they have observations in the period or not.

    Raises:
        UnknownSymbolError: a symbol is not known.
        InvalidParametersError: a symbol may mean series of two datasets, or the dataset named does not have it.
    """
    places: dict[int, str] = {}
    if parameters.symbols is not None:
        for at, symbol in enumerate(parameters.symbols):
            places.setdefault((await instrument_by_symbol(conn, symbol)).id, f"/symbols/{at}")
    elif parameters.asset_class is not None:
        page = await search_instruments(conn, asset_class=parameters.asset_class, first=MOST_SYMBOLS)
        places = dict.fromkeys((one.id for one in page.items), "/assetClass")
    elif parameters.dataset is None:
        return await series_of_dataset(conn, DEFAULT_DATASET)
    else:
        held = await series_of_dataset(conn, parameters.dataset)
        if not held:
            raise invalid([ParameterProblem("/dataset", f"no dataset {parameters.dataset!r} with series is held")])
        places = dict.fromkeys([one.instrument_id for one in held], "/dataset")
        places = dict(islice(places.items(), MOST_SYMBOLS))
    by_instrument = await series_by_instrument_ids(conn, list(places))
    chosen = [
        _choice(by_instrument[one], parameters.dataset, place) for one, place in places.items() if one in by_instrument
    ]
    if problems := [one for one in chosen if isinstance(one, ParameterProblem)]:
        raise invalid(problems)
    return [one for one in chosen if isinstance(one, SeriesRow)]


def _choice(series: Sequence[SeriesRow], dataset: str | None, place: str) -> SeriesRow | ParameterProblem:
    """Which of an instrument's series a summary shows, or why none can be told."""
    fitting = [one for one in series if dataset in (None, one.dataset)]
    if not fitting:
        have = _listed(series)
        return ParameterProblem(place, f"{series[0].symbol} is not in the dataset {dataset}: it is in {have}")
    # A summary compares sessions, so a daily series says it best; else the first by source.
    daily = [one for one in fitting if one.interval == "1d"] or fitting
    same = [one for one in daily if one.source == daily[0].source]
    if len({one.dataset for one in same}) > 1:
        return ParameterProblem(
            place,
            f"{series[0].symbol} is ambiguous: it is in {_listed(same)}; say which, with symbols and "
            f'"dataset": "{same[0].dataset}"',
        )
    return daily[0]


def _listed(series: Sequence[SeriesRow]) -> str:
    return " and ".join(dict.fromkeys(one.dataset for one in series))


async def _quoted(
    conn: AsyncConnection, series: list[SeriesRow], latest: Mapping[int, LatestRow], end: date
) -> list[SeriesRow]:
    """The series that were still quoted when the period ended."""
    quoting = await read_quoting(conn, {one.dataset for one in series})
    quoted = []
    for one in series:
        at = end_of(one.timezone or "UTC", end) - 1
        since = quoting.quoted_since(one, latest[one.id], at)
        if len(await read_columns(conn, one, start=since, end=at)):
            quoted.append(one)
    return quoted


def _session(series: SeriesRow, latest: LatestRow) -> date:
    return from_micros(latest.as_of).astimezone(ZoneInfo(series.timezone)).date()


def _midnight(day: date) -> int:
    return to_micros(datetime.combine(day, time(), UTC))
