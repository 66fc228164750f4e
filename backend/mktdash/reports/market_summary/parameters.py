"""What a reader may ask of the template ``market-summary``, version 1. ``{}`` is a full answer."""

from datetime import date
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mktdash.domain.identifiers import SYMBOL_LENGTH, SYMBOL_PATTERN
from mktdash.domain.instrument import AssetClass

NAME = "market-summary"
VERSION = 1
TITLE = "Market summary"
DESCRIPTION = (
    "Latest values, changes, highs and lows of many series on one page each way: a table, a chart of the main ones, "
    "and what is known of the quality of the data."
)
DEFAULT_DATASET = "ecb-reference-rates"
DEFAULT_DAYS = 90
MOST_SYMBOLS = 100

Symbol = Annotated[str, Field(min_length=1, max_length=SYMBOL_LENGTH, pattern=SYMBOL_PATTERN)]
Dataset = Annotated[str, Field(min_length=1, max_length=64)]


class MarketSummaryParameters(BaseModel):
    """Parameters of `market-summary` version 1; all of them have defaults."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="market-summary v1")

    title: Annotated[str, Field(min_length=1, max_length=120)] = Field(TITLE, description="The heading of the report.")
    symbols: Annotated[list[Symbol], Field(min_length=1, max_length=MOST_SYMBOLS)] | None = Field(
        None,
        description="The instruments to show, in this order. Without symbols and assetClass: every currency that the "
        "European Central Bank quotes at present.",
        examples=[["EURUSD", "EURGBP"]],
        json_schema_extra={"uniqueItems": True},
    )
    dataset: Dataset | None = Field(
        None,
        description="Take the series of this dataset: of the symbols, or, without symbols, all that it quotes at "
        "present; not together with assetClass. Needed where two datasets of one source have a symbol. Without it, a "
        "symbol's daily series is taken before others, and of two sources the first by name.",
    )
    asset_class: AssetClass | None = Field(
        None,
        alias="assetClass",
        description="Show all instruments of this class that are quoted at present; not together with symbols.",
    )
    days: Annotated[int, Field(ge=2, le=36_600)] | None = Field(
        None, description=f"Calendar days up to the end of the period; {DEFAULT_DAYS} unless `from` is given."
    )
    start: date | None = Field(
        None, alias="from", description="The first session of the period; not together with days."
    )
    end: date | None = Field(
        None, alias="to", description="The last session of the period; the newest one there is unless given."
    )

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.symbols is not None and self.asset_class is not None:
            raise ValueError("give symbols or assetClass, not both")
        if self.dataset is not None and self.asset_class is not None:
            raise ValueError("give dataset or assetClass, not both")
        if self.symbols is not None and len(set(self.symbols)) < len(self.symbols):
            raise ValueError("a symbol stands twice in symbols")
        if self.days is not None and self.start is not None:
            raise ValueError("give days or from, not both")
        if self.start is not None and self.end is not None and self.start > self.end:
            raise ValueError(f"from ({self.start}) is after to ({self.end})")
        return self
