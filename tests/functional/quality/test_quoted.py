"""Which series are still quoted: by their dataset's schedule, until an operator records an end; on both engines."""

from datetime import UTC, date, datetime, timedelta

from tests.factories.sources.ingesting import ingest
from tests.factories.web.application import resources_over, web_over

from mktdash.domain.clock import to_micros
from mktdash.providers.base import RawPayload
from mktdash.providers.csv.client import CsvProvider
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.store.catalogue.endings import end_dataset, reopen_dataset
from mktdash.store.engine.session import write_transaction

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TODAY = NOW.date()


def every(step, last, count=12):
    return [last - n * timedelta(days=step) for n in range(count)]


async def learn(engine, dataset, days, **mapping):
    """A file of values for the days of each symbol."""
    fields = {"dataset": dataset, "date": "Date", "symbol_column": "Symbol", "value": "Value", **mapping}
    rows = "".join(f"{day},{symbol},1\n" for symbol, own in days.items() for day in own)
    payload = RawPayload(dataset, f"Date,Symbol,Value\n{rows}".encode(), f"file:{dataset}.csv", NOW, NOW)
    provider = CsvProvider(CsvMapping.model_validate(fields))
    await ingest(engine, payload, provider)


async def quoted(engine):
    """Whether each series is quoted, as a watchlist says it; the series itself must say the same."""
    async with web_over(resources_over(engine, clock=lambda: NOW)) as web:
        listed = await web.data("{ instruments(first: 50) { edges { node { symbol series { quoted } } } } }")
        found = {}
        for edge in listed["instruments"]["edges"]:
            symbol, [series] = edge["node"]["symbol"], edge["node"]["series"]
            alone = await web.data("query($s: String!) { series(symbol: $s) { quoted } }", {"s": symbol})
            assert alone["series"] == series
            found[symbol] = series["quoted"]
        return found


async def test_a_series_is_quoted_while_its_silence_is_usual_by_the_schedule_of_its_dataset(engine):
    yesterday = TODAY - timedelta(days=1)
    await learn(
        engine,
        "days",
        {
            "ON": every(1, yesterday),
            "LATE": every(1, yesterday - timedelta(days=25)),
            "SILENT": every(1, date(2026, 9, 1)),
        },
        calendar="24/7",
    )
    months = [date(2026 - n // 12, 12 - n % 12, 1) for n in range(3, 30)]
    await learn(engine, "months", {"SEPTEMBER": months, "SPRING": months[5:]}, calendar="24/7", interval="1M")
    # No calendar says when these are due: their own past does.
    await learn(
        engine,
        "whenever",
        {"NEW": [yesterday], "RARE": every(60, date(2026, 5, 1)), "GONE": every(1, date(2026, 5, 1))},
    )

    assert await quoted(engine) == {
        "ON": True,
        "LATE": True,
        "SILENT": False,
        "SEPTEMBER": True,
        "SPRING": True,
        "NEW": True,
        "RARE": True,
        "GONE": False,
    }


async def test_a_month_more_of_silence_than_four_periods_and_their_publication_is_too_long(engine):
    months = [date(2026 - n // 12, 12 - n % 12, 1) for n in range(2, 30)]
    await learn(engine, "months", {"OCTOBER": months, "MARCH": months[7:]}, calendar="MONTHLY", interval="1M")

    assert await quoted(engine) == {"OCTOBER": True, "MARCH": False}


async def test_what_has_ended_is_not_quoted_until_that_is_taken_back_or_it_goes_on(engine):
    last = TODAY - timedelta(days=3)
    await learn(engine, "days", {"ON": every(1, TODAY), "OVER": every(1, last)}, calendar="24/7")
    async with write_transaction(engine) as conn:
        await end_dataset(conn, "days", "OVER", on=last, reason="matured", by="ops", now=to_micros(NOW))
    assert await quoted(engine) == {"ON": True, "OVER": False}

    async with write_transaction(engine) as conn:
        await reopen_dataset(conn, "days", "OVER", by="ops", now=to_micros(NOW))
        await end_dataset(conn, "days", None, on=last, reason="no more", by="ops", now=to_micros(NOW))
    assert await quoted(engine) == {"ON": True, "OVER": False}

    await learn(engine, "days", {"OVER": [TODAY]}, calendar="24/7")
    assert await quoted(engine) == {"ON": True, "OVER": True}
