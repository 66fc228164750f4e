"""How a bench says what it measured: a claim, the figure, the bound, and whether it holds."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure; ``bound`` is None where nothing is promised.

    Attributes:
        better: ``more`` or ``less``: which side of the bound is good.
    """

    what: str
    value: float
    unit: str
    bound: float | None = None
    better: str = "more"

    @property
    def holds(self) -> bool:
        """Whether the figure is on the good side of its bound."""
        if self.bound is None:
            return True
        return self.value >= self.bound if self.better == "more" else self.value <= self.bound


def print_table(title: str, figures: Sequence[Figure]) -> bool:
    """Print a table; returns whether every bound holds."""
    print(f"\n{title}")
    width = max(len(figure.what) for figure in figures)
    for figure in figures:
        sign = ">=" if figure.better == "more" else "<="
        bound = "" if figure.bound is None else f"{sign} {figure.bound:,g}"
        verdict = "" if figure.bound is None else ("ok" if figure.holds else "MISSED")
        print(f"  {figure.what:<{width}}  {figure.value:>12,.2f} {figure.unit:<8} {bound:<12} {verdict}".rstrip())
    return all(figure.holds for figure in figures)
