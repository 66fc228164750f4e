"""The FRED series that mktdash knows, under the instruments that other sources share with them."""

from dataclasses import dataclass

from mktdash.domain.instrument import AssetClass, InstrumentSpec, Measure, SeriesSpec

DAILY = "fred-daily"
MONTHLY = "fred-monthly"


@dataclass(frozen=True, slots=True)
class FredSeries:
    """A FRED series and what it is."""

    instrument: InstrumentSpec
    measure: Measure
    unit: str
    dataset: str = DAILY
    positive: bool = True

    def spec(self, fred_id: str) -> SeriesSpec:
        """The series specification."""
        interval = "1d" if self.dataset == DAILY else "1M"
        return SeriesSpec(
            self.instrument, self.dataset, fred_id, self.measure, interval, self.unit, positive=self.positive
        )


def _treasury(symbol: str, maturity: str) -> FredSeries:
    instrument = InstrumentSpec(symbol, f"US Treasury par yield, {maturity}", AssetClass.RATE, currency="USD")
    return FredSeries(instrument, Measure.YIELD, "percent", positive=False)


SERIES = {
    "DGS3MO": _treasury("UST3M", "3 months"),
    "DGS1": _treasury("UST1Y", "1 year"),
    "DGS2": _treasury("UST2Y", "2 years"),
    "DGS5": _treasury("UST5Y", "5 years"),
    "DGS10": _treasury("UST10Y", "10 years"),
    "DGS30": _treasury("UST30Y", "30 years"),
    "SP500": FredSeries(InstrumentSpec("SPX", "S&P 500", AssetClass.INDEX), Measure.INDEX, "index"),
    "VIXCLS": FredSeries(InstrumentSpec("VIX", "Cboe Volatility Index", AssetClass.INDEX), Measure.INDEX, "index"),
    "CPIAUCSL": FredSeries(
        InstrumentSpec("CPIAUCSL", "US consumer prices, all items, seasonally adjusted", AssetClass.MACRO),
        Measure.INDEX,
        "index 1982-84=100",
        MONTHLY,
    ),
    "UNRATE": FredSeries(
        InstrumentSpec("UNRATE", "US unemployment rate, seasonally adjusted", AssetClass.MACRO),
        Measure.RATE,
        "percent",
        MONTHLY,
    ),
}
