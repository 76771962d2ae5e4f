"""What a window of the past comes to, by the same code in training and in serving."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from src.data.past.steps import TOLERANCE
from src.data.past.windows import Window

NAME = "past.json"  # the file of a bundle that has the last rows of each series


@dataclass(frozen=True)
class Track:
    """One column of one series: its values and when they were, in steps, both of shape (rows,).

    Times ascend, and no value is missing.
    """

    positions: np.ndarray
    values: np.ndarray

    @classmethod
    def of(cls, positions: np.ndarray, values: np.ndarray) -> Track:
        """Leave missing values out."""
        present = np.isfinite(values)
        return cls(positions[present], values[present])

    def look(self, window: Window, positions: np.ndarray) -> np.ndarray:
        """Return what a window comes to before each position, float64 of shape (rows,).

        Only values that lie within the window count; NaN where it holds none, of a deviation fewer
        than two.
        """
        low = np.searchsorted(self.positions, positions - window.last - TOLERANCE, "left")
        high = np.searchsorted(self.positions, positions - window.first + TOLERANCE, "right")
        return _REDUCED[window.function](self.values, low, high)


def _reduced(how: np.ufunc, values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Reduce values[low:high] of each row.

    The order of the sums depends on the values in the window alone, so that a service, which has
    the last rows of a series, gets the same digits.
    """
    if not len(low):
        return np.empty(0)
    ends = np.column_stack([low, high]).ravel()
    found = how.reduceat(np.append(values, 0.0), ends)[::2]
    return np.where(high > low, found, np.nan)


def _sum(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return _reduced(np.add, values, low, high)


def _mean(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return _sum(values, low, high) / np.maximum(high - low, 1)


def _least(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return _reduced(np.minimum, values, low, high)


def _most(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    return _reduced(np.maximum, values, low, high)


def _deviation(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    pairs = zip(low.tolist(), high.tolist(), strict=True)
    return np.array(
        [values[a:b].std(ddof=1) if b - a > 1 else np.nan for a, b in pairs], dtype=np.float64
    )


_REDUCED = {
    "lag": _sum, "mean": _mean, "min": _least, "max": _most, "sum": _sum, "std": _deviation
}  # fmt: skip
