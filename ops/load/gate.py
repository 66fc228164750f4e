"""Holds what was measured to the budget: p95 and errors, absolute and beside a static answer of the same run."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUDGET = Path(__file__).with_name("budget.toml")


@dataclass(frozen=True, slots=True)
class Measured:
    """One read on one engine: seconds at the 95th percentile, of it and of a static answer of its size.

    Both are of all answers of a few rounds, in which the two took turns.
    """

    engine: str
    read: str
    p95: float
    static_p95: float
    errors: int
    answers: int
    rate: float

    @property
    def times_static(self) -> float:
        """How many static answers one of these costs."""
        return self.p95 / self.static_p95


def budget() -> dict[str, Any]:
    """The budget as committed."""
    return tomllib.loads(BUDGET.read_text())


def judge(measured: Measured, allowed: Mapping[str, Any]) -> list[str]:
    """What is over budget, a sentence each; nothing where all is within."""
    every, own = allowed["every"], allowed["reads"][measured.read]
    rate = measured.errors / max(1, measured.answers)
    where = f"{measured.read} on {measured.engine}"
    found = []
    if not measured.answers:
        found.append(f"{where}: no answer at all")
    if measured.p95 * 1e3 >= every["p95_ms"]:
        found.append(f"{where}: p95 {measured.p95 * 1e3:.0f} ms, allowed {every['p95_ms']:.0f} ms")
    if measured.times_static > own["times_static"]:
        found.append(
            f"{where}: p95 is {measured.times_static:.1f} static answers of its size, allowed {own['times_static']:.0f}"
        )
    if rate > every["error_rate"]:
        found.append(f"{where}: {rate:.2%} errors, allowed {every['error_rate']:.2%}")
    return found
