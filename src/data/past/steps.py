"""The step of a series: how far apart its rows are, found in its times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

EPOCH = datetime(1970, 1, 1)
TOLERANCE = 0.001  # of a step: times are numbers with a fraction
REGULAR = 0.9  # share of the rows that follow the one before after whole steps
DAY = 86_400_000  # milliseconds, to which steps of dates and times are rounded
NAMES = {604_800_000: "week", DAY: "day", 3_600_000: "hour", 60_000: "minute", 1000: "second"}


class Step(NamedTuple):
    """A step of `size` days, months or units of a number."""

    unit: str  # days, months or number
    size: float

    def positions(self, when: np.ndarray) -> np.ndarray:
        """Return times as numbers of steps, float64 of shape (rows,)."""
        if self.unit == "months":
            return np.floor_divide(_months(when), self.size)
        return np.asarray(when, dtype=np.float64) / self.size

    def moment(self, position: float, write: Callable[[float], str]) -> str:
        """Write when a position was; `write` writes a time as its feature does."""
        if self.unit == "months":
            year, month = divmod(round(position * self.size), 12)
            return f"{year}-{month + 1:02}"
        return write(position * self.size)

    def words(self) -> str:
        """Say it as a person would: "1 hour", "3 months"."""
        if self.unit == "number":
            return f"{self.size:g}"
        if self.unit == "months":
            return "1 month" if self.size == 1 else f"{self.size:g} months"
        milliseconds = round(self.size * DAY)
        for length, name in NAMES.items():
            if milliseconds % length == 0:
                count = milliseconds // length
                return f"1 {name}" if count == 1 else f"{count} {name}s"
        return f"{milliseconds} milliseconds"

    def plain(self) -> dict[str, Any]:
        """Return it as plain values."""
        return self._asdict()

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Step:
        """Read what `plain` wrote."""
        return cls(str(values["unit"]), float(values["size"]))


def find(series: Iterable[np.ndarray], *, are_days: bool) -> tuple[Step | None, float]:
    """Return the step of sorted times, one array per series, and which share of rows keeps to it.

    It is the most frequent distance between neighbours, else a number of calendar months where the
    times are days; None where fewer rows keep to it than REGULAR.
    """
    every = list(series)
    best = 0.0
    units: list[tuple[str, Callable[[np.ndarray], np.ndarray]]] = [
        ("days" if are_days else "number", lambda when: when)
    ]
    if are_days:
        units.append(("months", _months))
    for unit, convert in units:
        apart = np.concatenate([np.diff(convert(when)) for when in every] or [np.empty(0)])
        size = _commonest(apart, unit)
        if size is None:
            continue
        steps = apart / size
        share = float((np.abs(steps - steps.round()) < TOLERANCE).mean())
        best = max(best, share)
        if share >= REGULAR:
            return Step(unit, size), share
    return None, best


def _commonest(apart: np.ndarray, unit: str) -> float | None:
    """Return the most frequent distance above zero; the shortest of those as frequent."""
    if unit == "days":
        apart = np.round(apart * DAY) / DAY
    elif unit == "number":
        apart = np.array([float(f"{one:.9g}") for one in apart.tolist()])
    sizes, counts = np.unique(apart[apart > 0], return_counts=True)
    return float(sizes[counts.argmax()]) if len(sizes) else None


def _months(when: np.ndarray) -> np.ndarray:
    """Return the number of the calendar month of each time in days since 1970."""
    numbers = [EPOCH + timedelta(days=one) for one in np.floor(when).tolist()]
    return np.array([12.0 * one.year + one.month - 1 for one in numbers])
