"""The mapping of a CSV file's columns: a small JSON or TOML document, checked before the file is read."""

import math
import re
import tomllib
from datetime import UTC, datetime, time
from datetime import date as day
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from mktdash.domain.clock import to_micros
from mktdash.domain.currency import CURRENCIES, MINOR_UNITS, canonical_unit
from mktdash.domain.errors import InvalidInputError
from mktdash.domain.identifiers import symbol_fault
from mktdash.domain.instrument import AssetClass, DatasetSpec, InstrumentSpec, Measure, SeriesSpec
from mktdash.domain.interval import interval_seconds
from mktdash.providers.csv.choices import DateFormat, Encoding, OneMark, Text
from mktdash.providers.reading.dates import DateRules
from mktdash.providers.reading.delimited import Dialect
from mktdash.providers.reading.numerals import Notation
from mktdash.providers.reading.table import BarColumns, Layout

_LARGEST = 1024 * 1024
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_POWERS = range(-15, 16)


class CsvMapping(BaseModel):
    """A mapping: where the dates stand, which columns make which series, and how the file writes numbers.

    A file has one series (``symbol`` and ``value``), one column a series (``series``), or one row a series and date
    (``symbol_column`` and ``value``). ``schema/csv-mapping.md`` has every key with an example.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="Unique key of the dataset.")
    title: Text = Field("", description="The dataset's display name; the key if none is given.")
    date: Text = Field(description="The column with the date or the time.")
    date_formats: tuple[DateFormat, ...] = Field(
        ("YYYY-MM-DD", "ISO-TIME"), min_length=1, description="How dates are written; the first that fits is taken."
    )
    period_end: bool = Field(
        default=False, description="A month, quarter or year holds on its last day, not the first."
    )
    earliest: str | None = Field(None, description="YYYY-MM-DD: UNIX and EXCEL numbers before it are misread.")
    symbol: str | None = Field(None, description="The symbol of the file's only series.")
    symbol_column: Text | None = Field(None, description="The column that names each row's symbol.")
    series: dict[str, Text] = Field({}, description="Symbol to column, for a file with one column a series.")
    value: Text | None = Field(None, description="The column of the value; a bar's close.")
    open: Text | None = Field(None, description="The column of a bar's open.")
    high: Text | None = Field(None, description="The column of a bar's high.")
    low: Text | None = Field(None, description="The column of a bar's low.")
    volume: Text | None = Field(None, description="The column of a bar's volume.")
    timezone: str = Field("UTC", description="IANA zone of the dates, and of times without an offset.")
    fixing_time: str = Field("00:00", description="HH:MM local time of a date's value.")
    calendar: str = Field(
        "IRREGULAR",
        description="When values are due: 24/7, TARGET, XNYS, WEEKLY-FRI, MONTHLY; IRREGULAR: by their own past gaps.",
    )
    interval: str = Field("1d", description="The spacing of the points: 1d, 1h, 1m.")
    unit: str = Field("", max_length=32, description="The unit of the values: USD, percent, index.")
    unit_scale: float = Field(1.0, gt=0, description="Multiply by this for the base unit.")
    measure: Measure = Field(Measure.PRICE, description="price, rate, yield or index.")
    asset_class: AssetClass = Field(AssetClass.EQUITY, description="Kind of the instruments.")
    currency: str | None = Field(None, description="ISO 4217 code of the values, or GBX and the like for a hundredth.")
    names: dict[str, Text] = Field({}, description="Display names of symbols.")
    positive: bool | None = Field(
        None,
        description="Refuse zero and negative values; the default for all but yields and interest rates.",
    )
    adjustment: Literal["none", "split", "total-return"] = Field("none", description="How prices are adjusted.")
    delimiter: OneMark = Field(",", description="The mark between fields.")
    encoding: Encoding = Field("utf-8", description="The text encoding; UTF-16 with a byte order mark is detected.")
    skip_lines: int = Field(0, ge=0, le=1000, description="Lines before the header.")
    find_header: bool = Field(
        default=False, description="The header is the first line with the mapped columns, not the first line."
    )
    decimal: OneMark = Field(".", description="The mark before the decimals.")
    thousands: str = Field("", max_length=1, description="The mark between groups of three digits.")
    suffixes: dict[Annotated[str, Field(min_length=1, max_length=8)], float] = Field(
        {}, description="Suffixes of numbers, and the power of ten to multiply by."
    )
    parentheses: bool = Field(default=False, description="A number in parentheses is negative.")
    missing: tuple[str, ...] = Field(
        ("", "N/A", "NA", "null", "."), description='Texts that mean "no observation" and are not errors.'
    )
    publish_delay_s: int = Field(0, ge=0, description="Seconds from the fixing to the publication.")
    grace_s: int = Field(86_400, ge=0, description="Seconds after that until a session counts as late.")
    licence: str = Field("", description="Terms of use of the data.")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError("is not an IANA time zone such as Europe/Berlin")
        return ZoneInfo(value).key

    @field_validator("fixing_time")
    @classmethod
    def _clock_time(cls, value: str) -> str:
        if not _TIME.fullmatch(value):
            raise ValueError("is not a time such as 16:00")
        return value

    @field_validator("earliest")
    @classmethod
    def _is_day(cls, value: str | None) -> str | None:
        if value is not None:
            if not _DAY.fullmatch(value):
                raise ValueError("is not a day such as 1962-01-02")
            day.fromisoformat(value)
        return value

    @field_validator("interval")
    @classmethod
    def _known_interval(cls, value: str) -> str:
        try:
            interval_seconds(value)
        except InvalidInputError as error:
            raise ValueError(error.message) from None
        return value

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str | None) -> str | None:
        if value is not None and value not in CURRENCIES and value not in MINOR_UNITS:
            raise ValueError(f"{value!r} is not an ISO 4217 code, nor a minor unit such as GBX")
        return value

    @field_validator("suffixes")
    @classmethod
    def _powers_of_ten(cls, value: dict[str, float]) -> dict[str, float]:
        for suffix, factor in value.items():
            if _power_of_ten(factor) is None:
                raise ValueError(f"{suffix!r} stands for {factor:g}, which is not a power of ten")
            if any(one.isdigit() or one in "+-.,() \t" for one in suffix):
                raise ValueError(f"{suffix!r} could be part of the number itself")
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [self.symbol is not None, self.symbol_column is not None, bool(self.series)]
        if sum(ways) != 1:
            raise ValueError("name exactly one of symbol, symbol_column and series")
        if (self.value is None) != bool(self.series):
            raise ValueError("value names the column, and must be left out beside series")
        if self.decimal in {self.delimiter, self.thousands}:
            raise ValueError("decimal must differ from delimiter and thousands")
        for symbol in (self.symbol, *self.series):
            if symbol is not None and (fault := symbol_fault(symbol)):
                raise ValueError(fault)
        if self.unit and self.currency in MINOR_UNITS and canonical_unit(self.unit) != canonical_unit(self.currency):
            raise ValueError(f"currency {self.currency} implies a unit, but unit is {self.unit}: leave one of them out")
        return self

    @classmethod
    def read(cls, path: Path) -> Self:
        """A mapping from a ``.json`` or ``.toml`` file.

        Raises:
            InvalidInputError: there is no such file, or it is not a mapping; the message names the field at fault.
        """
        try:
            text = path.read_bytes()[: _LARGEST + 1]
        except OSError as error:
            raise InvalidInputError(
                f"the mapping {path.name} can't be read: {error.strerror}", mapping=path.name
            ) from None
        if len(text) > _LARGEST:
            raise InvalidInputError(f"the mapping {path.name} is larger than 1 MiB", mapping=path.name)
        try:
            content: Any = tomllib.loads(text.decode()) if path.suffix == ".toml" else orjson.loads(text)
            return cls.model_validate(content)
        except (tomllib.TOMLDecodeError, orjson.JSONDecodeError, UnicodeDecodeError) as error:
            raise InvalidInputError(f"the mapping {path.name} can't be read: {error}", mapping=path.name) from None
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "mapping"
            problem = (
                _unknown_key(str(first["loc"][0]))
                if first["type"] == "extra_forbidden"
                else first["msg"].removeprefix("Value error, ")
            )
            raise InvalidInputError(
                f"the mapping {path.name} is wrong: {place}: {problem}", mapping=path.name, field=place
            ) from None

    def layout(self) -> Layout:
        """How the file is to be read."""
        if self.series:
            series = {symbol: BarColumns(column) for symbol, column in self.series.items()}
        else:
            bar = BarColumns(self.value or "", self.open, self.high, self.low, self.volume)
            series = {self.symbol or "": bar}
        columns = {column for bar in series.values() for column in bar.named().values()}
        named = {self.date, *columns, *([self.symbol_column] if self.symbol_column else [])}
        return Layout(
            what=self.dataset,
            date=(self.date,),
            series=series,
            dates=DateRules(
                formats=self.date_formats,
                timezone=self.timezone,
                fixing_time=self.fixing_time,
                period_end=self.period_end,
                earliest=None if self.earliest is None else to_micros(_midnight(self.earliest)),
            ),
            dialect=Dialect(
                delimiter=self.delimiter,
                encoding=self.encoding,
                skip_lines=self.skip_lines,
                header_with=frozenset(named) if self.find_header else frozenset(),
            ),
            notation=Notation(
                decimal=self.decimal,
                thousands=self.thousands,
                suffixes={suffix: _power_of_ten(factor) or 0 for suffix, factor in self.suffixes.items()},
                parentheses=self.parentheses,
            ),
            interval_s=interval_seconds(self.interval),
            symbol_column=self.symbol_column,
            required=frozenset(columns),
            closed=False,
            missing=self.missing,
        )

    def dataset_spec(self) -> DatasetSpec:
        """The dataset that the file belongs to."""
        return DatasetSpec(
            key=self.dataset,
            title=self.title or self.dataset,
            source="csv",
            calendar=self.calendar,
            timezone=self.timezone,
            fixing_time=self.fixing_time,
            publish_delay_s=self.publish_delay_s,
            grace_s=self.grace_s,
            licence=self.licence,
        )

    def series_spec(self, symbol: str) -> SeriesSpec | None:
        """The series of a symbol in the file; None where it can't be one."""
        if symbol_fault(symbol):
            return None
        # Pence are a unit; what they are a hundredth of is the currency.
        currency = MINOR_UNITS[self.currency][0] if self.currency in MINOR_UNITS else self.currency
        instrument = InstrumentSpec(symbol, self.names.get(symbol, symbol), self.asset_class, currency=currency)
        return SeriesSpec(
            instrument=instrument,
            dataset=self.dataset,
            alias=symbol,
            measure=self.measure,
            interval=self.interval,
            unit=canonical_unit(self.unit or self.currency or ""),
            unit_scale=self.unit_scale,
            positive=not self._may_be_negative if self.positive is None else self.positive,
            adjustment=self.adjustment,
        )

    @property
    def _may_be_negative(self) -> bool:
        """Yields and interest rates have been below zero; a price of money (a rate of FX) can't be."""
        interest = self.measure is Measure.RATE and self.asset_class in {AssetClass.RATE, AssetClass.MACRO}
        return self.measure is Measure.YIELD or interest


def _power_of_ten(factor: float) -> int | None:
    """Which power of ten a factor is; None where it is none."""
    return next((power for power in _POWERS if math.isclose(factor, 10.0**power, rel_tol=1e-12)), None)


def _midnight(text: str) -> datetime:
    return datetime.combine(day.fromisoformat(text), time(), UTC)


def _unknown_key(name: str) -> str:
    near = get_close_matches(name, CsvMapping.model_fields, n=1)
    return f"unknown key{f'; did you mean {near[0]}?' if near else ''}"
