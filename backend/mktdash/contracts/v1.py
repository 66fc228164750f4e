"""Contract v1 of the canonical observation: exactly symbol, source, as_of, value, unit, quality_flags."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat

from mktdash.domain.flags import Flag

FlagName = Annotated[str, Field(pattern=f"^({'|'.join(flag.name for flag in Flag if flag.name)})$")]


class ObservationV1(BaseModel):
    """One value of one symbol from one source at one instant."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="mktdash observation, version 1")

    symbol: str = Field(min_length=1, max_length=64, description="mktdash's own name of the instrument.")
    source: str = Field(min_length=1, max_length=32, description="Who published the value.")
    as_of: AwareDatetime = Field(description="When the value holds, RFC 3339 with its offset; a bar's close.")
    value: FiniteFloat = Field(description="The value, an IEEE 754 double; a bar's close.")
    unit: str = Field(min_length=1, max_length=32, description="What one of the value is: USD, percent, index.")
    quality_flags: list[FlagName] = Field(description="What a reader must know about the value; empty where nothing.")
