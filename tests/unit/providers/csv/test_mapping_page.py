"""The page about mappings and the mapping itself say the same."""

import re

import orjson

from mktdash.domain.clock import from_micros
from mktdash.providers.csv.choices import DateFormat
from mktdash.providers.csv.mapping import CsvMapping
from mktdash.providers.reading.dates import DateRules, instants
from mktdash.providers.reading.numerals import Cells
from mktdash.providers.reading.numeric_instants import EARLIEST
from mktdash.settings import REPOSITORY

PAGE = (REPOSITORY / "schema" / "csv-mapping.md").read_text(encoding="utf-8")
KEYS, FORMATS = PAGE.split("### The formats of dates")


def rows_of(text):
    """The cells of a table, by the name in the first; the head and its line are left out."""
    cells = [[cell.strip() for cell in line.strip("|").split(" |")] for line in text.splitlines() if line[:3] == "| `"]
    return {name.strip("`"): rest for name, *rest in cells}


ROWS, DATES = rows_of(KEYS), rows_of(FORMATS)
NEEDED = {"dataset": "house-prices", "date": "Date", "symbol": "ACME", "value": "Close"}
# A key that says the same as another in its own way takes that one's place.
INSTEAD = {"symbol_column": {"symbol"}, "series": {"symbol", "value"}, "decimal": {"delimiter"}}


def test_every_key_has_a_row_and_no_other_has():
    assert list(ROWS) == list(CsvMapping.model_fields)


def test_every_example_is_a_mapping():
    for key, (*_, example) in ROWS.items():
        others = {name: value for name, value in NEEDED.items() if name not in INSTEAD.get(key, ())}
        given = {**others, "delimiter": ";", key: orjson.loads(example.strip("`"))}
        assert getattr(CsvMapping.model_validate(given), key) is not None


def test_every_default_on_the_page_is_the_default():
    plain = {key: row[1].strip("`") for key, row in ROWS.items() if re.fullmatch(r"`[^`]+`", row[1])}
    assert orjson.loads(plain.pop("earliest")) == from_micros(EARLIEST).date().isoformat()
    for key, default in plain.items():
        assert orjson.loads(orjson.dumps(CsvMapping.model_fields[key].default)) == orjson.loads(default), key


def test_every_format_of_dates_has_a_row_and_reads_what_it_shows():
    assert list(DATES) == list(DateFormat.__args__)
    for name, (shown,) in DATES.items():
        examples = [example.encode() for example in re.findall(r"`([^`]+)`", shown)]
        assert examples
        assert instants(Cells.of(examples), DateRules([name], "Europe/Berlin", "09:30")).good.all(), name
