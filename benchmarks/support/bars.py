"""Figures beside what they must reach."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.support import tables


@dataclass(frozen=True)
class Bar:
    """A figure and what it must reach."""

    name: str
    value: float
    limit: float
    is_least: bool = True
    note: str = ""

    def row(self) -> list[str]:
        """Write it as a row of a table."""
        is_met = self.value >= self.limit if self.is_least else self.value <= self.limit
        side = "at least" if self.is_least else "at most"
        verdict = "met" if is_met else "MISSED"
        return [self.name, f"{self.value:.2f}", f"{side} {self.limit:g}", verdict, self.note]


def show(title: str, bars: list[Bar]) -> None:
    """Print bars as a table."""
    tables.show(title, ["", "measured", "bar", "verdict", "note"], [bar.row() for bar in bars])
