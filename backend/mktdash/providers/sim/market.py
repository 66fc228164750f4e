"""A made-up market: the price is a function of seed and instant, so that any window can be had again without state."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mktdash.domain.observation import Float64Array, Int64Array

Hashes = npt.NDArray[np.uint64]

STEP_S = 5

# From 5 s to 16 months; octaves whose size grows with the root of their length sum to a walk, as markets do.
_OCTAVES = 24
_SECONDS_PER_YEAR = 365 * 86_400
# Volatility itself wanders, over hours and days, by this much either way in log space.
_CALM_AND_STORM = 0.5
_CALM_OCTAVES = (9, 12, 14)  # 43 min, 5.7 h, 23 h


@dataclass(frozen=True, slots=True)
class Instrument:
    """A made-up instrument.

    Attributes:
        base: the price its path swings around.
        volatility: standard deviation of a year's log return, about.
        decimals: of its quotation.
    """

    symbol: str
    name: str
    base: float
    volatility: float
    decimals: int


INSTRUMENTS = (
    Instrument("SIM.ALPHA", "Simulated index Alpha", 1000.0, 0.18, 2),
    Instrument("SIM.BETA", "Simulated share Beta", 84.0, 0.35, 2),
    Instrument("SIM.GAMMA", "Simulated coin Gamma", 2.5, 0.75, 4),
)


def prices(instrument: Instrument, seed: int, ticks: Int64Array) -> Float64Array:
    """The prices at ticks (whole multiples of 5 s since 1970), rounded as the instrument is quoted."""
    name = np.frombuffer(instrument.symbol.encode().ljust(16), "<u8")
    salt = _mix(_mix(name).sum(keepdims=True) ^ np.uint64(seed))
    storm = np.zeros(len(ticks))
    for octave in _CALM_OCTAVES:
        storm += _noise(ticks, octave, salt ^ np.uint64(1 << 40))
    step = instrument.volatility * np.sqrt(STEP_S / _SECONDS_PER_YEAR)
    fast, slow = np.zeros(len(ticks)), np.zeros(len(ticks))
    for octave in range(_OCTAVES):
        target = fast if octave < min(_CALM_OCTAVES) else slow
        target += np.sqrt(2.0**octave) * _noise(ticks, octave, salt)
    path: Float64Array = step * (fast * np.exp(_CALM_AND_STORM * storm) + slow)
    return np.round(instrument.base * np.exp(path), instrument.decimals)


def _noise(ticks: Int64Array, octave: int, salt: Hashes) -> Float64Array:
    """Value noise: a random level at each multiple of 2**octave ticks, straight lines between them."""
    cell = ticks >> octave
    part: Float64Array = (ticks - (cell << octave)) / float(1 << octave)
    left, right = _level(cell, octave, salt), _level(cell + 1, octave, salt)
    return left + (right - left) * part


def _level(cell: Int64Array, octave: int, salt: Hashes) -> Float64Array:
    hashed = _mix(cell.astype(np.uint64) ^ _mix(salt + np.uint64(octave)))
    # Two uniform halves of the hash, added: a triangle between -1 and 1, variance one sixth.
    high, low = hashed >> np.uint64(32), hashed & np.uint64(0xFFFFFFFF)
    level: Float64Array = (high.astype(np.float64) + low.astype(np.float64)) / 2.0**32 - 1.0
    return level


def _mix(value: Hashes) -> Hashes:
    """splitmix64's finaliser: neighbouring numbers in, unrelated numbers out."""
    mixed = value + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
