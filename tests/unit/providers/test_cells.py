"""Numbers and dates by the column, against Python's own reading of each."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mktdash.domain.clock import to_micros
from mktdash.providers.reading.dates import DATE_FORMATS, EPOCH_DAY, DateRules, instants, session_instants
from mktdash.providers.reading.numerals import Cells, to_floats
from mktdash.providers.reading.numeric_instants import NUMERIC_FORMATS
from mktdash.providers.reading.spelled_dates import SPELLED_FORMATS
from mktdash.providers.reading.symbol_groups import group_rows
from mktdash.providers.streaming.trade_gaps import GapWatch

DECIMALS = st.from_regex(r"-?[0-9]{1,18}(\.[0-9]{1,18})?", fullmatch=True)
FLOATS = st.floats(allow_nan=False, allow_infinity=False).map(repr)


@given(st.lists(DECIMALS | FLOATS, max_size=50))
def test_every_numeral_is_the_double_that_python_reads(texts):
    values, good = to_floats(Cells.of([text.encode() for text in texts]))

    assert good.all()
    assert values.tolist() == [float(text) for text in texts]


@given(st.lists(st.binary(max_size=20), max_size=50))
def test_no_bytes_at_all_break_the_reading_of_numbers(texts):
    values, good = to_floats(Cells.of(texts))

    assert np.isfinite(values[good]).all()
    for text, value, fine in zip(texts, values.tolist(), good.tolist(), strict=True):
        assert not fine or float(text) == value


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("YYYY-MM-DD", "%Y-%m-%d"),
        ("YYYY/MM/DD", "%Y/%m/%d"),
        ("YYYYMMDD", "%Y%m%d"),
        ("MM/DD/YYYY", "%m/%d/%Y"),
        ("DD/MM/YYYY", "%d/%m/%Y"),
        ("DD.MM.YYYY", "%d.%m.%Y"),
        ("MM-DD-YYYY", "%m-%d-%Y"),
        ("DD-MM-YYYY", "%d-%m-%Y"),
    ],
)
def test_every_day_of_two_centuries_is_read_in_every_notation(name, pattern):
    days = [date(1900, 1, 1) + timedelta(days=n) for n in range(0, 73_050, 7)]
    found, good = DATE_FORMATS[name](Cells.of([day.strftime(pattern).encode() for day in days]))

    assert good.all()
    assert found.tolist() == [(day - EPOCH_DAY).days for day in days]


@given(
    st.lists(st.binary(max_size=24) | st.from_regex(r"-?[0-9]{1,22}(\.[0-9]*)?", fullmatch=True).map(str.encode)),
    st.sampled_from([*DATE_FORMATS, *SPELLED_FORMATS, *NUMERIC_FORMATS, "ISO-TIME"]),
)
def test_no_bytes_at_all_break_the_reading_of_dates(texts, name):
    found = instants(Cells.of(texts), DateRules([name], "Europe/Berlin", "14:15"))

    assert len(found.as_of) == len(found.good) == len(found.fold) == len(texts)


@given(st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # bounds
def test_every_instant_with_an_offset_is_read_back(instant):
    found = instants(Cells.of([instant.isoformat().encode()]), DateRules(["ISO-TIME"], "UTC", "00:00"))

    assert found.good.all()
    assert found.as_of.tolist() == found.fold.tolist() == [to_micros(instant)]


@given(st.datetimes(datetime(1974, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001  # bounds
def test_every_count_of_an_instant_is_read_back_and_no_other_count_is_taken_for_it(instant):
    micros = to_micros(instant)
    counts = {"UNIX": micros // 10**6, "UNIX-MS": micros // 1000, "UNIX-US": micros, "UNIX-NS": micros * 1000}
    units = {"UNIX": 10**6, "UNIX-MS": 1000, "UNIX-US": 1, "UNIX-NS": 1}
    for name, count in counts.items():
        for read_as in NUMERIC_FORMATS:
            found = instants(Cells.of([str(count).encode()]), DateRules([read_as], "UTC", "00:00"))
            assert found.good.tolist() == [read_as == name]
            assert read_as != name or found.as_of.tolist() == [micros // units[name] * units[name]]


def test_a_session_holds_at_its_fixing_in_summer_and_in_winter():
    days = np.array([(day - EPOCH_DAY).days for day in (date(2026, 3, 27), date(2026, 3, 30), date(2026, 10, 26))])
    berlin = ZoneInfo("Europe/Berlin")

    assert session_instants(days, "Europe/Berlin", "14:15").tolist() == [
        to_micros(datetime(2026, 3, 27, 14, 15, tzinfo=berlin)),
        to_micros(datetime(2026, 3, 30, 14, 15, tzinfo=berlin)),
        to_micros(datetime(2026, 10, 26, 14, 15, tzinfo=berlin)),
    ]


@given(st.lists(st.sampled_from(["A", "B", "AB", "", "LONGER.NAME"]), max_size=60))
def test_rows_are_grouped_as_a_dictionary_would(symbols):
    groups, nameless = group_rows(Cells.of([symbol.encode() for symbol in symbols]))

    expected = {name: [n for n, one in enumerate(symbols) if one == name] for name in set(symbols)}
    assert nameless.tolist() == expected.pop("", [])
    assert {name: rows.tolist() for name, rows in groups.items()} == expected


def test_a_gap_shows_once_and_what_was_seen_before_is_no_gap():
    watch = GapWatch()

    assert watch.observe("X", [(5, 50), (6, 60)]) is None
    gap = watch.observe("X", [(10, 100), (9, 90)])
    assert (gap.after, gap.before, gap.since) == (6, 9, 60)
    assert watch.observe("X", [(8, 80)]) is None, "an old trade told again"
    assert watch.observe("X", [(11, 110)]) is None
    assert watch.observe("Y", [(1, 10)]) is None
    assert watch.observe("X", []) is None
