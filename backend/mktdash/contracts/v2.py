"""Contract v2: everything of v1, with optional bars, interval, currency and adjustment."""

from pydantic import ConfigDict, Field, FiniteFloat

from mktdash.contracts.v1 import ObservationV1


class ObservationV2(ObservationV1):
    """One value or one bar of one symbol from one source at one instant."""

    model_config = ConfigDict(extra="forbid", frozen=True, title="mktdash observation, version 2")

    open: FiniteFloat | None = Field(None, description="First price of the bar.")
    high: FiniteFloat | None = Field(None, description="Highest price of the bar.")
    low: FiniteFloat | None = Field(None, description="Lowest price of the bar.")
    volume: FiniteFloat | None = Field(None, description="Traded quantity, in units of the base asset.")
    interval: str | None = Field(None, pattern=r"^[1-9][0-9]{0,3}[smhdwMy]$", description="Length of the bar: 1d, 1m.")
    currency: str | None = Field(None, pattern=r"^[A-Z]{3}$", description="ISO 4217 currency of the value.")
    adjustment: str | None = Field(
        None, pattern=r"^(none|split|total-return)$", description="What the value is adjusted for."
    )
