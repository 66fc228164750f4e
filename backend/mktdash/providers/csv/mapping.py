"""What the columns of somebody's CSV file mean: a small JSON or TOML document, checked before the file is touched."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from mktdash.domain.errors import InvalidInputError
from mktdash.domain.instrument import AssetClass, DatasetSpec, InstrumentSpec, Measure, SeriesSpec
from mktdash.domain.interval import interval_seconds
from mktdash.providers.table import BarColumns, Layout

_LARGEST = 1024 * 1024
_SYMBOL = re.compile(r"[A-Za-z0-9^][A-Za-z0-9._:/=^-]{0,63}")
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")

DateFormat = Literal[
    "YYYY-MM-DD", "YYYY/MM/DD", "YYYYMMDD", "MM/DD/YYYY", "DD/MM/YYYY", "DD.MM.YYYY", "ISO-TIME", "UNIX", "UNIX-MS"
]
_OneMark = Annotated[str, Field(min_length=1, max_length=1)]


class CsvMapping(BaseModel):
    """A mapping: where the dates stand, which columns make which series, and how the file writes numbers.

    A file has one series (``symbol`` and ``value``), one column a series (``series``), or one row a series and date
    (``symbol_column`` and ``value``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    dataset: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$", description="Unique key of the dataset.")
    title: str = Field("", description="The dataset's name for people; the key where none is given.")
    date: str = Field(description="The column with the date or the time.")
    date_formats: tuple[DateFormat, ...] = Field(
        ("YYYY-MM-DD", "ISO-TIME"), min_length=1, description="How dates are written; the first that fits is taken."
    )
    symbol: str | None = Field(None, description="The symbol of the file's only series.")
    symbol_column: str | None = Field(None, description="The column that names each row's symbol.")
    series: dict[str, str] = Field({}, description="Symbol to column, for a file with one column a series.")
    value: str | None = Field(None, description="The column of the value; a bar's close.")
    open: str | None = Field(None, description="The column of a bar's open.")
    high: str | None = Field(None, description="The column of a bar's high.")
    low: str | None = Field(None, description="The column of a bar's low.")
    volume: str | None = Field(None, description="The column of a bar's volume.")
    timezone: str = Field("UTC", description="IANA zone of the dates, and of times without an offset.")
    fixing_time: str = Field("00:00", description="HH:MM local time at which a date's value holds.")
    calendar: str = Field("24/7", description="Session calendar: 24/7, TARGET, SIFMA_US, XNYS and so on.")
    interval: str = Field("1d", description="The spacing of the points: 1d, 1h, 1m.")
    unit: str = Field("", max_length=32, description="What one of the value is: USD, percent, index.")
    unit_scale: float = Field(1.0, gt=0, description="Multiply by this for the base unit.")
    measure: Measure = Field(Measure.PRICE, description="price, rate, yield or index.")
    asset_class: AssetClass = Field(AssetClass.EQUITY, description="Kind of the instruments.")
    currency: str | None = Field(None, pattern=r"^[A-Z]{3}$", description="ISO 4217 code of the values.")
    names: dict[str, str] = Field({}, description="Names of symbols for people.")
    positive: bool = Field(default=True, description="Zero and below are impossible and refused.")
    adjustment: Literal["none", "split", "total-return"] = Field("none", description="How prices are adjusted.")
    delimiter: _OneMark = Field(",", description="The mark between fields.")
    decimal: _OneMark = Field(".", description="The mark before the decimals.")
    thousands: str = Field("", max_length=1, description="The mark between groups of three digits.")
    missing: tuple[str, ...] = Field(
        ("", "N/A", "NA", "null", "."), description='Texts that mean "no observation", and are no error.'
    )
    publish_delay_s: int = Field(0, ge=0, description="Seconds from the fixing to the publication.")
    grace_s: int = Field(86_400, ge=0, description="Seconds after that until a session counts as late.")
    licence: str = Field("", description="Under what terms the data may be used.")

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

    @field_validator("interval")
    @classmethod
    def _known_interval(cls, value: str) -> str:
        try:
            interval_seconds(value)
        except InvalidInputError as error:
            raise ValueError(error.message) from None
        return value

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [self.symbol is not None, self.symbol_column is not None, bool(self.series)]
        if sum(ways) != 1:
            raise ValueError("exactly one of symbol, symbol_column and series says what the series are")
        if (self.value is None) != bool(self.series):
            raise ValueError("value names the column, unless series names one for each symbol")
        if self.delimiter in {self.decimal, self.thousands} or self.decimal == self.thousands:
            raise ValueError("delimiter, decimal and thousands must be different marks")
        if bad := [symbol for symbol in (self.symbol, *self.series) if symbol and not _SYMBOL.fullmatch(symbol)]:
            raise ValueError(f"{bad[0]!r} is not a symbol: letters, digits and ._:/=^- only")
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
            raise InvalidInputError(f"the mapping {path.name} is too long to be one", mapping=path.name)
        try:
            content = tomllib.loads(text.decode()) if path.suffix == ".toml" else orjson.loads(text)
            return cls.model_validate(content)
        except (tomllib.TOMLDecodeError, orjson.JSONDecodeError, UnicodeDecodeError) as error:
            raise InvalidInputError(f"the mapping {path.name} can't be read: {error}", mapping=path.name) from None
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "the whole"
            raise InvalidInputError(
                f"the mapping {path.name} is not right: {place}: {first['msg']}", mapping=path.name, field=place
            ) from None

    def layout(self) -> Layout:
        """How the file is to be read."""
        if self.series:
            series = {symbol: BarColumns(column) for symbol, column in self.series.items()}
        else:
            bar = BarColumns(self.value or "", self.open, self.high, self.low, self.volume)
            series = {self.symbol or "": bar}
        columns = {column for bar in series.values() for column in bar.named().values()}
        return Layout(
            what=self.dataset,
            date=(self.date,),
            series=series,
            timezone=self.timezone,
            fixing_time=self.fixing_time,
            date_formats=self.date_formats,
            symbol_column=self.symbol_column,
            required=frozenset(columns),
            closed=False,
            missing=self.missing,
            decimal=self.decimal,
            thousands=self.thousands,
            delimiter=self.delimiter,
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
        if not _SYMBOL.fullmatch(symbol):
            return None
        instrument = InstrumentSpec(symbol, self.names.get(symbol, symbol), self.asset_class, currency=self.currency)
        return SeriesSpec(
            instrument=instrument,
            dataset=self.dataset,
            alias=symbol,
            measure=self.measure,
            interval=self.interval,
            unit=self.unit or self.currency or "",
            unit_scale=self.unit_scale,
            positive=self.positive,
            adjustment=self.adjustment,
        )
