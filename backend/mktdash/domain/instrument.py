"""What is measured (instrument), and how it is recorded (series, dataset). Specs that providers declare."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from mktdash.domain.currency import CURRENCIES, MINOR_UNITS
from mktdash.domain.identifiers import is_figi, is_mic, symbol_fault


class AssetClass(StrEnum):
    """Kinds of instruments, by the names the field uses."""

    FX = "FX"
    RATE = "RATE"
    INDEX = "INDEX"
    EQUITY = "EQUITY"
    COMMODITY = "COMMODITY"
    CRYPTO = "CRYPTO"
    MACRO = "MACRO"
    SIMULATED = "SIMULATED"


class Measure(StrEnum):
    """What a series' ``value`` is."""

    PRICE = "price"
    RATE = "rate"
    YIELD = "yield"
    INDEX = "index"


class InstrumentSpec(NamedTuple):
    """What is known of an instrument, as a provider declares it, a file brings it and the table of that name keeps it.

    ``symbol`` is mktdash's own, unique name.

    Attributes:
        currency: ISO 4217 code of the value, where it has one.
        mic: ISO 10383 market identifier, where it trades on one venue.
        figi: OpenFIGI identifier, where known.
    """

    symbol: str
    name: str
    asset_class: AssetClass
    currency: str | None = None
    mic: str | None = None
    figi: str | None = None


_CLASSES = tuple(AssetClass)


def _currency_fault(code: str) -> str | None:
    if code in MINOR_UNITS:
        base, scale = MINOR_UNITS[code]
        return f"{code} is a unit, {base} x {scale:g}: the currency is {base}, and the series has unit {code}"
    return None if code in CURRENCIES else f"{code!r} is not an ISO 4217 code"


FAULTS: Mapping[str, Callable[[str], str | None]] = {
    "symbol": symbol_fault,
    "asset_class": lambda text: None if text in _CLASSES else f"{text!r} is none of {', '.join(_CLASSES)}",
    "currency": _currency_fault,
    "mic": lambda text: None if is_mic(text) else f"{text!r} is not a market identifier such as XNYS",
    "figi": lambda text: None if is_figi(text) else f"{text!r} is not a FIGI: its shape or its check digit is wrong",
}
"""Why a text can't be that field of an instrument; None where it can."""


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """What one source publishes together, on one schedule.

    Attributes:
        key: unique name, such as ``ecb-reference-rates``.
        calendar: ``TARGET``, ``SIFMA_US``, ``XNYS`` and so on, ``24/7``; of periods ``WEEKLY-FRI``, ``MONTHLY``,
            ``QUARTERLY``, ``ANNUAL``; ``IRREGULAR`` is judged by its own past gaps, the empty text not at all.
        timezone: IANA zone in which the source dates its sessions.
        fixing_time: ``HH:MM`` local time at which a session's value holds.
        publish_delay_s: seconds from the fixing to its publication; of periods from their end, 0 for what most take.
        grace_s: seconds after that before a session counts as late.
        simulated: every value is made up, and says so.
    """

    key: str
    title: str
    source: str
    calendar: str
    timezone: str
    fixing_time: str
    publish_delay_s: int
    grace_s: int
    licence: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class SeriesSpec:
    """One series of a dataset.

    Attributes:
        alias: the symbol the source itself uses.
        interval: ``1d``, ``1h``, ``1m``, ``5s``: the length of a bar, the spacing of points.
        unit: what one of ``value`` is: ``USD``, ``percent``, ``index``.
        unit_scale: multiply ``value`` by this for the base unit (GBX is GBP x 0.01).
        positive: a value of zero or below is impossible here.
        adjustment: ``none``, ``split`` or ``total-return``.
    """

    instrument: InstrumentSpec
    dataset: str
    alias: str
    measure: Measure
    interval: str
    unit: str
    unit_scale: float = 1.0
    positive: bool = True
    adjustment: str = "none"
